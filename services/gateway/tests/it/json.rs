//! JSON over HTTP, by the contracts' routes.

use crate::rig::quick;
use crate::rig::{ID, Town, fine, unlimited};
use mesh::{Refusal, Violation, text};
use proto::cinema::booking::v1::{
    Booking, BookingStatus, CancelBookingRequest, CancelBookingResponse, CreateBookingRequest,
    CreateBookingResponse, GetBookingRequest, ListBookingsResponse,
};
use proto::mypage::v1::{ListMyOrdersRequest, ListMyOrdersResponse};
use proto::payment::v1::{SetBehaviorRequest, SetBehaviorResponse};
use proto::shared::v1::Money;
use serde_json::json;
use std::time::Duration;

fn booking() -> Booking {
    Booking {
        booking_id: "b-1".to_owned(),
        version: 9_007_199_254_740_993,
        status: BookingStatus::Cancelling.into(),
        total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: 28_000,
        }),
        placed_at: Some(prost_types::Timestamp {
            seconds: 1_750_000_000,
            nanos: 500_000_000,
        }),
        ..Booking::default()
    }
}

/// Answers each method with something of its own.
pub async fn town() -> Town {
    Town::with(unlimited(), quick(), |asked| async move {
        let booking = Some(booking());
        match asked.method() {
            "CreateBooking" => fine(&CreateBookingResponse { booking }),
            "CancelBooking" => fine(&CancelBookingResponse { booking }),
            "ListBookings" => fine(&ListBookingsResponse::default()),
            "SetBehavior" => fine(&SetBehaviorResponse::default()),
            "ListMyOrders" => fine(&ListMyOrdersResponse::default()),
            _ => Refusal::not_found("booking").into_status().into_http(),
        }
    })
    .await
}

/// A booking as a browser would send it.
pub fn order() -> serde_json::Value {
    json!({
        "requestId": "r-1",
        "screeningId": ID,
        "seats": ["3C", "3D"],
        // As JSON's own spelling or the contract's, as a number or a text.
        "expected_total": {"currency": "KRW", "minorUnits": 28000},
        "paymentMethod": "pm_demo",
    })
}

