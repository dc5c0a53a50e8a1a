//! The context around subscriptions, played by the test: it states the real messages and nothing else.

use diesel::prelude::*;
use mesh::schema::outbox;
use mesh::{Context, Event, id, policy};
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::subscription::v1::{Home, Premises, SubscribeRequest, Subscription};
use proto::iptv::support::v1::{Plan, PlanRegistered};
use proto::ordering::v1::{Answer, Fulfilment, FulfilmentEvent, Step};
use proto::shared::v1::Money;
use testing::{Caller, World};
use tonic::Status;

pub type Client = SubscriptionServiceClient<mesh::client::Client>;

/// Where plans are sold.
pub struct Counter {
    pub world: World,
    pub plan_id: String,
}

impl Counter {
    /// Nobody has said anything of a plan.
    pub fn unknown() -> Self {
        let world = World::new()
            .delivering(2)
            .with(Context::new("iptv-support"))
            .with(iptv_subscription::context());
        Self {
            world,
            plan_id: id::new(),
        }
    }

    /// A plan without a fee.
    pub async fn new() -> Self {
        let counter = Self::unknown();
        counter.plan(1, None, true).await;
        counter
    }

    pub async fn plan(&self, version: i64, fee: Option<i64>, open: bool) {
        let plan = Some(Plan {
            plan_id: self.plan_id.clone(),
            version,
            name: "Basic".to_owned(),
            monthly_fee: Some(won(15_000)),
            installation_fee: fee.map(won),
            open,
            registered_at: None,
        });
        let event = Event::new(&self.plan_id, version, &PlanRegistered { plan });
        self.world.state("iptv-support", event).await;
    }

    /// Support says that it is active, or agrees to request 1.
    pub async fn fulfilment(&self, id: &str, active: bool) {
        let fulfilment = Some(Fulfilment {
            order_id: id.to_owned(),
            context: "iptv-support".to_owned(),
            version: 9,
            steps: vec![
                Step {
                    code: 4,
                    ..Step::default()
                };
                usize::from(active)
            ],
            irrevocable: active,
            answer: (!active).then_some(Answer {
                number: 1,
                agreed: true,
                reason: None,
            }),
            ..Fulfilment::default()
        });
        let name = "yemae.iptv.support.v1.CaseActivated";
        self.world
            .state(
                "iptv-support",
                Event::named(name, id, 9, &FulfilmentEvent { fulfilment }),
            )
            .await;
    }

    pub fn ann(&self) -> Client {
        let caller = Caller::customer("ann");
        SubscriptionServiceClient::new(self.world.client("iptv-subscription", caller))
    }

    pub fn request(&self, request_id: &str) -> SubscribeRequest {
        SubscribeRequest {
            request_id: request_id.to_owned(),
            plan_id: self.plan_id.clone(),
            home: Some(Home {
                address: "Teheran-ro 1".to_owned(),
                phone: "010-1234-5678".to_owned(),
            }),
            region: "강남".to_owned(),
            wished_on: "2026-12-24".to_owned(),
            expected_total: Some(won(0)),
            payment_method: String::new(),
        }
    }

    pub async fn subscribe(&self, request: SubscribeRequest) -> Result<Subscription, Status> {
        let placed = self.ann().subscribe(request).await?;
        Ok(placed.into_inner().subscription.unwrap())
    }

    /// What was said of where to install, oldest first.
    pub async fn premises(&self) -> Vec<Premises> {
        let read = self.world.site("iptv-subscription").store.read(|db| {
            let own = outbox::table.filter(outbox::subject.like("%.Premises.%"));
            let said: Vec<Vec<u8>> = own.order(outbox::seq).select(outbox::body).load(db)?;
            said.iter()
                .map(|body| policy::decode_entity(body))
                .collect()
        });
        read.await.unwrap()
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
