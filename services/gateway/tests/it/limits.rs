//! Rates, origins, request ids, and the page that says whether the door is open.

use crate::rig::{ID, Town, fine, quick, unlimited};
use crate::wire::{Ask, Heard};
use gateway::{Rate, Rates, Settings};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    CreateBookingResponse, ListBookingsRequest, ListBookingsResponse,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

const GET: &str = "GET /v1/cinema/bookings";
const POST: &str = "POST /v1/cinema/bookings";

async fn town(settings: Settings) -> Town {
    Town::with(settings, quick(), |asked| async move {
        match asked.method() {
            "CreateBooking" => fine(&CreateBookingResponse::default()),
            _ => fine(&ListBookingsResponse::default()),
        }
    })
    .await
}

/// So many at once, and one more each second.
fn few(writes: u32, reads: u32, address: u32) -> Settings {
    let rate = |burst| Rate {
        per_second: u32::from(burst > 0),
        burst,
    };
    let rates = Rates {
        writes: rate(writes),
        reads: rate(reads),
        address: rate(address),
    };
    Settings {
        rates,
        ..Settings::default()
    }
}

/// Asks until it is refused: how often it was answered before, and the refusal. On a slow machine a call may come back
/// meanwhile, so that it may be more than the burst.
async fn until_limited<'a>(ask: impl Fn() -> Ask<'a>) -> (usize, Heard) {
    for answered in 0..100 {
        let heard = ask().heard().await;
        if heard.status == 429 {
            assert_eq!(heard.reason(), "RATE_LIMITED");
            return (answered, heard);
        }
    }
    panic!("never refused");
}

#[tokio::test]
async fn each_person_has_a_rate_for_reading_and_one_for_writing() {
    let town = town(few(2, 3, 0)).await;
    let post = || town.kim(POST).json(&crate::json::order());
    let first = post().heard().await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"writes\";q=2;w=2"));
    assert_eq!(first.header("ratelimit"), Some("\"writes\";r=1;t=1"));
    let (written, refused) = until_limited(post).await;
    assert!(written >= 1);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"writes\";r=0;t=1"));
    assert_eq!(refused.json()["metadata"]["limit"], "writes");
    let (read, _) = until_limited(|| town.kim(GET)).await;
    assert!(read >= 3, "reading is another rate");
    assert_eq!(
        town.reached(),
        1 + written + read,
        "who is refused reaches nobody"
    );
    let lee = town.token_of("lee", "customer");
    assert_eq!(town.ask(GET).bearer(&lee).heard().await.status, 200);
    // An admin's calls are not counted.
    let admin = town.token_of("root", "admin");
    for _ in 0..10 {
        let ask = town
            .ask(&format!("GET /v1/cinema/bookings/{ID}"))
            .bearer(&admin);
        let heard = ask.heard().await;
        assert_eq!((heard.status, heard.header("ratelimit")), (200, None));
    }
}

#[tokio::test]
async fn the_rate_holds_in_every_form() {
    let town = town(few(0, 2, 0)).await;
    assert_eq!(town.kim(GET).heard().await.status, 200);
    let mut client = BookingServiceClient::new(town.client());
    for _ in 0..100 {
        let list = town.signed("customer", ListBookingsRequest::default());
        if let Err(refused) = client.list_bookings(list).await {
            let reason = mesh::refusal::reason(&refused);
            assert_eq!(reason.as_deref(), Some("RATE_LIMITED"));
            assert!(refused.get_details_retry_info().is_some());
            let left = refused.metadata().get("ratelimit").unwrap();
            assert_eq!(left, "\"reads\";r=0;t=1");
            return;
        }
    }
    panic!("never refused");
}

#[tokio::test]
async fn an_address_has_a_rate_also_without_a_token() {
    let town = town(few(0, 0, 3)).await;
    let (answered, _) = until_limited(|| town.ask(GET)).await;
    assert!(answered >= 3);
    // What it says of itself is not believed.
    until_limited(|| {
        let n = another();
        let told = town.ask(GET);
        told.header("x-forwarded-for", &format!("192.0.2.{n}"))
    })
    .await;
    assert_eq!(town.reached(), 0);
}

/// Another one each time.
fn another() -> u8 {
    static LAST: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
    LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test]
