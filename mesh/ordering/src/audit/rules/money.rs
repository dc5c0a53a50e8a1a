//! What may never happen to money.

use super::Found;
use crate::audit::{Charge, Facts, OrderFact, UNSETTLED_CHARGE};
use mesh::Time;
use std::collections::HashMap;

impl Found {
    /// 1: an order without exactly one approved payment of its amount.
    pub(super) fn paid_once(&mut self, facts: &Facts) {
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
    pub(super) fn charges_settled(
        &mut self,
        facts: &Facts,
        orders: &HashMap<&str, &OrderFact>,
        now: Time,
    ) {
        self.free_orders(2, facts);
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

    /// Free orders have no charge to look at, which is looked at: a mesh of nothing else keeps the rules of charges.
    fn free_orders(&mut self, rule: u8, facts: &Facts) {
        let is_free = |order: &&OrderFact| order.payment_id.is_none();
        let free = facts.orders.iter().filter(is_free);
        free.for_each(|_| self.compare(rule));
    }

    /// 3: cancelled and not refunded; refunded twice; refunded and standing.
    pub(super) fn refunded_once(&mut self, facts: &Facts, orders: &HashMap<&str, &OrderFact>) {
        self.free_orders(3, facts);
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
}
