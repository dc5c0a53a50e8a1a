//! What may never happen, rule by rule.

use super::{Charge, Facts, Finding, History, OrderFact, Outcome, UNSETTLED_CHARGE};
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

    /// 1: an order without exactly one approved payment of its amount.
    fn paid_once(&mut self, facts: &Facts) {
        let mut charges: HashMap<&str, Vec<&Charge>> = HashMap::new();
        for charge in facts
            .charges
            .iter()
            .filter(|charge| charge.approved || charge.refunded)
        {
            charges.entry(&charge.order_id).or_default().push(charge);
        }
        for order in &facts.orders {
            self.compare(1);
            let own = charges
                .get(order.id.as_str())
                .map(Vec::as_slice)
                .unwrap_or_default();
            let fine = match (&order.payment_id, own) {
                (None, []) => order.amount.is_free(),
                (Some(id), [charge]) => {
                    *id == charge.payment_id
                        && order.amount == charge.amount
                        && order.context == charge.context
                }
                _ => false,
            };
            if !fine {
                let evidence = format!("order {order:?} has the approved charges {own:?}");
                self.add(1, true, &order.id, evidence);
            }
        }
    }

    /// 2: an approved payment with neither an order nor a void.
    fn charges_settled(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>, now: Time) {
        for charge in &facts.charges {
            self.compare(2);
            if charge.approved && !orders.contains_key(charge.order_id.as_str()) {
                let old = now.since(charge.asked_at) > UNSETTLED_CHARGE;
                self.add(
                    2,
                    old,
                    &charge.payment_id,
                    format!("{charge:?} pays no order"),
                );
            }
        }
    }

    /// 3: cancelled and not refunded; refunded twice; refunded and standing.
    fn refunded_once(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
        for charge in &facts.charges {
            self.compare(3);
            let order = orders.get(charge.order_id.as_str());
            if charge.refunds > 1 {
                self.add(
                    3,
                    true,
                    &charge.payment_id,
                    format!("{charge:?} was refunded {} times", charge.refunds),
                );
            }
            let went_back = charge.refunded || charge.refunds > 0;
            match order {
                Some(order) if went_back && !order.cancelled => {
                    self.add(
                        3,
                        true,
                        &order.id,
                        format!("{charge:?} went back, but the order stands: {order:?}"),
                    );
                }
                Some(order) if order.cancelled && charge.approved => {
                    self.add(
                        3,
                        false,
                        &order.id,
                        format!("the order is cancelled, but not refunded: {charge:?}"),
                    );
                }
                _ => {}
            }
        }
    }

    /// 4: a seat of two; a standing order without its seats; a seat kept for a cancelled order.
    fn held_by_one(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
        let mut wanted: HashMap<&str, &str> = HashMap::new();
        for order in facts.orders.iter().filter(|order| !order.cancelled) {
            for resource in &order.wants {
                if let Some(other) = wanted.insert(resource, &order.id) {
                    self.add(
                        4,
                        true,
                        resource,
                        format!("both {other} and {} stand and want it", order.id),
                    );
                }
            }
        }
        let mut held: HashMap<&str, &str> = HashMap::new();
        for holding in facts.held.iter().filter(|holding| holding.live) {
            self.compare(4);
            if let Some(other) = held.insert(&holding.resource, &holding.order_id) {
                self.add(
                    4,
                    true,
                    &holding.resource,
                    format!("held for both {other} and {}", holding.order_id),
                );
            }
            let order = orders.get(holding.order_id.as_str());
            if order.is_none_or(|order| order.cancelled) {
                self.add(
                    4,
                    false,
                    &holding.resource,
                    format!("kept for {}, which does not stand", holding.order_id),
                );
            }
        }
        for (resource, order) in wanted {
            self.compare(4);
            if held.get(resource) != Some(&order) {
                self.add(4, false, resource, format!("{order} stands without it"));
            }
        }
        // Cancelled orders are compared too, so that a mesh of only those is not "nothing compared".
        for _ in facts.orders.iter().filter(|order| order.cancelled) {
            self.compare(4);
        }
    }

    /// 5: an order its fulfilling side never heard of; irrevocable progress of a cancelled order.
    fn fulfilled(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
        let heard: HashMap<(&str, &str), i64> = facts
            .fulfilments
            .iter()
            .map(|fulfilment| {
                (
                    (fulfilment.order_id.as_str(), fulfilment.context.as_str()),
                    fulfilment.seen_version,
                )
            })
            .collect();
        for order in &facts.orders {
            for context in &order.fulfilled_by {
                self.compare(5);
                if heard
                    .get(&(order.id.as_str(), context.as_str()))
                    .is_none_or(|seen| *seen < 1)
                {
                    self.add(5, false, &order.id, format!("{context} never heard of it"));
                }
            }
        }
        for fulfilment in facts
            .fulfilments
            .iter()
            .filter(|fulfilment| fulfilment.irrevocable)
        {
            self.compare(5);
            if orders
                .get(fulfilment.order_id.as_str())
                .is_some_and(|order| order.cancelled)
            {
                let evidence = format!(
                    "{} fulfilled it for good, but it is cancelled",
                    fulfilment.context
                );
                self.add(5, false, &fulfilment.order_id, evidence);
            }
        }
    }

    /// 6: the customer's page differing from the source.
    fn shown(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
        let seen: HashMap<&str, _> = facts
            .seen
            .iter()
            .map(|seen| (seen.order_id.as_str(), seen))
            .collect();
        for order in &facts.orders {
            self.compare(6);
            match seen.get(order.id.as_str()) {
                Some(seen) if seen.version == order.version && seen.hash == order.hash => {}
                Some(seen) => {
                    let evidence = format!(
                        "shown as version {} ({}), is version {} ({})",
                        seen.version, seen.hash, order.version, order.hash
                    );
                    self.add(6, seen.version > order.version, &order.id, evidence);
                }
                None => self.add(6, false, &order.id, "not shown".to_owned()),
            }
        }
        for seen in facts
            .seen
            .iter()
            .filter(|seen| !orders.contains_key(seen.order_id.as_str()))
        {
            self.compare(6);
            self.add(
                6,
                true,
                &seen.order_id,
                "shown, but no order side has it".to_owned(),
            );
        }
    }

    /// 7: a timeline entry with no notification record, or two.
    fn told(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
        let mut told: HashMap<(&str, i32), usize> = HashMap::new();
        for record in &facts.told {
            *told
                .entry((record.order_id.as_str(), record.seq))
                .or_default() += 1;
        }
        for order in &facts.orders {
            for seq in 1..=order.entries {
                self.compare(7);
                if !told.contains_key(&(order.id.as_str(), seq)) {
                    self.add(7, false, &order.id, format!("entry {seq} was not told"));
                }
            }
        }
        for ((order_id, seq), times) in told {
            if times > 1 {
                self.add(
                    7,
                    true,
                    order_id,
                    format!("entry {seq} was told {times} times"),
                );
            }
            if orders.get(order_id).is_none_or(|order| seq > order.entries) {
                self.add(
                    7,
                    true,
                    order_id,
                    format!("entry {seq} was told, but there is no such entry"),
                );
            }
        }
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
