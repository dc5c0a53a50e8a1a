//! One trace, from the call to the last effect.

use super::collector::Seen;
use super::story;
use crate::rig::Database;
use crate::server::house::House;
use crate::server::{fine, request};
use mesh::outbox;
use mesh::server::Limits;
use mesh::store::Backend;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
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

#[tokio::test]
async fn without_a_collector_what_comes_in_sampled_is_written_down_as_it_came_and_nothing_else() {
    let database = Database::new(Backend::Sqlite).unwrap();
    let store = database.open("cinema-theater");
    let writes = store.clone();
    let house = House::with(Limits::default(), move |_| {
        let store = writes.clone();
        async move {
            state(&store).await;
            fine()
        }
    })
    .await;
    let unsampled = PARENT.replace("-01", "-00");
    for parent in [None, Some(PARENT), Some(&*unsampled), Some("of no use")] {
        let mut request = request(&format!("/{HOLD}"), &house.service("cinema-booking"));
        if let Some(parent) = parent {
            request = request.header("traceparent", parent);
        }
        assert!(house.ask(request).await.is_fine(), "{parent:?}");
    }
    let written = store.read(|db| {
        let rows = outbox::unpublished(db, 10)?;
        let due = mesh::tasks::due(db, mesh::Time(i64::MAX), 10)?;
        let rows: Vec<_> = rows.into_iter().map(|row| row.trace).collect();
        Ok((
            rows,
            due.into_iter().map(|task| task.trace).collect::<Vec<_>>(),
        ))
    });
    let (rows, tasks) = written.await.unwrap();
    let told = Some(PARENT.to_owned());
    assert_eq!(rows, [None, told.clone(), None, None]);
    assert_eq!(tasks.iter().filter(|trace| **trace == told).count(), 1);
    assert_eq!(tasks.iter().flatten().count(), 1);
}

/// States the next version of an order, and puts down a task about it.
async fn state(store: &mesh::Store) {
    let stated = store.write((), |tx| {
        let version = 1 + outbox::waiting(tx.db())?.0;
        tx.start_task("tell", &version.to_string(), &())?;
        tx.enqueue(mesh::Event::new(
            "0197",
            version,
            &crate::bus::order("0197", version),
        ))
    });
    stated.await.unwrap();
}
