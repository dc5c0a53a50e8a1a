//! IPTV in one process: every context it needs, with the bus and the clock in the test's hand.

mod away;
mod journeys;
mod races;
mod rules;

use mesh::Refusal;
use mesh::client::Client;
use ordering::audit::{Facts, judge};
use proto::iptv::installation::v1::installation_service_client::InstallationServiceClient;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AnswerCancellationRequest, CompleteJobRequest, GetJobRequest,
    ListJobsRequest, QueuedJob,
};
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::subscription::v1::{
    CancelSubscriptionRequest, GetSubscriptionRequest, Home, SubscribeRequest, Subscription,
    SubscriptionStatus,
};
use proto::iptv::support::v1::plan_service_client::PlanServiceClient;
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use proto::iptv::support::v1::{
    AssignInstallerRequest, CompleteCaseRequest, DecideCancellationRequest, GetCaseRequest,
    ListCasesRequest, PutInstallerRequest, QueuedCase, ReceiveCancellationRequest,
    RegisterPlanRequest,
};
use proto::mypage::v1::GetMyOrderRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::ordering::v1::Order;
use proto::shared::v1::{Money, Text};
use testing::{Caller, World};
use tonic::Status;

type Teller = fn(&mut mesh::Db) -> Result<Facts, Refusal>;

/// Won for the installation.
pub const FEE: i64 = 30_000;
/// Where Kim lives: nothing but her installer's job may say so.
pub const ADDRESS: &str = "서울 강남구 테헤란로 1, 101동 202호";
/// Her number.
pub const PHONE: &str = "010-9876-5432";

/// A region with one installer, Park, one rep, Choi, and one customer, Kim.
pub struct Region {
    pub world: World,
    pub plan_id: String,
    pub fee: i64,
}

impl Region {
    pub async fn new() -> Self {
        Self::delivering(1, FEE).await
    }

    /// Every event comes so many times; installing costs `fee`, 0: nothing.
    pub async fn delivering(times: usize, fee: i64) -> Self {
        let world = World::new()
            .delivering(times)
            .with(iptv_support::context())
            .with(iptv_installation::context())
            .with(iptv_subscription::context())
            .with(::payment::simulated(::payment::Simulator::new(7)))
            .with(mypage::context())
            .with(notification::context(notification::Settings {
                console: notification::Console::new(std::io::sink()),
                webhooks: notification::Reach::Private,
            }));
        let mut region = Self {
            world,
            plan_id: String::new(),
            fee,
        };
        let request = RegisterPlanRequest {
            request_id: "plan".to_owned(),
            name: "IPTV 베이직".to_owned(),
            monthly_fee: Some(won(15_000)),
            installation_fee: (fee > 0).then(|| won(fee)),
        };
        let registered = region.plans().register_plan(request).await.unwrap();
        region.plan_id = registered.into_inner().plan.unwrap().plan_id;
        region.installer("park", "강남").await;
        region.world.settle().await;
        region
    }

    fn client(&self, context: &'static str, subject: &str, role: &str) -> Client {
        self.world.client(context, Caller::user(subject, &[role]))
    }

    pub fn plans(&self) -> PlanServiceClient<Client> {
        PlanServiceClient::new(self.client("iptv-support", "choi", "rep"))
    }

    pub fn rep(&self, name: &str) -> SupportServiceClient<Client> {
        SupportServiceClient::new(self.client("iptv-support", name, "rep"))
    }

    pub fn choi(&self) -> SupportServiceClient<Client> {
        self.rep("choi")
    }

    pub fn fitter(&self, name: &str) -> InstallationServiceClient<Client> {
        InstallationServiceClient::new(self.client("iptv-installation", name, "installer"))
    }

    pub fn park(&self) -> InstallationServiceClient<Client> {
        self.fitter("park")
    }

    pub fn customer(&self, name: &str) -> SubscriptionServiceClient<Client> {
        SubscriptionServiceClient::new(self.client("iptv-subscription", name, "customer"))
    }

    pub fn kim(&self) -> SubscriptionServiceClient<Client> {
        self.customer("kim")
    }

    pub fn admin(&self) -> SubscriptionServiceClient<Client> {
        SubscriptionServiceClient::new(self.client("iptv-subscription", "root", "admin"))
    }

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

    /// The order on Kim's page.
    pub async fn page(&self, id: &str) -> Order {
        let order_id = id.to_owned();
        let page = self.client("mypage", "kim", "customer");
        let shown = MyPageServiceClient::new(page)
            .get_my_order(GetMyOrderRequest { order_id })
            .await;
        shown.unwrap().into_inner().order.unwrap()
    }

    /// What Kim's page says has happened to it.
    pub async fn timeline(&self, id: &str) -> Vec<String> {
        let timeline = self.page(id).await.timeline.into_iter();
        timeline.map(|entry| entry.status.unwrap().name).collect()
    }

    /// The texts that Kim was sent about it.
    pub async fn told(&self, id: &str) -> Vec<String> {
        let client = self.client("notification", "kim", "customer");
        let request = ListNotificationsRequest {
            order_id: id.to_owned(),
            ..ListNotificationsRequest::default()
        };
        let told = NotificationServiceClient::new(client)
            .list_notifications(request)
            .await;
        let told = told.unwrap().into_inner().notifications;
        told.into_iter().map(|own| own.text).collect()
    }

    /// The audit, at rest: no rule is broken.
    pub async fn is_clean(&self) {
        let mut all = Facts::default();
        let tellers: [(&str, Teller); 6] = [
            ("iptv-support", iptv_support::facts),
            ("iptv-installation", iptv_installation::facts),
            ("iptv-subscription", iptv_subscription::facts),
            ("payment", ::payment::facts::facts),
            ("mypage", mypage::facts),
            ("notification", notification::facts),
        ];
        for (context, facts) in tellers {
            let mut told = self.world.site(context).store.read(facts).await.unwrap();
            told.contexts.push(context.to_owned());
            all.add(told);
        }
        for (rule, verdict) in judge(&all, &all, None, true, self.world.now()) {
            assert_eq!(verdict.breaches, [], "rule {rule}");
        }
    }
}

pub fn won(minor_units: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units,
    }
}

/// Why Choi refuses.
pub fn on_the_way() -> Text {
    Text {
        en: "the installer is on the way".to_owned(),
        ko: "기사가 이미 출발했습니다.".to_owned(),
    }
}

/// Why Park says no.
pub fn drilled() -> Text {
    Text {
        en: "the wall is drilled".to_owned(),
        ko: "벽을 이미 뚫었습니다.".to_owned(),
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}