#[tokio::test]
async fn a_booking_is_posted() {
    let town = town().await;
    let heard = town
        .kim("POST /v1/cinema/bookings")
        .json(&order())
        .heard()
        .await;
    assert_eq!(heard.status, 200, "{heard:?}");
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    assert_eq!(heard.header("x-content-type-options"), Some("nosniff"));
    let answer = heard.json();
    let told = &answer["booking"];
    assert_eq!(told["version"], "9007199254740993");
    assert_eq!(told["status"], "BOOKING_STATUS_CANCELLING");
    assert_eq!(told["placedAt"], "2025-06-15T15:06:40.500Z");
    assert_eq!(
        told["total"],
        json!({"currency": "KRW", "minorUnits": "28000"})
    );
    assert_eq!(
        (&told["cancellable"], &told["timeline"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(told.get("cancellation"), None);

    let asked = town.last();
    let request: CreateBookingRequest = asked.read();
    assert_eq!(request.seats, ["3C", "3D"]);
    assert_eq!(request.expected_total.unwrap().minor_units, 28_000);
    assert_eq!(asked.call.caller.user.as_ref().unwrap().subject, "kim");
    assert_eq!(
        asked.headers["x-request-id"],
        heard.header("x-request-id").unwrap()
    );
}

#[tokio::test]
async fn fields_come_from_path_query_and_body() {
    let town = town().await;
    let line = "GET /v1/me/orders?page_size=7&pageToken=a%2Bb&systems=vod&systems=taxi&phases=PHASE_PLACED";
    assert_eq!(town.kim(line).heard().await.status, 200);
    let request: ListMyOrdersRequest = town.last().read();
    assert_eq!((request.page_size, &*request.page_token), (7, "a+b"));
    assert_eq!(
        (request.systems, request.phases),
        (vec!["vod".into(), "taxi".into()], vec![1])
    );

    let spelt = ID.replace('-', "%2D");
    let line = format!("GET /v1/cinema/bookings/{spelt}");
    let heard = town.kim(&line).heard().await;
    assert_eq!((heard.status, &*heard.reason()), (404, "NOT_FOUND"));
    assert_eq!(town.last().read::<GetBookingRequest>().booking_id, ID);
    // What is no id is the context's to refuse, be it spelt like a path.
    let heard = town.kim("GET /v1/cinema/bookings/a%2F..%2Fb").heard().await;
    assert_eq!((heard.status, &*heard.reason()), (400, "INVALID_FIELDS"));

    for body in [None, Some(json!({}))] {
        let ask = town.kim(&format!("POST /v1/cinema/bookings/{ID}:cancel"));
        let ask = match body {
            Some(body) => ask.json(&body),
            None => ask,
        };
        assert_eq!(ask.heard().await.status, 200);
        assert_eq!(town.last().read::<CancelBookingRequest>().booking_id, ID);
    }

    // A field alone is the body.
    let admin = town.token("admin");
    let ask = town.ask("PUT /v1/simulator/behavior").bearer(&admin);
    let ask = ask.json(&json!({"declinedPercent": 100, "latencyMax": "1.5s"}));
    assert_eq!(ask.heard().await.status, 200);
    let behavior = town.last().read::<SetBehaviorRequest>().behavior.unwrap();
    assert_eq!(
        (
            behavior.declined_percent,
            behavior.latency_max.unwrap().seconds
        ),
        (100, 1)
    );
}

#[tokio::test]
async fn an_idempotency_key_is_the_request_id() {
    let town = town().await;
    let post = |body: serde_json::Value| town.kim("POST /v1/cinema/bookings").json(&body);
    let mut unnamed = order();
    unnamed["requestId"] = json!("");
    for (body, key, is) in [
        (unnamed.clone(), "k-1", "k-1"),
        (unnamed.clone(), "\"k-2\"", "k-2"),
        (order(), "r-1", "r-1"),
    ] {
        let heard = post(body).header("idempotency-key", key).heard().await;
        assert_eq!(heard.status, 200, "{heard:?}");
        assert_eq!(town.last().read::<CreateBookingRequest>().request_id, is);
    }
    let reached = town.reached();
    let other = post(order()).header("idempotency-key", "k-1").heard().await;
    assert_eq!((other.status, &*other.reason()), (400, "INVALID_FIELDS"));
    assert_eq!(other.json()["violations"][0]["field"], "request_id");
    let twice = post(unnamed)
        .header("idempotency-key", "a")
        .header("Idempotency-Key", "b");
    assert_eq!(twice.heard().await.status, 400);
    assert_eq!(town.reached(), reached);
    // Where there is no such field it means nothing.
    let get = town
        .kim("GET /v1/me/orders")
        .header("idempotency-key", "k-1");
    assert_eq!(get.heard().await.status, 200);
}

#[tokio::test]
async fn a_refusal_is_told_in_full_and_in_the_callers_language() {
    let town = Town::new(|asked| async move {
        let refusal = match asked.method() {
            "CreateBooking" => Refusal::invalid(vec![
                Violation::new("seats", "must be 1 to 8"),
                Violation::new("expected_total.currency", "must be KRW"),
            ]),
            _ => Refusal::unavailable("PAYMENT_BUSY", text("busy", "결제가 지연되고 있습니다."))
                .retry_after(Duration::from_millis(1200))
                .with("order", "o-1"),
        };
        refusal.into_status().into_http()
    })
    .await;
    let get = || {
        town.kim("GET /v1/cinema/bookings")
            .header("x-request-id", "mine-1")
    };
    let heard = get().heard().await;
    assert_eq!((heard.status, &*heard.reason()), (503, "PAYMENT_BUSY"));
    assert_eq!(heard.header("retry-after"), Some("2"));
    assert_eq!(heard.header("x-request-id"), Some("mine-1"));
    assert_eq!(
        heard.json(),
        json!({
            "type": "urn:problem:yemae:PAYMENT_BUSY",
            "title": "Payment busy",
            "status": 503,
            "detail": "결제가 지연되고 있습니다.",
            "code": "UNAVAILABLE",
            "reason": "PAYMENT_BUSY",
            "domain": "cinema-booking",
            "metadata": {"order": "o-1"},
            "retryDelay": "1.2s",
            "requestId": "mine-1",
        })
    );
    let english = get().header("accept-language", "en-GB").heard().await;
    assert_eq!(english.json()["detail"], "busy");

    let wrong = town
        .kim("POST /v1/cinema/bookings")
        .json(&order())
        .heard()
        .await;
    assert_eq!((wrong.status, &*wrong.reason()), (400, "INVALID_FIELDS"));
    let fields = wrong.json()["violations"].clone();
    assert_eq!(
        fields[0],
        json!({"field": "seats", "description": "must be 1 to 8"})
    );
    assert_eq!(fields.as_array().unwrap().len(), 2);

    // The door's own words are in both languages, too.
    let nowhere = |language| {
        town.kim("GET /v1/nowhere")
            .header("accept-language", language)
    };
    let korean = nowhere("ko").heard().await.json();
    assert_eq!(
        (&korean["detail"], &korean["domain"]),
        (&json!("제공되지 않는 주소입니다."), &json!("gateway"))
    );
    let english = nowhere("en").heard().await.json();
    assert!(
        english["detail"]
            .as_str()
            .unwrap()
            .starts_with("nothing is served")
    );
}

#[tokio::test]
async fn http2_is_served_on_the_same_port() {
    use http_body_util::{BodyExt, Full};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    let town = town().await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let request = http::Request::post(format!("http://{}/v1/cinema/bookings", town.at))
        .header(
            "authorization",
            format!("Bearer {}", town.token("customer")),
        )
        .header("content-type", "application/json; charset=UTF-8")
        .body(Full::<bytes::Bytes>::from(order().to_string()))
        .unwrap();
    let reply = crate::rig::soon(client.request(request)).await.unwrap();
    assert_eq!(
        (reply.status().as_u16(), reply.version()),
        (200, http::Version::HTTP_2)
    );
    let body = reply.into_body().collect().await.unwrap().to_bytes();
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["booking"]["bookingId"], "b-1");
}
