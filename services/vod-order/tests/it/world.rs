//! The contexts around the order side, played by the test: they state the real messages and nothing else.

use mesh::client::Client;
use mesh::{Context, Event, id};
use proto::cinema::movie::v1::{Movie, MovieRegistered, MovieStatus};
use proto::ordering::v1::{Fulfilment, FulfilmentEvent};
use proto::shared::v1::Money;
use proto::vod::order::v1::order_service_client::OrderServiceClient;
use proto::vod::order::v1::{CancelOrderRequest, GetOrderRequest, Order, OrderMovieRequest};
use testing::{Caller, Till, World};
use tonic::Status;

/// Won for a movie.
pub const PRICE: i64 = 5_000;

pub struct Vod {
    pub world: World,
    pub movie: String,
}

impl Vod {
    /// A world with one movie on demand.
    pub async fn new() -> Self {
        let world = World::new()
            .with(Context::new("cinema-movie"))
            .with(Context::new("vod-library"))
            .with(Till::default().context())
            .with(vod_order::context());
        let movie = id::new();
        let vod = Self { world, movie };
        vod.movie(1, MovieStatus::Open, Some(PRICE)).await;
        vod
    }

    /// The catalogue says what the movie is now.
    pub async fn movie(&self, version: i64, status: MovieStatus, price: Option<i64>) {
        self.state_movie(&self.movie, version, status, price).await;
    }

    pub async fn state_movie(
        &self,
        movie_id: &str,
        version: i64,
        status: MovieStatus,
        price: Option<i64>,
    ) {
        let movie = Movie {
            movie_id: movie_id.to_owned(),
            version,
            title: "Soul".to_owned(),
            vod_price: price.map(won),
            status: status.into(),
            ..Movie::default()
        };
        let event = Event::new(movie_id, version, &MovieRegistered { movie: Some(movie) });
        self.world.state("cinema-movie", event).await;
    }

    /// The library says how far it is with an order.
    pub async fn library(&self, said: Fulfilment) {
        let fulfilment = Fulfilment {
            context: "vod-library".to_owned(),
            ..said
        };
        let (id, version) = (fulfilment.order_id.clone(), fulfilment.version);
        let event = FulfilmentEvent {
            fulfilment: Some(fulfilment),
        };
        let name = "yemae.vod.library.v1.LicencePurchased";
        self.world
            .state("vod-library", Event::named(name, id, version, &event))
            .await;
    }

    pub fn request(&self, request_id: &str) -> OrderMovieRequest {
        OrderMovieRequest {
            request_id: request_id.to_owned(),
            movie_id: self.movie.clone(),
            expected_total: Some(won(PRICE)),
            payment_method: "pm_test".to_owned(),
        }
    }

    pub fn as_user(&self, subject: &str, role: &str) -> OrderServiceClient<Client> {
        let caller = Caller::user(subject, &[role]);
        OrderServiceClient::new(self.world.client("vod-order", caller))
    }

    pub fn ann(&self) -> OrderServiceClient<Client> {
        self.as_user("ann", "customer")
    }

    pub async fn ordered(&self, request: OrderMovieRequest) -> Result<Order, Status> {
        let ordered = self.ann().order_movie(request).await?;
        Ok(ordered.into_inner().order.unwrap())
    }

    pub async fn get(&self, order_id: &str) -> Order {
        let order_id = order_id.to_owned();
        let got = self.ann().get_order(GetOrderRequest { order_id }).await;
        got.unwrap().into_inner().order.unwrap()
    }

    pub async fn cancel(&self, order_id: &str) -> Result<Order, Status> {
        let order_id = order_id.to_owned();
        let request = CancelOrderRequest { order_id };
        let asked = self.ann().cancel_order(request).await?;
        Ok(asked.into_inner().order.unwrap())
    }
}

pub fn won(minor_units: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units,
    }
}
