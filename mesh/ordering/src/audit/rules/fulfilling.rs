//! What may never happen between an order and those who fulfil it.

use super::Found;
use crate::audit::{Facts, OrderFact};
use std::collections::HashMap;

impl Found {
    /// 4: a seat of two; a standing order without its seats; a seat kept for a cancelled order.
    pub(super) fn held_by_one(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
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
        // So are orders that want nothing or nothing any more: a mesh of only those is not "nothing compared".
        let content = |order: &&OrderFact| order.cancelled || order.wants.is_empty();
        for _ in facts.orders.iter().filter(content) {
            self.compare(4);
        }
    }

    /// 5: an order its fulfilling side never heard of; irrevocable progress of a cancelled order.
    pub(super) fn fulfilled(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
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
}
