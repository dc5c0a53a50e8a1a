//! What the door costs: the same call to a context itself, through the door as gRPC, and as JSON over HTTP/1.1; one after the
//! other, and 32 at once. Then what the honest notice of somebody who floods the door. All of it is in this process and in
//! turns, so that it is compared within one run and with nothing else, save who floods. Prints one JSON object.

#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests' own, of which a part is needed"
)]
#[path = "../tests/it/frames.rs"]
mod frames;
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests' own, of which a part is needed"
)]
#[path = "../tests/it/rig.rs"]
mod rig;

use frames::{END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, flood, frame, get};
use futures::future::{FutureExt, LocalBoxFuture, join_all};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client as Plain;
use hyper_util::rt::TokioExecutor;
use mesh::client::Client;
use mesh::server;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, GetBookingRequest, GetBookingResponse};
use rig::{ID, Town, fine, quick, unlimited};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// How long each is measured in a turn.
const TURN: Duration = Duration::from_millis(500);
const TURNS: usize = 10;
/// What a kernel counts a process's time in; everywhere that Linux runs, a hundredth of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// Asks once.
type Call<'a> = &'a dyn Fn() -> LocalBoxFuture<'a, ()>;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, kind, at] = &arguments[..]
        && word == FLOOD
    {
        return attack(kind, at.parse().expect("an address")).await;
    }
    let answer = || GetBookingResponse {
        booking: Some(Booking {
            booking_id: ID.to_owned(),
            ..Booking::default()
        }),
    };
    let town = Town::with(
        unlimited(),
        quick(),
        move |_| async move { fine(&answer()) },
    )
    .await;
    let behind = server::plain(&town.behind.to_string());
    let (door, plain) = (
        town.client(),
        Plain::builder(TokioExecutor::new()).build_http(),
    );
    let bearer = format!("Bearer {}", town.token("customer"));
    let uri = format!("http://{}/v1/cinema/bookings/{ID}", town.at);
    let (bearer, uri, plain) = (&*bearer, &uri, &plain);
    let get = move || {
        async move {
            let request = http::Request::get(uri)
                .header("authorization", bearer)
                .body(Empty::<bytes::Bytes>::new());
            let reply = plain.request(request.expect("a request")).await;
            let reply = reply.expect("an answer");
            assert_eq!(reply.status(), 200);
            reply.into_body().collect().await.expect("its body");
        }
        .boxed_local()
    };
    let (behind, door) = (&behind, &door);
    let ways: [(&str, Call<'_>); 3] = [
        ("direct", &|| ask(bearer, behind).boxed_local()),
        ("door_grpc", &|| ask(bearer, door).boxed_local()),
        ("door_json", &get),
    ];
    let mut told = serde_json::Map::new();
    for at_once in [1, 32] {
        let mut seen = ways.map(|_| Seen::default());
        for _ in 0..TURNS {
            for ((_, call), seen) in ways.iter().zip(&mut seen) {
                seen.measure(at_once, call).await;
            }
        }
        let direct = seen[0].clone();
        for ((what, _), seen) in ways.iter().zip(seen) {
            let told_of = seen.tell(&direct);
            eprintln!("{at_once:>2} at once, {what}: {told_of}");
            told.insert(format!("{what}_{at_once}"), told_of);
        }
    }
    told.insert("flooded".to_owned(), flooded().await);
    println!("{}", Value::Object(told));
}

async fn ask(bearer: &str, client: &Client) {
    let mut request = tonic::Request::new(GetBookingRequest {
        booking_id: ID.to_owned(),
    });
    let bearer = bearer.parse().expect("a header");
    request.metadata_mut().insert("authorization", bearer);
    let mut client = BookingServiceClient::new(client.clone());
    client.get_booking(request).await.expect("an answer");
}

/// How long calls took, and what they cost this process, which is caller, door and context in one.
#[derive(Clone, Default)]
struct Seen {
    took: Vec<Duration>,
    elapsed: Duration,
    cpu_seconds: f64,
}

impl Seen {
    async fn measure(&mut self, at_once: usize, call: Call<'_>) {
        call().await;
        let (began, cpu) = (Instant::now(), cpu_seconds());
        while began.elapsed() < TURN {
            let one = async || {
                let began = Instant::now();
                call().await;
                began.elapsed()
            };
            self.took
                .extend(join_all((0..at_once).map(|_| one())).await);
        }
        self.elapsed += began.elapsed();
        self.cpu_seconds += cpu_seconds() - cpu;
    }

