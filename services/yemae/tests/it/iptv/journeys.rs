//! What becomes of a subscription, as its customer sees it.

use crate::iptv::{ADDRESS, FEE, PHONE, Region, drilled, on_the_way};
use crate::shared::{page, texts, timeline, why, won};
use proto::iptv::installation::v1::JobStatus;
use proto::iptv::subscription::v1::{
    GetSubscriptionRequest, SubscriptionStatus, SystemCancelSubscriptionRequest,
};
use proto::iptv::support::v1::CaseStatus;
use proto::ordering::v1::Phase;
use proto::ordering::v1::cancellation::{Cause, State};
use proto::shared::v1::Text;

#[tokio::test]
async fn a_subscription_is_assigned_installed_and_active_and_told_at_each_step() {
    let region = Region::delivering(3, FEE).await;
    let id = region.subscribed("one").await;
    let case = region.case(&id).await;
    assert_eq!(case.case.unwrap().status(), CaseStatus::Open);
    assert_eq!(why(region.job(&id).await), "NOT_FOUND");
    region.assign(&id).await.unwrap();
    region.world.settle().await;
    let job = region.job(&id).await.unwrap();
    assert_eq!(job.job.unwrap().status(), JobStatus::Requested);
    let home = job.home.unwrap();
    assert_eq!(
        (home.address.as_str(), home.phone.as_str()),
        (ADDRESS, PHONE)
    );
    region.accept(&id).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Installing);
    region.complete(&id).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Installed);
    assert_eq!(why(region.cancel(&id).await), "NOT_CANCELLABLE");
    region.activate(&id).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Active);
    let mut kim = region.kim();
    let own = kim.get_subscription(GetSubscriptionRequest {
        subscription_id: id.clone(),
    });
    let own = own.await.unwrap().into_inner().subscription.unwrap();
    let installer = own.refs.last().unwrap();
    let label = installer.label.as_ref().unwrap();
    assert_eq!((&*label.ko, &*installer.value), ("설치기사", "park"));
    let page = page(&region.world, &id).await;
    assert_eq!(
        (page.system.as_str(), page.phase()),
        ("iptv", Phase::Fulfilled)
    );
    assert_eq!(page.refs, own.refs);
    assert_eq!(page.title.unwrap().ko, "IPTV 베이직");
    assert_eq!(page.amount, Some(won(FEE)));
    let labels: Vec<_> = page
        .timeline
        .into_iter()
        .map(|entry| entry.status.unwrap().label.unwrap().ko)
        .collect();
    assert_eq!(
        labels,
        ["가입신청", "기사배정", "설치접수", "설치완료", "가입완료"]
    );
    let texts = texts(&region.world, &id).await;
    assert_eq!(texts.len(), 5);
    assert!(texts.contains(&"[IPTV 베이직] 가입신청: 결제승인".to_owned()));
    assert!(texts.contains(&"[IPTV 베이직] 기사배정: park".to_owned()));
    assert_eq!(region.job(&id).await.unwrap().home, None, "it is over");
    region.is_clean().await;
}

#[tokio::test]
async fn a_plan_without_a_fee_is_subscribed_to_without_a_payment() {
    let region = Region::delivering(2, 0).await;
    let mut request = region.request("free");
    request.payment_method = String::new();
    let placed = region.kim().subscribe(request).await.unwrap();
    let id = placed.into_inner().subscription.unwrap().subscription_id;
    region.world.settle().await;
    assert_eq!(page(&region.world, &id).await.payment_id, "");
    region.ask(&id).await;
    region.decide(&id, 1, true).await.unwrap();
    region.world.settle().await;
    let timeline = timeline(&region.world, &id).await;
    assert_eq!(timeline, ["SUBSCRIBED", "CANCELLING", "CANCELLED"]);
    let texts = texts(&region.world, &id).await;
    let placed = "[IPTV 베이직] 가입신청".to_owned();
    assert!(texts.contains(&placed), "nothing was approved: {texts:?}");
    assert!(page(&region.world, &id).await.finished_at.is_some());
    region.is_clean().await;
}

