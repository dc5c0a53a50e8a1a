//! A cancellation against everything that is done meanwhile: one winner, whatever comes in which order and however late it
//! is heard of.

use crate::iptv::{FEE, Region};
use crate::shared::{texts, timeline};
use proto::iptv::installation::v1::JobStatus;
use proto::iptv::subscription::v1::SubscriptionStatus;
use proto::iptv::support::v1::CaseStatus;

#[derive(Clone, Copy, Debug)]
enum Step {
    Cancel,
    Receive,
    Answer,
    Decide,
    Assign,
    Accept,
    Complete,
    Activate,
}

/// The way to be cancelled, and the way to be installed.
const AWAY: [Step; 4] = [Step::Cancel, Step::Receive, Step::Answer, Step::Decide];
const ON: [Step; 4] = [Step::Assign, Step::Accept, Step::Complete, Step::Activate];

/// Every way to put the one among the other, each in its own order.
fn interleavings() -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    for choice in 0_u32..256 {
        if choice.count_ones() == 4 {
            let (mut away, mut on) = (AWAY.iter(), ON.iter());
            let steps = (0..8).filter_map(|place| match choice >> place & 1 {
                1 => away.next().copied(),
                _ => on.next().copied(),
            });
            all.push(steps.collect());
        }
    }
    all
}

/// What somebody tries; whether it may be done is what is tested.
async fn attempt(region: &Region, id: &str, step: Step, answer: bool, decision: bool) -> bool {
    let done = match step {
        Step::Cancel => region.cancel(id).await.map(drop),
        Step::Receive => region.receive(id, 1).await,
        Step::Answer => region.answer(id, 1, answer).await,
        Step::Decide => region.decide(id, 1, decision).await,
        Step::Assign => region.assign(id).await,
        Step::Accept => region.accept(id).await,
        Step::Complete => region.complete(id).await,
        Step::Activate => region.activate(id).await,
    };
    done.is_ok()
}

async fn every_interleaving(answer: bool, decision: bool) {
    let region = Region::delivering(2, FEE).await;
    let (mut cancelled, mut stood) = (0, 0);
    for (number, steps) in interleavings().into_iter().enumerate() {
        let id = region.subscribed(&format!("{number}")).await;
        // Which news come before the next step, and which only later, is the number's.
        let mut late = number * 37 + 11;
        for step in &steps {
            attempt(&region, &id, *step, answer, decision).await;
            late = late * 5 + 3;
            if late / 8 % 3 > 0 {
                region.world.settle().await;
            }
        }
        // Everybody then goes on with what is in their queue, until nothing is.
        for _ in 0..2 {
            for step in [Step::Receive, Step::Answer, Step::Decide] {
                region.world.settle().await;
                attempt(&region, &id, step, answer, decision).await;
            }
            // What the installer refused can't be agreed to.
            attempt(&region, &id, Step::Decide, answer, false).await;
            for step in ON {
                region.world.settle().await;
                attempt(&region, &id, step, answer, decision).await;
            }
        }
        region.world.settle().await;
        let at_the_end = format!("{steps:?}, {answer}, {decision}");
        let timeline = timeline(&region.world, &id).await;
        let case = region.case(&id).await.case.unwrap().status();
        let job = region.job(&id).await;
        let job = job.map_or(JobStatus::Unspecified, |job| job.job.unwrap().status());
        let refunds = timeline.iter().filter(|own| *own == "REFUNDED").count();
        let told = texts(&region.world, &id).await.len();
        assert_eq!(told, timeline.len(), "{at_the_end}: {timeline:?}");
        match region.status(&id).await {
            SubscriptionStatus::Cancelled => {
                cancelled += 1;
                assert_eq!((case, refunds), (CaseStatus::Cancelled, 1), "{at_the_end}");
                let gone = matches!(job, JobStatus::Cancelled | JobStatus::Unspecified);
                assert!(gone && decision, "{at_the_end}: {job:?}");
            }
            SubscriptionStatus::Active => {
                stood += 1;
                assert_eq!((case, refunds), (CaseStatus::Active, 0), "{at_the_end}");
                assert_eq!(job, JobStatus::Completed, "{at_the_end}");
            }
            other => panic!("{at_the_end}: it ends as {other:?}, {timeline:?}"),
        }
    }
    assert_eq!(cancelled + stood, 70);
    // Each way is seen; a refusing rep lets all of them stand.
    assert_eq!(cancelled > 0, decision);
    assert!(stood > 0);
    region.is_clean().await;
}

#[tokio::test]
async fn a_yes_and_a_cancelling_rep_against_everything() {
    every_interleaving(true, true).await;
}

#[tokio::test]
async fn a_yes_and_a_refusing_rep_against_everything() {
    every_interleaving(true, false).await;
}

#[tokio::test]
async fn a_no_and_a_cancelling_rep_against_everything() {
    every_interleaving(false, true).await;
}

#[tokio::test]
async fn a_no_and_a_refusing_rep_against_everything() {
    every_interleaving(false, false).await;
}

#[tokio::test]
async fn completed_before_the_question_is_heard_answers_no_by_itself() {
    let region = Region::delivering(2, FEE).await;
    let id = region.assigned("one").await;
    region.accept(&id).await.unwrap();
    region.world.settle().await;
    region.cancel(&id).await.unwrap();
    region.complete(&id).await.unwrap();
    region.world.settle().await;
    let shown = region.subscription(&id).await;
    assert_eq!(shown.status(), SubscriptionStatus::Cancelling);
    region.receive(&id, 1).await.unwrap();
    region.world.settle().await;
    let answer = region.case(&id).await.request.unwrap().answer.unwrap();
    assert!(!answer.agreed);
    assert!(region.decide(&id, 1, true).await.is_err());
    region.decide(&id, 1, false).await.unwrap();
    region.world.settle().await;
    assert_eq!(region.status(&id).await, SubscriptionStatus::Installed);
    region.is_clean().await;
}