async fn behind_proxies_the_address_is_what_they_say() {
    let settings = Settings {
        proxies: 2,
        ..few(0, 0, 1)
    };
    let town = town(settings).await;
    let ask = |told: &str| town.ask(GET).header("x-forwarded-for", told);
    // Proxies add at the end; what is before that, the caller may have made up.
    until_limited(|| ask("192.0.2.1, 198.51.100.1")).await;
    assert_eq!(ask("192.0.2.2, 198.51.100.1").heard().await.status, 401);
    until_limited(|| ask(&format!("203.0.113.{}, 192.0.2.3, 198.51.100.2", another()))).await;
    until_limited(|| ask("nonsense, 198.51.100.1")).await;
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let settings = Settings {
        origins: "https://shop.example".parse().unwrap(),
        ..unlimited()
    };
    let town = town(settings).await;
    let preflight = |origin: &str| {
        town.ask("OPTIONS /v1/cinema/bookings")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,idempotency-key",
            )
    };
    let allowed = preflight("https://shop.example").heard().await;
    assert_eq!(allowed.status, 200);
    let says = |name: &str| allowed.header(name).unwrap_or_default().to_owned();
    assert_eq!(says("access-control-allow-origin"), "https://shop.example");
    assert!(says("access-control-allow-methods").contains("POST"));
    assert!(says("access-control-allow-headers").contains("idempotency-key"));
    assert!(says("vary").contains("origin"));
    let denied = preflight("https://evil.example").heard().await;
    assert_eq!(denied.header("access-control-allow-origin"), None);

    let read = town
        .kim(GET)
        .header("origin", "https://shop.example")
        .heard()
        .await;
    assert_eq!(
        read.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    assert!(
        read.header("access-control-expose-headers")
            .unwrap()
            .contains("grpc-status")
    );
    let refused = town
        .ask(GET)
        .header("origin", "https://shop.example")
        .heard()
        .await;
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    let other = town
        .kim(GET)
        .header("origin", "https://evil.example")
        .heard()
        .await;
    assert_eq!(other.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn each_request_has_an_id() {
    let town = town(unlimited()).await;
    let id = async |own: Option<&str>| {
        let ask = town.kim(GET);
        let ask = match own {
            Some(own) => ask.header("x-request-id", own),
            None => ask,
        };
        let heard = ask.heard().await;
        let id = heard.header("x-request-id").unwrap().to_owned();
        assert_eq!(town.last().headers["x-request-id"], id);
        id
    };
    assert_eq!(id(Some("my-Request_1.2")).await, "my-Request_1.2");
    let ours = id(None).await;
    assert!(mesh::id::parse("id", &ours).is_ok());
    for not_plain in ["", "a b", "<script>", &"x".repeat(65)] {
        assert!(
            mesh::id::parse("id", &id(Some(not_plain)).await).is_ok(),
            "{not_plain}"
        );
    }
}

#[tokio::test]
async fn probes_are_answered_whatever_comes_from_their_address() {
    let town = town(few(0, 0, 2)).await;
    until_limited(|| town.kim(GET)).await;
    let mut health = HealthClient::new(mesh::server::plain(&town.at.to_string()));
    for _ in 0..10 {
        let asked = health.check(HealthCheckRequest::default()).await;
        assert!(asked.is_ok(), "{asked:?}");
    }
}

#[tokio::test]
async fn a_person_sends_so_many_bodies_at_once_and_no_more() {
    let town = town(unlimited()).await;
    let token = town.token("customer");
    let ask = format!(
        "{POST} HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n"
    );
    let mut sending = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(town.at).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        // Said once its body is being read.
        let mut heard = [0; 12];
        crate::rig::soon(stream.read_exact(&mut heard))
            .await
            .unwrap();
        assert_eq!(&heard, b"HTTP/1.1 100");
        sending.push(stream);
    }
    let heard = town.kim(POST).json(&crate::json::order()).heard().await;
    assert_eq!((heard.status, &*heard.reason()), (429, "RATE_LIMITED"));
    assert_eq!(heard.json()["metadata"]["limit"], "bodies");
    let other = town.ask(POST).bearer(&town.token_of("lee", "customer"));
    let heard = other.json(&crate::json::order()).heard().await;
    assert_eq!(heard.status, 200, "another's are their own");
}

#[tokio::test]
async fn the_door_says_whether_it_is_open() {
    let patience = mesh::server::Settings {
        grace: std::time::Duration::from_secs(30),
        ..quick()
    };
    let town = Town::with(unlimited(), patience, |_| async {
        fine(&ListBookingsResponse::default())
    })
    .await;
    let health = || town.ask("GET /healthz");
    assert_eq!(health().heard().await.status, 200);
    town.stop.cancel();
    crate::rig::soon(async {
        while health().heard().await.status != 503 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(
        town.kim(GET).heard().await.status,
        200,
        "calls are still answered"
    );
}
