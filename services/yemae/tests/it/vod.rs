//! VOD in one process: every context, with the bus and the clock in the test's hand.

mod away;
mod cancelling;
mod studio;
mod watching;

use crate::shared::{Teller, is_clean, why, with_shared, won};
use mesh::client::Client;
use mesh::identity::Key;
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{Rating, RegisterMovieRequest};
use proto::shared::v1::Text;
use proto::vod::library::v1::library_service_client::LibraryServiceClient;
use proto::vod::library::v1::studio_simulator_service_client::StudioSimulatorServiceClient;
use proto::vod::library::v1::{
    SetStudioBehaviorRequest, StudioBehavior, WatchMovieRequest, WatchMovieResponse,
};
use proto::vod::order::v1::order_service_client::OrderServiceClient;
use proto::vod::order::v1::{
    CancelOrderRequest, GetOrderRequest, Order, OrderMovieRequest, SystemCancelOrderRequest,
};
use std::time::Duration;
use testing::{Caller, World};
use tonic::Status;

/// Won for the movie.
const PRICE: i64 = 5_000;

/// VOD with one movie.
struct Vod {
    world: World,
    movie: String,
}

impl Vod {
    async fn new() -> Self {
        Self::delivering(1).await
    }

    /// Every event comes so many times.
    async fn delivering(times: usize) -> Self {
        let simulator = vod_library::Simulator::new(7);
        let world = World::new()
            .delivering(times)
            .with(cinema_movie::context())
            .with(vod_order::context())
            .with(vod_library::simulated(simulator, Key::generate().unwrap()));
        let world = with_shared(world);
        let movie = RegisterMovieRequest {
            request_id: "movie".to_owned(),
            title: "Soul".to_owned(),
            running_minutes: 100,
            rating: Rating::All.into(),
            ticket_price: None,
            vod_price: Some(won(PRICE)),
        };
        let staff = world.client("cinema-movie", Caller::user("staff", &["staff", "admin"]));
        let movie = MovieServiceClient::new(staff).register_movie(movie).await;
        let movie = movie.unwrap().into_inner().movie.unwrap().movie_id;
        world.settle().await;
        Self { world, movie }
    }

    fn kim(&self, context: &'static str) -> Client {
        self.world.client(context, Caller::customer("kim"))
    }

    fn admin(&self, context: &'static str) -> Client {
        self.world.client(context, Caller::user("root", &["admin"]))
    }

    /// An order that nobody else has heard of yet.
    async fn order(&self, request: &str) -> Result<Order, Status> {
        let request = OrderMovieRequest {
            request_id: request.to_owned(),
            movie_id: self.movie.clone(),
            expected_total: Some(won(PRICE)),
            payment_method: "pm_test".to_owned(),
        };
        let answer = OrderServiceClient::new(self.kim("vod-order"))
            .order_movie(request)
            .await?;
        Ok(answer.into_inner().order.unwrap())
    }

    async fn ordered(&self, request: &str) -> String {
        self.order(request).await.unwrap().order_id
    }

    async fn get(&self, order_id: &str) -> Order {
        let order_id = order_id.to_owned();
        let answer = OrderServiceClient::new(self.kim("vod-order"))
            .get_order(GetOrderRequest { order_id })
            .await;
        answer.unwrap().into_inner().order.unwrap()
    }

    async fn cancel(&self, order_id: &str) -> Result<Order, Status> {
        let order_id = order_id.to_owned();
        let answer = OrderServiceClient::new(self.kim("vod-order"))
            .cancel_order(CancelOrderRequest { order_id })
            .await?;
        Ok(answer.into_inner().order.unwrap())
    }

    async fn system_cancel(&self, order_id: &str) {
        let request = SystemCancelOrderRequest {
            order_id: order_id.to_owned(),
            reason: Some(Text {
                en: "taken off".to_owned(),
                ko: "판매 중지".to_owned(),
            }),
        };
        OrderServiceClient::new(self.admin("vod-order"))
            .system_cancel_order(request)
            .await
            .unwrap();
    }

    async fn watch(&self, order_id: &str) -> Result<WatchMovieResponse, Status> {
        let order_id = order_id.to_owned();
        let answer = LibraryServiceClient::new(self.kim("vod-library"))
            .watch_movie(WatchMovieRequest { order_id })
            .await?;
        Ok(answer.into_inner())
    }

    /// Tells the studio how to be from now on.
    async fn studio(&self, behavior: StudioBehavior) {
        let behavior = Some(behavior);
        StudioSimulatorServiceClient::new(self.admin("vod-library"))
            .set_studio_behavior(SetStudioBehaviorRequest { behavior })
            .await
            .unwrap();
    }

    /// What the studio's book says of an order's licence.
    async fn book(&self, order_id: &str) -> Option<vod_library::Book> {
        let key = format!("licence:{order_id}");
        let store = &self.world.site("vod-library").store;
        let found = store.read(move |db| vod_library::book(db, &key)).await;
        found.unwrap()
    }

    async fn after(&self, seconds: u64) {
        self.world.advance(Duration::from_secs(seconds));
        self.world.settle().await;
    }

    /// The audit, at rest: no rule is broken.
    async fn is_clean(&self) {
        let own: [(&str, Teller); 2] = [
            ("vod-order", vod_order::facts),
            ("vod-library", vod_library::facts),
        ];
        is_clean(&self.world, &own).await;
    }
}
