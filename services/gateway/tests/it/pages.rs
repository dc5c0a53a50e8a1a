//! What the door tells of itself: its routes, the stream behind it, and a page to try them on.

use crate::rig::{Town, fine, quick, unlimited};
use proto::cinema::booking::v1::ListBookingsResponse;

#[tokio::test]
async fn the_routes_and_a_page_to_try_them_are_there_without_a_token() {
    let town = Town::with(unlimited(), quick(), |_| async {
        fine(&ListBookingsResponse::default())
    })
    .await;
    let heard = town.ask("GET /openapi.json").heard().await;
    assert_eq!(heard.header("content-type"), Some("application/json"));
    let routes = heard.json();
    assert_eq!(routes["openapi"], "3.1.1");
    let listed = &routes["paths"]["/v1/cinema/bookings"]["get"];
    assert!(listed.is_object(), "{routes}");
    assert!(
        routes["paths"]["/v1/vod/orders"].is_null(),
        "only what is served"
    );
    let stream = town.ask("GET /asyncapi.json").heard().await.json();
    assert_eq!(stream["asyncapi"], "3.0.0");
    let nothing = town.ask("GET /").heard().await;
    assert_eq!(
        (nothing.status, nothing.header("location")),
        (303, Some("/docs"))
    );
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
        ("/docs/page.js", "text/javascript; charset=utf-8"),
    ] {
        let heard = town.ask(&format!("GET {path}")).heard().await;
        assert_eq!(
            (heard.status, heard.header("content-type")),
            (200, Some(kind))
        );
        let policy = heard.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
    }
    assert_eq!(town.reached(), 0);
}
