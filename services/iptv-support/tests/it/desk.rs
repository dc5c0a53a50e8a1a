//! The contexts around the desk, played by the test: they state the real messages and nothing else.

use mesh::{Context, Event, id};
use ordering::fulfilments;
use proto::iptv::installation::v1::{Job, JobChanged, JobStatus};
use proto::iptv::subscription::v1::{Service, SubscriptionPlaced};
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use proto::iptv::support::v1::{
    AssignInstallerRequest, CaseStatus, DecideCancellationRequest, GetCaseRequest,
    PutInstallerRequest, QueuedCase, ReceiveCancellationRequest,
};
use proto::ordering::v1::Phase;
use testing::{Caller, World, order};
use tonic::Status;

pub type Client = SupportServiceClient<mesh::client::Client>;

/// Choi's desk, and Park, who installs.
pub struct Desk {
    pub world: World,
}

impl Desk {
    pub async fn new() -> Self {
        let world = World::new()
            .delivering(2)
            .with(Context::new("iptv-subscription"))
            .with(Context::new("iptv-installation"))
            .with(iptv_support::context());
        let desk = Self { world };
        let park = PutInstallerRequest {
            installer_id: "park".to_owned(),
            name: "Park".to_owned(),
            region: "강남".to_owned(),
        };
        desk.choi().put_installer(park).await.unwrap();
        desk
    }

    pub fn choi(&self) -> Client {
        let caller = Caller::user("choi", &["rep"]);
        SupportServiceClient::new(self.world.client("iptv-support", caller))
    }

    /// Subscription states version `version` of an order: CANCELLING asks by number `asked`.
    pub async fn order(&self, id: &str, version: i64, phase: Phase, asked: i32) {
        let service = Service {
            plan_name: "Basic".to_owned(),
            region: "강남".to_owned(),
            ..Service::default()
        };
        let (stated, now) = ((version, phase, asked), self.world.now());
        let order = Some(order("iptv-subscription", id, stated, now, &service));
        let event = Event::new(id, version, &SubscriptionPlaced { order });
        self.world.state("iptv-subscription", event).await;
    }

    /// Park's job says so; answer 0: none.
    pub async fn job(&self, id: &str, version: i64, status: JobStatus, answer: (i32, bool)) {
        let job = Some(Job {
            order_id: id.to_owned(),
            version,
            status: status.into(),
            installer_id: "park".to_owned(),
            answered: answer.0,
            agreed: answer.1,
            reason: None,
        });
        let event = Event::new(id, version, &JobChanged { job });
        self.world.state("iptv-installation", event).await;
    }

    /// A case that Park is assigned to.
    pub async fn assigned(&self) -> String {
        let id = id::new();
        self.order(&id, 1, Phase::Placed, 0).await;
        self.assign(&id).await.unwrap();
        id
    }

    pub async fn assign(&self, id: &str) -> Result<(), Status> {
        let request = AssignInstallerRequest {
            order_id: id.to_owned(),
            installer_id: "park".to_owned(),
        };
        self.choi().assign_installer(request).await.map(drop)
    }

    pub async fn receive(&self, id: &str, number: i32) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = ReceiveCancellationRequest { order_id, number };
        self.choi().receive_cancellation(request).await.map(drop)
    }

    pub async fn cancel(&self, id: &str, number: i32) -> Result<(), Status> {
        let request = DecideCancellationRequest {
            order_id: id.to_owned(),
            number,
            agreed: true,
            reason: None,
        };
        self.choi().decide_cancellation(request).await.map(drop)
    }

    pub async fn case(&self, id: &str) -> QueuedCase {
        let order_id = id.to_owned();
        let found = self.choi().get_case(GetCaseRequest { order_id }).await;
        found.unwrap().into_inner().case.unwrap()
    }

    pub async fn status(&self, id: &str) -> CaseStatus {
        self.case(id).await.case.unwrap().status()
    }

    /// The newest answer to the order side: its number, yes or no.
    pub async fn answer(&self, id: &str) -> Option<(i32, bool)> {
        let (store, id) = (&self.world.site("iptv-support").store, id.to_owned());
        let found = store.read(move |db| fulfilments::find(db, &id)).await;
        let answer = found.unwrap()?.answer?;
        Some((answer.number, answer.agreed))
    }

    /// What support has stated of an order's fulfilment, by the events' short names.
    pub async fn stated(&self, id: &str) -> Vec<String> {
        self.world.stated("iptv-support", "Fulfilment", id).await
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}
