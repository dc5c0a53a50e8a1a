//! gRPC-Web over HTTP/1.1, as a browser sends it.

use crate::rig::{ID, Town, fine, framed, stream};
use crate::wire::Heard;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mesh::Refusal;
use prost::Message;
use proto::mypage::v1::{
    GetMyOrderRequest, ListMyOrdersRequest, ListMyOrdersResponse, WatchMyOrdersResponse,
};
use tonic::Status;

const LIST: &str = "POST /yemae.mypage.v1.MyPageService/ListMyOrders";
const WATCH: &str = "POST /yemae.mypage.v1.MyPageService/WatchMyOrders";

async fn town() -> Town {
    Town::new(|asked| async move {
        match asked.method() {
            "ListMyOrders" => fine(&ListMyOrdersResponse {
                next_page_token: "next".to_owned(),
                ..ListMyOrdersResponse::default()
            }),
            "WatchMyOrders" => {
                let item = |cursor: &str| {
                    Bytes::from(framed(&WatchMyOrdersResponse {
                        cursor: cursor.to_owned(),
                        ..WatchMyOrdersResponse::default()
                    }))
                };
                let end = Refusal::not_found("the rest").into_status();
                stream(vec![item("1"), item("2")], end)
            }
            _ => Refusal::not_found("order").into_status().into_http(),
        }
    })
    .await
}

/// The frames of an answer: their flags and what they hold.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = bytes {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        all.push((*flag, rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    assert!(bytes.is_empty());
    all
}

fn trailer(frames: &[(u8, Vec<u8>)]) -> String {
    let (flag, last) = frames.last().unwrap();
    assert_eq!(*flag, 0x80);
    String::from_utf8(last.clone()).unwrap()
}

async fn sent(town: &Town, line: &str, kind: &str, body: Vec<u8>) -> Heard {
    let ask = town.kim(line).header("x-grpc-web", "1");
    ask.body(kind, body).heard().await
}

#[tokio::test]
async fn a_call_in_bytes_and_in_text() {
    let town = town().await;
    let request = framed(&ListMyOrdersRequest {
        page_size: 7,
        ..ListMyOrdersRequest::default()
    });
    let text = STANDARD.encode(&request).into_bytes();
    for (kind, body) in [
        ("application/grpc-web+proto", request),
        ("application/grpc-web-text", text),
    ] {
        let heard = sent(&town, LIST, kind, body).await;
        assert_eq!(heard.status, 200, "{heard:?}");
        let answered = heard.header("content-type").unwrap();
        assert!(
            answered.starts_with(kind.trim_end_matches("+proto")),
            "{answered}"
        );
        let body = match kind.contains("text") {
            true => decode(&heard.text()),
            false => heard.body.clone(),
        };
        let frames = frames(&body);
        let answer = ListMyOrdersResponse::decode(&*frames[0].1).unwrap();
        assert_eq!(answer.next_page_token, "next");
        assert!(trailer(&frames).contains("grpc-status:0\r\n"));
        assert_eq!(town.last().read::<ListMyOrdersRequest>().page_size, 7);
        assert_eq!(town.last().headers.get("connection"), None);
    }
}

/// Base64 of several pieces, each with its padding.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in text.as_bytes().chunks(4) {
        bytes.extend(STANDARD.decode(piece).unwrap());
    }
    bytes
}

#[tokio::test]
async fn a_stream_ends_with_its_status() {
    let town = town().await;
    let heard = sent(&town, WATCH, "application/grpc-web", vec![0; 5]).await;
    let frames = frames(&heard.body);
    assert_eq!(frames.len(), 3);
    let second = WatchMyOrdersResponse::decode(&*frames[1].1).unwrap();
    assert_eq!(second.cursor, "2");
    let trailer = trailer(&frames);
    assert!(trailer.contains("grpc-status:5\r\n"), "{trailer}");
    assert!(trailer.contains("grpc-status-details-bin:"), "{trailer}");
}

#[tokio::test]
async fn refusals_keep_their_details() {
    let town = town().await;
    let line = "POST /yemae.mypage.v1.MyPageService/GetMyOrder";
    let body = framed(&GetMyOrderRequest {
        order_id: ID.to_owned(),
    });
    let heard = sent(&town, line, "application/grpc-web", body.clone()).await;
    let status = |heard: &Heard| {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &heard.headers {
            let name = http::HeaderName::try_from(name).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        Status::from_header_map(&headers).unwrap()
    };
    assert_eq!(heard.status, 200);
    assert_eq!(
        mesh::refusal::reason(&status(&heard)).as_deref(),
        Some("NOT_FOUND")
    );

    let nobody = town
        .ask(line)
        .body("application/grpc-web", body)
        .heard()
        .await;
    assert_eq!(
        mesh::refusal::reason(&status(&nobody)).as_deref(),
        Some("TOKEN_MISSING")
    );
    let reached = town.reached();
    for wrong in [&b"!!!!"[..], b"AAAAAA"] {
        let heard = sent(&town, line, "application/grpc-web-text", wrong.to_vec()).await;
        let code = status(&heard).code();
        assert_ne!(code, tonic::Code::Ok, "{wrong:?}");
    }
    assert_eq!(town.reached(), reached);
}
