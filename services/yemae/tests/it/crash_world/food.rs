//! Evenings at a kitchen: an owner who accepts, gives back and sends out, customers who change their minds.

use super::Lifecycle;
use super::town::Town;
use crate::shared::{Resident, because, plain, won};
use futures::future::join;
use proto::food::order::v1::order_service_client::OrderServiceClient;
use proto::food::order::v1::{
    CancelOrderRequest, OrderedItem, PlaceOrderRequest, SystemCancelOrderRequest,
};
use proto::food::store::v1::store_service_client::StoreServiceClient;
use proto::food::store::v1::{
    AcceptOrderRequest, CompleteDeliveryRequest, MenuItem, PutMenuRequest, RegisterStoreRequest,
    RejectOrderRequest, StartDeliveryRequest,
};
use std::time::Duration;
use tokio::time::sleep;
use tonic::Status;

const PRICE: i64 = 3_500;
const ORDER: &str = "food-order";

pub struct Food {
    /// One whose owner accepts, and one that accepts by itself.
    stores: [String; 2],
}

impl Lifecycle for Food {
    const CONTEXTS: &'static [Resident] = &[
        Resident {
            name: ORDER,
            make: |_| plain(food_order::context),
            facts: food_order::facts,
        },
        Resident {
            name: "food-store",
            make: |_| plain(food_store::context),
            facts: food_store::facts,
        },
    ];

    async fn set(town: &Town) -> Self {
        let stores = [open(town, false).await, open(town, true).await];
        // Long enough for the order side to have heard of them.
        sleep(Duration::from_secs(5)).await;
        Self { stores }
    }

    async fn live(&self, town: &Town, number: usize) {
        let dice = town.world.dice();
        let customer = ["ann", "bob"][dice.below(2)];
        let request = PlaceOrderRequest {
            request_id: format!("request-{number}"),
            store_id: dice.pick(&self.stores).clone(),
            items: vec![OrderedItem {
                item_id: "kimbap".to_owned(),
                quantity: 2,
            }],
            expected_total: Some(won(2 * PRICE)),
            payment_method: "card".to_owned(),
        };
        let orders = || OrderServiceClient::new(town.customer(customer, ORDER));
        let ask = async || -> Result<String, Status> {
            let told = orders().place_order(request.clone()).await?;
            Ok(told.into_inner().order.unwrap().order_id)
        };
        let Some(id) = town.order(&request.request_id, ask).await else {
            return;
        };
        for _ in 0..2 + dice.below(5) {
            town.pause().await;
            let cancelled = async {
                let order_id = id.clone();
                let cancel = CancelOrderRequest { order_id };
                let mut own = orders();
                town.deed("cancel", &id, own.cancel_order(cancel)).await;
            };
            match dice.below(6) {
                0 => cancelled.await,
                1 => drop(join(cancelled, work(town, &id, dice.below(4))).await),
                2 => {
                    let request = SystemCancelOrderRequest {
                        order_id: id.clone(),
                        reason: Some(because("the street is closed")),
                    };
                    let mut admin = OrderServiceClient::new(town.worker("root", "admin", ORDER));
                    let told = admin.system_cancel_order(request);
                    town.deed("cancel", &id, told).await;
                }
                _ => work(town, &id, dice.below(4)).await,
            }
        }
    }
}

fn owner(town: &Town) -> StoreServiceClient<mesh::client::Client> {
    StoreServiceClient::new(town.worker("park", "owner", "food-store"))
}

async fn open(town: &Town, auto: bool) -> String {
    let request = RegisterStoreRequest {
        request_id: format!("store-{auto}"),
        name: "Park's".to_owned(),
        auto,
    };
    let opened = owner(town).register_store(request).await.unwrap();
    let store_id = opened.into_inner().store.unwrap().store_id;
    let menu = PutMenuRequest {
        store_id: store_id.clone(),
        items: vec![MenuItem {
            item_id: "kimbap".to_owned(),
            name: "김밥".to_owned(),
            price: Some(won(PRICE)),
            sold_out: false,
        }],
    };
    owner(town).put_menu(menu).await.unwrap();
    store_id
}

/// The owner does one thing or another about an order, whether its time has come or not.
async fn work(town: &Town, id: &str, what: usize) {
    let (mut owner, order_id) = (owner(town), id.to_owned());
    match what {
        0 => {
            let told = owner.accept_order(AcceptOrderRequest { order_id });
            town.deed("work", id, told).await;
        }
        1 => {
            let told = owner.start_delivery(StartDeliveryRequest { order_id });
            town.deed("progress", id, told).await;
        }
        2 => {
            let told = owner.complete_delivery(CompleteDeliveryRequest { order_id });
            town.deed("progress", id, told).await;
        }
        _ => {
            let reason = Some(because("no rice left"));
            let told = owner.reject_order(RejectOrderRequest { order_id, reason });
            town.deed("work", id, told).await;
        }
    }
}
