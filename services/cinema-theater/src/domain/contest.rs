//! Who wins a seat that two want.

use mesh::Time;
use std::time::Duration;

/// How long a customer's hold lasts.
pub const HOLD_LASTS: Duration = Duration::from_secs(5 * 60);
/// How many holds a customer has at most.
pub const MOST_HOLDS: i32 = 3;

/// Who has a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Whose it is.
    pub customer_id: String,
    /// Since when.
    pub created_at: Time,
    /// When it ends by itself. None: a booking's, which has no clock.
    pub expires_at: Option<Time>,
}

/// Who wants it.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Somebody who has paid nothing yet: a customer, or an attempt to book.
    Hold,
    /// A paid order that stands.
    Order {
        /// Whose order.
        customer_id: &'a str,
        /// Since when it stands.
        placed_at: Time,
    },
}

impl Holder {
    /// Whether a customer's hold has run out.
    pub fn has_expired(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it keeps the seat; if not, the whole hold ends. A paid order loses to a booking's claim and to another
    /// customer's hold that is as old as the order: its holder was promised the seat first.
    pub fn keeps_from(&self, wanted: Wanted<'_>, now: Time) -> bool {
        if self.expires_at.is_none() {
            return true;
        }
        if self.has_expired(now) {
            return false;
        }
        match wanted {
            Wanted::Hold => true,
            Wanted::Order {
                customer_id,
                placed_at,
            } => self.customer_id != customer_id && self.created_at <= placed_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1000);

    fn order(customer_id: &str, placed_at: i64) -> Wanted<'_> {
        Wanted::Order {
            customer_id,
            placed_at: Time(placed_at),
        }
    }

    fn hold(expires_at: Option<i64>) -> Holder {
        Holder {
            customer_id: "ann".to_owned(),
            created_at: Time(500),
            expires_at: expires_at.map(Time),
        }
    }

    #[test]
    fn the_first_live_claim_wins() {
        assert!(hold(Some(1001)).keeps_from(Wanted::Hold, NOW));
        assert!(!hold(Some(1000)).keeps_from(Wanted::Hold, NOW));
    }

    #[test]
    fn a_bookings_claim_has_no_clock_and_loses_to_nobody() {
        assert!(hold(None).keeps_from(Wanted::Hold, NOW));
        assert!(hold(None).keeps_from(order("bob", 1), NOW));
        assert!(hold(None).keeps_from(order("ann", 1), NOW));
    }

    #[test]
    fn an_order_loses_to_an_older_hold_and_beats_a_younger_one() {
        assert!(hold(Some(2000)).keeps_from(order("bob", 501), NOW));
        assert!(hold(Some(2000)).keeps_from(order("bob", 500), NOW));
        assert!(!hold(Some(2000)).keeps_from(order("bob", 499), NOW));
        assert!(!hold(Some(1000)).keeps_from(order("bob", 501), NOW));
    }

    #[test]
    fn a_customers_own_hold_gives_way_to_the_same_customers_order() {
        assert!(!hold(Some(2000)).keeps_from(order("ann", 501), NOW));
    }
}