    /// The time that so many of a hundred calls did not take longer than, µs.
    fn percentile(&mut self, of_100: usize) -> f64 {
        self.took.sort_unstable();
        let at = (self.took.len() * of_100 / 100).min(self.took.len() - 1);
        self.took[at].as_secs_f64() * 1e6
    }

    fn cpu_us(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.took.len() as f64
    }

    fn tell(mut self, direct: &Self) -> Value {
        let mut direct = direct.clone();
        let (p50, p99) = (self.percentile(50), self.percentile(99));
        json!({
            "calls_per_second": (self.took.len() as f64 / self.elapsed.as_secs_f64()).round(),
            "p50_us": p50.round(),
            "p99_us": p99.round(),
            "cpu_us": self.cpu_us().round(),
            "p50_beside_direct": rounded(p50 / direct.percentile(50)),
            "p99_beside_direct": rounded(p99 / direct.percentile(99)),
            "cpu_beside_direct": rounded(self.cpu_us() / direct.cpu_us()),
        })
    }
}

fn rounded(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}

/// What this process has used of the cores. Nothing where nobody says it.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_PER_SECOND
}

/// What one who calls through the door, one call after the other, notices of one address that floods it as fast as it is taken:
/// with pings, and with requests that are taken back at once. Who floods is a process of its own, of the lowest priority, for
/// what it takes of the cores is no fault of the door's, and connects a hundred times a second at most. Both as the door is by
/// itself, and as it is for strangers.
async fn flooded() -> Value {
    let mut told = serde_json::Map::new();
    for (what, pause) in [("hung_up_on", 0), ("left_out", 10)] {
        let patience = server::Settings {
            outcast: Duration::from_secs(pause),
            ..quick()
        };
        let answer = |_| async { fine(&GetBookingResponse::default()) };
        let town = Town::with(unlimited(), patience, answer).await;
        let bearer = format!("Bearer {}", town.token("customer"));
        let (bearer, door) = (&*bearer, &town.client());
        let call: Call<'_> = &|| ask(bearer, door).boxed_local();
        for kind in ["pings", "resets"] {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                let alone = p99(call).await;
                let flood = Flood::start(kind, town.at);
                tokio::time::sleep(TURN).await;
                let beside = p99(call).await;
                drop(flood);
                rounds.push((beside / alone, alone, beside));
            }
            rounds.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
            let (ratio, alone, beside) = rounds[ROUNDS / 2];
            let own = json!({
                "p99_us_alone": alone.round(),
                "p99_us_beside": beside.round(),
                "beside_alone": rounded(ratio),
                "least": rounded(rounds[0].0),
                "most": rounded(rounds[ROUNDS - 1].0),
            });
            eprintln!("{kind}, {what}: {own}");
            told.insert(format!("{kind}_{what}"), own);
        }
    }
    Value::Object(told)
}

const ROUNDS: usize = 7;

async fn p99(call: Call<'_>) -> f64 {
    let mut seen = Seen::default();
    for _ in 0..4 {
        seen.measure(1, call).await;
    }
    seen.percentile(99)
}

/// A process that floods until it is dropped.
struct Flood(std::process::Child);

impl Flood {
    fn start(kind: &str, at: SocketAddr) -> Self {
        let own = std::env::current_exe().expect("a program");
        // A session of its own is a group of its own to the scheduler.
        let child = std::process::Command::new("setsid")
            .arg(own)
            .args([FLOOD, kind, &at.to_string()])
            .spawn();
        Self(child.expect("setsid, of util-linux"))
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const FLOOD: &str = "flood";
/// Between two connections of who floods.
const AGAIN: Duration = Duration::from_millis(10);

/// That process.
async fn attack(kind: &str, at: SocketAddr) {
    // Where there are no such groups there is nothing to say.
    let _ = std::fs::write("/proc/self/autogroup", "19");
    let headers = get(&format!("/v1/cinema/bookings/{ID}"), None);
    let unit = |n: u32| match kind {
        "pings" => frame(PING, 0, 0, &[7; 8]),
        _ => {
            let mut both = frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &headers);
            both.extend(frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes()));
            both
        }
    };
    loop {
        flood(at, 4 << 20, true, unit).await;
        tokio::time::sleep(AGAIN).await;
    }
}
