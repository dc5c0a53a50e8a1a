//! What is known of a charge, finer than the contract shows it.

/// What is known of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked for; no charge is under way and none took anything.
    Idle,
    /// Sent to the provider.
    Charging,
    /// The provider took the money.
    Approved,
    /// All of it is owed to the customer of a cancelled order.
    Refunding,
    /// All of it went back to the customer of a cancelled order.
    Refunded,
    /// The provider refused.
    Declined,
    /// The provider did not say.
    Unknown,
    /// Voided; a charge may have captured or may yet.
    Voiding,
    /// Voided; a charge has captured.
    Reversing,
    /// Voided; nothing is captured.
    Voided,
}

/// What the contract shows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// INITIATED.
    Initiated,
    /// APPROVED.
    Approved,
    /// DECLINED.
    Declined,
    /// UNKNOWN.
    Unknown,
    /// VOIDED.
    Voided,
    /// REFUNDED.
    Refunded,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::Charging,
        Self::Approved,
        Self::Refunding,
        Self::Refunded,
        Self::Declined,
        Self::Unknown,
        Self::Voiding,
        Self::Reversing,
        Self::Voided,
    ];

    /// What the contract shows.
    pub fn shown(self) -> Shown {
        match self {
            Self::Idle | Self::Charging => Shown::Initiated,
            Self::Approved | Self::Refunding => Shown::Approved,
            Self::Refunded => Shown::Refunded,
            Self::Declined => Shown::Declined,
            Self::Unknown => Shown::Unknown,
            Self::Voiding | Self::Reversing | Self::Voided => Shown::Voided,
        }
    }

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Charging => "CHARGING",
            Self::Approved => "APPROVED",
            Self::Refunding => "REFUNDING",
            Self::Refunded => "REFUNDED",
            Self::Declined => "DECLINED",
            Self::Unknown => "UNKNOWN",
            Self::Voiding => "VOIDING",
            Self::Reversing => "REVERSING",
            Self::Voided => "VOIDED",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
