//! One case per order, whatever comes first and how often.

use crate::desk::{Desk, why};
use mesh::id;
use proto::iptv::installation::v1::JobStatus;
use proto::iptv::support::v1::{CaseStatus, GetCaseRequest};
use proto::ordering::v1::Phase;

#[tokio::test]
async fn an_order_opens_one_case() {
    let desk = Desk::new().await;
    let id = id::new();
    let order_id = id.clone();
    let unknown = desk.choi().get_case(GetCaseRequest { order_id }).await;
    assert_eq!(why(unknown), "NOT_FOUND");
    desk.order(&id, 1, Phase::Placed, 0).await;
    desk.order(&id, 2, Phase::InProgress, 0).await;
    desk.order(&id, 1, Phase::Placed, 0).await;
    assert_eq!(desk.status(&id).await, CaseStatus::Open);
    assert_eq!(desk.stated(&id).await, ["CaseOpened"]);
}

#[tokio::test]
async fn a_request_to_cancel_may_be_the_first_that_is_heard() {
    let desk = Desk::new().await;
    let id = id::new();
    desk.order(&id, 2, Phase::Cancelling, 1).await;
    assert_eq!(desk.status(&id).await, CaseStatus::CancelAsked);
    assert_eq!(desk.answer(&id).await, None);
    desk.receive(&id, 1).await.unwrap();
    desk.cancel(&id, 1).await.unwrap();
    desk.cancel(&id, 1).await.unwrap();
    assert_eq!(desk.answer(&id).await, Some((1, true)));
    desk.order(&id, 3, Phase::Cancelled, 1).await;
    assert_eq!(desk.status(&id).await, CaseStatus::Cancelled);
    let stated = desk.stated(&id).await;
    assert_eq!(stated, ["CaseOpened", "CancellationAnswered"]);
}

#[tokio::test]
async fn an_order_that_was_cancelled_unheard_of_has_nothing_to_do() {
    let desk = Desk::new().await;
    let id = id::new();
    desk.order(&id, 4, Phase::Cancelled, 0).await;
    desk.order(&id, 1, Phase::Placed, 0).await;
    assert_eq!(desk.status(&id).await, CaseStatus::Cancelled);
    assert_eq!(why(desk.assign(&id).await), "CASE_CANCELLED");
    assert_eq!(desk.stated(&id).await, [""; 0]);
}

#[tokio::test]
async fn an_order_that_was_cancelled_without_asking_voids_its_case() {
    let desk = Desk::new().await;
    let id = id::new();
    desk.order(&id, 1, Phase::Placed, 0).await;
    desk.order(&id, 2, Phase::Cancelled, 0).await;
    assert_eq!(desk.status(&id).await, CaseStatus::Cancelled);
    assert_eq!(why(desk.assign(&id).await), "CASE_CANCELLED");
    assert_eq!(desk.stated(&id).await, ["CaseOpened", "CaseVoided"]);
}

#[tokio::test]
async fn a_completed_job_installs_the_case_also_while_it_is_checked() {
    let desk = Desk::new().await;
    let id = desk.assigned().await;
    desk.order(&id, 2, Phase::Cancelling, 1).await;
    desk.receive(&id, 1).await.unwrap();
    assert_eq!(desk.case(&id).await.case.unwrap().question, 1);
    desk.job(&id, 3, JobStatus::Completed, (1, false)).await;
    desk.job(&id, 2, JobStatus::Accepted, (0, false)).await;
    assert_eq!(desk.status(&id).await, CaseStatus::Checking);
    assert_eq!(why(desk.cancel(&id, 1).await), "INSTALLER_REFUSED");
    let stated = desk.stated(&id).await;
    assert_eq!(stated, ["CaseOpened", "CaseAssigned", "CaseInstalled"]);
}

#[tokio::test]
async fn an_answer_to_another_request_is_none() {
    let desk = Desk::new().await;
    let id = desk.assigned().await;
    desk.order(&id, 2, Phase::Cancelling, 2).await;
    desk.receive(&id, 2).await.unwrap();
    desk.job(&id, 2, JobStatus::Requested, (1, true)).await;
    assert_eq!(why(desk.cancel(&id, 2).await), "CANCELLATION_UNANSWERED");
    desk.job(&id, 3, JobStatus::Requested, (2, true)).await;
    desk.cancel(&id, 2).await.unwrap();
    assert_eq!(desk.answer(&id).await, Some((2, true)));
}

#[tokio::test]
async fn a_job_of_no_case_is_nobodys() {
    let desk = Desk::new().await;
    let id = id::new();
    desk.job(&id, 1, JobStatus::Completed, (0, false)).await;
    desk.order(&id, 1, Phase::Placed, 0).await;
    assert_eq!(desk.status(&id).await, CaseStatus::Open);
}
