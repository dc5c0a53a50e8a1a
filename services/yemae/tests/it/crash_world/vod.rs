//! Evenings at home: a studio that does not always answer, and customers who watch or do not.

use super::Lifecycle;
use super::town::Town;
use crate::shared::{Resident, because, plain, won};
use futures::future::join;
use mesh::identity::Key;
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{Rating, RegisterMovieRequest};
use proto::vod::library::v1::library_service_client::LibraryServiceClient;
use proto::vod::library::v1::studio_simulator_service_client::StudioSimulatorServiceClient;
use proto::vod::library::v1::{SetStudioBehaviorRequest, StudioBehavior, WatchMovieRequest};
use proto::vod::order::v1::order_service_client::OrderServiceClient;
use proto::vod::order::v1::{CancelOrderRequest, OrderMovieRequest, SystemCancelOrderRequest};
use std::time::Duration;
use tokio::time::sleep;
use tonic::Status;

const PRICE: i64 = 5_000;
const ORDER: &str = "vod-order";

pub struct Vod {
    movie_id: String,
}

impl Lifecycle for Vod {
    const CONTEXTS: &'static [Resident] = &[
        Resident {
            name: ORDER,
            make: |_| plain(vod_order::context),
            facts: vod_order::facts,
        },
        Resident {
            name: "vod-library",
            make: |seed| {
                let studio = vod_library::Simulator::new(seed);
                let key = Key::generate().unwrap();
                Box::new(move || vod_library::simulated(studio.clone(), key.clone()))
            },
            facts: vod_library::facts,
        },
        Resident {
            name: "cinema-movie",
            make: |_| plain(cinema_movie::context),
            facts: |_| Ok(Default::default()),
        },
    ];

    async fn set(town: &Town) -> Self {
        let movie = RegisterMovieRequest {
            request_id: "movie".to_owned(),
            title: "Soul".to_owned(),
            running_minutes: 100,
            rating: Rating::All.into(),
            ticket_price: None,
            vod_price: Some(won(PRICE)),
        };
        let dice = town.world.dice();
        let mood = StudioBehavior {
            refused_percent: *dice.pick(&[0, 0, 30]),
            reply_lost_percent: *dice.pick(&[0, 0, 20]),
            lost_percent: *dice.pick(&[0, 0, 20]),
            ..StudioBehavior::default()
        };
        let mood = SetStudioBehaviorRequest {
            behavior: Some(mood),
        };
        let studio = town.worker("root", "admin", "vod-library");
        StudioSimulatorServiceClient::new(studio)
            .set_studio_behavior(mood)
            .await
            .unwrap();
        let admin = town.worker("staff", "admin", "cinema-movie");
        let movie = MovieServiceClient::new(admin).register_movie(movie).await;
        // Long enough for the order side to have heard of it.
        sleep(Duration::from_secs(5)).await;
        Self {
            movie_id: movie.unwrap().into_inner().movie.unwrap().movie_id,
        }
    }

    async fn live(&self, town: &Town, number: usize) {
        let dice = town.world.dice();
        let customer = ["ann", "bob"][dice.below(2)];
        let request = OrderMovieRequest {
            request_id: format!("request-{number}"),
            movie_id: self.movie_id.clone(),
            expected_total: Some(won(PRICE)),
            payment_method: "card".to_owned(),
        };
        let orders = || OrderServiceClient::new(town.customer(customer, ORDER));
        let ask = async || -> Result<String, Status> {
            let told = orders().order_movie(request.clone()).await?;
            Ok(told.into_inner().order.unwrap().order_id)
        };
        let Some(id) = town.order(&request.request_id, ask).await else {
            return;
        };
        for _ in 0..1 + dice.below(4) {
            town.pause().await;
            let (cancel, watch) = (
                CancelOrderRequest {
                    order_id: id.clone(),
                },
                WatchMovieRequest {
                    order_id: id.clone(),
                },
            );
            let (mut own, mut library) = (
                orders(),
                LibraryServiceClient::new(town.customer(customer, "vod-library")),
            );
            let cancelled = async { town.deed("cancel", &id, own.cancel_order(cancel)).await };
            let watched = async { town.deed("progress", &id, library.watch_movie(watch)).await };
            match dice.below(4) {
                0 => cancelled.await,
                1 => watched.await,
                2 => drop(join(cancelled, watched).await),
                _ => {
                    let request = SystemCancelOrderRequest {
                        order_id: id.clone(),
                        reason: Some(because("the studio wants it back")),
                    };
                    let mut admin = OrderServiceClient::new(town.worker("root", "admin", ORDER));
                    let told = admin.system_cancel_order(request);
                    town.deed("cancel", &id, told).await;
                }
            }
        }
    }
}
