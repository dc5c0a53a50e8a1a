//! One trace, from the call to the last effect.

use super::collector::Seen;
use super::story;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

const HOLD: &str = "yemae.cinema.theater.v1.TheaterService/HoldSeats";
const APPROVE: &str = "yemae.payment.v1.PaymentService/Approve";

/// The one span of this name and kind that failed or not.
fn the<'a>(spans: &'a [Seen], name: &str, kind: SpanKind, failed: bool) -> &'a Seen {
    let is = |seen: &&Seen| {
        let status = seen.span.status.as_ref().map(|status| status.code());
        seen.span.name == name
            && seen.span.kind() == kind
            && (status == Some(StatusCode::Error)) == failed
    };
    let found: Vec<_> = spans.iter().filter(is).collect();
    assert_eq!(
        found.len(),
        1,
        "{name} {kind:?} failed: {failed}: {spans:#?}"
    );
    found[0]
}

#[tokio::test]
async fn one_trace_leads_from_the_call_to_the_last_effect() {
    let Some(heard) = story().await else { return };
    let spans: Vec<Seen> = heard.spans;
    let order = "yemae.cinema-theater.Order";
    let called = the(&spans, HOLD, SpanKind::Client, false);
    let served = the(&spans, HOLD, SpanKind::Server, false);
    let sent = the(&spans, &format!("send {order}"), SpanKind::Producer, false);
    let refused = the(
        &spans,
        &format!("process {order}"),
        SpanKind::Consumer,
        true,
    );
    let taken = the(
        &spans,
        &format!("process {order}"),
        SpanKind::Consumer,
        false,
    );
    let failed = the(&spans, "task tell", SpanKind::Internal, true);
    let worked = the(&spans, "task tell", SpanKind::Internal, false);
    let calls = the(&spans, APPROVE, SpanKind::Client, false);
    let charged = the(&spans, APPROVE, SpanKind::Server, false);

    assert!(called.span.parent_span_id.is_empty());
    for (child, parent) in [
        (served, called),
        (sent, served),
        (refused, served),
        (taken, served),
        (failed, taken),
        (worked, taken),
        (calls, worked),
        (charged, calls),
    ] {
        assert_eq!(child.span.trace_id, called.span.trace_id, "{child:?}");
        assert_eq!(child.span.parent_span_id, parent.span.span_id, "{child:?}");
    }

    let is = |seen: &Seen, key: &str, value: &str| {
        assert_eq!(
            seen.attributes.get(key).map(String::as_str),
            Some(value),
            "{key} of {seen:?}"
        );
    };
    is(called, "rpc.system.name", "grpc");
    is(called, "rpc.method", HOLD);
    is(called, "rpc.response.status_code", "OK");
    is(called, "server.address", "cinema-theater");
    is(called, "yemae.context", "cinema-booking");
    is(served, "yemae.context", "cinema-theater");
    for message in [sent, taken] {
        is(message, "messaging.system", "nats");
        is(message, "messaging.destination.name", order);
        is(
            message,
            "messaging.message.id",
            "cinema-theater/Order/0197/1",
        );
    }
    is(taken, "messaging.operation.type", "process");
    is(taken, "yemae.context", "mypage");
    is(worked, "yemae.task.kind", "tell");
    for (key, value) in [
        ("service.name", "yemae"),
        ("service.version", "1.2.3"),
        ("deployment.environment.name", "test"),
    ] {
        assert_eq!(called.resource[key], value);
    }
    assert!(called.resource.contains_key("service.instance.id"));

    // A line that was said within a trace tells which.
    let trace: String = served
        .span
        .trace_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let line = heard
        .lines
        .lines()
        .find(|line| line.contains("\"answered\"") && line.contains(HOLD));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(line["trace_id"], trace, "{line}");
}
