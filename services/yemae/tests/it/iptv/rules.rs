//! Who may do what, what is queued for whom, and what is paid.

use crate::iptv::{FEE, Region};
use crate::shared::{why, won};
use mesh::Contracts;
use proto::iptv::subscription::v1::{
    GetSubscriptionRequest, ListSubscriptionsRequest, SubscribeRequest, SubscriptionStatus,
};
use proto::iptv::support::v1::{
    AssignInstallerRequest, ClosePlanRequest, CompleteCaseRequest, ListInstallersRequest,
    ListPlansRequest,
};
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn each_role_has_its_own_methods() {
    let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
    let roles = |service: &str, method: &str| {
        let path = format!("/yemae.iptv.{service}/{method}");
        let found = contracts.method(&path);
        found.unwrap_or_else(|| panic!("{path}")).roles.clone()
    };
    for method in ["Subscribe", "ListSubscriptions", "CancelSubscription"] {
        let own = roles("subscription.v1.SubscriptionService", method);
        assert_eq!(own, ["customer"], "{method}");
    }
    let admin = "SystemCancelSubscription";
    assert_eq!(
        roles("subscription.v1.SubscriptionService", admin),
        ["admin"]
    );
    for method in [
        "AssignInstaller",
        "CompleteCase",
        "ReceiveCancellation",
        "DecideCancellation",
    ] {
        let own = roles("support.v1.SupportService", method);
        assert_eq!(own, ["rep"], "{method}");
    }
    for method in ["ListCases", "GetCase", "PutInstaller", "ListInstallers"] {
        let own = roles("support.v1.SupportService", method);
        assert_eq!(own, ["rep", "admin"], "{method}");
    }
    for method in [
        "ListJobs",
        "GetJob",
        "AcceptJob",
        "CompleteJob",
        "AnswerCancellation",
    ] {
        let own = roles("installation.v1.InstallationService", method);
        assert_eq!(own, ["installer"], "{method}");
    }
}

#[tokio::test]
async fn anothers_subscription_and_anothers_job_are_not_found() {
    let region = Region::new().await;
    let id = region.checking("one").await;
    let mut lee = region.customer("lee");
    let subscription_id = id.clone();
    let request = GetSubscriptionRequest { subscription_id };
    assert_eq!(why(lee.get_subscription(request).await), "NOT_FOUND");
    let listed = lee
        .list_subscriptions(ListSubscriptionsRequest::default())
        .await;
    assert_eq!(listed.unwrap().into_inner().subscriptions, []);
    let order_id = id.clone();
    let mut other = region.fitter("other");
    let answer = proto::iptv::installation::v1::AnswerCancellationRequest {
        order_id: order_id.clone(),
        number: 1,
        agreed: true,
        reason: None,
    };
    assert_eq!(why(other.answer_cancellation(answer).await), "NOT_FOUND");
    let request = proto::iptv::installation::v1::GetJobRequest {
        order_id: order_id.clone(),
    };
    assert_eq!(why(other.get_job(request).await), "NOT_FOUND");
    let request = proto::iptv::installation::v1::AcceptJobRequest {
        order_id: order_id.clone(),
    };
    assert_eq!(why(other.accept_job(request).await), "NOT_FOUND");
    let request = proto::iptv::installation::v1::CompleteJobRequest { order_id };
    assert_eq!(why(other.complete_job(request).await), "NOT_FOUND");
    assert_eq!(region.job(&id).await.unwrap().question, 1);
}

#[tokio::test]
async fn the_queues_show_age_and_what_is_unanswered_for_a_day() {
    let region = Region::new().await;
    let waiting = region.subscribed("waiting").await;
    region.world.advance(HOUR);
    let asked = region.checking("asked").await;
    let queue = region.cases(false).await;
    let ids = |queue: &[proto::iptv::support::v1::QueuedCase]| -> Vec<String> {
        let cases = queue.iter().filter_map(|own| own.case.clone());
        cases.map(|case| case.order_id).collect()
    };
    assert_eq!(ids(&queue), [waiting.clone(), asked.clone()]);
    assert_eq!(queue[0].age.unwrap().seconds, 3600);
    region.world.advance(24 * HOUR - Duration::from_secs(1));
    assert_eq!(region.cases(true).await, []);
    assert!(!region.jobs().await[0].unanswered);
    region.world.advance(Duration::from_secs(1));
    let unanswered = region.cases(true).await;
    assert_eq!(ids(&unanswered), [asked.as_str()]);
    assert!(unanswered[0].unanswered);
    let jobs = region.jobs().await;
    assert_eq!((jobs.len(), jobs[0].unanswered), (1, true));
    assert_eq!(jobs[0].question, 1);
    assert_eq!(jobs[0].age.unwrap().seconds, 24 * 3600);
    region.answer(&asked, 1, true).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.cases(true).await, []);
    let jobs = region.jobs().await;
    assert_eq!((jobs[0].unanswered, jobs[0].locked), (false, true));
    region.decide(&asked, 1, true).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.jobs().await.len(), 1, "he is told for a day");
    region.world.advance(24 * HOUR + Duration::from_secs(1));
    assert_eq!(region.jobs().await, []);
}

