//! Streams as Server-Sent Events.

use crate::rig::{Town, framed, grpc, quick, soon, stream, unlimited};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use mesh::{Refusal, text};
use proto::mypage::v1::{WatchMyOrdersRequest, WatchMyOrdersResponse};
use proto::ordering::v1::Order;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Status;
use tonic::body::Body;

const WATCH: &str = "GET /v1/me/orders:watch";

fn item(cursor: &str) -> Bytes {
    let item = WatchMyOrdersResponse {
        order: Some(Order {
            order_id: format!("o-{cursor}"),
            ..Order::default()
        }),
        cursor: cursor.to_owned(),
    };
    framed(&item).into()
}

/// The events of a body: id, name, data.
fn events(body: &str) -> Vec<(String, String, Value)> {
    let one = |block: &str| {
        let field = |name: &str| {
            let mut lines = block.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.unwrap_or_default().to_owned()
        };
        let data = serde_json::from_str(&field("data")).unwrap();
        (field("id"), field("event"), data)
    };
    let blocks = body.split("\n\n").filter(|block| block.contains("data:"));
    blocks.map(one).collect()
}

#[tokio::test]
async fn each_message_is_an_event_that_can_be_resumed_behind() {
    let town = Town::new(|_| async { stream(vec![item("1"), item("2")], Status::ok("")) }).await;
    let heard = town.kim(WATCH).heard().await;
    assert_eq!(heard.status, 200);
    assert_eq!(heard.header("content-type"), Some("text/event-stream"));
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    let told = events(&heard.text());
    assert_eq!(told.len(), 2, "{told:?}");
    for (n, (id, event, data)) in told.iter().enumerate() {
        let n = (n + 1).to_string();
        assert_eq!((id, &**event), (&n, ""));
        assert_eq!(data["order"]["orderId"], format!("o-{n}"));
    }
    assert_eq!(town.last().read::<WatchMyOrdersRequest>().cursor, "");

    town.kim(WATCH).header("last-event-id", "1").heard().await;
    assert_eq!(town.last().read::<WatchMyOrdersRequest>().cursor, "1");
    town.kim(&format!("{WATCH}?cursor=7")).heard().await;
    assert_eq!(town.last().read::<WatchMyOrdersRequest>().cursor, "7");
    // A browser that comes back knows better than the address that it was given.
    town.kim(&format!("{WATCH}?cursor=7"))
        .header("last-event-id", "9")
        .heard()
        .await;
    assert_eq!(town.last().read::<WatchMyOrdersRequest>().cursor, "9");
}

#[tokio::test]
async fn a_broken_stream_ends_with_an_error() {
    let town = Town::new(|_| async {
        let words = text("draining", "다시 연결해 주세요.");
        let end = Refusal::unavailable("DRAINING", words).into_status();
        stream(vec![item("1")], end)
    })
    .await;
    let heard = town.kim(WATCH).header("x-request-id", "mine").heard().await;
    let told = events(&heard.text());
    let [(_, first, _), (_, last, problem)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((&**first, &**last), ("", "error"));
    assert_eq!(
        (&problem["reason"], &problem["status"]),
        (&json!("DRAINING"), &json!(503))
    );
    assert_eq!(
        (&problem["retryDelay"], &problem["requestId"]),
        (&json!("1s"), &json!("mine"))
    );
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_is_an_error_too() {
    let town = Town::new(|_| async {
        let items = [
            Ok(Frame::data(item("1"))),
            Err(Status::internal("connection reset")),
        ];
        grpc(Body::new(StreamBody::new(futures::stream::iter(items))))
    })
    .await;
    let told = events(&town.kim(WATCH).heard().await.text());
    assert_eq!(told.last().unwrap().1, "error", "{told:?}");
}

#[tokio::test]
async fn what_is_refused_at_once_is_no_stream() {
    let town = Town::new(|_| async { Refusal::not_found("order").into_status().into_http() }).await;
    let heard = town.kim(WATCH).heard().await;
    assert_eq!((heard.status, &*heard.reason()), (404, "NOT_FOUND"));
    assert_eq!(town.ask(WATCH).heard().await.status, 401);
    assert_eq!(town.reached(), 1);
}

/// A watch that has told one item and goes on for ever.
async fn open(town: &Town) -> TcpStream {
    let mut stream = TcpStream::connect(town.at).await.unwrap();
    let token = town.token("customer");
    let ask = format!("{WATCH} HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("o-1") {
        let mut bytes = [0; 4096];
        let read = soon(stream.read(&mut bytes)).await.unwrap();
        assert!(read > 0, "{heard}");
        heard += std::str::from_utf8(&bytes[..read]).unwrap();
    }
    stream
}

fn for_ever() -> Body {
    use futures::StreamExt;
    let first = futures::stream::iter([Ok::<_, Status>(Frame::data(item("1")))]);
    Body::new(StreamBody::new(first.chain(futures::stream::pending())))
}

#[tokio::test]
async fn streams_end_when_the_door_closes() {
    let mut town = Town::with(unlimited(), quick(), |_| async { grpc(for_ever()) }).await;
    let mut stream = open(&town).await;
    town.stop.cancel();
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    let rest = String::from_utf8(rest).unwrap();
    assert!(
        rest.contains("event: error") && rest.contains("DRAINING"),
        "{rest}"
    );
    let drained = soon(town.done.take().unwrap()).await.unwrap();
    assert_eq!(drained, mesh::server::Drained::Cleanly);
}

#[tokio::test]
async fn who_leaves_ends_the_stream_behind_the_door() {
    let ended = std::sync::Arc::new(tokio::sync::Notify::new());
    struct Tell(std::sync::Arc<tokio::sync::Notify>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let tell = ended.clone();
    let town = Town::with(unlimited(), quick(), move |_| {
        let tell = Tell(tell.clone());
        async move {
            use futures::StreamExt;
            let first = futures::stream::iter([Ok::<_, Status>(Frame::data(item("1")))]);
            let rest = futures::stream::once(async move {
                let _tell = tell;
                std::future::pending().await
            });
            grpc(Body::new(StreamBody::new(first.chain(rest))))
        }
    })
    .await;
    let stream = open(&town).await;
    drop(stream);
    soon(ended.notified()).await;
}

#[tokio::test]
async fn a_person_has_so_many_watches_open_and_no_more() {
    let town = Town::with(unlimited(), quick(), |_| async { grpc(for_ever()) }).await;
    let mut watches = Vec::new();
    for _ in 0..16 {
        watches.push(open(&town).await);
    }
    let heard = town.kim(WATCH).heard().await;
    assert_eq!((heard.status, &*heard.reason()), (429, "RATE_LIMITED"));
    assert_eq!(heard.json()["metadata"]["limit"], "watches");
    watches.pop();
    // Its end is seen a moment later.
    let again = async {
        loop {
            let token = town.token("customer");
            let ask =
                format!("{WATCH} HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {token}\r\n\r\n");
            let mut stream = TcpStream::connect(town.at).await.unwrap();
            stream.write_all(ask.as_bytes()).await.unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).await.unwrap();
            if &status == b"HTTP/1.1 200" {
                return;
            }
        }
    };
    soon(again).await;
}
