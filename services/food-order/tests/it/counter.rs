//! The contexts around orders, played by the test: they state the real messages and nothing else.

use mesh::{Context, Event, id};
use prost::Message;
use proto::food::order::v1::order_service_client::OrderServiceClient;
use proto::food::order::v1::{
    FoodOrder, GetOrderRequest, OrderedItem, PlaceOrderRequest, PlaceOrderResponse,
};
use proto::food::store::v1::{
    Menu, MenuChanged, MenuItem, OrderAccepted, QueueStatus, Store, StoreRegistered,
};
use proto::ordering::v1::{Fulfilment, Step};
use proto::shared::v1::Money;
use testing::{Caller, World};
use tonic::Status;

pub type Client = OrderServiceClient<mesh::client::Client>;

/// Kim's store and whoever orders there.
pub struct Counter {
    pub world: World,
    pub store_id: String,
}

impl Counter {
    /// Its menu: a kimbap for 3500 won, a ramen that is sold out, water for nothing.
    pub async fn new() -> Self {
        let counter = Self::unknown();
        counter.state(counter.store(1, true)).await;
        let menu = vec![
            item("kimbap", 3_500, false),
            item("ramen", 4_000, true),
            item("water", 0, false),
        ];
        counter.menu(1, menu).await;
        counter
    }

    /// Nobody has said anything of it.
    pub fn unknown() -> Self {
        let world = World::new()
            .with(Context::new("food-store"))
            .with(food_order::context());
        Self {
            world,
            store_id: id::new(),
        }
    }

    pub fn store(&self, version: i64, open: bool) -> Event {
        let store = Store {
            store_id: self.store_id.clone(),
            version,
            name: "Kim's".to_owned(),
            open,
            ..Store::default()
        };
        let store = Some(store);
        Event::new(&self.store_id, version, &StoreRegistered { store })
    }

    pub async fn menu(&self, version: i64, items: Vec<MenuItem>) {
        let menu = Some(Menu {
            store_id: self.store_id.clone(),
            version,
            items,
        });
        let event = Event::new(&self.store_id, version, &MenuChanged { menu });
        self.state(event).await;
    }

    /// The store says how far it is.
    pub async fn fulfilment(&self, order_id: &str, version: i64, steps: &[QueueStatus]) {
        let step = |status: &QueueStatus| Step {
            code: (*status).into(),
            ..Step::default()
        };
        let irrevocable = steps.contains(&QueueStatus::Delivering);
        let fulfilment = Some(Fulfilment {
            order_id: order_id.to_owned(),
            context: "food-store".to_owned(),
            version,
            steps: steps.iter().map(step).collect(),
            irrevocable,
            ..Fulfilment::default()
        });
        let event = Event::new(order_id, version, &OrderAccepted { fulfilment });
        self.state(event).await;
    }

    pub async fn state(&self, event: Event) {
        self.world.state("food-store", event).await;
    }

    pub fn as_user(&self, subject: &str, role: &str) -> Client {
        let caller = Caller::user(subject, &[role]);
        OrderServiceClient::new(self.world.client("food-order", caller))
    }

    pub fn ann(&self) -> Client {
        self.as_user("ann", "customer")
    }

    /// Ann orders so many of each, for this total.
    pub fn request(&self, request_id: &str, items: &[(&str, i32)], won: i64) -> PlaceOrderRequest {
        let item = |(item_id, quantity): &(&str, i32)| OrderedItem {
            item_id: (*item_id).to_owned(),
            quantity: *quantity,
        };
        PlaceOrderRequest {
            request_id: request_id.to_owned(),
            store_id: self.store_id.clone(),
            items: items.iter().map(item).collect(),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: won,
            }),
            payment_method: "pm_test".to_owned(),
        }
    }

    pub async fn place(&self, request: PlaceOrderRequest) -> Result<PlaceOrderResponse, Status> {
        let placed = self.ann().place_order(request).await?;
        Ok(placed.into_inner())
    }

    /// Ann's order of water.
    pub async fn water(&self, request_id: &str) -> FoodOrder {
        let request = self.request(request_id, &[("water", 1)], 0);
        self.place(request).await.unwrap().order.unwrap()
    }

    pub async fn get(&self, order_id: &str) -> FoodOrder {
        let order_id = order_id.to_owned();
        let found = self.ann().get_order(GetOrderRequest { order_id }).await;
        found.unwrap().into_inner().order.unwrap()
    }
}

pub fn item(item_id: &str, won: i64, sold_out: bool) -> MenuItem {
    MenuItem {
        item_id: item_id.to_owned(),
        name: item_id.to_owned(),
        price: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: won,
        }),
        sold_out,
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}

/// The bytes that went over the wire.
pub fn bytes(answer: &PlaceOrderResponse) -> Vec<u8> {
    answer.encode_to_vec()
}
