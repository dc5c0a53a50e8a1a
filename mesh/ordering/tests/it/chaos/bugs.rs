//! The audit must be able to fail: each bug is found, and by the rule that forbids it.

use super::run;
use crate::toys::Bug;
use testing::chaos::Databases;

/// How many seeds a bug may hide from.
const PATIENCE: u64 = 1_000;

fn is_found(bug: Bug, rule: &str) {
    let mut databases = Databases::default();
    for seed in 0..PATIENCE {
        let breaches = run(seed, bug, &mut databases, false).breaches;
        if breaches.iter().any(|breach| breach.starts_with(rule)) {
            println!("{bug:?} is found by seed {seed}: {}", breaches.join("; "));
            return;
        }
    }
    panic!("{bug:?} hides from rule {rule} in {PATIENCE} seeds");
}

#[test]
fn a_new_key_for_each_try_is_found() {
    is_found(Bug::NewKeyEachTry, "2:");
}

#[test]
fn a_missing_inbox_is_found() {
    is_found(Bug::NoInbox, "6:");
}

#[test]
fn a_second_refund_is_found() {
    is_found(Bug::RefundTwice, "3:");
}

#[test]
fn a_missing_refund_is_found() {
    is_found(Bug::NoRefund, "3:");
}

#[test]
fn a_step_before_the_charge_that_is_not_undone_is_found() {
    is_found(Bug::NoUndo, "4:");
}

#[test]
fn an_unconfirmed_attempt_that_is_not_voided_is_found() {
    is_found(Bug::NoVoiding, "8:");
}

#[test]
fn a_claim_that_is_kept_is_found() {
    is_found(Bug::ClaimKept, "4:");
}

#[test]
fn a_late_yes_is_found() {
    is_found(Bug::LateYes, "5:");
}

#[test]
fn a_missing_tombstone_is_found() {
    is_found(Bug::NoTombstone, "2:");
}

#[test]
fn an_answer_of_another_moment_is_found() {
    is_found(Bug::AnswersAnew, "8:");
}

#[test]
fn a_notification_without_a_key_is_found() {
    is_found(Bug::TellsTwice, "7:");
}

#[test]
fn a_dropped_attempt_that_is_granted_is_found() {
    is_found(Bug::GrantsDropped, "4:");
}
