//! What one system says about itself: its words and who does what. Data, not code.

/// A status as a context's contract spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The number in the context's own enum.
    pub code: i32,
    /// Its name there without the prefix.
    pub name: &'static str,
    /// What people read, in English.
    pub en: &'static str,
    /// And in Korean.
    pub ko: &'static str,
}

impl Status {
    /// The status of this number and name, as people read it in English and Korean.
    pub const fn new(code: i32, name: &'static str, en: &'static str, ko: &'static str) -> Self {
        Self { code, name, en, ko }
    }
}

/// A progress an order can make.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is shown then.
    pub status: Status,
    /// The context and step that bring it about; none for the first one, being placed.
    pub by: Option<(&'static str, i32)>,
    /// Nothing comes after it.
    pub last: bool,
    /// What else there is to say to the customer, English and Korean.
    pub reason: Option<(&'static str, &'static str)>,
}

impl Progress {
    /// The first: being placed.
    pub const fn placed(status: Status) -> Self {
        Self {
            status,
            by: None,
            last: false,
            reason: None,
        }
    }

    /// Brought about by this step of that context.
    pub const fn by(context: &'static str, step: i32, status: Status) -> Self {
        Self {
            by: Some((context, step)),
            ..Self::placed(status)
        }
    }

    /// Nothing comes after it.
    #[must_use]
    pub const fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// What else there is to say to the customer, English and Korean.
    #[must_use]
    pub const fn because(self, en: &'static str, ko: &'static str) -> Self {
        Self {
            reason: Some((en, ko)),
            ..self
        }
    }
}

/// One system's words and wiring.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// The order side: "cinema-booking".
    pub context: &'static str,
    /// "cinema".
    pub name: &'static str,
    /// What its events' names start with: "yemae.cinema.booking.v1.Booking".
    pub events: &'static str,
    /// The message its orders carry as detail: "yemae.cinema.booking.v1.Seating".
    pub detail: &'static str,
    /// What a person calls an order, and requests its id: "booking", so `booking_id`.
    pub noun: &'static str,
    /// The progress an order makes, in order; the first is being placed. It only ever moves to the right.
    pub progress: &'static [Progress],
    /// Shown while a cancellation is asked for.
    pub cancelling: Status,
    /// Shown once it is cancelled.
    pub cancelled: Status,
    /// The contexts that fulfil its orders; others are not listened to.
    pub fulfilled_by: &'static [&'static str],
    /// The one of them that decides cancellations.
    pub decider: &'static str,
}
