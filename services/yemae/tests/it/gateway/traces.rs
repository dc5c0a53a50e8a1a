//! A trace that begins with a caller outside.

use super::door;
use crate::rig::{Up, directory, wait_for};
use crate::telemetry::{Collector, variables};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind::{Client, Server};
use serde_json::json;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const CREATE: &str = "yemae.cinema.booking.v1.BookingService/CreateBooking";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_trace_leads_through_the_gateway_into_the_context() {
    let data = directory();
    let collector = Collector::start().await;
    let variables = variables(&collector);
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let mesh = Up::start_with(data.path(), &["--processes", "--demo"], &variables);
    let door = door(data.path()).unwrap();
    let kim = door.with_token(mesh.ok(&["token", "kim"]).trim());
    let listed = kim.get("/v1/cinema/screenings?page_size=1").json();
    let order = json!({
        "screeningId": listed["screenings"][0]["screeningId"],
        "seats": ["4D"],
        "expectedTotal": {"currency": "KRW", "minorUnits": "14000"},
        "paymentMethod": "pm_test",
    });
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let headers = [("idempotency-key", "traced-1"), ("traceparent", &parent)];
    let booked = kim.post("/v1/cinema/bookings", &order, &headers);
    assert_eq!(booked.status, 200, "{booked:?}");

    let of = |kind, context: &str| {
        let spans = collector.spans();
        spans.into_iter().find(|seen| {
            seen.span.name == CREATE
                && seen.span.kind() == kind
                && seen.attributes["yemae.context"] == context
                && hex(&seen.span.trace_id) == TRACE
        })
    };
    let [came, served] = [(Server, "gateway"), (Server, "cinema-booking")]
        .map(|(kind, context)| wait_for("the call to be told", || of(kind, context)));
    assert_eq!(hex(&came.span.parent_span_id), SPAN, "{came:?}");
    let spans = collector.spans();
    let passed = spans
        .iter()
        .find(|seen| seen.span.span_id == served.span.parent_span_id && seen.span.kind() == Client);
    let passed = passed.expect("what the gateway calls is told, too");
    assert_eq!(passed.span.parent_span_id, came.span.span_id, "{passed:?}");
    assert!(mesh.stop(), "it drained");
}
