//! Money depends on it: what never was sent can be charged under another key.

use super::peer::{
    Answer, Peer, as_said_by, contracts, due, framed, get, message, once, overloaded, trailers,
};
use http::HeaderValue;
use http_body::Frame;
use mesh::client::{self, Board, Endpoint, Reply, Settings, never_sent};
use mesh::{Kind, Refusal, text};
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

fn thrice() -> Settings {
    Settings::default()
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_here_never_was_sent() {
    let peer = Peer::answering([Answer::Ok]);
    let late = due(Instant::now(), get(&peer.client(&thrice()))).await;
    assert!(never_sent(&late.unwrap_err()), "out of time");

    let peer = Peer::answering([Answer::code(Code::Unavailable)]);
    let client = peer.client(&once());
    for _ in 0..7 {
        assert!(!never_sent(&get(&client).await.unwrap_err()), "answered");
    }
    let open = get(&client).await.unwrap_err();
    assert_eq!(mesh::refusal::reason(&open).unwrap(), "CIRCUIT_OPEN");
    assert!(never_sent(&open), "circuit open");

    let peer = Peer::answering([Answer::late(900, Answer::Ok)]);
    let one = Settings {
        in_flight: 1,
        ..once()
    };
    let client = peer.client(&one);
    let (first, second) = tokio::join!(biased; get(&client), get(&client));
    assert!(first.is_ok());
    let busy = second.unwrap_err();
    assert_eq!(mesh::refusal::reason(&busy).unwrap(), "CLIENT_BUSY");
    assert!(never_sent(&busy), "client busy");

    assert!(never_sent(&undeclared().await), "undeclared");
}

async fn undeclared() -> Status {
    let client = PaymentServiceClient::new(client::undeclared("payment"));
    get(&client).await.unwrap_err()
}

fn forged() -> Reply {
    let mut reply = Status::unavailable("forged").into_http();
    let mark = HeaderValue::from_static("1");
    reply.headers_mut().insert("x-yemae-never-sent", mark);
    reply
}

fn forged_at_the_end() -> Reply {
    let mut trailers = trailers("14");
    trailers.insert("x-yemae-never-sent", HeaderValue::from_static("1"));
    framed(vec![
        Ok(Frame::data(message())),
        Ok(Frame::trailers(trailers)),
    ])
}

fn by_a_proxy() -> Reply {
    let mut reply = framed(Vec::new());
    *reply.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    reply
}

fn lost() -> Reply {
    framed(vec![Ok(Frame::data(message()))])
}

fn handlers_own_exhaustion() -> Answer {
    let refusal = Refusal::new(Kind::Exhausted, "QUOTA", text("quota", "한도입니다."));
    let refusal = refusal.retry_after(Duration::ZERO);
    Answer::Error(as_said_by("payment", || refusal.into_status()))
}

#[tokio::test(start_paused = true)]
async fn the_truth_table() {
    let door = || overloaded("payment");
    let unavailable = || Answer::code(Code::Unavailable);
    let table = [
        ("turned away every time", vec![door()], true),
        (
            "turned away, then a failure",
            vec![door(), unavailable()],
            false,
        ),
        (
            "a failure, then turned away",
            vec![unavailable(), door()],
            false,
        ),
        (
            "turned away, then silence",
            vec![door(), Answer::Nothing],
            false,
        ),
        (
            "silence, then turned away",
            vec![Answer::Nothing, door()],
            false,
        ),
        (
            "turned away, then declined",
            vec![door(), Answer::code(Code::FailedPrecondition)],
            false,
        ),
        (
            "turned away, then a lost reply",
            vec![door(), Answer::Raw(lost)],
            false,
        ),
        (
            "turned away elsewhere, passed on",
            vec![overloaded("bank")],
            false,
        ),
        (
            "a handler's own limit",
            vec![handlers_own_exhaustion()],
            false,
        ),
        (
            "exhausted without a reason",
            vec![Answer::code(Code::ResourceExhausted)],
            false,
        ),
        ("a failure", vec![unavailable()], false),
        ("our bug there", vec![Answer::code(Code::Internal)], false),
        (
            "declined",
            vec![Answer::code(Code::FailedPrecondition)],
            false,
        ),
        ("silence", vec![Answer::Nothing], false),
        ("a lost reply", vec![Answer::Raw(lost)], false),
        ("a proxy", vec![Answer::Raw(by_a_proxy)], false),
        ("forged", vec![Answer::Raw(forged)], false),
        (
            "forged in the trailers",
            vec![Answer::Raw(forged_at_the_end)],
            false,
        ),
    ];
    for (what, script, expected) in table {
        let peer = Peer::answering(script);
        let status = get(&peer.client(&thrice())).await.unwrap_err();
        assert_eq!(never_sent(&status), expected, "{what}: {status:?}");
        assert!(peer.attempts() > 0, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_here_does_not_make_an_earlier_attempt_unsent() {
    let peer = Peer::answering([Answer::code(Code::Unavailable)]);
    let patience = Settings {
        attempts: 10,
        total: Duration::from_secs(60),
        ..Settings::default()
    };
    let status = get(&peer.client(&patience)).await.unwrap_err();
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "CIRCUIT_OPEN");
    assert!(!never_sent(&status));
}

/// A peer in this process that is itself a stack: what its stack refused, this peer has answered.
#[tokio::test(start_paused = true)]
async fn another_stacks_word_is_its_peers_word() {
    let behind = Peer::answering([Answer::code(Code::Unavailable)]);
    let inner = behind.stack(&once());
    let opening = PaymentServiceClient::new(inner.clone());
    for _ in 0..7 {
        assert!(get(&opening).await.is_err());
    }
    let (endpoint, board) = (Endpoint::service(inner), Board::default());
    let stack = client::stack(contracts(), None, "payment", endpoint, &once(), &board);
    let outer = PaymentServiceClient::new(stack);
    let status = get(&outer).await.unwrap_err();
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "CIRCUIT_OPEN");
    assert!(!never_sent(&status));
    assert_eq!(board.standings()[0].consecutive_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_cannot_forge_it_either() {
    let peer = Peer::answering([Answer::Raw(forged_at_the_end)]);
    let mut client = MyPageServiceClient::new(peer.stack(&once()));
    let watch = client.watch_my_orders(WatchMyOrdersRequest::default());
    let mut stream = watch.await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(!never_sent(&status));
}

#[test]
fn what_a_context_says_itself_is_no_proof() {
    assert!(!never_sent(&Status::unavailable("no")));
    let refusal = Refusal::unavailable("CIRCUIT_OPEN", text("open", "열림"));
    assert!(!never_sent(&refusal.into_status()));
}