#[tokio::test]
async fn while_nobody_is_assigned_the_rep_alone_decides() {
    let region = Region::delivering(2, FEE).await;
    let id = region.subscribed("one").await;
    let asked = region.cancel(&id).await.unwrap();
    assert_eq!(asked.status(), SubscriptionStatus::Cancelling);
    region.world.settle().await;
    let case = region.case(&id).await;
    assert_eq!(case.case.unwrap().status(), CaseStatus::CancelAsked);
    assert_eq!(
        why(region.decide(&id, 1, true).await),
        "CANCELLATION_NOT_RECEIVED"
    );
    region.receive(&id, 1).await.unwrap();
    let case = region.case(&id).await;
    assert!(case.request.unwrap().answer.unwrap().agreed);
    assert_eq!(case.case.unwrap().status(), CaseStatus::Checking);
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Cancelling);
    region.decide(&id, 1, true).await.unwrap();
    region.world.settle().await;
    let timeline = timeline(&region.world, &id).await;
    let refunded = ["SUBSCRIBED", "CANCELLING", "CANCELLED", "REFUNDED"];
    assert_eq!(timeline, refunded);
    assert_eq!(texts(&region.world, &id).await.len(), 4);
    assert_eq!(why(region.assign(&id).await), "CASE_CANCELLED");
    region.is_clean().await;
}

#[tokio::test]
async fn a_yes_and_the_decision_cancel_and_both_sides_are_told() {
    for accepted in [false, true] {
        let region = Region::delivering(2, FEE).await;
        let id = region.assigned("one").await;
        if accepted {
            region.accept(&id).await.unwrap();
        }
        region.ask(&id).await;
        // Being checked is shown as what it is to the customer: asked, and not decided.
        let page = page(&region.world, &id).await;
        assert_eq!(page.phase(), Phase::Cancelling);
        assert_eq!(page.cancellation.unwrap().state(), State::Asked);
        assert_eq!(
            why(region.decide(&id, 1, true).await),
            "CANCELLATION_UNANSWERED"
        );
        region.answer(&id, 1, true).await.unwrap();
        assert!(region.job(&id).await.unwrap().locked);
        let late = if accepted {
            region.complete(&id).await
        } else {
            region.accept(&id).await
        };
        assert_eq!(why(late), "JOB_LOCKED");
        region.world.settle().await;
        region.decide(&id, 1, true).await.unwrap();
        region.world.settle().await;
        assert_eq!(region.status(&id).await, SubscriptionStatus::Cancelled);
        let timeline = timeline(&region.world, &id).await;
        assert_eq!(timeline.last().unwrap(), "REFUNDED");
        let job = region.job(&id).await.unwrap();
        assert_eq!((job.home, job.locked, job.question), (None, false, 0));
        assert_eq!(job.job.unwrap().status(), JobStatus::Cancelled);
        let told: Vec<_> = region.jobs().await;
        assert_eq!(told.len(), 1, "the installer sees what was cancelled");
        let texts = texts(&region.world, &id).await;
        assert!(
            texts.iter().any(|text| text.contains("가입취소")),
            "{texts:?}"
        );
        region.is_clean().await;
    }
}

#[tokio::test]
async fn an_installers_no_refuses_and_the_customer_reads_why() {
    let region = Region::delivering(2, FEE).await;
    let id = region.assigned("one").await;
    region.accept(&id).await.unwrap();
    region.ask(&id).await;
    region.answer(&id, 1, false).await.unwrap();
    region.world.settle().await;
    assert_eq!(why(region.decide(&id, 1, true).await), "INSTALLER_REFUSED");
    // He goes on while the rep has not decided: a no locks nothing.
    region.complete(&id).await.unwrap();
    let request = proto::iptv::support::v1::DecideCancellationRequest {
        order_id: id.clone(),
        number: 1,
        agreed: false,
        reason: None,
    };
    region.choi().decide_cancellation(request).await.unwrap();
    region.world.settle().await;
    let shown = region.subscription(&id).await;
    assert_eq!(shown.status(), SubscriptionStatus::Installed);
    let cancellation = shown.cancellation.unwrap();
    assert_eq!(cancellation.state(), State::Refused);
    assert_eq!(cancellation.reason, Some(drilled()));
    let texts = texts(&region.world, &id).await;
    let ko = drilled().ko;
    assert!(texts.iter().any(|text| text.contains(&ko)), "{texts:?}");
    region.activate(&id).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Active);
    region.is_clean().await;
}

