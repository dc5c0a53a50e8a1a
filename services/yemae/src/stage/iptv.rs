//! IPTV's stage: plans, and installers who put them in.

use super::{found, won};
use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::subscription::v1::{Home, SubscribeRequest};
use proto::iptv::support::v1::plan_service_client::PlanServiceClient;
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use proto::iptv::support::v1::{ListPlansRequest, PutInstallerRequest, RegisterPlanRequest};

/// Won for the installation, where there is a fee.
pub(crate) const FEE: i64 = 30_000;
/// What is sold: the name, won a month, won for the installation (0: nothing).
const PLANS: [(&str, i64, i64); 2] = [
    ("IPTV 베이직 (Basic)", 15_000, 0),
    ("IPTV 프리미엄 (Premium)", 25_000, FEE),
];
/// Who installs where: the subject of the token, the name, the region.
const INSTALLERS: [(&str, &str, &str); 3] = [
    ("demo-yoon", "윤기사 (Yoon)", "강남"),
    ("demo-han", "한기사 (Han)", "강남"),
    ("demo-seo", "서기사 (Seo)", "부산"),
];

/// Registers plans and installers, unless there are plans already.
pub(crate) async fn set(mesh: &Mesh) -> Result<(), Fault> {
    let rep = mesh.acting_as("demo-choi", &["rep", "customer"])?;
    let listed = PlanServiceClient::new(rep.channel())
        .list_plans(ListPlansRequest::default())
        .await;
    let listed = listed.map_err(|status| rpc::fault(&status))?.into_inner();
    if !listed.plans.is_empty() {
        return Ok(());
    }
    for (name, monthly, fee) in PLANS {
        plan(&rep, &mesh::id::new(), name, monthly, fee).await?;
    }
    for (installer_id, name, region) in INSTALLERS {
        installer(&rep, installer_id, name, region).await?;
    }
    Ok(())
}

/// Says where an installer works.
pub(crate) async fn installer(
    rep: &Mesh,
    installer_id: &str,
    name: &str,
    region: &str,
) -> Result<(), Fault> {
    let request = PutInstallerRequest {
        installer_id: installer_id.to_owned(),
        name: name.to_owned(),
        region: region.to_owned(),
    };
    let put = SupportServiceClient::new(rep.channel())
        .put_installer(request)
        .await;
    put.map_err(|status| rpc::fault(&status))?;
    Ok(())
}

/// Makes a plan, and waits until it can be subscribed to; answers its id. `run` tells it from others. `rep` must also be a
/// customer. `fee`: won for the installation, 0 for nothing.
pub(crate) async fn plan(
    rep: &Mesh,
    run: &str,
    name: &str,
    monthly: i64,
    fee: i64,
) -> Result<String, Fault> {
    let request = RegisterPlanRequest {
        request_id: format!("{run}-plan"),
        name: name.to_owned(),
        monthly_fee: Some(won(monthly)),
        installation_fee: (fee > 0).then(|| won(fee)),
    };
    let made = PlanServiceClient::new(rep.channel())
        .register_plan(request)
        .await;
    let made = made.map_err(|status| rpc::fault(&status))?.into_inner();
    let plan_id = made.plan.unwrap_or_default().plan_id;
    let is_on_sale = found(async || is_on_sale(rep, &plan_id, fee).await);
    is_on_sale.await.map(|()| plan_id.clone()).ok_or_else(|| {
        Fault::no(format!(
            "iptv-subscription never heard of the plan {plan_id}"
        ))
    })
}

/// Whether it is sold: a request at a wrong fee is refused for the fee, not as unknown.
async fn is_on_sale(as_customer: &Mesh, plan_id: &str, fee: i64) -> Option<()> {
    let request = SubscribeRequest {
        request_id: format!("probe-{}", mesh::id::new()),
        plan_id: plan_id.to_owned(),
        home: Some(home()),
        region: "강남".to_owned(),
        wished_on: "2026-12-24".to_owned(),
        expected_total: Some(won(fee + 1)),
        payment_method: "pm_probe".to_owned(),
    };
    let refused = SubscriptionServiceClient::new(as_customer.channel())
        .subscribe(request)
        .await
        .err()?;
    (mesh::refusal::reason(&refused)? == "PRICE_CHANGED").then_some(())
}

/// Nobody's.
pub(crate) fn home() -> Home {
    Home {
        address: "서울 강남구 데모로 1".to_owned(),
        phone: "02-000-0000".to_owned(),
    }
}
