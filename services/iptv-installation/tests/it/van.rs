//! The contexts around an installer's van, played by the test: they state the real messages and nothing else.

use mesh::{Context, Event};
use ordering::audit::FulfilmentFact;
use proto::iptv::installation::v1::installation_service_client::InstallationServiceClient;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AnswerCancellationRequest, CompleteJobRequest, GetJobRequest,
    ListJobsRequest, QueuedJob,
};
use proto::iptv::subscription::v1::{Home, Premises, PremisesStated, Service, SubscriptionPlaced};
use proto::iptv::support::v1::{Case, CaseChanged};
use proto::ordering::v1::Phase;
use testing::{Caller, World, order};
use tonic::Status;

pub type Client = InstallationServiceClient<mesh::client::Client>;

/// Park's van.
pub struct Van {
    pub world: World,
}

impl Van {
    pub fn new() -> Self {
        let world = World::new()
            .delivering(2)
            .with(Context::new("iptv-subscription"))
            .with(Context::new("iptv-support"))
            .with(iptv_installation::context());
        Self { world }
    }

    pub fn of(&self, installer: &str) -> Client {
        let caller = Caller::user(installer, &["installer"]);
        InstallationServiceClient::new(self.world.client("iptv-installation", caller))
    }

    pub async fn order(&self, id: &str, version: i64, phase: Phase) {
        let service = Service {
            plan_name: "Basic".to_owned(),
            region: "강남".to_owned(),
            ..Service::default()
        };
        let (stated, now) = ((version, phase, 0), self.world.now());
        let order = Some(order("iptv-subscription", id, stated, now, &service));
        let event = Event::new(id, version, &SubscriptionPlaced { order });
        self.world.state("iptv-subscription", event).await;
    }

    /// Support names Park, asks about request `question`, and has refused `refused`.
    pub async fn case(&self, id: &str, version: i64, question: i32, refused: i32) {
        let case = Some(Case {
            order_id: id.to_owned(),
            version,
            installer_id: "park".to_owned(),
            question,
            asked_at: (question > 0).then(|| self.world.now().into()),
            refused,
            ..Case::default()
        });
        let event = Event::new(id, version, &CaseChanged { case });
        self.world.state("iptv-support", event).await;
    }

    /// Subscription says where it is, or forgets it.
    pub async fn premises(&self, id: &str, version: i64, address: Option<&str>) {
        let home = address.map(|address| Home {
            address: address.to_owned(),
            phone: "010-1234-5678".to_owned(),
        });
        let premises = Some(Premises {
            order_id: id.to_owned(),
            version,
            home,
        });
        let event = Event::new(id, version, &PremisesStated { premises });
        self.world.state("iptv-subscription", event).await;
    }

    pub async fn job(&self, id: &str) -> Result<QueuedJob, Status> {
        let order_id = id.to_owned();
        let found = self.of("park").get_job(GetJobRequest { order_id }).await?;
        Ok(found.into_inner().job.unwrap())
    }

    pub async fn jobs(&self) -> Vec<QueuedJob> {
        let listed = self.of("park").list_jobs(ListJobsRequest::default()).await;
        listed.unwrap().into_inner().jobs
    }

    pub async fn accept(&self, id: &str) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = AcceptJobRequest { order_id };
        self.of("park").accept_job(request).await.map(drop)
    }

    pub async fn complete(&self, id: &str) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = CompleteJobRequest { order_id };
        self.of("park").complete_job(request).await.map(drop)
    }

    pub async fn agree(&self, id: &str, number: i32) -> Result<(), Status> {
        let request = AnswerCancellationRequest {
            order_id: id.to_owned(),
            number,
            agreed: true,
            reason: None,
        };
        self.of("park").answer_cancellation(request).await.map(drop)
    }

    /// What the audit is told.
    pub async fn facts(&self) -> Vec<FulfilmentFact> {
        let store = &self.world.site("iptv-installation").store;
        store
            .read(iptv_installation::facts)
            .await
            .unwrap()
            .fulfilments
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}
