//! What is wrong with a request, whatever the state.

use crate::desk::Desk;
use proto::iptv::support::v1::plan_service_client::PlanServiceClient;
use proto::iptv::support::v1::{
    AssignInstallerRequest, DecideCancellationRequest, ListCasesRequest, PutInstallerRequest,
    RegisterPlanRequest,
};
use proto::shared::v1::{Money, Text};
use testing::Caller;
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn wrong_fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let refused = answer.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<_> = wrong.into_iter().map(|wrong| wrong.field).collect();
    fields.sort();
    fields
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let desk = Desk::new().await;
    let request = AssignInstallerRequest::default();
    let wrong = wrong_fields(desk.choi().assign_installer(request).await);
    assert_eq!(wrong, ["installer_id", "order_id"]);
    let request = PutInstallerRequest::default();
    let wrong = wrong_fields(desk.choi().put_installer(request).await);
    assert_eq!(wrong, ["installer_id", "name", "region"]);
    let request = DecideCancellationRequest {
        reason: Some(Text::default()),
        ..DecideCancellationRequest::default()
    };
    let wrong = wrong_fields(desk.choi().decide_cancellation(request).await);
    assert_eq!(wrong, ["number", "order_id", "reason.en", "reason.ko"]);
    let request = ListCasesRequest {
        page_size: -1,
        statuses: vec![1, 77],
        ..ListCasesRequest::default()
    };
    let wrong = wrong_fields(desk.choi().list_cases(request).await);
    assert_eq!(wrong, ["page_size", "statuses[1]"]);
}

#[tokio::test]
async fn a_plan_is_in_one_currency_and_registered_once() {
    let desk = Desk::new().await;
    let caller = Caller::user("choi", &["rep"]);
    let mut plans = PlanServiceClient::new(desk.world.client("iptv-support", caller));
    let money = |currency: &str, minor_units| {
        Some(Money {
            currency: currency.to_owned(),
            minor_units,
        })
    };
    let request = RegisterPlanRequest {
        installation_fee: money("USD", -1),
        ..RegisterPlanRequest::default()
    };
    let wrong = [
        "installation_fee.minor_units",
        "monthly_fee",
        "name",
        "request_id",
    ];
    assert_eq!(wrong_fields(plans.register_plan(request).await), wrong);
    let request = RegisterPlanRequest {
        request_id: "two".to_owned(),
        name: "Basic".to_owned(),
        monthly_fee: money("KRW", 15_000),
        installation_fee: money("USD", 1),
    };
    let wrong = wrong_fields(plans.register_plan(request).await);
    assert_eq!(wrong, ["installation_fee.currency"]);
    let request = RegisterPlanRequest {
        request_id: "one".to_owned(),
        name: "Basic".to_owned(),
        monthly_fee: money("KRW", 15_000),
        installation_fee: None,
    };
    let first = plans.register_plan(request.clone()).await.unwrap();
    let again = plans.register_plan(request).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
}
