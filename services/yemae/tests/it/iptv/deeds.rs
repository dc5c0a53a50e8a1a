//! What people do about a subscription, each in a line.

use crate::iptv::{ADDRESS, PHONE, Region, drilled, on_the_way};
use crate::shared::won;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AnswerCancellationRequest, CompleteJobRequest, GetJobRequest,
    ListJobsRequest, QueuedJob,
};
use proto::iptv::subscription::v1::{
    CancelSubscriptionRequest, GetSubscriptionRequest, Home, SubscribeRequest, Subscription,
    SubscriptionStatus,
};
use proto::iptv::support::v1::{
    AssignInstallerRequest, CompleteCaseRequest, DecideCancellationRequest, GetCaseRequest,
    ListCasesRequest, PutInstallerRequest, QueuedCase, ReceiveCancellationRequest,
};
use tonic::Status;

impl Region {
    pub async fn installer(&self, installer_id: &str, region: &str) {
        let request = PutInstallerRequest {
            installer_id: installer_id.to_owned(),
            name: installer_id.to_owned(),
            region: region.to_owned(),
        };
        self.choi().put_installer(request).await.unwrap();
    }

    pub fn request(&self, request_id: &str) -> SubscribeRequest {
        SubscribeRequest {
            request_id: request_id.to_owned(),
            plan_id: self.plan_id.clone(),
            home: Some(Home {
                address: ADDRESS.to_owned(),
                phone: PHONE.to_owned(),
            }),
            region: "강남".to_owned(),
            wished_on: "2026-12-24".to_owned(),
            expected_total: Some(won(self.fee)),
            payment_method: "pm_test".to_owned(),
        }
    }

    pub async fn subscribe(&self, request_id: &str) -> Result<Subscription, Status> {
        let placed = self.kim().subscribe(self.request(request_id)).await?;
        Ok(placed.into_inner().subscription.unwrap())
    }

    /// A subscription that everybody has heard of.
    pub async fn subscribed(&self, request_id: &str) -> String {
        let placed = self.subscribe(request_id).await.unwrap();
        self.world.settle().await;
        placed.subscription_id
    }

    /// One that Park has been assigned to, and knows of.
    pub async fn assigned(&self, request_id: &str) -> String {
        let id = self.subscribed(request_id).await;
        self.assign(&id).await.unwrap();
        self.world.settle().await;
        id
    }

    /// One that Choi has taken a request to cancel up for.
    pub async fn checking(&self, request_id: &str) -> String {
        let id = self.assigned(request_id).await;
        self.ask(&id).await;
        id
    }

    /// Kim asks to cancel, and Choi takes it up.
    pub async fn ask(&self, id: &str) {
        let asked = self.cancel(id).await.unwrap();
        self.world.settle().await;
        let number = asked.cancellation.unwrap().number;
        self.receive(id, number).await.unwrap();
        self.world.settle().await;
    }

    pub async fn subscription(&self, id: &str) -> Subscription {
        let subscription_id = id.to_owned();
        let request = GetSubscriptionRequest { subscription_id };
        let found = self.kim().get_subscription(request).await;
        found.unwrap().into_inner().subscription.unwrap()
    }

    pub async fn status(&self, id: &str) -> SubscriptionStatus {
        self.subscription(id).await.status()
    }

    pub async fn cancel(&self, id: &str) -> Result<Subscription, Status> {
        let subscription_id = id.to_owned();
        let request = CancelSubscriptionRequest { subscription_id };
        let asked = self.kim().cancel_subscription(request).await?;
        Ok(asked.into_inner().subscription.unwrap())
    }

    pub async fn assign(&self, id: &str) -> Result<(), Status> {
        let request = AssignInstallerRequest {
            order_id: id.to_owned(),
            installer_id: "park".to_owned(),
        };
        self.choi().assign_installer(request).await.map(drop)
    }

    pub async fn activate(&self, id: &str) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = CompleteCaseRequest { order_id };
        self.choi().complete_case(request).await.map(drop)
    }

    pub async fn receive(&self, id: &str, number: i32) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = ReceiveCancellationRequest { order_id, number };
        self.choi().receive_cancellation(request).await.map(drop)
    }

    pub async fn decide(&self, id: &str, number: i32, agreed: bool) -> Result<(), Status> {
        let request = DecideCancellationRequest {
            order_id: id.to_owned(),
            number,
            agreed,
            reason: (!agreed).then(on_the_way),
        };
        self.choi().decide_cancellation(request).await.map(drop)
    }

    pub async fn accept(&self, id: &str) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = AcceptJobRequest { order_id };
        self.park().accept_job(request).await.map(drop)
    }

    pub async fn complete(&self, id: &str) -> Result<(), Status> {
        let order_id = id.to_owned();
        let request = CompleteJobRequest { order_id };
        self.park().complete_job(request).await.map(drop)
    }

    pub async fn answer(&self, id: &str, number: i32, agreed: bool) -> Result<(), Status> {
        let request = AnswerCancellationRequest {
            order_id: id.to_owned(),
            number,
            agreed,
            reason: (!agreed).then(drilled),
        };
        self.park().answer_cancellation(request).await.map(drop)
    }

    pub async fn case(&self, id: &str) -> QueuedCase {
        let order_id = id.to_owned();
        let found = self.choi().get_case(GetCaseRequest { order_id }).await;
        found.unwrap().into_inner().case.unwrap()
    }

    pub async fn cases(&self, unanswered: bool) -> Vec<QueuedCase> {
        let request = ListCasesRequest {
            unanswered,
            ..ListCasesRequest::default()
        };
        let listed = self.choi().list_cases(request).await;
        listed.unwrap().into_inner().cases
    }

    pub async fn job(&self, id: &str) -> Result<QueuedJob, Status> {
        let order_id = id.to_owned();
        let found = self.park().get_job(GetJobRequest { order_id }).await?;
        Ok(found.into_inner().job.unwrap())
    }

    pub async fn jobs(&self) -> Vec<QueuedJob> {
        let listed = self.park().list_jobs(ListJobsRequest::default()).await;
        listed.unwrap().into_inner().jobs
    }
}
