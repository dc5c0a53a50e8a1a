//! What is told of a message on its way, by the names of the semantic conventions for messaging.

use super::handle::Verdict;
use super::wire::{self, destination};
use crate::outbox::Row;
use crate::telemetry::CONTEXT;
use crate::telemetry::trace::{self, Kind, Span, TRACEPARENT};
use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use opentelemetry::KeyValue;

/// Takes a message as part of the trace of who enqueued it.
pub(super) async fn process(
    context: &str,
    message: &Message,
    taking: impl Future<Output = Verdict>,
) -> Verdict {
    let span = processing(context, &message.subject, message.headers.as_ref());
    let verdict = span.run(taking).await;
    if let Verdict::Again(_) = verdict {
        span.fail("refused");
    }
    verdict
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

const MESSAGE_ID: &str = "messaging.message.id";

fn attributes(operation: &'static str, context: &str, destination: String) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", "nats"),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.destination.name", destination),
        KeyValue::new(CONTEXT, context.to_owned()),
    ]
}
