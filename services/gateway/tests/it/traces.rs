//! A trace that a caller is in goes on behind the door; what they may not do is have everything recorded.

use crate::rig::{Town, fine, quick, soon, unlimited};
use mesh::server;
use proto::cinema::booking::v1::ListBookingsResponse;
use tower::ServiceExt;

const GET: &str = "GET /v1/cinema/bookings";
const PATH: &str = "/yemae.cinema.booking.v1.BookingService/ListBookings";
const RECORDED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn town() -> Town {
    Town::with(unlimited(), quick(), |_| async {
        fine(&ListBookingsResponse::default())
    })
    .await
}

impl Town {
    /// The trace of the last call, as the context was told it.
    fn trace(&self) -> Option<String> {
        let asked = self.last();
        let parent = asked.headers.get("traceparent")?;
        Some(parent.to_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn a_callers_trace_goes_on_in_every_form() {
    let town = town().await;
    let unrecorded = RECORDED.replace("-01", "-00");
    for parent in [RECORDED, &unrecorded] {
        let json = town.kim(GET).header("traceparent", parent);
        assert_eq!(json.heard().await.status, 200);
        assert_eq!(town.trace().as_deref(), Some(parent));

        let web = town
            .kim(&format!("POST {PATH}"))
            .header("traceparent", parent);
        let web = web.body("application/grpc-web+proto", vec![0; 5]);
        assert_eq!(web.heard().await.status, 200);
        assert_eq!(town.trace().as_deref(), Some(parent));

        let request = http::Request::post(PATH)
            .header("content-type", "application/grpc")
            .header(
                "authorization",
                format!("Bearer {}", town.token("customer")),
            )
            .header("traceparent", parent)
            .header("tracestate", "vendor=1")
            .body(tonic::body::Body::new(http_body_util::Full::from(vec![
                0;
                5
            ])))
            .unwrap();
        let Ok(reply) = soon(server::plain(&town.at.to_string()).oneshot(request)).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(town.trace().as_deref(), Some(parent));
        assert!(!town.last().headers.contains_key("tracestate"));
    }
}

#[tokio::test]
async fn what_is_no_trace_is_taken_off() {
    let town = town().await;
    for parent in ["", "nonsense", "00-0-0-01", &RECORDED.to_uppercase()] {
        let ask = town.kim(GET).header("traceparent", parent);
        assert_eq!(ask.heard().await.status, 200);
        assert_eq!(town.trace(), None, "{parent}");
    }
    let twice = town
        .kim(GET)
        .header("traceparent", RECORDED)
        .header("traceparent", RECORDED);
    assert_eq!(twice.heard().await.status, 200);
    assert_eq!(town.trace(), None);
}

#[tokio::test]
async fn who_has_everything_recorded_is_not_believed_for_long() {
    let town = town().await;
    let mut believed = 0;
    loop {
        let ask = town.kim(GET).header("traceparent", RECORDED);
        assert_eq!(ask.heard().await.status, 200, "the call itself is answered");
        if town.trace().is_none() {
            break;
        }
        believed += 1;
        assert!(believed < 1000, "so many in a row");
    }
    assert!(believed >= 50, "{believed}");
    // What nobody records costs nobody anything.
    let unrecorded = RECORDED.replace("-01", "-00");
    let ask = town.kim(GET).header("traceparent", &unrecorded);
    assert_eq!(ask.heard().await.status, 200);
    assert_eq!(town.trace(), Some(unrecorded));
}
