//! Callers who mean no good, or do none: none of them is answered INTERNAL, and the honest are answered as before.

use crate::rig::{ID, Town, fine, quick, soon, unlimited};
use crate::wire::{parse, say};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh::server;
use proto::cinema::booking::v1::ListBookingsResponse;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GET: &str = "GET /v1/cinema/bookings";

async fn town(patience: server::Settings) -> Town {
    Town::with(unlimited(), patience, |asked| async move {
        match asked.method() {
            "GetBooking" => std::future::pending().await,
            _ => fine(&ListBookingsResponse::default()),
        }
    })
    .await
}

impl Town {
    async fn is_well(&self) {
        assert_eq!(self.kim(GET).heard().await.status, 200);
    }
}

#[tokio::test]
async fn slow_headers_are_not_waited_for() {
    let patience = server::Settings {
        handshake: Duration::from_millis(100),
        headers: Duration::from_millis(200),
        ..quick()
    };
    let town = town(patience).await;
    // Nothing at all; half a greeting; half a head.
    for said in [&b""[..], b"PRI * HT", b"GET / HTTP/1.1\r\nhost: door\r\nx-"] {
        let mut stream = TcpStream::connect(town.at).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut heard = Vec::new();
        let _ = soon(stream.read_to_end(&mut heard)).await;
        let heard = String::from_utf8_lossy(&heard);
        assert!(
            heard.is_empty() || heard.starts_with("HTTP/1.1 408"),
            "{heard}"
        );
    }
    town.is_well().await;
}

