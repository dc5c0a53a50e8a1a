//! A world with payment and the simulated provider in it.

use crate::desk::{KEY, ORDER, charge};
use mesh::client::Client;
use payment::facts::{Book, Charge};
use payment::{Amount, Simulator};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{
    ApproveResponse, Behavior, PaymentState, SetBehaviorRequest, VoidRequest,
};
use testing::{Caller, World};
use tonic::{Response, Status};

/// Payment, its simulated provider, and who calls them.
pub struct Room {
    pub world: World,
    pub simulator: Simulator,
}

impl Room {
    pub fn new() -> Self {
        let simulator = Simulator::new(7);
        let world = World::new()
            .with(payment::simulated(simulator.clone()))
            .with(mesh::Context::new("cinema-booking"));
        Self { world, simulator }
    }

    pub fn admin(&self) -> SimulatorServiceClient<Client> {
        let admin = Caller::user("root", &["admin"]);
        SimulatorServiceClient::new(self.world.client("payment", admin))
    }

    pub async fn behave(&self, behavior: Behavior) -> Result<Behavior, Status> {
        let behavior = Some(behavior);
        let request = SetBehaviorRequest { behavior };
        let answer = self.admin().set_behavior(request).await?;
        Ok(answer.into_inner().behavior.unwrap())
    }

    pub fn client(&self) -> PaymentServiceClient<Client> {
        let caller = Caller::service("cinema-booking");
        PaymentServiceClient::new(self.world.client("payment", caller))
    }

    pub async fn approve(&self) -> Result<Response<ApproveResponse>, Status> {
        self.client().approve(charge()).await
    }

    pub async fn void(&self) {
        let void = VoidRequest {
            charge_key: KEY.to_owned(),
            order_id: ORDER.to_owned(),
        };
        self.client().void(void).await.unwrap();
        self.world.settle().await;
    }

    pub async fn facts(&self) -> Vec<Charge> {
        let store = &self.world.site("payment").store;
        store.read(payment::facts::charges).await.unwrap()
    }

    /// What payment says and what the simulator's book says of the one charge.
    pub async fn fact(&self) -> (PaymentState, Option<Book>) {
        let [charge] = &self.facts().await[..] else {
            panic!("one charge")
        };
        (charge.state, charge.book.clone())
    }
}

pub fn held() -> Book {
    Book {
        captured: Some(paid()),
        ..Default::default()
    }
}

pub fn paid() -> Amount {
    Amount {
        minor_units: 30_000,
        currency: "KRW".to_owned(),
    }
}

pub fn millis(millis: i32) -> Option<prost_types::Duration> {
    Some(prost_types::Duration {
        seconds: 0,
        nanos: millis * 1_000_000,
    })
}

pub fn refund(key: &str, charge_key: &str) -> payment::Refund {
    payment::Refund {
        key: key.to_owned(),
        charge_key: charge_key.to_owned(),
        amount: paid(),
    }
}
