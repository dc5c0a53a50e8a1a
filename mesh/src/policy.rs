//! Policies: whenever this has come about, then that.

use crate::bus::wire::{self, malformed};
use crate::clock::Time;
use crate::event::{Cause, Change};
use crate::inbox;
use crate::outbox::Row;
use crate::refusal::Refusal;
use crate::store::Tx;
use bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use prost::{Message, Name};
use std::sync::Arc;

/// An event as the carrier brings it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `yemae.<context>.<Entity>.<id>`: who may publish it is decided by this alone.
    pub subject: String,
    /// The event's full name.
    pub name: String,
    /// The entity's version.
    pub version: i64,
    /// When it was stated.
    pub at: Time,
    /// The event.
    pub body: Vec<u8>,
    /// The `ce-id` of the event that it all began with; none when that is this one.
    pub correlation: Option<String>,
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            subject: row.subject,
            name: row.name,
            version: row.version,
            at: Time(row.at),
            body: row.body,
            correlation: row.correlation,
        }
    }
}

impl Delivery {
    /// Why there is whatever it leads to.
    pub(crate) fn cause(&self) -> Cause {
        let causation = wire::id(&self.subject, self.version);
        Cause {
            correlation: self
                .correlation
                .clone()
                .unwrap_or_else(|| causation.clone()),
            causation,
        }
    }

    fn parts(&self) -> Option<(&str, &str, &str)> {
        wire::parts(&self.subject)
    }
}

/// What one policy does about one delivery, once it is known to matter to it.
pub(crate) type Act = Box<dyn Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + Sync>;

/// Reads a delivery; none when it does not matter.
type Read = Arc<dyn Fn(&Delivery) -> Option<Act> + Send + Sync>;

/// What a context does whenever an entity has changed.
#[derive(Clone)]
pub struct Policy {
    name: &'static str,
    from: &'static str,
    entity: &'static str,
    read: Read,
}

/// Who knows which versions were acted on.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// A row of the inbox.
    Inbox,
    /// The row that the policy writes: nothing else is written for it.
    OwnRow,
}

impl Policy {
    pub(crate) fn new<E, W, F>(
        name: &'static str,
        from: &'static str,
        seen: Seen,
        wants: W,
        then: F,
    ) -> Self
    where
        E: Message + Name + Default + 'static,
        W: Fn(&Change<E>) -> bool + Send + Sync + 'static,
        F: Fn(&mut Tx<'_>, &Change<E>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        let then = Arc::new(then);
        let read = move |delivery: &Delivery| -> Option<Act> {
            let change = read::<E>(delivery);
            if change.as_ref().is_ok_and(|change| !wants(change)) {
                return None;
            }
            let (subject, version) = (delivery.subject.clone(), delivery.version);
            let cause = delivery.cause();
            let then = then.clone();
            Some(Box::new(move |tx| {
                let is_news = match seen {
                    Seen::Inbox => inbox::is_news(tx.db(), name, &subject, version)?,
                    Seen::OwnRow => true,
                };
                if is_news {
                    tx.because(Some(cause.clone()));
                    then(tx, change.as_ref().map_err(Clone::clone)?)?;
                }
                Ok(())
            }))
        };
        Self {
            name,
            from,
            entity: E::NAME,
            read: Arc::new(read),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The subjects it follows, as a subscription spells them.
    pub fn filter(&self) -> String {
        format!("yemae.{}.{}.>", self.from, self.entity)
    }

    /// Whether it follows `delivery`.
    pub fn follows(&self, delivery: &Delivery) -> bool {
        delivery.parts().is_some_and(|(context, entity, _)| {
            entity == self.entity && (self.from == "*" || self.from == context)
        })
    }

    /// Acts on it if it matters and is news, in the command's transaction.
    pub fn apply(&self, tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), Refusal> {
        (self.read)(delivery).map_or(Ok(()), |act| act(tx))
    }
}

/// One command of what every policy that follows `delivery` does about it; none, when it matters to none of them.
pub(crate) fn act(policies: &[Policy], delivery: &Delivery) -> Option<Act> {
    let acts: Vec<Act> = policies
        .iter()
        .filter(|policy| policy.follows(delivery))
        .filter_map(|policy| (policy.read)(delivery))
        .collect();
    (!acts.is_empty())
        .then(|| -> Act { Box::new(move |tx| acts.iter().try_for_each(|act| act(tx))) })
}

fn read<E: Message + Name + Default>(delivery: &Delivery) -> Result<Change<E>, Refusal> {
    let (context, _, id) = delivery
        .parts()
        .ok_or_else(|| malformed("a subject of another shape"))?;
    Ok(Change {
        entity: decode_entity(&delivery.body)?,
        id: id.to_owned(),
        version: delivery.version,
        context: context.to_owned(),
        name: delivery.name.clone(),
        at: delivery.at,
    })
}

/// Reads field 1 of any event: the entity. The rest of the event is for those who know it.
pub fn decode_entity<E: Message + Default>(mut body: &[u8]) -> Result<E, Refusal> {
    let mut entity = None;
    while body.has_remaining() {
        let (tag, wire_type) = decode_key(&mut body).map_err(malformed)?;
        let skipped = if tag == 1 && wire_type == WireType::LengthDelimited {
            let entity = entity.get_or_insert_with(E::default);
            prost::encoding::message::merge(wire_type, entity, &mut body, DecodeContext::default())
        } else {
            skip_field(wire_type, tag, &mut body, DecodeContext::default())
        };
        skipped.map_err(malformed)?;
    }
    entity.ok_or_else(|| malformed("it has no entity in field 1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ordering::v1::{Order, OrderEvent, Phase};

    fn delivery(phase: Phase) -> Delivery {
        let order = Order {
            phase: phase.into(),
            ..Order::default()
        };
        Delivery {
            subject: "yemae.cinema-booking.Order.1".to_owned(),
            name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
            version: 1,
            at: Time(0),
            body: OrderEvent { order: Some(order) }.encode_to_vec(),
            correlation: None,
        }
    }

    #[test]
    fn what_matters_to_nobody_asks_for_no_command() {
        let is_cancelled = |change: &Change<Order>| change.entity.phase() == Phase::Cancelled;
        let policies = [Policy::new(
            "refunds",
            "*",
            Seen::Inbox,
            is_cancelled,
            |_, _| Ok(()),
        )];
        assert!(act(&policies, &delivery(Phase::Placed)).is_none());
        assert!(act(&policies, &delivery(Phase::Cancelled)).is_some());
        // It is refused in a command, so that it is counted as a try and becomes a dead letter.
        let unreadable = Delivery {
            body: b"\x0a\xff".to_vec(),
            ..delivery(Phase::Placed)
        };
        assert!(act(&policies, &unreadable).is_some());
    }
}
