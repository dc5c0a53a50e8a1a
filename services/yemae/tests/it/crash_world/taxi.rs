//! Nights in town: drivers who come, decline, drive and go home, customers who change their minds.

use super::Lifecycle;
use super::town::Town;
use crate::shared::{Resident, because, plain, won};
use futures::future::join;
use proto::taxi::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::taxi::dispatch::v1::{
    ArriveRequest, DeclineRideRequest, PickUpRequest, ReportDriverRequest,
};
use proto::taxi::ride::v1::ride_service_client::RideServiceClient;
use proto::taxi::ride::v1::{CallTaxiRequest, CancelRideRequest, Place, SystemCancelRideRequest};
use tonic::Status;

const DRIVERS: [&str; 3] = ["kang", "lim", "yun"];
const RIDE: &str = "taxi-ride";
/// Won for the shortest ride.
const FARE: i64 = 4_800;

pub struct Taxi;

impl Lifecycle for Taxi {
    const CONTEXTS: &'static [Resident] = &[
        Resident {
            name: RIDE,
            make: |_| plain(taxi_ride::context),
            facts: taxi_ride::facts,
        },
        Resident {
            name: "taxi-dispatch",
            make: |_| plain(taxi_dispatch::context),
            facts: taxi_dispatch::facts,
        },
    ];

    async fn set(town: &Town) -> Self {
        for name in DRIVERS {
            report(town, name, true).await.unwrap();
        }
        Self
    }

    async fn live(&self, town: &Town, number: usize) {
        let dice = town.world.dice();
        let customer = ["ann", "bob"][dice.below(2)];
        let request = CallTaxiRequest {
            request_id: format!("request-{number}"),
            from: Some(corner("here")),
            to: Some(corner("there")),
            expected_total: Some(won(FARE)),
            payment_method: "card".to_owned(),
        };
        let rides = || RideServiceClient::new(town.customer(customer, RIDE));
        let ask = async || -> Result<String, Status> {
            let told = rides().call_taxi(request.clone()).await?;
            Ok(told.into_inner().ride.unwrap().ride_id)
        };
        let Some(id) = town.order(&request.request_id, ask).await else {
            return;
        };
        for _ in 0..2 + dice.below(5) {
            town.pause().await;
            let cancelled = async {
                let ride_id = id.clone();
                let cancel = CancelRideRequest { ride_id };
                let mut own = rides();
                town.deed("cancel", &id, own.cancel_ride(cancel)).await;
            };
            match dice.below(6) {
                0 => cancelled.await,
                1 => drop(join(cancelled, work(town, &id, dice.below(5))).await),
                2 => {
                    let request = SystemCancelRideRequest {
                        ride_id: id.clone(),
                        reason: Some(because("the street is closed")),
                    };
                    let mut admin = RideServiceClient::new(town.worker("root", "admin", RIDE));
                    let told = admin.system_cancel_ride(request);
                    town.deed("cancel", &id, told).await;
                }
                _ => work(town, &id, dice.below(5)).await,
            }
        }
    }
}

fn corner(name: &str) -> Place {
    Place {
        name: name.to_owned(),
        ..Place::default()
    }
}

fn driver(town: &Town, name: &str) -> DispatchServiceClient<mesh::client::Client> {
    DispatchServiceClient::new(town.worker(name, "driver", "taxi-dispatch"))
}

async fn report(town: &Town, name: &str, free: bool) -> Result<(), Status> {
    let said = ReportDriverRequest {
        name: name.to_owned(),
        car: "white Sonata".to_owned(),
        phone: "010-1234-5678".to_owned(),
        free,
        ..ReportDriverRequest::default()
    };
    driver(town, name).report_driver(said).await.map(drop)
}

/// Some driver does one thing or another about a ride, whether it is his and its time has come or not.
async fn work(town: &Town, id: &str, what: usize) {
    let dice = town.world.dice();
    let (name, ride_id) = (*dice.pick(&DRIVERS), id.to_owned());
    let mut driver = driver(town, name);
    match what {
        0 => {
            let told = driver.decline_ride(DeclineRideRequest { ride_id });
            town.deed("work", id, told).await;
        }
        1 => {
            // He comes and goes.
            let _ = report(town, name, dice.chance(0.7)).await;
        }
        2 | 3 => {
            let told = driver.pick_up(PickUpRequest { ride_id });
            town.deed("progress", id, told).await;
        }
        _ => {
            let told = driver.arrive(ArriveRequest { ride_id });
            town.deed("progress", id, told).await;
        }
    }
}
