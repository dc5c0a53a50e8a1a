//! The contexts around the library, played by the test: they state the real messages and nothing else.

use crate::studio::Script;
use mesh::identity::Key;
use mesh::{Context, Event, id, refusal};
use ordering::domain::fulfilment::Fulfilment;
use ordering::fulfilments;
use proto::ordering::v1::Phase;
use proto::vod::library::v1::library_service_client::LibraryServiceClient;
use proto::vod::library::v1::{WatchMovieRequest, WatchMovieResponse};
use proto::vod::order::v1::{OrderPlaced, Title};
use std::sync::Arc;
use std::time::Duration;
use testing::{Caller, World, order};
use tonic::Status;

pub const MOVIE: &str = "0197a6d2-0c3e-7000-8000-000000000001";

pub struct Vod {
    pub world: World,
    pub studio: Script,
    pub key: Key,
}

impl Vod {
    pub fn new() -> Self {
        Self::delivering(1)
    }

    pub fn delivering(times: usize) -> Self {
        let (studio, key) = (Script::default(), Key::generate().unwrap());
        let world = World::new()
            .delivering(times)
            .with(Context::new("vod-order"))
            .with(vod_library::context(Arc::new(studio.clone()), key.clone()));
        Self { world, studio, key }
    }

    /// The order side states version `version` of an order of Ann.
    pub async fn order(&self, order_id: &str, version: i64, phase: Phase, asked: i32) {
        state_order(&self.world, order_id, version, phase, asked).await;
    }

    /// An order that was just placed.
    pub async fn placed(&self) -> String {
        let order_id = id::new();
        self.order(&order_id, 1, Phase::Placed, 0).await;
        order_id
    }

    pub async fn watch_as(
        &self,
        subject: &str,
        order_id: &str,
    ) -> Result<WatchMovieResponse, Status> {
        let client = self.world.client("vod-library", Caller::customer(subject));
        let order_id = order_id.to_owned();
        let watched = LibraryServiceClient::new(client)
            .watch_movie(WatchMovieRequest { order_id })
            .await;
        self.world.settle().await;
        watched.map(tonic::Response::into_inner)
    }

    pub async fn watch(&self, order_id: &str) -> Result<WatchMovieResponse, Status> {
        self.watch_as("ann", order_id).await
    }

    /// Why watching is refused.
    pub async fn no_watch(&self, order_id: &str) -> String {
        refusal::reason(&self.watch(order_id).await.unwrap_err()).unwrap()
    }

    /// Lets so many seconds pass, and what is due then be done.
    pub async fn after(&self, seconds: u64) {
        self.world.advance(Duration::from_secs(seconds));
        self.world.settle().await;
    }

    pub async fn fulfilment(&self, order_id: &str) -> Fulfilment {
        let (store, id) = (&self.world.site("vod-library").store, order_id.to_owned());
        let found = store.read(move |db| fulfilments::find(db, &id)).await;
        found.unwrap().unwrap_or_default()
    }

    pub async fn steps(&self, order_id: &str) -> Vec<i32> {
        let fulfilment = self.fulfilment(order_id).await;
        fulfilment.steps.into_iter().map(|(step, _)| step).collect()
    }

    /// The newest answer to a request to cancel: its number, yes or no.
    pub async fn answer(&self, order_id: &str) -> Option<(i32, bool)> {
        let answer = self.fulfilment(order_id).await.answer?;
        Some((answer.number, answer.agreed))
    }

    /// What the library has stated of an order, by the events' short names.
    pub async fn stated(&self, order_id: &str) -> Vec<String> {
        let (context, entity) = ("vod-library", "Fulfilment");
        self.world.stated(context, entity, order_id).await
    }
}

pub async fn state_order(world: &World, order_id: &str, version: i64, phase: Phase, asked: i32) {
    let title = Title {
        movie_id: MOVIE.to_owned(),
        movie_title: "Soul".to_owned(),
    };
    let stated = (version, phase, asked);
    let order = Some(order("vod-order", order_id, stated, world.now(), &title));
    let event = Event::new(order_id, version, &OrderPlaced { order });
    world.state("vod-order", event).await;
}
