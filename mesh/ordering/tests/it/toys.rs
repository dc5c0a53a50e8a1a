//! The smallest contexts that an order needs around it, and the bugs that they can be given to see the audit fail.

pub mod booking;
pub mod mypage;
pub mod payment;
pub mod provider;
pub mod theater;
pub mod ticket;

use provider::Provider;
use std::sync::{Arc, Mutex};
use testing::chaos::{Dice, Make};

/// A bug that the audit must find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bug {
    /// None.
    #[default]
    None,
    /// Each try of a charge has a key of its own.
    NewKeyEachTry,
    /// Policies have no inbox: what comes twice or late takes effect again.
    NoInbox,
    /// Each try of a refund has a key of its own.
    RefundTwice,
    /// The step before the charge is not undone.
    NoUndo,
    /// The customer is told PAYMENT_UNCONFIRMED while the attempt goes on.
    NoVoiding,
    /// An attempt that came to nothing keeps its claim.
    ClaimKept,
    /// The decider agrees to a cancellation after the irrevocable.
    LateYes,
    /// A void of a charge not seen yet leaves nothing behind.
    NoTombstone,
    /// A repeat answers the order as it is, not as it was placed.
    AnswersAnew,
    /// A notification has no key.
    TellsTwice,
    /// Theater forgets which attempts were dropped, so that a late request holds seats for ever.
    GrantsDropped,
    /// Payment gives nothing back when nobody asked for the cancellation.
    NoRefund,
}

/// What all toys of a world share.
#[derive(Clone)]
pub struct Toys {
    pub bug: Bug,
    pub dice: Dice,
    pub provider: Arc<Mutex<Provider>>,
}

impl Toys {
    pub fn new(bug: Bug, dice: &Dice) -> Self {
        Self {
            bug,
            dice: dice.clone(),
            provider: Arc::default(),
        }
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    /// Every context of the world.
    pub fn contexts(&self) -> Vec<Make> {
        [
            booking::context,
            theater::context,
            ticket::context,
            payment::context,
            mypage::context,
        ]
        .map(|make| {
            let toys = self.clone();
            Arc::new(move || make(&toys)) as Make
        })
        .into()
    }
}