#[tokio::test]
async fn a_slow_body_is_not_waited_for() {
    let town = town(quick()).await;
    let token = town.token("customer");
    let ask = format!(
        "POST /v1/cinema/bookings HTTP/1.1\r\nhost: door\r\ncontent-length: 100\r\n\
         authorization: Bearer {token}\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(town.at).await.unwrap();
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = [0; 12];
    soon(stream.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 408");
    town.is_well().await;
}

#[tokio::test]
async fn a_body_is_not_read_before_its_sender_is_known() {
    let town = town(quick()).await;
    let ask = b"POST /v1/cinema/bookings HTTP/1.1\r\nhost: door\r\ncontent-length: 100\r\n\r\n{";
    let mut stream = TcpStream::connect(town.at).await.unwrap();
    stream.write_all(ask).await.unwrap();
    let mut heard = [0; 12];
    soon(stream.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 401");
}

#[tokio::test]
async fn headers_beyond_16_kib_are_refused() {
    let town = town(quick()).await;
    let heard = town
        .kim(GET)
        .header("x-long", &"x".repeat(17 * 1024))
        .heard()
        .await;
    assert_eq!(heard.status, 431);
    let many = (0..200).fold(town.kim(GET), |ask, n| ask.header(&format!("x-{n}"), "1"));
    assert_eq!(many.heard().await.status, 431);
    let line = format!("GET /v1/me/orders?page_token={}", "x".repeat(17 * 1024));
    assert!([414, 431].contains(&town.kim(&line).heard().await.status));
    town.is_well().await;
}

/// A body that does not say how long it is, is read no further than 1 MiB.
#[tokio::test]
async fn a_body_beyond_1_mib_is_not_read_to_its_end() {
    let town = town(quick()).await;
    let token = town.token("customer");
    let head = format!(
        "POST /v1/cinema/bookings HTTP/1.1\r\nhost: door\r\ntransfer-encoding: chunked\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    let chunk = [
        b"10000\r\n".to_vec(),
        vec![b' '; 64 * 1024],
        b"\r\n".to_vec(),
    ]
    .concat();
    let mut stream = TcpStream::connect(town.at).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut hear, mut speak) = stream.split();
    let speaking = async {
        for _ in 0..1024 {
            if speak.write_all(&chunk).await.is_err() {
                // It was told so before.
                std::future::pending::<()>().await;
            }
        }
        panic!("it took 64 MiB");
    };
    let mut heard = [0; 12];
    let hearing = hear.read_exact(&mut heard);
    soon(async {
        tokio::select! {
            () = speaking => {}
            heard = hearing => assert_eq!(heard.unwrap(), 12),
        }
    })
    .await;
    assert_eq!(&heard, b"HTTP/1.1 413");
    town.is_well().await;
}

#[tokio::test]
async fn what_is_no_http_is_hung_up_on() {
    let town = town(quick()).await;
    for said in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense that is no frame at all, and more of it",
        &[0xff; 64],
    ] {
        let heard = say(town.at, said).await;
        if heard.starts_with(b"HTTP/1.1") {
            let status = parse(&heard).status;
            assert!((400..500).contains(&status), "{said:?}: {status}");
        }
    }
    town.is_well().await;
}

#[tokio::test]
async fn two_requests_in_one_are_not_smuggled() {
    let town = town(quick()).await;
    let token = town.token("customer");
    // Whoever counts by the length would take the second for a body, whoever goes by the chunks would not.
    let smuggled = format!(
        "POST /v1/cinema/bookings HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\
         content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG"
    );
    let heard = String::from_utf8_lossy(&say(town.at, smuggled.as_bytes()).await).into_owned();
    assert!(heard.matches("HTTP/1.1 ").count() <= 1, "{heard}");
    town.is_well().await;
}

#[tokio::test]
async fn paths_that_lead_elsewhere_lead_nowhere() {
    let town = town(quick()).await;
    for path in [
        "/../../etc/passwd",
        "/v1/../healthz/../.well-known/x",
        "//v1/cinema/bookings",
        "/v1/cinema//bookings",
        "/v1/cinema/bookings/",
        "/v1/cinema/bookings/%00%00:cancel:cancel/x",
        "/%2e%2e/healthz",
        "/v1/cinema/bookings?%ff=%ff",
        "/v1/cinema/bookings?page_size=1&page_size=2",
        "/yemae.cinema.booking.v1.BookingService/ListBookings",
    ] {
        let heard = town.kim(&format!("GET {path}")).heard().await;
        assert!([400, 404].contains(&heard.status), "{path}: {heard:?}");
    }
    assert_eq!(town.reached(), 0);
    // gRPC wants HTTP/2, and says so.
    let old = town.kim("POST /yemae.cinema.booking.v1.BookingService/ListBookings");
    let heard = old.body("application/grpc", vec![0; 5]).heard().await;
    assert_eq!((heard.status, &*heard.reason()), (505, "HTTP_VERSION"));
}

/// Requests that are taken back at once, a thousand of them (F19): neither is the honest caller slowed down, nor does the context
/// seem to fail because those who called it have left.
#[tokio::test]
async fn a_rapid_reset_troubles_nobody_else() {
    let town = town(quick()).await;
    let attack = async {
        let stream = TcpStream::connect(town.at).await.unwrap();
        let handshake =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.unwrap();
        let mut connection = Box::pin(connection);
        for _ in 0..50 {
            let request = || {
                http::Request::get(format!("http://{}/v1/cinema/bookings", town.at))
                    .header(
                        "authorization",
                        format!("Bearer {}", town.token("customer")),
                    )
                    .body(Empty::<bytes::Bytes>::new())
                    .unwrap()
            };
            let calls: Vec<_> = (0..20).map(|_| sender.send_request(request())).collect();
            if futures::poll!(&mut connection).is_ready() {
                return;
            }
            drop(calls);
            tokio::task::yield_now().await;
        }
    };
    let honest = async {
        for _ in 0..20 {
            town.is_well().await;
        }
    };
    soon(futures::future::join3(
        attack,
        async { town.is_well().await },
        honest,
    ))
    .await;
    town.is_well().await;
}

#[tokio::test]
async fn who_does_not_read_is_not_waited_for_when_the_door_closes() {
    let patience = server::Settings {
        bound: Duration::from_millis(300),
        ..quick()
    };
    let mut town = town(patience).await;
    let mut stream = TcpStream::connect(town.at).await.unwrap();
    let token = town.token("customer");
    let ask = format!(
        "GET /v1/cinema/bookings/{ID} HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    soon(async {
        while town.reached() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    town.stop.cancel();
    let drained = soon(town.done.take().unwrap()).await.unwrap();
    assert!(
        matches!(drained, server::Drained::Cut { connections: 1, .. }),
        "{drained:?}"
    );
}
