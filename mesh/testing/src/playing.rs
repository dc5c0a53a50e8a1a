//! What a test says in the place of contexts that are not there, and reads of what was said by one that is.

use crate::World;
use diesel::prelude::*;
use mesh::schema::outbox;
use mesh::{Event, Time};
use prost::{Message, Name};
use proto::ordering::v1::cancellation::State;
use proto::ordering::v1::{Cancellation, Order, Phase};

impl World {
    /// A context states this, and everybody hears of it.
    pub async fn state(&self, context: &str, event: Event) {
        self.state_all(context, vec![event]).await;
    }

    /// The same of several events at once.
    pub async fn state_all(&self, context: &str, events: Vec<Event>) {
        let stated = self.site(context).store.write((), move |tx| {
            let mut events = events.iter().cloned();
            events.try_for_each(|event| tx.enqueue(event))
        });
        stated.await.unwrap_or_else(|why| panic!("{why}"));
        self.settle().await;
    }

    /// What a context has stated of an entity ("Fulfilment", "Store"), oldest first, by the events' short names.
    pub async fn stated(&self, context: &str, entity: &str, id: &str) -> Vec<String> {
        let subject = format!("yemae.{context}.{entity}.{id}");
        let read = self.site(context).store.read(move |db| {
            let own = outbox::table.filter(outbox::subject.eq(subject));
            let names = own.order(outbox::seq).select(outbox::name);
            Ok(names.load::<String>(db)?)
        });
        let names = read.await.unwrap_or_else(|why| panic!("{why}"));
        let short = |name: String| name.rsplit('.').next().unwrap_or_default().to_owned();
        names.into_iter().map(short).collect()
    }
}

/// An order of Ann's as its order side `context` states it in this version, placed at `at`: in this phase, with `asked` as
/// the number of the newest request to cancel it.
pub fn order<D: Message + Name>(
    context: &str,
    order_id: &str,
    (version, phase, asked): (i64, Phase, i32),
    at: Time,
    detail: &D,
) -> Order {
    let state = match phase {
        Phase::Cancelling => State::Asked,
        Phase::Cancelled => State::Done,
        _ if asked > 0 => State::Refused,
        _ => State::None,
    };
    Order {
        order_id: order_id.to_owned(),
        context: context.to_owned(),
        customer_id: "ann".to_owned(),
        version,
        phase: phase.into(),
        placed_at: Some(at.into()),
        cancellation: Some(Cancellation {
            state: state.into(),
            number: asked,
            ..Cancellation::default()
        }),
        detail: Some(prost_types::Any {
            type_url: D::type_url(),
            value: detail.encode_to_vec(),
        }),
        ..Order::default()
    }
}
