//! One job per order, whatever comes first.

use crate::van::{Van, why};
use mesh::id;
use proto::iptv::installation::v1::{AnswerCancellationRequest, JobStatus};
use proto::ordering::v1::Phase;
use tonic_types::StatusExt;

#[tokio::test]
async fn a_job_is_its_installers_whichever_comes_first() {
    for order_first in [true, false] {
        let van = Van::new();
        let id = id::new();
        if order_first {
            van.order(&id, 1, Phase::Placed).await;
            assert_eq!(why(van.job(&id).await), "NOT_FOUND");
            van.case(&id, 2, 0, 0).await;
        } else {
            van.case(&id, 2, 0, 0).await;
            van.order(&id, 1, Phase::Placed).await;
        }
        let job = van.job(&id).await.unwrap();
        assert_eq!((&*job.plan_name, &*job.region), ("Basic", "강남"));
        assert_eq!(job.job.unwrap().status(), JobStatus::Requested);
        assert_eq!(van.facts().await[0].seen_version, 1);
    }
}

#[tokio::test]
async fn the_question_makes_the_job_if_it_comes_first() {
    let van = Van::new();
    let id = id::new();
    van.case(&id, 3, 1, 0).await;
    let job = van.job(&id).await.unwrap();
    assert_eq!((job.question, job.locked), (1, false));
    van.agree(&id, 1).await.unwrap();
    assert_eq!(why(van.accept(&id).await), "JOB_LOCKED");
    van.case(&id, 2, 0, 0).await;
    van.case(&id, 4, 1, 1).await;
    van.order(&id, 2, Phase::Placed).await;
    van.accept(&id).await.unwrap();
    van.complete(&id).await.unwrap();
    assert!(van.facts().await[0].irrevocable);
}

#[tokio::test]
async fn a_cancelled_order_has_no_job_whichever_comes_first() {
    for case_first in [true, false] {
        let van = Van::new();
        let id = id::new();
        if case_first {
            van.case(&id, 2, 0, 0).await;
            assert_eq!(van.jobs().await.len(), 1);
        }
        van.order(&id, 5, Phase::Cancelled).await;
        van.case(&id, 3, 0, 0).await;
        van.order(&id, 1, Phase::Placed).await;
        assert_eq!(why(van.accept(&id).await), "JOB_CANCELLED");
        let told = van.jobs().await;
        assert_eq!(told[0].job.clone().unwrap().status(), JobStatus::Cancelled);
        assert!(!van.facts().await[0].irrevocable);
    }
}

#[tokio::test]
async fn where_it_is_comes_and_goes() {
    let van = Van::new();
    let id = id::new();
    van.premises(&id, 1, Some("Teheran-ro 1")).await;
    van.case(&id, 2, 0, 0).await;
    let home = van.job(&id).await.unwrap().home.unwrap();
    assert_eq!(home.address, "Teheran-ro 1");
    van.premises(&id, 2, None).await;
    van.premises(&id, 1, Some("Teheran-ro 1")).await;
    assert_eq!(van.job(&id).await.unwrap().home, None);
}

#[tokio::test]
async fn a_no_needs_a_reason_and_every_wrong_field_is_told() {
    let van = Van::new();
    let wrong = async |request| {
        let refused = van.of("park").answer_cancellation(request).await;
        let refused = refused.unwrap_err();
        let wrong = refused.get_details_bad_request().unwrap().field_violations;
        let mut fields: Vec<_> = wrong.into_iter().map(|wrong| wrong.field).collect();
        fields.sort();
        fields
    };
    let nothing = AnswerCancellationRequest::default();
    assert_eq!(wrong(nothing).await, ["number", "order_id"]);
    let no = AnswerCancellationRequest {
        order_id: id::new(),
        number: 1,
        ..AnswerCancellationRequest::default()
    };
    assert_eq!(wrong(no).await, ["reason"]);
}