#[tokio::test]
async fn a_rep_may_refuse_after_a_yes_which_unlocks_the_job_and_it_may_be_asked_again() {
    let region = Region::delivering(2, FEE).await;
    let id = region.assigned("one").await;
    region.ask(&id).await;
    region.answer(&id, 1, true).await.unwrap();
    region.world.settle().await;
    region.decide(&id, 1, false).await.unwrap();
    region.world.settle().await;
    let shown = region.subscription(&id).await;
    assert_eq!(shown.status(), SubscriptionStatus::Assigned);
    assert_eq!(shown.cancellation.unwrap().reason, Some(on_the_way()));
    assert!(shown.cancellable);
    region.accept(&id).await.unwrap();
    region.ask(&id).await;
    // The first answer answers nothing of the second request.
    assert_eq!(
        why(region.decide(&id, 2, true).await),
        "CANCELLATION_UNANSWERED"
    );
    region.answer(&id, 1, true).await.unwrap();
    region.world.settle().await;
    assert_eq!(
        why(region.decide(&id, 2, true).await),
        "CANCELLATION_UNANSWERED"
    );
    region.answer(&id, 2, true).await.unwrap();
    region.world.settle().await;
    region.decide(&id, 2, true).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Cancelled);
    region.is_clean().await;
}

#[tokio::test]
async fn an_administrators_request_goes_the_same_way() {
    let region = Region::delivering(2, FEE).await;
    let id = region.assigned("one").await;
    let reason = Text {
        en: "the cable is cut".to_owned(),
        ko: "케이블이 끊겼습니다.".to_owned(),
    };
    let request = SystemCancelSubscriptionRequest {
        subscription_id: id.clone(),
        reason: Some(reason.clone()),
    };
    region
        .admin()
        .system_cancel_subscription(request)
        .await
        .unwrap();
    region.world.settle().await;
    let asked = region.case(&id).await.request.unwrap();
    assert_eq!((asked.number, asked.why), (1, Some(reason.clone())));
    region.receive(&id, 1).await.unwrap();
    region.world.settle().await;
    region.answer(&id, 1, true).await.unwrap();
    region.world.settle().await;
    region.decide(&id, 1, true).await.unwrap();
    region.world.settle().await;
    let cancellation = region.subscription(&id).await.cancellation.unwrap();
    assert_eq!(cancellation.cause(), Cause::Admin);
    assert_eq!(cancellation.reason, Some(reason));
    region.is_clean().await;
}

#[tokio::test]
async fn what_was_placed_while_nobody_listened_is_worked_through_later() {
    let region = Region::new().await;
    let mut placed = Vec::new();
    for number in 0..3 {
        let subscribed = region.subscribe(&format!("order-{number}")).await;
        placed.push(subscribed.unwrap().subscription_id);
    }
    // One of them is asked to be cancelled before anybody has heard of it.
    region.cancel(&placed[0]).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.cases(false).await.len(), 3);
    region.receive(&placed[0], 1).await.unwrap();
    region.decide(&placed[0], 1, true).await.unwrap();
    for id in &placed[1..] {
        region.assign(id).await.unwrap();
        region.world.settle().await;
        region.accept(id).await.unwrap();
        region.complete(id).await.unwrap();
        region.world.settle().await;
        region.activate(id).await.unwrap();
    }
    region.world.settle().await;
    assert_eq!(region.cases(false).await, []);
    let status = region.status(&placed[0]).await;
    assert_eq!(status, SubscriptionStatus::Cancelled);
    for id in &placed[1..] {
        assert_eq!(region.status(id).await, SubscriptionStatus::Active);
    }
    region.is_clean().await;
}
