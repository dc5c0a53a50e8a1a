//! A past-tense message that carries its entity's whole public state.

use crate::clock::Time;
use prost::{Message, Name};

/// The name of what is no event: an entity is stated as it is, for whoever has missed it.
pub const STATED: &str = "yemae.Stated";

/// An event to be enqueued with the state it tells.
#[derive(Clone, Debug)]
pub struct Event {
    /// The message's full name: "yemae.payment.v1.PaymentRefunded".
    pub name: String,
    /// The entity's message name, where the event's name does not say it.
    pub entity: Option<&'static str>,
    /// The entity's id.
    pub id: String,
    /// The entity's version after it.
    pub version: i64,
    /// When nobody needs the entity any more: the carrier may forget it.
    pub expires_at: Option<Time>,
    /// The message.
    pub body: Vec<u8>,
}

impl Event {
    /// `message` about the entity `id`, which is now at `version`.
    pub fn new<M: Message + Name>(id: impl Into<String>, version: i64, message: &M) -> Self {
        Self::named(M::full_name(), id, version, message)
    }

    /// The same for a message whose name only the caller knows, such as an envelope of field 1.
    pub fn named(
        name: impl Into<String>,
        id: impl Into<String>,
        version: i64,
        message: &impl Message,
    ) -> Self {
        Self {
            name: name.into(),
            entity: None,
            id: id.into(),
            version,
            expires_at: None,
            body: message.encode_to_vec(),
        }
    }

    /// No event: `entity` is stated as it is, at the version it has, for whoever has missed it. Who has seen that version
    /// drops it, and so does the stream if it still has it.
    pub fn stated<E: Message + Name>(id: impl Into<String>, version: i64, entity: &E) -> Self {
        let mut body = Vec::new();
        prost::encoding::message::encode(1, entity, &mut body);
        Self {
            name: STATED.to_owned(),
            entity: Some(E::NAME),
            id: id.into(),
            version,
            expires_at: None,
            body,
        }
    }

    /// The entity is at its end: it expires at `at`.
    #[must_use]
    pub fn expires(mut self, at: Option<Time>) -> Self {
        self.expires_at = at;
        self
    }
}

/// What led to an event, as CloudEvents' extension Correlation tells it. What somebody asked for has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The `ce-id` of the event that it all began with.
    pub(crate) correlation: String,
    /// Of the one that was acted on.
    pub(crate) causation: String,
}

impl Cause {
    /// As a row has it: in two columns.
    pub(crate) fn of_row(correlation: Option<String>, causation: Option<String>) -> Option<Self> {
        Some(Self {
            correlation: correlation?,
            causation: causation?,
        })
    }
}

/// A change of an entity that a policy is told of.
#[derive(Clone, Debug)]
pub struct Change<E> {
    /// The entity after it.
    pub entity: E,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// The context that stated it, by the subject it may publish to.
    pub context: String,
    /// The event's full name.
    pub name: String,
    /// When it was stated.
    pub at: Time,
}
