//! Food in one process: every context it needs, with the bus and the clock in the test's hand.

mod away;
mod journeys;
mod races;
mod rules;

use crate::shared::{Teller, is_clean, with_shared, won};
use mesh::client::Client;
use proto::food::order::v1::order_service_client::OrderServiceClient;
use proto::food::order::v1::{
    CancelOrderRequest, FoodOrder, GetOrderRequest, OrderStatus, OrderedItem, PlaceOrderRequest,
};
use proto::food::store::v1::store_service_client::StoreServiceClient;
use proto::food::store::v1::{
    AcceptOrderRequest, CompleteDeliveryRequest, ListQueueRequest, MenuItem, PutMenuRequest,
    QueueStatus, QueuedOrder, RegisterStoreRequest, RejectOrderRequest, StartDeliveryRequest,
};
use proto::shared::v1::Text;
use testing::{Caller, World};
use tonic::Status;

/// Won for one kimbap.
pub const PRICE: i64 = 3_500;

/// A town with one store, Park's, and one customer, Kim.
pub struct Town {
    pub world: World,
    pub store_id: String,
}

impl Town {
    pub async fn new() -> Self {
        Self::delivering(1, false).await
    }

    /// Every event comes so many times; `auto`: the store accepts by itself.
    pub async fn delivering(times: usize, auto: bool) -> Self {
        let world = World::new()
            .delivering(times)
            .with(food_store::context())
            .with(food_order::context());
        let world = with_shared(world);
        let mut town = Self {
            world,
            store_id: String::new(),
        };
        let request = RegisterStoreRequest {
            request_id: "store".to_owned(),
            name: "Park's".to_owned(),
            auto,
        };
        let registered = town.park().register_store(request).await.unwrap();
        town.store_id = registered.into_inner().store.unwrap().store_id;
        town.menu(PRICE).await;
        town
    }

    pub async fn menu(&self, won: i64) {
        let request = PutMenuRequest {
            store_id: self.store_id.clone(),
            items: vec![MenuItem {
                item_id: "kimbap".to_owned(),
                name: "김밥".to_owned(),
                price: Some(self::won(won)),
                sold_out: false,
            }],
        };
        self.park().put_menu(request).await.unwrap();
        self.world.settle().await;
    }

    fn client(&self, context: &'static str, subject: &str, role: &str) -> Client {
        self.world.client(context, Caller::user(subject, &[role]))
    }

    pub fn park(&self) -> StoreServiceClient<Client> {
        StoreServiceClient::new(self.client("food-store", "park", "owner"))
    }

    pub fn kim(&self) -> OrderServiceClient<Client> {
        OrderServiceClient::new(self.client("food-order", "kim", "customer"))
    }

    pub fn admin(&self) -> OrderServiceClient<Client> {
        OrderServiceClient::new(self.client("food-order", "root", "admin"))
    }

    /// Two kimbap.
    pub async fn place(&self, request_id: &str) -> Result<FoodOrder, Status> {
        let request = PlaceOrderRequest {
            request_id: request_id.to_owned(),
            store_id: self.store_id.clone(),
            items: vec![OrderedItem {
                item_id: "kimbap".to_owned(),
                quantity: 2,
            }],
            expected_total: Some(won(2 * PRICE)),
            payment_method: "pm_test".to_owned(),
        };
        let placed = self.kim().place_order(request).await?;
        Ok(placed.into_inner().order.unwrap())
    }

    /// An order that everybody has heard of.
    pub async fn placed(&self, request_id: &str) -> String {
        let placed = self.place(request_id).await.unwrap();
        self.world.settle().await;
        placed.order_id
    }

    pub async fn order(&self, order_id: &str) -> FoodOrder {
        let order_id = order_id.to_owned();
        let found = self.kim().get_order(GetOrderRequest { order_id }).await;
        found.unwrap().into_inner().order.unwrap()
    }

    pub async fn status(&self, order_id: &str) -> OrderStatus {
        self.order(order_id).await.status()
    }

    pub async fn cancel(&self, order_id: &str) -> Result<FoodOrder, Status> {
        let order_id = order_id.to_owned();
        let request = CancelOrderRequest { order_id };
        let asked = self.kim().cancel_order(request).await?;
        Ok(asked.into_inner().order.unwrap())
    }

    pub async fn accept(&self, order_id: &str) -> Result<(), Status> {
        let order_id = order_id.to_owned();
        let request = AcceptOrderRequest { order_id };
        self.park().accept_order(request).await.map(drop)
    }

    pub async fn reject(&self, order_id: &str) -> Result<(), Status> {
        let request = RejectOrderRequest {
            order_id: order_id.to_owned(),
            reason: Some(no_rice()),
        };
        self.park().reject_order(request).await.map(drop)
    }

    pub async fn start(&self, order_id: &str) -> Result<(), Status> {
        let order_id = order_id.to_owned();
        let request = StartDeliveryRequest { order_id };
        self.park().start_delivery(request).await.map(drop)
    }

    pub async fn complete(&self, order_id: &str) -> Result<(), Status> {
        let order_id = order_id.to_owned();
        let request = CompleteDeliveryRequest { order_id };
        self.park().complete_delivery(request).await.map(drop)
    }

    pub async fn queue(&self, statuses: &[QueueStatus]) -> Vec<QueuedOrder> {
        let request = ListQueueRequest {
            store_id: self.store_id.clone(),
            statuses: statuses.iter().map(|status| (*status).into()).collect(),
            ..ListQueueRequest::default()
        };
        let listed = self.park().list_queue(request).await;
        listed.unwrap().into_inner().orders
    }

    /// The audit, at rest: no rule is broken.
    pub async fn is_clean(&self) {
        let own: [(&str, Teller); 2] = [
            ("food-store", food_store::facts),
            ("food-order", food_order::facts),
        ];
        is_clean(&self.world, &own).await;
    }
}

pub fn no_rice() -> Text {
    Text {
        en: "no rice left".to_owned(),
        ko: "밥이 다 떨어졌습니다.".to_owned(),
    }
}
