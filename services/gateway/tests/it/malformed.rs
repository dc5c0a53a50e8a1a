//! What is no request of any method.

use crate::json::{order, town};

#[tokio::test]
async fn what_is_no_request_is_refused_before_a_context_hears_of_it() {
    let town = town().await;
    let deep = format!("{}1{}", r#"{"seats":["#.repeat(500), "]}".repeat(500));
    let long = format!(r#"{{"paymentMethod": "{}"}}"#, "x".repeat(1024 * 1024));
    for (what, line, kind, body, status, reason) in [
        (
            "no route",
            "POST /v1/cinema/nothing",
            "application/json",
            "{}",
            404,
            "UNKNOWN_ROUTE",
        ),
        (
            "a broken path",
            "POST /v1/cinema/bookings/%ff",
            "application/json",
            "{}",
            404,
            "UNKNOWN_ROUTE",
        ),
        (
            "another verb",
            "PATCH /v1/cinema/bookings",
            "application/json",
            "{}",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            "no JSON",
            "POST /v1/cinema/bookings",
            "application/json",
            "{",
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "two",
            "POST /v1/cinema/bookings",
            "application/json",
            "{}{}",
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "a list",
            "POST /v1/cinema/bookings",
            "application/json",
            "[]",
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "an unknown field",
            "POST /v1/cinema/bookings",
            "application/json",
            r#"{"seat":1}"#,
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "another type",
            "POST /v1/cinema/bookings",
            "application/json",
            r#"{"seats":7}"#,
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "a huge number",
            "POST /v1/cinema/bookings",
            "application/json",
            r#"{"expectedTotal":{"minorUnits":1e400}}"#,
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "a large number",
            "POST /v1/cinema/bookings",
            "application/json",
            r#"{"expectedTotal":{"minorUnits":"9223372036854775808"}}"#,
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "half a pair",
            "POST /v1/cinema/bookings",
            "application/json",
            r#"{"requestId":"\ud800"}"#,
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "depth",
            "POST /v1/cinema/bookings",
            "application/json",
            &deep,
            400,
            "MALFORMED_REQUEST",
        ),
        (
            "length",
            "POST /v1/cinema/bookings",
            "application/json",
            &long,
            413,
            "MESSAGE_TOO_LONG",
        ),
        (
            "a form",
            "POST /v1/cinema/bookings",
            "application/x-www-form-urlencoded",
            "a=b",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "latin-1",
            "POST /v1/cinema/bookings",
            "application/json; charset=latin1",
            "{}",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "a query beside a body",
            "POST /v1/cinema/bookings?hold_id=1",
            "application/json",
            "{}",
            400,
            "INVALID_FIELDS",
        ),
    ] {
        let ask = town.kim(line).body(kind, body.as_bytes().to_vec());
        let heard = ask.heard().await;
        assert_eq!((heard.status, &*heard.reason()), (status, reason), "{what}");
        assert!(heard.body.len() < 4096, "{what}");
    }
    let verbs = town.kim("DELETE /v1/cinema/bookings").heard().await;
    let allowed = verbs.header("allow").unwrap();
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
    let bytes = town
        .kim("POST /v1/cinema/bookings")
        .body("application/json", vec![b'"', 0xff, b'"']);
    assert_eq!(bytes.heard().await.status, 400);
    let zipped = town
        .kim("POST /v1/cinema/bookings")
        .header("content-encoding", "gzip")
        .json(&order());
    assert_eq!(zipped.heard().await.status, 415);
    let query = town
        .kim("GET /v1/me/orders?page_size=x&page_size=1&nobody=1")
        .heard()
        .await;
    assert_eq!(query.json()["violations"].as_array().unwrap().len(), 3);
    assert_eq!(town.reached(), 0);
}
