//! A taxi rank and the order side around it, played by the test: it states the real messages and nothing else.

use mesh::client::Client;
use mesh::{Context, Event, id};
use ordering::domain::fulfilment::Fulfilment;
use ordering::fulfilments;
use proto::ordering::v1::Phase;
use proto::taxi::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::taxi::dispatch::v1::{
    ArriveRequest, DeclineRideRequest, DriveStatus, DriverRide, ListMyRidesRequest, PickUpRequest,
    ReportDriverRequest,
};
use proto::taxi::ride::v1::{Place, RidePlaced, Trip};
use std::time::Duration;
use testing::{Caller, World, order};
use tonic::Status;

/// Where customers wait: Seoul Station.
const HERE: (i32, i32) = (37_554_722, 126_970_833);

/// Drivers, each so many meters or so to the north of where customers wait.
pub struct Rank {
    pub world: World,
}

impl Rank {
    pub fn new() -> Self {
        Self::delivering(1)
    }

    /// Every event comes so many times.
    pub fn delivering(times: usize) -> Self {
        let world = World::new()
            .delivering(times)
            .with(Context::new("taxi-ride"))
            .with(taxi_dispatch::context());
        Self { world }
    }

    pub fn driver(&self, name: &str) -> DispatchServiceClient<Client> {
        let caller = Caller::user(name, &["driver"]);
        DispatchServiceClient::new(self.world.client("taxi-dispatch", caller))
    }

    /// A driver says that he takes rides, or that he does not.
    pub async fn report(&self, name: &str, away: i32, free: bool) {
        let mut driver = self.driver(name);
        let reported = driver.report_driver(report(name, away, free));
        reported.await.unwrap();
    }

    /// The order side states version `version` of a ride.
    pub async fn ride(&self, ride_id: &str, version: i64, phase: Phase, asked: i32) {
        let stated = (version, phase, asked);
        let order = Some(order(
            "taxi-ride",
            ride_id,
            stated,
            self.world.now(),
            &trip(),
        ));
        let event = Event::new(ride_id, version, &RidePlaced { order });
        self.world.state("taxi-ride", event).await;
    }

    /// A taxi that has just been called.
    pub async fn called(&self) -> String {
        let ride_id = id::new();
        self.ride(&ride_id, 1, Phase::Placed, 0).await;
        ride_id
    }

    /// Lets time pass, and the clock's jobs run.
    pub async fn wait(&self, by: Duration) {
        self.world.advance(by);
        self.world.tick().await;
    }

    pub async fn decline(&self, name: &str, ride_id: &str) -> Result<(), Status> {
        let ride_id = ride_id.to_owned();
        let request = DeclineRideRequest { ride_id };
        let answer = self.driver(name).decline_ride(request).await;
        self.world.settle().await;
        answer.map(drop)
    }

    pub async fn pick_up(&self, name: &str, ride_id: &str) -> Result<DriverRide, Status> {
        let ride_id = ride_id.to_owned();
        let answer = self.driver(name).pick_up(PickUpRequest { ride_id }).await;
        self.world.settle().await;
        Ok(answer?.into_inner().ride.unwrap())
    }

    pub async fn arrive(&self, name: &str, ride_id: &str) -> Result<DriverRide, Status> {
        let ride_id = ride_id.to_owned();
        let answer = self.driver(name).arrive(ArriveRequest { ride_id }).await;
        self.world.settle().await;
        Ok(answer?.into_inner().ride.unwrap())
    }

    /// A driver's rides, newest first.
    pub async fn list(&self, name: &str) -> Vec<DriverRide> {
        let mut driver = self.driver(name);
        let listed = driver.list_my_rides(ListMyRidesRequest::default());
        listed.await.unwrap().into_inner().rides
    }

    /// The ride a driver is to drive, and how far it is; None: he is free.
    pub async fn drives(&self, name: &str) -> Option<(String, DriveStatus)> {
        let mut rides = self.list(name).await.into_iter();
        let driven = [DriveStatus::Assigned, DriveStatus::PickedUp];
        let ride = rides.find(|ride| driven.contains(&ride.status()))?;
        let status = ride.status();
        Some((ride.ride_id, status))
    }

    /// Whether a driver is on the way to this ride.
    pub async fn comes(&self, name: &str, ride_id: &str) -> bool {
        self.drives(name).await == Some((ride_id.to_owned(), DriveStatus::Assigned))
    }

    pub async fn fulfilment(&self, ride_id: &str) -> Fulfilment {
        let (store, ride_id) = (&self.world.site("taxi-dispatch").store, ride_id.to_owned());
        let found = store.read(move |db| fulfilments::find(db, &ride_id)).await;
        found.unwrap().unwrap_or_default()
    }

    /// The newest answer to a request to cancel: its number, yes or no.
    pub async fn answer(&self, ride_id: &str) -> Option<(i32, bool)> {
        let answer = self.fulfilment(ride_id).await.answer?;
        Some((answer.number, answer.agreed))
    }

    /// What dispatch has stated of a ride, by the events' short names.
    pub async fn stated(&self, ride_id: &str) -> Vec<String> {
        let (context, entity) = ("taxi-dispatch", "Fulfilment");
        self.world.stated(context, entity, ride_id).await
    }
}

pub fn report(name: &str, away: i32, free: bool) -> ReportDriverRequest {
    ReportDriverRequest {
        name: name.to_owned(),
        car: "white Sonata".to_owned(),
        phone: "010-1234-5678".to_owned(),
        latitude: HERE.0 + away * 9,
        longitude: HERE.1,
        free,
    }
}

fn trip() -> Trip {
    let place = |name: &str| Place {
        name: name.to_owned(),
        latitude: HERE.0,
        longitude: HERE.1,
    };
    Trip {
        from: Some(place("서울역")),
        to: Some(place("강남역")),
        meters: 0,
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}
