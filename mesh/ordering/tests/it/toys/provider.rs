//! The payment provider: outside of every process, so no crash of ours makes it forget.

use std::collections::{BTreeMap, BTreeSet};

/// What was moved, by charge key.
#[derive(Debug, Default)]
pub struct Provider {
    pub charges: BTreeMap<String, Charge>,
    /// Charges that were asked for while another of their order could still be captured.
    pub doubles: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Charge {
    pub order_id: String,
    pub captured: bool,
    pub declined: bool,
    pub reversed: bool,
    pub refunds: BTreeSet<String>,
}

impl Charge {
    /// How often its amount is with us now. Below zero: we gave away what we never had.
    pub fn net(&self) -> i64 {
        i64::from(self.captured)
            - i64::from(self.captured && self.reversed)
            - self.refunds.len() as i64
    }
}

impl Provider {
    /// Captures once per key, unless it was declined or reversed before.
    pub fn charge(&mut self, key: &str, order_id: &str, declines: bool) -> bool {
        let charge = self
            .charges
            .entry(key.to_owned())
            .or_insert_with(|| Charge {
                order_id: order_id.to_owned(),
                declined: declines,
                ..Charge::default()
            });
        charge.captured |= !charge.declined && !charge.reversed;
        charge.captured && !charge.reversed
    }

    /// Makes sure that nothing stays captured under a key.
    pub fn reverse(&mut self, key: &str, order_id: &str) {
        let charge = self.charges.entry(key.to_owned()).or_default();
        charge.order_id = order_id.to_owned();
        charge.reversed = true;
    }

    /// Gives back once per refund key.
    pub fn refund(&mut self, key: &str, refund_key: String) {
        self.charges
            .entry(key.to_owned())
            .or_default()
            .refunds
            .insert(refund_key);
    }
}
