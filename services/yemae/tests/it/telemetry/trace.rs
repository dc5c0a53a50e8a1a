//! One booking, one trace.

use super::collector::Seen;
use super::{Collector, told};
use crate::play::Door;
use crate::rig::{directory, wait_for};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind::{
    self, Client, Consumer, Internal, Producer, Server,
};

const CREATE: &str = "yemae.cinema.booking.v1.BookingService/CreateBooking";
const HOLD: &str = "yemae.cinema.theater.v1.TheaterService/HoldSeats";
const APPROVE: &str = "yemae.payment.v1.PaymentService/Approve";

/// The spans of one order.
struct Told {
    spans: Vec<Seen>,
    order_id: String,
}

impl Told {
    /// The one call of this name.
    fn call(&self, kind: SpanKind, context: &str, name: &str) -> Option<&Seen> {
        let is = |seen: &&Seen| {
            let answered = seen.attributes.get("rpc.response.status_code");
            seen.span.name == name
                && seen.span.kind() == kind
                && seen.attributes["yemae.context"] == context
                && answered.is_some_and(|code| code == "OK")
        };
        one(self.spans.iter().filter(is))
    }

    /// The sending of a version of `of`'s entity about the order, or the taking of it, in `context`.
    fn event(&self, kind: SpanKind, context: &str, of: &str, version: u8) -> Option<&Seen> {
        let id = format!("{}/{}/{version}", of.replace('.', "/"), self.order_id);
        let is = |seen: &&Seen| {
            seen.span.kind() == kind
                && seen.attributes["yemae.context"] == context
                && seen.attributes.get("messaging.message.id") == Some(&id)
        };
        one(self.spans.iter().filter(is))
    }

    /// The task that was put down within `parent`.
    fn task(&self, parent: &Seen) -> Option<&Seen> {
        let is = |seen: &&Seen| {
            seen.span.kind() == Internal && seen.span.parent_span_id == parent.span.span_id
        };
        one(self.spans.iter().filter(is))
    }

    /// Each span and the one that it must be below, as soon as all of them were told.
    fn family(&self) -> Option<Vec<(&Seen, &Seen)>> {
        let (booking, theater, ticket) = ("cinema-booking", "cinema-theater", "cinema-ticket");
        let orders = "cinema-booking.Order";
        let (seats, tickets) = ("cinema-theater.Fulfilment", "cinema-ticket.Fulfilment");
        let root = self.call(Server, booking, CREATE)?;
        let hold = self.call(Client, booking, HOLD)?;
        let approve = self.call(Client, booking, APPROVE)?;
        let seated = self.event(Consumer, theater, orders, 1)?;
        let ticketed = self.event(Consumer, ticket, seats, 1)?;
        let said = self.event(Consumer, "notification", orders, 1)?;
        let mut family = vec![
            (hold, root),
            (self.call(Server, theater, HOLD)?, hold),
            (approve, root),
            (self.call(Server, "payment", APPROVE)?, approve),
            (self.event(Producer, booking, orders, 1)?, root),
            (self.event(Consumer, "mypage", orders, 1)?, root),
            (said, root),
            (self.task(said)?, said),
            (seated, root),
            (self.event(Producer, theater, seats, 1)?, seated),
            (ticketed, seated),
            (self.event(Producer, ticket, tickets, 1)?, ticketed),
            (self.event(Consumer, booking, tickets, 1)?, ticketed),
        ];
        // Whichever part was told of first, or both at once: what the order then says is below that.
        let sent = self.event(Producer, booking, orders, 2)?;
        let of_parts = [seats, tickets].map(|part| self.event(Consumer, booking, part, 1));
        let heard = of_parts
            .into_iter()
            .flatten()
            .find(|part| part.span.span_id == sent.span.parent_span_id)?;
        let told = self.event(Consumer, "notification", orders, 2)?;
        family.extend([
            (sent, heard),
            (self.event(Consumer, "mypage", orders, 2)?, heard),
            (told, heard),
            (self.task(told)?, told),
        ]);
        Some(family)
    }
}

/// The only one; none while there is none.
fn one<'a>(mut found: impl Iterator<Item = &'a Seen>) -> Option<&'a Seen> {
    let first = found.next()?;
    let second = found.next();
    assert!(second.is_none(), "{first:?} and {second:?}");
    Some(first)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_booking_is_one_trace_through_every_process() {
    let data = directory();
    let collector = Collector::start().await;
    let up = told(data.path(), &collector);
    let kim = Door::of(&up).customer("kim");
    let show = kim.show().await;
    let order_id = kim.book(&show, "1A", "one").await.unwrap().booking_id;

    let told = wait_for("the last effect to be told", || {
        let told = Told {
            spans: collector.spans(),
            order_id: order_id.clone(),
        };
        told.family().is_some().then_some(told)
    });
    let family = told.family().unwrap();
    let root = told.call(Server, "cinema-booking", CREATE).unwrap();
    assert!(root.span.parent_span_id.is_empty(), "{root:?}");
    for (child, parent) in family {
        assert_eq!(child.span.trace_id, root.span.trace_id, "{child:?}");
        assert_eq!(
            child.span.parent_span_id, parent.span.span_id,
            "{child:?} {parent:?}"
        );
        // Told by its own process.
        let by = &child.resource["service.name"];
        assert_eq!(*by, child.attributes["yemae.context"], "{child:?}");
    }
    assert!(up.stop(), "it drained");
}
