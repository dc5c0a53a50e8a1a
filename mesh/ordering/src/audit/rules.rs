//! What may never happen, rule by rule.

mod fulfilling;
mod money;
mod showing;

use super::{Facts, Finding, History, OrderFact, Outcome};
use mesh::Time;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The contexts without which a rule cannot be checked.
pub(super) const NEEDS: &[(u8, &[&str])] = &[
    (1, &["payment"]),
    (2, &["payment"]),
    (3, &["payment"]),
    (6, &["mypage"]),
    (7, &["notification"]),
];

/// How many facts each rule compared, and everything that should not be, whatever is still under way.
pub(super) fn find(
    facts: &Facts,
    history: Option<&History>,
    now: Time,
) -> (BTreeMap<u8, usize>, BTreeSet<Finding>) {
    let mut found = Found {
        compared: BTreeMap::new(),
        findings: BTreeSet::new(),
    };
    let orders: HashMap<&str, &OrderFact> = facts
        .orders
        .iter()
        .map(|order| (order.id.as_str(), order))
        .collect();
    found.paid_once(facts);
    found.charges_settled(facts, &orders, now);
    found.refunded_once(facts, &orders);
    found.held_by_one(facts, &orders);
    found.fulfilled(facts, &orders);
    found.shown(facts, &orders);
    found.told(facts, &orders);
    if let Some(history) = history {
        found.remembered(facts, &orders, history);
    }
    (found.compared, found.findings)
}

struct Found {
    compared: BTreeMap<u8, usize>,
    findings: BTreeSet<Finding>,
}

impl Found {
    fn compare(&mut self, rule: u8) {
        *self.compared.entry(rule).or_default() += 1;
    }

    fn add(&mut self, rule: u8, at_once: bool, about: &str, evidence: String) {
        self.findings.insert(Finding {
            rule,
            about: about.to_owned(),
            evidence,
            at_once,
        });
    }

    /// 8: anything answered OK and gone.
    fn remembered(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>, history: &History) {
        let for_good: BTreeSet<&str> = facts
            .fulfilments
            .iter()
            .filter(|f| f.irrevocable)
            .map(|fulfilment| fulfilment.order_id.as_str())
            .collect();
        for record in history
            .0
            .iter()
            .filter(|record| record.outcome == Outcome::Ok)
        {
            self.compare(8);
            let order = orders.get(record.order_id.as_str());
            let kept = match record.op.as_str() {
                "cancel" => order.is_some_and(|order| order.cancel_asked),
                "progress" => for_good.contains(record.order_id.as_str()),
                _ => order.is_some(),
            };
            if !kept {
                self.add(
                    8,
                    true,
                    &record.order_id,
                    format!("answered OK and gone: {record:?}"),
                );
            }
        }
    }
}
