//! What becomes of attempts that take several steps in several contexts.

use super::catalog::ATTEMPT_ENDED;
use super::{CONTEXT, REASON};
use opentelemetry::KeyValue;
use std::time::Duration;

/// A reason is a word of ours, not a sentence and nobody's name.
const LONGEST_REASON: usize = 48;

/// Counts an attempt of `context` that came to an end after `took`: its `outcome` ("placed", "refused", "voided"), and
/// why, by a [`crate::Refusal`]'s reason; empty when there is none to tell. Cheap: it may stand where every order passes.
pub fn ended(context: &str, outcome: &'static str, reason: &str, took: Duration) {
    if !ATTEMPT_ENDED.is_on() {
        return;
    }
    let all = [
        KeyValue::new(CONTEXT, context.to_owned()),
        KeyValue::new("yemae.outcome", outcome),
        KeyValue::new(REASON, word(reason).to_owned()),
    ];
    let has_reason = usize::from(!reason.is_empty());
    ATTEMPT_ENDED.record(took.as_secs_f64(), &all[..2 + has_reason]);
}

fn word(reason: &str) -> &str {
    let fine = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if reason.len() <= LONGEST_REASON && reason.chars().all(fine) {
        reason
    } else {
        "_OTHER"
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn what_is_no_word_of_ours_is_no_label() {
        assert_eq!(word("SEATS_TAKEN"), "SEATS_TAKEN");
        for text in ["seats taken", "김철수", &"A".repeat(49), "a@b"] {
            assert_eq!(word(text), "_OTHER", "{text}");
        }
    }
}
