//! What the door costs: the same call to a context itself, through the door as gRPC, and as JSON over HTTP/1.1; one after the
//! other, and 32 at once. All of it is in this process, so that it is compared within one run and with nothing else.

#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests' own, of which a part is needed"
)]
#[path = "../tests/it/rig.rs"]
mod rig;

use futures::future::join_all;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client as Plain;
use hyper_util::rt::TokioExecutor;
use mesh::client::Client;
use mesh::server;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, GetBookingRequest, GetBookingResponse};
use rig::{Town, fine, quick, unlimited};
use std::time::Duration;
use tokio::time::Instant;

/// How long each is measured.
const LONG: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let answer = || GetBookingResponse {
        booking: Some(Booking {
            booking_id: "b-1".to_owned(),
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
    let (door, json) = (
        town.client(),
        Plain::builder(TokioExecutor::new()).build_http(),
    );
    let bearer = format!("Bearer {}", town.token("customer"));
    let uri = format!("http://{}/v1/cinema/bookings/b-1", town.at);
    let get = async || {
        let request = http::Request::get(&uri)
            .header("authorization", &bearer)
            .body(Empty::<bytes::Bytes>::new());
        let reply = json.request(request.expect("a request")).await;
        let reply = reply.expect("an answer");
        assert_eq!(reply.status(), 200);
        reply.into_body().collect().await.expect("its body");
    };
    for at_once in [1, 32] {
        measure("direct", at_once, || ask(&bearer, &behind)).await;
        measure("door, gRPC", at_once, || ask(&bearer, &door)).await;
        measure("door, JSON", at_once, &get).await;
    }
}

async fn ask(bearer: &str, client: &Client) {
    let mut request = tonic::Request::new(GetBookingRequest::default());
    let bearer = bearer.parse().expect("a header");
    request.metadata_mut().insert("authorization", bearer);
    let mut client = BookingServiceClient::new(client.clone());
    client.get_booking(request).await.expect("an answer");
}

async fn measure<R: Future<Output = ()>>(what: &str, at_once: usize, call: impl Fn() -> R) {
    call().await;
    let (began, mut calls) = (Instant::now(), 0_usize);
    while began.elapsed() < LONG {
        join_all((0..at_once).map(|_| call())).await;
        calls += at_once;
    }
    let each = began.elapsed().as_secs_f64() * 1e6 / calls as f64;
    println!(
        "{what:<11} {at_once:>2} at once: {each:>7.0} µs a call, {:>6.0} calls/s",
        1e6 / each
    );
}
