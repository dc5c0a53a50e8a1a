//! Taxis in one process: every context they need, with the bus and the clock in the test's hand.

mod away;
mod cancelling;
mod journeys;
mod races;
mod rules;

use crate::shared::{Teller, is_clean, with_shared, won};
use mesh::client::Client;
use proto::taxi::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::taxi::dispatch::v1::{
    ArriveRequest, DeclineRideRequest, DriveStatus, GetMyRideRequest, PickUpRequest,
    ReportDriverRequest,
};
use proto::taxi::ride::v1::ride_service_client::RideServiceClient;
use proto::taxi::ride::v1::{
    CallTaxiRequest, CancelRideRequest, GetRideRequest, Place, Ride, RideStatus,
};
use testing::{Caller, World};
use tonic::Status;

/// Won for the usual ride.
pub const FARE: i64 = 9_800;

/// A town with two drivers, Kang, who is nearer, and Lim; and one customer, Kim.
pub struct Town {
    pub world: World,
}

impl Town {
    pub async fn new() -> Self {
        Self::delivering(1).await
    }

    /// Every event comes so many times.
    pub async fn delivering(times: usize) -> Self {
        let town = Self::without_drivers(times);
        town.report("kang", true).await;
        town.report("lim", true).await;
        town
    }

    pub fn without_drivers(times: usize) -> Self {
        let world = World::new()
            .delivering(times)
            .with(taxi_dispatch::context())
            .with(taxi_ride::context());
        let world = with_shared(world);
        Self { world }
    }

    fn client(&self, context: &'static str, subject: &str, role: &str) -> Client {
        self.world.client(context, Caller::user(subject, &[role]))
    }

    pub fn driver(&self, name: &str) -> DispatchServiceClient<Client> {
        DispatchServiceClient::new(self.client("taxi-dispatch", name, "driver"))
    }

    pub fn kim(&self) -> RideServiceClient<Client> {
        RideServiceClient::new(self.client("taxi-ride", "kim", "customer"))
    }

    pub fn admin(&self) -> RideServiceClient<Client> {
        RideServiceClient::new(self.client("taxi-ride", "root", "admin"))
    }

    /// A driver comes, or goes home.
    pub async fn report(&self, name: &str, free: bool) {
        self.report_in("white Sonata", name, free).await;
    }

    /// The same, in this car.
    pub async fn report_in(&self, car: &str, name: &str, free: bool) {
        let away = if name == "kang" { 1_000 } else { 5_000 };
        let from = station();
        let said = ReportDriverRequest {
            name: name.to_owned(),
            car: car.to_owned(),
            phone: "010-1234-5678".to_owned(),
            latitude: from.latitude + away,
            longitude: from.longitude,
            free,
        };
        self.driver(name).report_driver(said).await.unwrap();
    }

    pub async fn call(&self, request_id: &str) -> Result<Ride, Status> {
        let request = CallTaxiRequest {
            request_id: request_id.to_owned(),
            from: Some(station()),
            to: Some(gangnam()),
            expected_total: Some(won(FARE)),
            payment_method: "pm_test".to_owned(),
        };
        let called = self.kim().call_taxi(request).await?;
        Ok(called.into_inner().ride.unwrap())
    }

    /// A ride that everybody has heard of.
    pub async fn called(&self, request_id: &str) -> String {
        let called = self.call(request_id).await.unwrap();
        self.world.settle().await;
        called.ride_id
    }

    pub async fn ride(&self, ride_id: &str) -> Ride {
        let ride_id = ride_id.to_owned();
        let found = self.kim().get_ride(GetRideRequest { ride_id }).await;
        found.unwrap().into_inner().ride.unwrap()
    }

    pub async fn status(&self, ride_id: &str) -> RideStatus {
        self.ride(ride_id).await.status()
    }

    pub async fn cancel(&self, ride_id: &str) -> Result<Ride, Status> {
        let ride_id = ride_id.to_owned();
        let request = CancelRideRequest { ride_id };
        let asked = self.kim().cancel_ride(request).await?;
        Ok(asked.into_inner().ride.unwrap())
    }

    pub async fn decline(&self, name: &str, ride_id: &str) -> Result<(), Status> {
        let ride_id = ride_id.to_owned();
        let request = DeclineRideRequest { ride_id };
        self.driver(name).decline_ride(request).await.map(drop)
    }

    pub async fn pick_up(&self, name: &str, ride_id: &str) -> Result<(), Status> {
        let ride_id = ride_id.to_owned();
        let request = PickUpRequest { ride_id };
        self.driver(name).pick_up(request).await.map(drop)
    }

    pub async fn arrive(&self, name: &str, ride_id: &str) -> Result<(), Status> {
        let ride_id = ride_id.to_owned();
        let request = ArriveRequest { ride_id };
        self.driver(name).arrive(request).await.map(drop)
    }

    /// How a driver sees a ride; None: it is not his.
    pub async fn seen_by(&self, name: &str, ride_id: &str) -> Option<DriveStatus> {
        let ride_id = ride_id.to_owned();
        let request = GetMyRideRequest { ride_id };
        let found = self.driver(name).get_my_ride(request).await.ok()?;
        Some(found.into_inner().ride.unwrap().status())
    }

    /// The audit, at rest: no rule is broken.
    pub async fn is_clean(&self) {
        let own: [(&str, Teller); 2] = [
            ("taxi-dispatch", taxi_dispatch::facts),
            ("taxi-ride", taxi_ride::facts),
        ];
        is_clean(&self.world, &own).await;
    }
}

pub fn station() -> Place {
    Place {
        name: "서울역".to_owned(),
        latitude: 37_554_722,
        longitude: 126_970_833,
    }
}

pub fn gangnam() -> Place {
    Place {
        name: "강남역".to_owned(),
        latitude: 37_497_950,
        longitude: 127_027_621,
    }
}
