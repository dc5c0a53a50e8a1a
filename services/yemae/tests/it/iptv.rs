//! IPTV in one process: every context it needs, with the bus and the clock in the test's hand.

mod away;
mod deeds;
mod journeys;
mod personal;
mod races;
mod rules;

use crate::shared::{Teller, is_clean, with_shared, won};
use mesh::client::Client;
use proto::iptv::installation::v1::installation_service_client::InstallationServiceClient;
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::support::v1::RegisterPlanRequest;
use proto::iptv::support::v1::plan_service_client::PlanServiceClient;
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use proto::shared::v1::Text;
use testing::{Caller, World};

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
            .with(iptv_subscription::context());
        let world = with_shared(world);
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

    /// The audit, at rest: no rule is broken.
    pub async fn is_clean(&self) {
        let own: [(&str, Teller); 3] = [
            ("iptv-support", iptv_support::facts),
            ("iptv-installation", iptv_installation::facts),
            ("iptv-subscription", iptv_subscription::facts),
        ];
        is_clean(&self.world, &own).await;
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
