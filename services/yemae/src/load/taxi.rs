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
use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tonic::Status;

/// Busan Station, far from whoever else drives: millionths of a degree north and east.
const STATION: (i32, i32) = (35_115_000, 129_041_000);
/// How far north of each other people wait, and how far north of there they go.
const APART: i32 = 10;
const AWAY: i32 = 20_000;

/// Each customer waits where a driver of hers does: nobody is left waiting, who would get the driver of somebody else's story.
struct Taxi {
    mesh: Mesh,
    run: String,
    fare: i64,
    next: AtomicI32,
    /// By the ride, the driver.
    drivers: Mutex<HashMap<String, Mesh>>,
}

/// Sets the scene.
pub(crate) async fn set(mesh: &Mesh, run: &str) -> Result<Arc<dyn Moves>, Fault> {
    let customer = mesh.acting_as("load-staff", &["customer"])?;
    let (from, to) = (Some(place(0)), Some(place(AWAY)));
    let estimate = RideServiceClient::new(customer.channel())
        .estimate_ride(EstimateRideRequest { from, to })
        .await;
    let estimate = estimate.map_err(|status| rpc::fault(&status))?.into_inner();
    Ok(Arc::new(Taxi {
        mesh: mesh.unguarded(),
        run: run.to_owned(),
        fare: estimate.total.unwrap_or_default().minor_units,
        next: AtomicI32::new(0),
        drivers: Mutex::default(),
    }))
}

/// So many millionths of a degree north of the station.
fn place(north: i32) -> Place {
    Place {
        name: "Busan".to_owned(),
        latitude: STATION.0 + north,
        longitude: STATION.1,
    }
}

impl Taxi {
    fn drivers(&self) -> MutexGuard<'_, HashMap<String, Mesh>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A driver comes to wait so far north of the station.
    async fn driver(&self, north: i32) -> Result<Mesh, Status> {
        let name = format!("load-driver-{}-{north}", self.run);
        let driver = self.mesh.acting_as(&name, &["driver"]);
        let driver = driver.map_err(|_| Status::internal("no token for a driver"))?;
        let told = ("Load", "white Sonata", "010-0000-0000");
        let said = stage::taxi::driver_at(STATION, told, north);
        DispatchServiceClient::new(driver.channel())
            .report_driver(said)
            .await?;
        Ok(driver)
    }
}

impl Moves for Taxi {
    fn want(&self, _: Wish) -> Option<Wanted> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Some(Wanted {
            of: next.wrapping_mul(APART).to_string(),
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
        let north: i32 = wanted.of.parse().unwrap_or_default();
        let request = CallTaxiRequest {
            request_id: request_id.to_owned(),
            from: Some(place(north)),
            to: Some(place(north + AWAY)),
            expected_total: Some(won(wanted.won)),
            payment_method: PAYMENT_METHOD.to_owned(),
        };
        Box::pin(async move {
            let driver = self.driver(north).await?;
            let mut rides = RideServiceClient::new(by.channel());
            let answer = rides.call_taxi(request).await?.into_inner();
            let ride_id = answer.ride.unwrap_or_default().ride_id;
            self.drivers().insert(ride_id.clone(), driver);
            Ok(ride_id)
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

    /// Picks the customer up, and takes her where she wants to go.
    fn progress<'a>(
        &'a self,
        _: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>> {
        let ride_id = order_id.to_owned();
        let driver = self.drivers().get(order_id).cloned();
        Box::pin(async move {
            let mut rides = DispatchServiceClient::new(driver?.channel());
            let pick_up = PickUpRequest {
                ride_id: ride_id.clone(),
            };
            let picked_up = unless(rides.pick_up(pick_up).await, &["NOT_FOUND"])?;
            let _ = rides.arrive(ArriveRequest { ride_id }).await;
            Some(picked_up)
        })
    }
}
