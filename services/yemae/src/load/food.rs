//! Who is hungry: orders one dish or two, from one store after the other. The stores accept by themselves; sometimes the
//! owner sends the courier.

use super::moves::{Moves, PAYMENT_METHOD, Wanted, Wish, unless};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{self, won};
use futures::future::BoxFuture;
use proto::food::order::v1::order_service_client::OrderServiceClient;
use proto::food::order::v1::{CancelOrderRequest, OrderedItem, PlaceOrderRequest};
use proto::food::store::v1::StartDeliveryRequest;
use proto::food::store::v1::store_service_client::StoreServiceClient;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tonic::Status;

/// Neighbouring orders are for different ones.
const STORES: usize = 4;

/// Stores with a menu.
struct Food {
    owner: Mesh,
    stores: Vec<String>,
    next: AtomicUsize,
}

/// Sets the scene.
pub(crate) async fn set(mesh: &Mesh, run: &str) -> Result<Arc<dyn Moves>, Fault> {
    let owner = mesh.acting_as("load-owner", &["owner", "customer"])?;
    let mut stores = Vec::new();
    for number in 0..STORES {
        let run = format!("{run}-{number}");
        stores.push(stage::food::store(&owner, &run, true).await?);
    }
    Ok(Arc::new(Food {
        owner: owner.unguarded(),
        stores,
        next: AtomicUsize::new(0),
    }))
}

impl Moves for Food {
    fn want(&self, wish: Wish) -> Option<Wanted> {
        let dishes = match wish {
            Wish::Two => 2,
            Wish::One | Wish::Taken => 1,
        };
        let dishes = &stage::food::MENU[..dishes];
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Some(Wanted {
            of: self.stores[next % self.stores.len()].clone(),
            parts: dishes.iter().map(|(id, ..)| (*id).to_owned()).collect(),
            won: dishes.iter().map(|(.., price)| price).sum(),
        })
    }

    fn create<'a>(
        &'a self,
        by: &'a Mesh,
        request_id: &'a str,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<String, Status>> {
        let one = |item_id: &String| OrderedItem {
            item_id: item_id.clone(),
            quantity: 1,
        };
        let request = PlaceOrderRequest {
            request_id: request_id.to_owned(),
            store_id: wanted.of.clone(),
            items: wanted.parts.iter().map(one).collect(),
            expected_total: Some(won(wanted.won)),
            payment_method: PAYMENT_METHOD.to_owned(),
        };
        Box::pin(async move {
            let mut orders = OrderServiceClient::new(by.channel());
            let answer = orders.place_order(request).await?.into_inner();
            Ok(answer.order.unwrap_or_default().order_id)
        })
    }

    fn cancel<'a>(&'a self, by: &'a Mesh, order_id: &'a str) -> BoxFuture<'a, Result<(), Status>> {
        let order_id = order_id.to_owned();
        Box::pin(async move {
            let mut orders = OrderServiceClient::new(by.channel());
            let answer = orders.cancel_order(CancelOrderRequest { order_id }).await;
            answer.map(drop)
        })
    }

    /// Sends the courier, once the store has accepted.
    fn progress<'a>(
        &'a self,
        _: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>> {
        let order_id = order_id.to_owned();
        Box::pin(async move {
            let mut queue = StoreServiceClient::new(self.owner.channel());
            let answer = queue
                .start_delivery(StartDeliveryRequest { order_id })
                .await;
            unless(answer, &["NOT_FOUND", "ORDER_NOT_READY"])
        })
    }
}
