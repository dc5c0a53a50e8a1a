//! What may never happen between an order and what its customer sees.

use super::Found;
use crate::audit::{Facts, OrderFact};
use std::collections::HashMap;

impl Found {
    /// 6: the customer's page differing from the source.
    pub(super) fn shown(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
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
    pub(super) fn told(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
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
}
