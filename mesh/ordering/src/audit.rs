//! The audit: facts from every context's own tables, and rules that join facts, never tables. It knows no system by name.

mod facts;
mod history;
mod rules;

pub use facts::{
    Charge, Facts, FulfilmentFact, Held, OrderFact, Seen, Told, fulfilling_side, hash, order_side,
};
pub use history::{History, Outcome, Record};

use mesh::Time;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// An approved payment with neither an order nor a void may be that young.
pub const UNSETTLED_CHARGE: Duration = Duration::from_secs(20 * 60);

/// What may still become right has become so a day after its order changed, save where a context was away that long.
pub const UNDER_WAY: Duration = Duration::from_secs(24 * 3600);

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

/// Judges two readings of the facts. A finding is a breach when both show it and it is wrong at once, the mesh was `quiet`,
/// or its order has not changed for longer than [`UNDER_WAY`]; else it is in flight.
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
    let ages = Ages::of(second, now);
    for finding in before.into_iter().filter(again) {
        let verdict = report.entry(finding.rule).or_default();
        let found = if finding.at_once || quiet || ages.of_order(&finding.about) > UNDER_WAY {
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

/// How long ago orders changed, by their ids and by what they hold or want.
struct Ages<'a>(HashMap<&'a str, Duration>);

impl<'a> Ages<'a> {
    fn of(facts: &'a Facts, now: Time) -> Self {
        let mut ages = HashMap::new();
        for order in &facts.orders {
            let age = now.since(order.changed_at);
            let wanted = order.wants.iter().map(String::as_str);
            ages.extend(wanted.chain([&*order.id]).map(|about| (about, age)));
        }
        for held in facts.held.iter().filter(|held| held.live) {
            if let Some(age) = ages.get(&*held.order_id).copied() {
                ages.insert(&*held.resource, age);
            }
        }
        Self(ages)
    }

    /// Of what is no order's, nothing is known.
    fn of_order(&self, about: &str) -> Duration {
        self.0.get(about).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, changed_at: Time) -> OrderFact {
        OrderFact {
            id: id.to_owned(),
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
            changed_at,
        }
    }

    #[test]
    fn what_has_been_under_way_for_a_day_is_a_breach() {
        let unheard = OrderFact {
            fulfilled_by: vec!["toys-store".to_owned()],
            ..order("one", Time(0))
        };
        let kept = Held {
            resource: "the last doll".to_owned(),
            order_id: "two".to_owned(),
            live: true,
        };
        let cancelled = OrderFact {
            cancelled: true,
            ..order("two", Time(0))
        };
        let facts = Facts {
            orders: vec![unheard, cancelled],
            held: vec![kept],
            contexts: vec!["payment".to_owned()],
            ..Facts::default()
        };
        let a_second = Duration::from_secs(1);
        for (now, breaches) in [
            (Time(0).plus(UNDER_WAY), 0),
            (Time(0).plus(UNDER_WAY + a_second), 1),
        ] {
            let report = judge(&facts, &facts, None, false, now);
            for rule in [4, 5] {
                let verdict = &report[&rule];
                let found = (verdict.breaches.len(), verdict.in_flight.len());
                assert_eq!(found, (breaches, 1 - breaches), "{rule}: {verdict:?}");
            }
        }
    }

    #[test]
    fn free_orders_that_want_nothing_held_pass_the_rules_of_charges_and_of_what_is_held() {
        let facts = Facts {
            orders: vec![order("one", Time(0))],
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
