//! Policies: whenever this has come about, then that.

use crate::bus::wire::{self, malformed};
use crate::clock::Time;
use crate::event::Change;
use crate::inbox;
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
}

impl Delivery {
    fn parts(&self) -> Option<(&str, &str, &str)> {
        wire::parts(&self.subject)
    }
}

type Apply = Arc<dyn Fn(&mut Tx<'_>, &Delivery) -> Result<(), Refusal> + Send + Sync>;

/// What a context does whenever an entity has changed.
#[derive(Clone)]
pub struct Policy {
    name: &'static str,
    from: &'static str,
    entity: &'static str,
    apply: Apply,
}

impl Policy {
    pub(crate) fn new<E, F>(name: &'static str, from: &'static str, then: F) -> Self
    where
        E: Message + Name + Default + 'static,
        F: Fn(&mut Tx<'_>, &Change<E>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        let apply: Apply = Arc::new(move |tx, delivery| {
            let (context, _, id) = delivery
                .parts()
                .ok_or_else(|| malformed("a subject of another shape"))?;
            if !inbox::is_news(tx.db(), name, &delivery.subject, delivery.version)? {
                return Ok(());
            }
            let entity = decode_entity::<E>(&delivery.body)?;
            then(
                tx,
                &Change {
                    entity,
                    id: id.to_owned(),
                    version: delivery.version,
                    context: context.to_owned(),
                    name: delivery.name.clone(),
                    at: delivery.at,
                },
            )
        });
        Self {
            name,
            from,
            entity: E::NAME,
            apply,
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

    /// Acts on it if it is news, in the command's transaction.
    pub fn apply(&self, tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), Refusal> {
        (self.apply)(tx, delivery)
    }
}

/// Every policy that follows `delivery` acts on it, in the command's transaction.
pub(crate) fn apply_all(
    policies: &[Policy],
    tx: &mut Tx<'_>,
    delivery: &Delivery,
) -> Result<(), Refusal> {
    policies
        .iter()
        .filter(|policy| policy.follows(delivery))
        .try_for_each(|policy| policy.apply(tx, delivery))
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
