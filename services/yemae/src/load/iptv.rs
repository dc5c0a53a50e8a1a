//! Who wants to see more: subscribes to one plan. Sometimes the rep assigns the installer, who puts it in at once.

use super::moves::{Moves, PAYMENT_METHOD, Wanted, Wish, unless};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{self, won};
use futures::future::BoxFuture;
use proto::iptv::installation::v1::installation_service_client::InstallationServiceClient;
use proto::iptv::installation::v1::{AcceptJobRequest, CompleteJobRequest};
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::subscription::v1::{CancelSubscriptionRequest, SubscribeRequest};
use proto::iptv::support::v1::AssignInstallerRequest;
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use std::sync::Arc;
use tonic::Status;

/// Who puts it in, and where.
const INSTALLER: &str = "load-installer";
const REGION: &str = "강남";
/// Won a month.
const MONTHLY: i64 = 15_000;

/// One plan that everybody may have.
struct Iptv {
    rep: Mesh,
    installer: Mesh,
    plan_id: String,
}

/// Sets the scene.
pub(crate) async fn set(mesh: &Mesh, run: &str) -> Result<Arc<dyn Moves>, Fault> {
    let rep = mesh.acting_as("load-rep", &["rep", "customer"])?;
    let installer = mesh.acting_as(INSTALLER, &["installer"])?;
    stage::iptv::installer(&rep, INSTALLER, "Load", REGION).await?;
    let plan_id = stage::iptv::plan(&rep, run, "Load", MONTHLY, stage::iptv::FEE).await?;
    Ok(Arc::new(Iptv {
        rep: rep.unguarded(),
        installer: installer.unguarded(),
        plan_id,
    }))
}

impl Moves for Iptv {
    fn want(&self, _: Wish) -> Option<Wanted> {
        Some(Wanted {
            of: self.plan_id.clone(),
            parts: Vec::new(),
            won: stage::iptv::FEE,
        })
    }

    fn create<'a>(
        &'a self,
        by: &'a Mesh,
        request_id: &'a str,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<String, Status>> {
        let request = SubscribeRequest {
            request_id: request_id.to_owned(),
            plan_id: wanted.of.clone(),
            home: Some(stage::iptv::home()),
            region: REGION.to_owned(),
            wished_on: "2026-12-24".to_owned(),
            expected_total: Some(won(wanted.won)),
            payment_method: PAYMENT_METHOD.to_owned(),
        };
        Box::pin(async move {
            let mut orders = SubscriptionServiceClient::new(by.channel());
            let answer = orders.subscribe(request).await?.into_inner();
            Ok(answer.subscription.unwrap_or_default().subscription_id)
        })
    }

    fn cancel<'a>(&'a self, by: &'a Mesh, order_id: &'a str) -> BoxFuture<'a, Result<(), Status>> {
        let subscription_id = order_id.to_owned();
        Box::pin(async move {
            let request = CancelSubscriptionRequest { subscription_id };
            let mut orders = SubscriptionServiceClient::new(by.channel());
            orders.cancel_subscription(request).await.map(drop)
        })
    }

    /// Has it installed. What comes before that may have been done already, and says so.
    fn progress<'a>(
        &'a self,
        _: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>> {
        let order_id = order_id.to_owned();
        Box::pin(async move {
            let assign = AssignInstallerRequest {
                order_id: order_id.clone(),
                installer_id: INSTALLER.to_owned(),
            };
            let mut desk = SupportServiceClient::new(self.rep.channel());
            let _ = desk.assign_installer(assign).await;
            let mut jobs = InstallationServiceClient::new(self.installer.channel());
            let accept = AcceptJobRequest {
                order_id: order_id.clone(),
            };
            let _ = jobs.accept_job(accept).await;
            let answer = jobs.complete_job(CompleteJobRequest { order_id }).await;
            unless(answer, &["NOT_FOUND", "JOB_NOT_ACCEPTED"])
        })
    }
}
