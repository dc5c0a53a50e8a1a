//! The simulated payment, told how to behave for a while.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, GetBehaviorRequest, SetBehaviorRequest};
use std::time::Duration;
use tonic::{Code, Status};

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

    /// Is good for so many charges a second, each done at once when it is its turn; what is beyond waits in line. Nobody is
    /// in line at first.
    pub(super) async fn is_good_for(&self, per_second: u32) -> Result<(), Fault> {
        self.behaves(Behavior {
            capacity_per_second: i32::try_from(per_second).unwrap_or(i32::MAX),
            ..Behavior::default()
        })
        .await
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
