//! Stores and the order side around them, played by the test: it states the real messages and nothing else.

use mesh::client::Client;
use mesh::{Context, Event, id};
use ordering::domain::fulfilment::Fulfilment;
use ordering::fulfilments;
use proto::food::order::v1::{Dish, Meal, OrderPlaced};
use proto::food::store::v1::store_service_client::StoreServiceClient;
use proto::food::store::v1::{
    AcceptOrderRequest, CompleteDeliveryRequest, ListQueueRequest, QueueStatus, QueuedOrder,
    RegisterStoreRequest, RejectOrderRequest, SetOpenRequest, StartDeliveryRequest, Store,
};
use proto::ordering::v1::Phase;
use proto::shared::v1::Text;
use testing::{Caller, World, order};
use tonic::Status;
use tonic_types::StatusExt;

/// A kitchen whose store is Kim's.
pub struct Kitchen {
    pub world: World,
    pub store: Store,
}

impl Kitchen {
    pub async fn new() -> Self {
        Self::delivering(1, false).await
    }

    /// Every event comes so many times; `auto`: the store accepts by itself.
    pub async fn delivering(times: usize, auto: bool) -> Self {
        let world = World::new()
            .delivering(times)
            .with(Context::new("food-order"))
            .with(food_store::context());
        let store = register(&world, "kim", "Kim's", auto).await;
        Self { world, store }
    }

    pub fn as_user(&self, subject: &str, role: &str) -> StoreServiceClient<Client> {
        as_user(&self.world, subject, role)
    }

    pub fn kim(&self) -> StoreServiceClient<Client> {
        self.as_user("kim", "owner")
    }

    pub async fn open(&self, open: bool) -> Store {
        self.open_store(&self.store, open).await
    }

    /// Opens or closes a store of Kim's.
    pub async fn open_store(&self, store: &Store, open: bool) -> Store {
        let request = SetOpenRequest {
            store_id: store.store_id.clone(),
            open,
        };
        let set = self.kim().set_open(request).await;
        self.world.settle().await;
        set.unwrap().into_inner().store.unwrap()
    }

    /// The order side states version `version` of an order at Kim's.
    pub async fn order(&self, order_id: &str, version: i64, phase: Phase, asked: i32) {
        let event = self.event(&self.store, order_id, version, phase, asked);
        self.world.state_all("food-order", vec![event]).await;
    }

    fn event(
        &self,
        store: &Store,
        order_id: &str,
        version: i64,
        phase: Phase,
        asked: i32,
    ) -> Event {
        let meal = Meal {
            store_id: store.store_id.clone(),
            store_name: store.name.clone(),
            dishes: vec![Dish {
                item_id: "kimbap".to_owned(),
                name: "김밥".to_owned(),
                price: None,
                quantity: 2,
            }],
        };
        let (stated, now) = ((version, phase, asked), self.world.now());
        let order = Some(order("food-order", order_id, stated, now, &meal));
        Event::new(order_id, version, &OrderPlaced { order })
    }

    /// An order that has just been placed.
    pub async fn placed(&self) -> String {
        let order_id = id::new();
        self.order(&order_id, 1, Phase::Placed, 0).await;
        order_id
    }

    /// One at another store.
    pub async fn placed_at(&self, store: &Store) -> String {
        let order_id = id::new();
        let event = self.event(store, &order_id, 1, Phase::Placed, 0);
        self.world.state_all("food-order", vec![event]).await;
        order_id
    }

    /// So many at once.
    pub async fn crowd(&self, number: usize) {
        let new = |_| self.event(&self.store, &id::new(), 1, Phase::Placed, 0);
        self.world
            .state_all("food-order", (0..number).map(new).collect())
            .await;
    }

    pub async fn accept(&self, order_id: &str) -> Result<QueuedOrder, Status> {
        let order_id = order_id.to_owned();
        let answer = self
            .kim()
            .accept_order(AcceptOrderRequest { order_id })
            .await;
        self.world.settle().await;
        Ok(answer?.into_inner().order.unwrap())
    }

    pub async fn reject(&self, order_id: &str, why: &str) -> Result<QueuedOrder, Status> {
        let request = RejectOrderRequest {
            order_id: order_id.to_owned(),
            reason: Some(Text {
                en: why.to_owned(),
                ko: "재료 소진".to_owned(),
            }),
        };
        let answer = self.kim().reject_order(request).await;
        self.world.settle().await;
        Ok(answer?.into_inner().order.unwrap())
    }

    pub async fn start(&self, order_id: &str) -> Result<QueuedOrder, Status> {
        let order_id = order_id.to_owned();
        let request = StartDeliveryRequest { order_id };
        let answer = self.kim().start_delivery(request).await;
        self.world.settle().await;
        Ok(answer?.into_inner().order.unwrap())
    }

    pub async fn complete(&self, order_id: &str) -> Result<QueuedOrder, Status> {
        let order_id = order_id.to_owned();
        let request = CompleteDeliveryRequest { order_id };
        let answer = self.kim().complete_delivery(request).await;
        self.world.settle().await;
        Ok(answer?.into_inner().order.unwrap())
    }

    /// The queue as its owner lists it.
    pub async fn queue(&self, statuses: &[QueueStatus]) -> Vec<QueuedOrder> {
        let request = ListQueueRequest {
            store_id: self.store.store_id.clone(),
            statuses: statuses.iter().map(|status| (*status).into()).collect(),
            ..ListQueueRequest::default()
        };
        let listed = self.kim().list_queue(request).await;
        listed.unwrap().into_inner().orders
    }

    pub async fn fulfilment(&self, order_id: &str) -> Fulfilment {
        let (store, order_id) = (&self.world.site("food-store").store, order_id.to_owned());
        let found = store.read(move |db| fulfilments::find(db, &order_id)).await;
        found.unwrap().unwrap_or_default()
    }

    /// The newest answer to a request to cancel: its number, yes or no.
    pub async fn answer(&self, order_id: &str) -> Option<(i32, bool)> {
        let answer = self.fulfilment(order_id).await.answer?;
        Some((answer.number, answer.agreed))
    }

    /// What the store has stated of an entity, by the events' short names.
    pub async fn stated(&self, entity: &str, id: &str) -> Vec<String> {
        self.world.stated("food-store", entity, id).await
    }
}

pub fn as_user(world: &World, subject: &str, role: &str) -> StoreServiceClient<Client> {
    let caller = Caller::user(subject, &[role]);
    StoreServiceClient::new(world.client("food-store", caller))
}

pub async fn register(world: &World, owner: &str, name: &str, auto: bool) -> Store {
    let request = RegisterStoreRequest {
        request_id: name.to_owned(),
        name: name.to_owned(),
        auto,
    };
    let registered = as_user(world, owner, "owner").register_store(request).await;
    world.settle().await;
    registered.unwrap().into_inner().store.unwrap()
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}

/// Which fields of a request are told to be wrong.
pub fn fields(refused: &Status) -> Vec<String> {
    let wrong = refused.get_details_bad_request().unwrap();
    let wrong = wrong.field_violations.into_iter();
    wrong.map(|wrong| wrong.field).collect()
}
