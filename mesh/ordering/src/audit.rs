//! The audit: facts from every context's own tables, and rules that join facts, never tables. It knows no system by name.

mod facts;
mod history;
mod rules;

pub use facts::{
    Charge, Facts, FulfilmentFact, Held, OrderFact, Seen, Told, fulfilling_side, hash, order_side,
};
pub use history::{History, Outcome, Record};

use mesh::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// An approved payment with neither an order nor a void may be that young.
pub const UNSETTLED_CHARGE: Duration = Duration::from_secs(20 * 60);

/// Something that should not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Finding {
    /// Which rule, 1 to 8.
    pub rule: u8,
    /// What about.
    pub about: String,
    /// What was found, with everything needed to look further.
    pub evidence: String,
    /// It is wrong whatever is still under way.
    pub at_once: bool,
}

/// What one rule came to.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Verdict {
    /// How many facts it compared.
    pub compared: usize,
    /// What is wrong.
    pub breaches: Vec<Finding>,
    /// What may still become right.
    pub in_flight: Vec<Finding>,
    /// Why it was not checked, if it was not.
    pub not_checked: Option<String>,
}

/// What all rules came to, by their number.
pub type Report = BTreeMap<u8, Verdict>;

/// Judges two readings of the facts. A finding is a breach when both show it and it is wrong at once or the mesh was
/// `quiet`; else it is in flight.
pub fn judge(
    first: &Facts,
    second: &Facts,
    history: Option<&History>,
    quiet: bool,
    now: Time,
) -> Report {
    let (compared, before) = rules::find(first, history, now);
    let (_, after) = rules::find(second, history, now);
    let mut report: Report = (1..=8).map(|rule| (rule, Verdict::default())).collect();
    for (rule, verdict) in &mut report {
        verdict.compared = compared.get(rule).copied().unwrap_or(0);
    }
    // What is wrong may have moved on between the two readings, and its evidence with it.
    let again = |finding: &Finding| {
        let same = |other: &&Finding| (other.rule, &other.about) == (finding.rule, &finding.about);
        after
            .iter()
            .any(|other| other == finding || (finding.at_once && other.at_once && same(&other)))
    };
    for finding in before.into_iter().filter(again) {
        let verdict = report.entry(finding.rule).or_default();
        let found = if finding.at_once || quiet {
            &mut verdict.breaches
        } else {
            &mut verdict.in_flight
        };
        found.push(finding);
    }
    for (rule, needs) in rules::NEEDS {
        let absent: Vec<_> = needs
            .iter()
            .filter(|context| !second.contexts.iter().any(|own| own == *context))
            .collect();
        if !absent.is_empty() {
            let absent: Vec<_> = absent.into_iter().copied().collect();
            report.insert(
                *rule,
                Verdict {
                    not_checked: Some(format!("left out: {}", absent.join(", "))),
                    ..Verdict::default()
                },
            );
        }
    }
    if history.is_none() {
        report.insert(
            8,
            Verdict {
                not_checked: Some("no history was given".to_owned()),
                ..Verdict::default()
            },
        );
    }
    for (rule, verdict) in &mut report {
        if verdict.not_checked.is_none() && verdict.compared == 0 && !second.orders.is_empty() {
            verdict.breaches.push(Finding {
                rule: *rule,
                about: "the audit itself".to_owned(),
                evidence: "orders exist, but this rule compared no facts".to_owned(),
                at_once: true,
            });
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_orders_that_want_nothing_held_pass_the_rules_of_charges_and_of_what_is_held() {
        let order = OrderFact {
            id: "one".to_owned(),
            context: "toys-order".to_owned(),
            version: 1,
            cancelled: false,
            cancel_asked: false,
            amount: crate::Money::default(),
            payment_id: None,
            hash: String::new(),
            entries: 1,
            wants: Vec::new(),
            fulfilled_by: Vec::new(),
            changed_at: Time(0),
        };
        let facts = Facts {
            orders: vec![order],
            contexts: vec!["payment".to_owned()],
            ..Facts::default()
        };
        let report = judge(&facts, &facts, None, true, Time(0));
        for rule in [2, 3, 4] {
            assert_eq!(
                (report[&rule].compared, &*report[&rule].breaches),
                (1, &[][..])
            );
        }
    }
}
