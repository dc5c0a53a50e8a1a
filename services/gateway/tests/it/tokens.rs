//! Who is let in: a test for each line of what is promised of identity. Which algorithms, keys and times a token may have is
//! `mesh::identity`'s, whose own tests go through every forgery; here each kind of them is tried at the door, in each form
//! of a request.

use crate::rig::{Town, fine, quick, unlimited};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mesh::identity::{AUDIENCE, ISSUER, Key};
use mesh::server;
use proto::cinema::booking::v1::ListBookingsResponse;
use serde_json::{Value, json};
use tonic::Status;
use tower::ServiceExt;

const GET: &str = "GET /v1/cinema/bookings";
const APPROVE: &str = "/yemae.payment.v1.PaymentService/Approve";
const PATH: &str = "/yemae.cinema.booking.v1.BookingService/ListBookings";

async fn town() -> Town {
    Town::with(unlimited(), quick(), |_| async {
        fine(&ListBookingsResponse::default())
    })
    .await
}

fn now(town: &Town) -> i64 {
    town.clock.now().0 / 1_000_000
}

fn claims(town: &Town) -> Value {
    json!({
        "sub": "kim", "roles": ["customer"], "iss": ISSUER, "aud": AUDIENCE, "exp": now(town) + 600,
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

/// The same token under another header.
fn under(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

impl Town {
    /// What a token is answered in JSON and in gRPC, which is the same: the reason, none when it was let in.
    async fn lets_in(&self, token: &str) -> Option<String> {
        let heard = self.ask(GET).bearer(token).heard().await;
        let told = (heard.status != 200).then(|| {
            assert_eq!(
                heard.header("www-authenticate"),
                Some("Bearer").filter(|_| heard.status == 401)
            );
            heard.reason()
        });
        let request = http::Request::post(PATH)
            .header("content-type", "application/grpc")
            .header("authorization", format!("Bearer {token}"))
            .body(tonic::body::Body::new(http_body_util::Full::from(vec![
                0;
                5
            ])))
            .unwrap();
        let Ok(reply) = server::plain(&self.at.to_string()).oneshot(request).await;
        let grpc = Status::from_header_map(reply.headers());
        let grpc = grpc.as_ref().and_then(mesh::refusal::reason);
        assert_eq!(told, grpc);
        told
    }
}

#[tokio::test]
async fn a_good_token_is_let_in_and_passed_on() {
    let town = town().await;
    let token = town.person.sign(&claims(&town));
    assert_eq!(town.lets_in(&token).await, None);
    let call = town.last().call;
    assert_eq!(call.user_token.as_deref(), Some(&*token));
    assert_eq!(call.caller.user.as_ref().unwrap().subject, "kim");
    let several = with(claims(&town), "aud", json!(["other", AUDIENCE]));
    assert_eq!(town.lets_in(&town.person.sign(&several)).await, None);
}

#[tokio::test]
async fn forged_tokens_are_not() {
    let town = town().await;
    let (good, stranger) = (town.person.sign(&claims(&town)), Key::generate().unwrap());
    let kid = town.person.id();
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let crit = json!({"alg": "EdDSA", "kid": kid, "crit": ["b64"], "b64": false});
    let sign = |claims: &Value| town.person.sign(claims);
    let own = claims(&town);
    for (what, token) in [
        (
            "alg none",
            format!("{}.", under(unsigned, &header("none", kid))),
        ),
        ("alg none, signed", under(&good, &header("none", kid))),
        ("no signature", format!("{unsigned}.")),
        (
            "HS256 by the public key",
            under(&good, &header("HS256", kid)),
        ),
        ("HS512", under(&good, &header("HS512", kid))),
        (
            "another algorithm than its key's",
            under(&good, &header("ES256", kid)),
        ),
        ("an unknown kid", stranger.sign(&own)),
        (
            "another's kid",
            under(&stranger.sign(&own), &header("EdDSA", kid)),
        ),
        ("a critical extension", under(&good, &crit)),
        (
            "another issuer",
            sign(&with(own.clone(), "iss", json!("https://evil.example"))),
        ),
        (
            "an issuer that begins alike",
            sign(&with(own.clone(), "iss", json!("yemae "))),
        ),
        (
            "another audience",
            sign(&with(own.clone(), "aud", json!("other"))),
        ),
        ("no audience", sign(&with(own.clone(), "aud", Value::Null))),
        ("no expiry", sign(&with(own.clone(), "exp", Value::Null))),
        ("no subject", sign(&with(own.clone(), "sub", json!("")))),
        (
            "longer than 8 KiB",
            sign(&with(own.clone(), "pad", json!("x".repeat(8 * 1024)))),
        ),
        ("a fourth part", format!("{good}.{good}")),
        ("nonsense", "nonsense".to_owned()),
    ] {
        assert_eq!(
            town.lets_in(&token).await.as_deref(),
            Some("TOKEN_INVALID"),
            "{what}"
        );
    }
    let early = sign(&with(own.clone(), "nbf", json!(now(&town) + 60)));
    assert_eq!(
        town.lets_in(&early).await.as_deref(),
        Some("TOKEN_NOT_YET_VALID")
    );
    let late = |ago: i64| sign(&with(own.clone(), "exp", json!(now(&town) - ago)));
    assert_eq!(
        town.lets_in(&late(60)).await.as_deref(),
        Some("TOKEN_EXPIRED")
    );
    assert_eq!(town.reached(), 0);
    assert_eq!(town.lets_in(&late(15)).await, None, "clocks differ by 30 s");
}

#[tokio::test]
async fn a_token_must_be_there_once_and_be_permitted() {
    let town = town().await;
    let token = town.token("customer");
    let reason = async |ask: crate::wire::Ask<'_>| ask.heard().await.reason();
    assert_eq!(reason(town.ask(GET)).await, "TOKEN_MISSING");
    let twice = town.ask(GET).bearer(&token).bearer(&token);
    assert_eq!(reason(twice).await, "TOKEN_MISPLACED");
    let basic = town.ask(GET).header("authorization", "Basic a2ltOmtpbQ==");
    assert_eq!(reason(basic).await, "TOKEN_INVALID");
    // Never in an address: those are written to logs.
    let query = town.ask(&format!("{GET}?access_token={token}"));
    assert_eq!(reason(query).await, "TOKEN_MISSING");
    let driver = town.token("driver");
    let heard = town.ask(GET).bearer(&driver).heard().await;
    assert_eq!((heard.status, &*heard.reason()), (403, "PERMISSION_DENIED"));
    assert_eq!(town.reached(), 0);
}

/// reliability.md calls services' tokens exempt from the door's rates. They are, in that contexts call each other without the
/// door; at the door itself such a token is a stolen one, whatever its scopes would permit.
#[tokio::test]
async fn a_service_is_not_let_in_from_outside() {
    let town = town().await;
    let own = json!({
        "sub": "cinema-booking", "iss": ISSUER, "aud": AUDIENCE, "exp": now(&town) + 60,
    });
    let token = town.service.sign(&own);
    let person = town.token("admin");
    let call = async |at: std::net::SocketAddr, path: &str, user: Option<&String>| {
        let mut request = http::Request::post(path)
            .header("content-type", "application/grpc")
            .header("authorization", format!("Bearer {token}"));
        if let Some(user) = user {
            request = request.header("x-yemae-user-authorization", format!("Bearer {user}"));
        }
        let body = tonic::body::Body::new(http_body_util::Full::from(vec![0; 5]));
        let Ok(reply) = server::plain(&at.to_string())
            .oneshot(request.body(body).unwrap())
            .await;
        let status = Status::from_header_map(reply.headers());
        status.and_then(|status| mesh::refusal::reason(&status))
    };
    // Where its scope permits it, and where it does not; alone, and beside a person's.
    for (path, at_the_door) in [
        (APPROVE, "TOKEN_MISPLACED"),
        (PATH, "PERMISSION_DENIED"),
        (
            "/yemae.payment.v1.SimulatorService/GetBehavior",
            "PERMISSION_DENIED",
        ),
    ] {
        for user in [None, Some(&person)] {
            let refused = call(town.at, path, user).await;
            assert_eq!(refused.as_deref(), Some(at_the_door), "{path}");
        }
    }
    assert!(town.lets_in(&token).await.is_some());
    assert_eq!(town.reached(), 0);
    // The context itself takes it for what it is, and refuses only what the message lacks.
    let inside = call(town.behind, APPROVE, None).await;
    assert_eq!(inside.as_deref(), Some("INVALID_FIELDS"));
}

#[tokio::test]
async fn what_only_our_own_may_say_is_taken_off() {
    let town = town().await;
    let other = town.token_of("lee", "admin");
    let request = http::Request::post(PATH)
        .header("content-type", "application/grpc")
        .header(
            "authorization",
            format!("Bearer {}", town.token("customer")),
        )
        .header("x-yemae-user-authorization", format!("Bearer {other}"))
        .header("x-yemae-never-sent", "1")
        .header("x-yemae-anything", "1")
        .header("grpc-previous-rpc-attempts", "3")
        .header("tracestate", "a=b")
        .header("baggage", "a=b")
        .header("x-request-id", "not\tplain")
        .header("x-own", "stays")
        .body(tonic::body::Body::new(http_body_util::Full::from(vec![
            0;
            5
        ])))
        .unwrap();
    let Ok(reply) = server::plain(&town.at.to_string()).oneshot(request).await;
    assert_eq!(reply.status(), 200);
    let asked = town.last();
    assert_eq!(asked.call.caller.user.as_ref().unwrap().subject, "kim");
    assert!(!asked.call.is_retry);
    for name in [
        "x-yemae-user-authorization",
        "x-yemae-never-sent",
        "x-yemae-anything",
        "tracestate",
        "baggage",
    ] {
        assert!(!asked.headers.contains_key(name), "{name}");
    }
    assert_ne!(asked.headers["x-request-id"], "not\tplain");
    assert_eq!(asked.headers["x-own"], "stays");
}

#[tokio::test]
async fn the_keys_are_served_if_there_are_any() {
    let keys = json!({"keys": [Key::generate().unwrap().entry()]}).to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &keys).unwrap();
    let settings = gateway::Settings {
        jwks: Some(file.path().to_owned()),
        ..unlimited()
    };
    let town = Town::with(settings, quick(), |_| async {
        fine(&ListBookingsResponse::default())
    })
    .await;
    let ask = || town.ask("GET /.well-known/jwks.json");
    let heard = ask().heard().await;
    assert_eq!((heard.status, heard.text()), (200, keys));
    std::fs::write(file.path(), "{}").unwrap();
    assert_eq!(ask().heard().await.text(), "{}", "it is read anew");
    let without = self::town().await;
    assert_eq!(
        without
            .ask("GET /.well-known/jwks.json")
            .heard()
            .await
            .status,
        404
    );
}
