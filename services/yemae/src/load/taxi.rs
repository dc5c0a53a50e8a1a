//! Who wants to get away: calls a taxi from one place to another. Sometimes the driver drives.

use super::moves::{Moves, PAYMENT_METHOD, Wanted, Wish, unless};
use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::stage::{self, won};
use futures::future::BoxFuture;
use proto::taxi::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::taxi::dispatch::v1::{ArriveRequest, PickUpRequest};
use proto::taxi::ride::v1::ride_service_client::RideServiceClient;
use proto::taxi::ride::v1::{CallTaxiRequest, CancelRideRequest, EstimateRideRequest, Place};
use std::sync::Arc;
use tonic::Status;

/// Busan Station, far from whoever else drives: millionths of a degree north and east.
const STATION: (i32, i32) = (35_115_000, 129_041_000);
/// So many drive: whoever calls while all are busy waits for one.
const DRIVERS: i32 = 8;

/// Drivers at a station.
struct Taxi {
    drivers: Vec<Mesh>,
    fare: i64,
}

/// Sets the scene.
pub(crate) async fn set(mesh: &Mesh, run: &str) -> Result<Arc<dyn Moves>, Fault> {
    let mut drivers = Vec::new();
    for number in 0..DRIVERS {
        let driver = mesh.acting_as(&format!("load-driver-{run}-{number}"), &["driver"])?;
        let told = ("Load", "white Sonata", "010-0000-0000");
        let said = stage::taxi::driver_at(STATION, told, number);
        stage::taxi::report(&driver, &said).await?;
        drivers.push(driver.unguarded());
    }
    let customer = mesh.acting_as("load-staff", &["customer"])?;
    let (from, to) = (Some(place(0)), Some(place(20_000)));
    let estimate = RideServiceClient::new(customer.channel())
        .estimate_ride(EstimateRideRequest { from, to })
        .await;
    let estimate = estimate.map_err(|status| rpc::fault(&status))?.into_inner();
    let fare = estimate.total.unwrap_or_default().minor_units;
    Ok(Arc::new(Taxi { drivers, fare }))
}

/// So many millionths of a degree north of the station.
fn place(north: i32) -> Place {
    Place {
        name: "Busan".to_owned(),
        latitude: STATION.0 + north,
        longitude: STATION.1,
    }
}

impl Moves for Taxi {
    fn want(&self, _: Wish) -> Option<Wanted> {
        Some(Wanted {
            of: String::new(),
            parts: Vec::new(),
            won: self.fare,
        })
    }

    fn create<'a>(
        &'a self,
        by: &'a Mesh,
        request_id: &'a str,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<String, Status>> {
        let request = CallTaxiRequest {
            request_id: request_id.to_owned(),
            from: Some(place(0)),
            to: Some(place(20_000)),
            expected_total: Some(won(wanted.won)),
            payment_method: PAYMENT_METHOD.to_owned(),
        };
        Box::pin(async move {
            let mut rides = RideServiceClient::new(by.channel());
            let answer = rides.call_taxi(request).await?.into_inner();
            Ok(answer.ride.unwrap_or_default().ride_id)
        })
    }

    fn cancel<'a>(&'a self, by: &'a Mesh, order_id: &'a str) -> BoxFuture<'a, Result<(), Status>> {
        let ride_id = order_id.to_owned();
        Box::pin(async move {
            let mut rides = RideServiceClient::new(by.channel());
            rides
                .cancel_ride(CancelRideRequest { ride_id })
                .await
                .map(drop)
        })
    }

    /// Picks the customer up, whoever of the drivers has the ride, and takes her where she wants to go.
    fn progress<'a>(
        &'a self,
        _: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>> {
        Box::pin(async move {
            for driver in &self.drivers {
                let ride_id = order_id.to_owned();
                let mut rides = DispatchServiceClient::new(driver.channel());
                let picked_up = rides.pick_up(PickUpRequest { ride_id }).await;
                let Some(told) = unless(picked_up, &["NOT_FOUND"]) else {
                    continue;
                };
                let ride_id = order_id.to_owned();
                let _ = rides.arrive(ArriveRequest { ride_id }).await;
                return Some(told);
            }
            None
        })
    }
}
