//! The words in which charges are asked for, answered and owed.

/// An amount of money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Minor units of the currency.
    pub minor_units: i64,
    /// ISO 4217; empty where the amount is not known.
    pub currency: String,
}

/// What an order side asks for: its charge of its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The order side's key of this charge.
    pub charge_key: String,
    /// The order to be paid.
    pub order_id: String,
    /// The context that asks.
    pub context: String,
    /// How much; none where it does not matter (a void is of all of it).
    pub amount: Option<Amount>,
}

/// What a provider says of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took the money.
    Captured,
    /// It refused: no money moved, and none will under this key.
    Declined,
    /// No money moved, and none will unless the charge is sent once more.
    Nothing,
    /// It did not say, or has never heard of the charge, which proves nothing while one may be on its way.
    Unsure,
}

/// What a provider says of a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversal {
    /// What was captured went back, now or before.
    Undone,
    /// Nothing was captured, and whatever arrives under this key takes nothing.
    Blocked,
    /// It has never heard of the charge, and promises nothing about one that is on its way.
    NotFound,
}

/// What is to be done for an order side that asks for a charge that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send it to the provider.
    Charge,
    /// Wait: another call has sent it.
    Wait,
    /// Ask the provider what became of it.
    Enquire,
    /// It is approved.
    Approved,
}

/// Work that is owed until it is done, whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Ask the provider what became of the charge.
    Enquiry,
    /// Give back what the charge captured or may yet capture.
    Reversal,
    /// Refund all of it.
    Refund,
}
