//! The simulated payment, told how to behave for a while.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, GetBehaviorRequest, SetBehaviorRequest};
use std::time::Duration;
use tonic::{Code, Status};

/// Charges that booking has under way at most (reliability.md, Calls: the payment bulkhead).
const CHARGES: f64 = 128.0;

/// The provider under an admin's hand, and how it was before.
pub(super) struct Payment {
    admin: Mesh,
    before: Behavior,
}

impl Payment {
    pub(super) async fn of(mesh: &Mesh) -> Result<Self, Fault> {
        let admin = mesh.acting_as("load-admin", &["admin"])?;
        let before = SimulatorServiceClient::new(admin.channel())
            .get_behavior(GetBehaviorRequest {})
            .await;
        let before = before.map_err(|why| no_simulator(&why))?.into_inner();
        Ok(Self {
            admin,
            before: before.behavior.unwrap_or_default(),
        })
    }

    /// Takes from `least` to `most` for every charge.
    pub(super) async fn takes(&self, least: Duration, most: Duration) -> Result<(), Fault> {
        self.behaves(Behavior {
            latency_min: least.try_into().ok(),
            latency_max: most.try_into().ok(),
            ..Behavior::default()
        })
        .await
    }

    /// Is good for so many charges a second. It has no limit of its own, so it is given one by its time: booking has at
    /// most 128 charges under way at once, and a payment that takes 128 ms for each is good for 1,000 a second.
    pub(super) async fn is_good_for(&self, per_second: f64) -> Result<(), Fault> {
        let one = Duration::from_secs_f64(CHARGES / per_second);
        self.takes(one, one).await
    }

    /// As it was.
    pub(super) async fn is_as_before(&self) -> Result<(), Fault> {
        self.behaves(self.before).await
    }

    async fn behaves(&self, behavior: Behavior) -> Result<(), Fault> {
        let request = SetBehaviorRequest {
            behavior: Some(behavior),
        };
        SimulatorServiceClient::new(self.admin.channel())
            .set_behavior(request)
            .await
            .map(drop)
            .map_err(|why| rpc::fault(&why))
    }
}

fn no_simulator(why: &Status) -> Fault {
    match why.code() {
        Code::Unimplemented => Fault::usage(
            "this needs the simulated payment, which can be told how to behave under `yemae up` only",
        ),
        _ => rpc::fault(why),
    }
}
