//! Weeks of installing: a rep, an installer who says yes or no, and customers who no longer want it.

use super::Lifecycle;
use super::town::Town;
use crate::shared::{Resident, because, plain, won};
use futures::future::join;
use mesh::client::Client;
use proto::iptv::installation::v1::installation_service_client::InstallationServiceClient;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AnswerCancellationRequest, CompleteJobRequest,
};
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::subscription::v1::{
    CancelSubscriptionRequest, Home, SubscribeRequest, SystemCancelSubscriptionRequest,
};
use proto::iptv::support::v1::plan_service_client::PlanServiceClient;
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use proto::iptv::support::v1::{
    AssignInstallerRequest, CompleteCaseRequest, DecideCancellationRequest, PutInstallerRequest,
    ReceiveCancellationRequest, RegisterPlanRequest,
};
use std::time::Duration;
use tokio::time::sleep;
use tonic::Status;

const FEE: i64 = 30_000;
const SUBSCRIPTION: &str = "iptv-subscription";
const REGION: &str = "강남";

pub struct Iptv {
    /// One with a fee for installing it, and one without.
    plans: [(String, i64); 2],
}

impl Lifecycle for Iptv {
    const CONTEXTS: &'static [Resident] = &[
        Resident {
            name: SUBSCRIPTION,
            make: |_| plain(iptv_subscription::context),
            facts: iptv_subscription::facts,
        },
        Resident {
            name: "iptv-support",
            make: |_| plain(iptv_support::context),
            facts: iptv_support::facts,
        },
        Resident {
            name: "iptv-installation",
            make: |_| plain(iptv_installation::context),
            facts: iptv_installation::facts,
        },
    ];

    async fn set(town: &Town) -> Self {
        let plans = [(plan(town, FEE).await, FEE), (plan(town, 0).await, 0)];
        let park = PutInstallerRequest {
            installer_id: "park".to_owned(),
            name: "Park".to_owned(),
            region: REGION.to_owned(),
        };
        rep(town).put_installer(park).await.unwrap();
        // Long enough for the order side to have heard of the plans.
        sleep(Duration::from_secs(5)).await;
        Self { plans }
    }

    async fn live(&self, town: &Town, number: usize) {
        let dice = town.world.dice();
        let customer = ["ann", "bob"][dice.below(2)];
        let (plan_id, fee) = dice.pick(&self.plans).clone();
        let request = SubscribeRequest {
            request_id: format!("request-{number}"),
            plan_id,
            home: Some(Home {
                address: "1 Teheran-ro".to_owned(),
                phone: "010-0000-0000".to_owned(),
            }),
            region: REGION.to_owned(),
            wished_on: "2026-12-24".to_owned(),
            expected_total: Some(won(fee)),
            payment_method: "card".to_owned(),
        };
        let own = || SubscriptionServiceClient::new(town.customer(customer, SUBSCRIPTION));
        let ask = async || -> Result<String, Status> {
            let told = own().subscribe(request.clone()).await?;
            Ok(told.into_inner().subscription.unwrap().subscription_id)
        };
        let Some(id) = town.order(&request.request_id, ask).await else {
            return;
        };
        for _ in 0..4 + dice.below(8) {
            town.pause().await;
            let cancelled = async {
                let subscription_id = id.clone();
                let cancel = CancelSubscriptionRequest { subscription_id };
                let mut own = own();
                let told = own.cancel_subscription(cancel);
                town.deed("cancel", &id, told).await;
            };
            let at_work = work(town, &id, dice.below(9));
            match dice.below(8) {
                0 => cancelled.await,
                1 => drop(join(cancelled, at_work).await),
                2 => {
                    let request = SystemCancelSubscriptionRequest {
                        subscription_id: id.clone(),
                        reason: Some(because("the house is gone")),
                    };
                    let client = town.worker("root", "admin", SUBSCRIPTION);
                    let mut admin = SubscriptionServiceClient::new(client);
                    let told = admin.system_cancel_subscription(request);
                    town.deed("cancel", &id, told).await;
                }
                _ => at_work.await,
            }
        }
    }
}

fn rep(town: &Town) -> SupportServiceClient<Client> {
    SupportServiceClient::new(town.worker("choi", "rep", "iptv-support"))
}

fn installer(town: &Town) -> InstallationServiceClient<Client> {
    InstallationServiceClient::new(town.worker("park", "installer", "iptv-installation"))
}

async fn plan(town: &Town, fee: i64) -> String {
    let request = RegisterPlanRequest {
        request_id: format!("plan-{fee}"),
        name: "Basic".to_owned(),
        monthly_fee: Some(won(15_000)),
        installation_fee: (fee > 0).then(|| won(fee)),
    };
    let mut plans = PlanServiceClient::new(town.worker("choi", "rep", "iptv-support"));
    let registered = plans.register_plan(request).await.unwrap();
    registered.into_inner().plan.unwrap().plan_id
}

/// The rep or the installer does one thing or another, whether its time has come or not.
async fn work(town: &Town, id: &str, what: usize) {
    let (mut rep, mut installer) = (rep(town), installer(town));
    let order_id = id.to_owned();
    // Requests to cancel are numbered, and hardly anybody asks more than twice.
    let number = 1 + town.world.dice().below(2) as i32;
    let agreed = town.world.dice().chance(0.5);
    let reason = || Some(because("it is drilled"));
    match what {
        0 | 1 => {
            let request = AssignInstallerRequest {
                order_id,
                installer_id: "park".to_owned(),
            };
            town.deed("work", id, rep.assign_installer(request)).await;
        }
        2 => {
            let request = AcceptJobRequest { order_id };
            town.deed("work", id, installer.accept_job(request)).await;
        }
        3 => {
            let told = installer.complete_job(CompleteJobRequest { order_id });
            town.deed("progress", id, told).await;
        }
        4 => {
            let told = rep.complete_case(CompleteCaseRequest { order_id });
            town.deed("progress", id, told).await;
        }
        5 | 6 => {
            let request = ReceiveCancellationRequest { order_id, number };
            town.deed("work", id, rep.receive_cancellation(request))
                .await;
        }
        7 => {
            let request = AnswerCancellationRequest {
                order_id,
                number,
                agreed,
                reason: (!agreed).then(reason).flatten(),
            };
            town.deed("work", id, installer.answer_cancellation(request))
                .await;
        }
        _ => {
            let request = DecideCancellationRequest {
                order_id,
                number,
                agreed,
                reason: reason(),
            };
            town.deed("work", id, rep.decide_cancellation(request))
                .await;
        }
    }
}
