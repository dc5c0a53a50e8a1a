//! What is told of a message on its way, by the names of the semantic conventions for messaging.

use super::handle::Verdict;
use super::wire::{self, destination};
use crate::outbox::Row;
use crate::telemetry::CONTEXT;
use crate::telemetry::catalog::{CONSUMED, CONSUMER_RETRIES, OUTBOX_TROUBLE, PROCESS, SENT};
use crate::telemetry::trace::{self, Kind, Span, TRACEPARENT};
use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use opentelemetry::KeyValue;
use tokio::time::Instant;

const SYSTEM: &str = "messaging.system";
const OPERATION: &str = "messaging.operation.name";
const DESTINATION: &str = "messaging.destination.name";
const MESSAGE_ID: &str = "messaging.message.id";
/// The class of every error in taking a message: its words may be about somebody.
const REFUSED: &str = "refused";

/// Takes a message as part of the trace of who enqueued it.
pub(super) async fn process(
    context: &str,
    message: &Message,
    taking: impl Future<Output = Verdict>,
) -> Verdict {
    let span = processing(context, &message.subject, message.headers.as_ref());
    let begun = Instant::now();
    let verdict = span.run(taking).await;
    let refused = matches!(verdict, Verdict::Again(_));
    if refused {
        span.fail(REFUSED);
    }
    if PROCESS.is_on() && verdict != Verdict::Silence {
        let all = [
            nats(),
            KeyValue::new(OPERATION, "process"),
            KeyValue::new(DESTINATION, destination(&message.subject)),
            of(context),
            KeyValue::new("error.type", REFUSED),
        ];
        let took = begun.elapsed().as_secs_f64();
        PROCESS.record(took, &all[..4 + usize::from(refused)]);
    }
    verdict
}

/// Messages were brought.
pub(super) fn consumed(context: &str, messages: usize) {
    let operation = KeyValue::new(OPERATION, "receive");
    CONSUMED.add(messages, &[nats(), operation, of(context)]);
}

/// Messages came again.
pub(super) fn retried(context: &str, messages: usize) {
    if messages > 0 {
        CONSUMER_RETRIES.add(messages, &[of(context)]);
    }
}

/// Events were published.
pub(crate) fn sent(context: &str, events: usize) {
    let operation = KeyValue::new(OPERATION, "send");
    SENT.add(events, &[nats(), operation, of(context)]);
}

/// A publish failed.
pub(crate) fn failed(context: &str, why: &'static str) {
    OUTBOX_TROUBLE.add(1, &[of(context), KeyValue::new("error.type", why)]);
}

fn nats() -> KeyValue {
    KeyValue::new(SYSTEM, "nats")
}

fn of(context: &str) -> KeyValue {
    KeyValue::new(CONTEXT, context.to_owned())
}

/// The span of taking a message.
pub(crate) fn processing(context: &str, subject: &str, headers: Option<&HeaderMap>) -> Span {
    let header = |name| headers.and_then(|headers| headers.get(name));
    let parent = trace::parse(header(TRACEPARENT).map(|value| value.as_str()));
    Span::begin(Kind::Consumer, parent, || {
        let destination = destination(subject);
        let name = format!("process {destination}");
        let mut attributes = attributes("process", context, destination);
        let id = headers.map(|headers| wire::stored(headers).0);
        attributes.push(KeyValue::new(MESSAGE_ID, id.unwrap_or_default()));
        (name.into(), attributes)
    })
}

/// The span of publishing a row. One that is part of no trace begins none: what it states may be of long ago.
pub(crate) fn sending(row: &Row) -> Span {
    let Some(parent) = trace::parse(row.trace.as_deref()) else {
        return Span::nothing();
    };
    Span::begin(Kind::Producer, Some(parent), || {
        let destination = destination(&row.subject);
        let name = format!("send {destination}");
        let context = wire::parts(&row.subject).map_or("", |(context, _, _)| context);
        let mut attributes = attributes("send", context, destination);
        let id = wire::id(&row.subject, row.version);
        attributes.push(KeyValue::new(MESSAGE_ID, id));
        (name.into(), attributes)
    })
}

fn attributes(operation: &'static str, context: &str, destination: String) -> Vec<KeyValue> {
    vec![
        nats(),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new(OPERATION, operation),
        KeyValue::new(DESTINATION, destination),
        of(context),
    ]
}