#[tokio::test]
async fn the_least_loaded_installer_of_the_region_is_suggested() {
    let region = Region::new().await;
    region.installer("yoon", "강남").await;
    region.installer("seo", "부산").await;
    let suggested = async || {
        let request = ListInstallersRequest {
            region: "강남".to_owned(),
        };
        let listed = region.choi().list_installers(request).await.unwrap();
        let listed = listed.into_inner().installers.into_iter();
        let own: Vec<_> = listed
            .map(|own| (own.installer_id, own.open_cases))
            .collect();
        own
    };
    let entry = |name: &str, open| (name.to_owned(), open);
    assert_eq!(suggested().await, [entry("park", 0), entry("yoon", 0)]);
    let id = region.assigned("one").await;
    assert_eq!(suggested().await, [entry("yoon", 0), entry("park", 1)]);
    region.accept(&id).await.unwrap();
    region.complete(&id).await.unwrap();
    region.world.settle().await;
    region.activate(&id).await.unwrap();
    assert_eq!(suggested().await, [entry("park", 0), entry("yoon", 0)]);
}

#[tokio::test]
async fn only_an_installer_of_the_region_is_assigned_and_only_once() {
    let region = Region::new().await;
    region.installer("seo", "부산").await;
    region.installer("yoon", "강남").await;
    let id = region.subscribed("one").await;
    let assign = async |rep: &str, installer: &str| {
        let request = AssignInstallerRequest {
            order_id: id.clone(),
            installer_id: installer.to_owned(),
        };
        region.rep(rep).assign_installer(request).await
    };
    assert_eq!(why(assign("choi", "seo").await), "INSTALLER_ELSEWHERE");
    assert_eq!(why(assign("choi", "nobody").await), "NOT_FOUND");
    assign("choi", "park").await.unwrap();
    assign("choi", "park").await.unwrap();
    assert_eq!(why(assign("choi", "yoon").await), "CASE_ASSIGNED");
    assert_eq!(why(assign("other", "park").await), "CASE_ASSIGNED");
    region.cancel(&id).await.unwrap();
    region.world.settle().await;
    let order_id = id.clone();
    let request = CompleteCaseRequest { order_id };
    let refused = region.choi().complete_case(request).await;
    assert_eq!(why(refused), "CANCELLATION_OPEN");
    let other = region.subscribed("two").await;
    region.cancel(&other).await.unwrap();
    region.world.settle().await;
    assert_eq!(why(region.assign(&other).await), "CANCELLATION_OPEN");
}

#[tokio::test]
async fn a_closed_plan_is_not_sold_and_what_was_subscribed_stands() {
    let region = Region::new().await;
    let id = region.subscribed("stands").await;
    let plan_id = region.plan_id.clone();
    for _ in 0..2 {
        let request = ClosePlanRequest {
            plan_id: plan_id.clone(),
        };
        let closed = region.plans().close_plan(request).await.unwrap();
        assert_eq!(closed.into_inner().plan.unwrap().version, 2);
    }
    region.world.settle().await;
    assert_eq!(why(region.subscribe("late").await), "PLAN_CLOSED");
    assert_eq!(region.status(&id).await, SubscriptionStatus::Subscribed);
    let listed = region.plans().list_plans(ListPlansRequest::default()).await;
    let listed = listed.unwrap().into_inner().plans;
    assert_eq!(listed.len(), 1);
    assert!(!listed[0].open);
    assert_eq!(listed[0].installation_fee, Some(won(FEE)));
}

#[tokio::test]
async fn the_fee_is_expected_and_every_wrong_field_is_told_at_once() {
    let region = Region::new().await;
    let mut cheaper = region.request("cheaper");
    cheaper.expected_total = Some(won(FEE - 1));
    let refused = region.kim().subscribe(cheaper).await;
    assert_eq!(why(refused), "PRICE_CHANGED");
    let nothing = region.kim().subscribe(SubscribeRequest::default()).await;
    let refused = nothing.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<_> = wrong.into_iter().map(|wrong| wrong.field).collect();
    fields.sort_unstable();
    let expected = [
        "expected_total",
        "home",
        "plan_id",
        "region",
        "request_id",
        "wished_on",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_repeated_request_is_the_same_subscription() {
    let region = Region::new().await;
    let first = region.subscribe("one").await.unwrap();
    region.world.settle().await;
    assert_eq!(region.subscribe("one").await.unwrap(), first);
    let mut moved = region.request("one");
    moved.home.as_mut().unwrap().address = "elsewhere".to_owned();
    let refused = region.kim().subscribe(moved).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    region.is_clean().await;
}
