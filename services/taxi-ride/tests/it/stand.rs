//! The contexts around rides, played by the test: they state the real messages and nothing else.

use mesh::client::Client;
use mesh::{Context, Event};
use proto::ordering::v1::{Fulfilment, Step};
use proto::shared::v1::{Money, Text};
use proto::taxi::dispatch::v1::{DriveStatus, DriverAssigned};
use proto::taxi::ride::v1::ride_service_client::RideServiceClient;
use proto::taxi::ride::v1::{
    CallTaxiRequest, CallTaxiResponse, CancelRideRequest, EstimateRideRequest, GetRideRequest,
    Place, Ride,
};
use testing::{Caller, Till, World};
use tonic::Status;

/// Won for the usual ride.
pub const FARE: i64 = 9_800;

/// A taxi stand, where Ann calls taxis.
pub struct Stand {
    pub world: World,
    pub till: Till,
}

impl Stand {
    pub fn new() -> Self {
        let till = Till::default();
        let world = World::new()
            .with(Context::new("taxi-dispatch"))
            .with(till.context())
            .with(taxi_ride::context());
        Self { world, till }
    }

    /// Dispatch says how far it is.
    pub async fn dispatch(&self, ride_id: &str, version: i64, steps: &[DriveStatus]) {
        self.dispatch_tells(ride_id, version, steps, None).await;
    }

    /// And what there is to tell the customer about the last of those steps.
    pub async fn dispatch_tells(
        &self,
        ride_id: &str,
        version: i64,
        steps: &[DriveStatus],
        who: Option<&str>,
    ) {
        let step = |status: &DriveStatus| Step {
            code: (*status).into(),
            ..Step::default()
        };
        let mut reached: Vec<_> = steps.iter().map(step).collect();
        if let Some(last) = reached.last_mut() {
            last.reason = who.map(|who| Text {
                en: who.to_owned(),
                ko: who.to_owned(),
            });
        }
        let fulfilment = Some(Fulfilment {
            order_id: ride_id.to_owned(),
            context: "taxi-dispatch".to_owned(),
            version,
            steps: reached,
            irrevocable: steps.contains(&DriveStatus::PickedUp),
            ..Fulfilment::default()
        });
        let event = Event::new(ride_id, version, &DriverAssigned { fulfilment });
        self.world.state("taxi-dispatch", event).await;
    }

    pub fn as_user(&self, subject: &str, role: &str) -> RideServiceClient<Client> {
        let caller = Caller::user(subject, &[role]);
        RideServiceClient::new(self.world.client("taxi-ride", caller))
    }

    pub fn ann(&self) -> RideServiceClient<Client> {
        self.as_user("ann", "customer")
    }

    pub async fn estimate(&self, from: Place, to: Place) -> Result<(i64, Money), Status> {
        let request = EstimateRideRequest {
            from: Some(from),
            to: Some(to),
        };
        let told = self.ann().estimate_ride(request).await?.into_inner();
        Ok((told.meters, told.total.unwrap()))
    }

    pub async fn call(&self, request: CallTaxiRequest) -> Result<CallTaxiResponse, Status> {
        Ok(self.ann().call_taxi(request).await?.into_inner())
    }

    /// The usual ride.
    pub async fn called(&self, request_id: &str) -> Ride {
        self.call(request(request_id)).await.unwrap().ride.unwrap()
    }

    pub async fn get(&self, ride_id: &str) -> Ride {
        let ride_id = ride_id.to_owned();
        let found = self.ann().get_ride(GetRideRequest { ride_id }).await;
        found.unwrap().into_inner().ride.unwrap()
    }

    pub async fn cancel(&self, ride_id: &str) -> Result<Ride, Status> {
        let ride_id = ride_id.to_owned();
        let asked = self
            .ann()
            .cancel_ride(CancelRideRequest { ride_id })
            .await?;
        Ok(asked.into_inner().ride.unwrap())
    }
}

/// From Seoul Station to Gangnam Station, for what that costs.
pub fn request(request_id: &str) -> CallTaxiRequest {
    CallTaxiRequest {
        request_id: request_id.to_owned(),
        from: Some(station()),
        to: Some(gangnam()),
        expected_total: Some(won(FARE)),
        payment_method: "pm_test".to_owned(),
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

pub fn won(minor_units: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units,
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}
