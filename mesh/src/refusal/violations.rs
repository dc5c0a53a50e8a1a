//! What is wrong with a request, field by field.

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path as the contract spells it: "expected_total.currency".
    pub field: String,
    /// What is wrong and what would be right.
    pub description: String,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
        }
    }
}

/// How much of what is wrong is told, bytes: it stands in the reply's header three times, twice of these encoded, and clients
/// take no more than 16 KiB of header.
const MOST_TOLD: usize = 2048;
/// And of one field: its description may repeat what the caller sent.
const MOST_OF_ONE: usize = 512;

/// What is told of `violations`: all, or the first of very many; and how many are not told.
pub(super) fn told(violations: Vec<Violation>) -> (Vec<Violation>, usize) {
    let all = violations.len();
    let mut room = MOST_TOLD;
    let mut told = Vec::new();
    for mut violation in violations {
        for part in [&mut violation.field, &mut violation.description] {
            part.truncate(part.floor_char_boundary(MOST_OF_ONE));
        }
        let length = violation.field.len() + violation.description.len();
        if length > room {
            break;
        }
        room -= length;
        told.push(violation);
    }
    let more = all - told.len();
    (told, more)
}

#[cfg(test)]
mod tests {
    use crate::refusal::{Refusal, Violation};

    fn header(refusal: Refusal) -> usize {
        let reply = refusal.into_status().into_http::<()>();
        reply.headers().values().map(|value| value.len()).sum()
    }

    #[test]
    fn all_that_is_wrong_is_told_as_far_as_a_header_takes_it() {
        let wrong = |n: usize| Violation::new(format!("items[{n}].price"), "통화는 KRW여야 합니다");
        let few = Refusal::invalid((0..20).map(wrong).collect());
        assert_eq!(few.violations.len(), 20);
        assert!(!few.text.en.contains("more"), "{}", few.text.en);
        let many = Refusal::invalid((0..1000).map(wrong).collect());
        let left = 1000 - many.violations.len();
        assert!(left > 900 && many.text.en.ends_with(&format!("; and {left} more")));
        assert!(many.text.ko.ends_with(&format!(" 외 {left}건")));
        assert!(header(many) < 16 * 1024);
        let long = Refusal::invalid(vec![Violation::new("context", "가".repeat(100_000))]);
        assert_eq!(long.violations.len(), 1);
        assert!(header(long) < 16 * 1024);
    }
}
