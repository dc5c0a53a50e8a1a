//! Replies that are not whole, and those that no gRPC server made.

use super::peer::{Answer, Peer, framed, get, message, no, once, trailers};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use http_body::Frame;
use mesh::client::{Board, Reply, Settings, State};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use tonic::{Code, Status};

fn broken_off() -> Reply {
    let broken = Status::unknown("connection reset");
    framed(vec![Ok(Frame::data(message().slice(..6))), Err(broken)])
}

fn ended_early() -> Reply {
    framed(vec![Ok(Frame::data(message()))])
}

fn unavailable_in_trailers() -> Reply {
    framed(vec![Ok(Frame::trailers(trailers("14")))])
}

fn declined_in_trailers() -> Reply {
    framed(vec![Ok(Frame::trailers(trailers("9")))])
}

fn by_a_proxy(status: StatusCode) -> Reply {
    let mut reply = framed(vec![Ok(Frame::data(Bytes::from_static(b"<html>")))]);
    *reply.status_mut() = status;
    reply
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_a_failure_and_asked_for_again() {
    for lost in [broken_off, ended_early] {
        let peer = Peer::answering([Answer::Raw(lost), Answer::Ok]);
        assert_eq!(get(&peer.client(&Settings::default())).await.unwrap(), "7");

        let peer = Peer::answering([Answer::Raw(lost)]);
        let board = Board::default();
        let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
        let answer = get(&client).await;
        assert_eq!(no(answer), (Code::Unavailable, "PEER_UNREACHABLE".into()));
        assert_eq!(board.standings()[0].consecutive_failures, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_trailers_is_the_same_error() {
    let peer = Peer::answering([Answer::Raw(unavailable_in_trailers), Answer::Ok]);
    assert_eq!(get(&peer.client(&Settings::default())).await.unwrap(), "7");

    let peer = Peer::answering([Answer::Raw(declined_in_trailers), Answer::Ok]);
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&Settings::default(), &board));
    assert_eq!(no(get(&client).await).0, Code::FailedPrecondition);
    assert_eq!(board.standings()[0].consecutive_failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_proxys_503_is_asked_again() {
    for made in [
        || by_a_proxy(StatusCode::SERVICE_UNAVAILABLE),
        || by_a_proxy(StatusCode::BAD_GATEWAY),
        || by_a_proxy(StatusCode::GATEWAY_TIMEOUT),
        || by_a_proxy(StatusCode::TOO_MANY_REQUESTS),
    ] {
        let peer = Peer::answering([Answer::Raw(made), Answer::Ok]);
        assert_eq!(get(&peer.client(&Settings::default())).await.unwrap(), "7");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_speak_grpc_is_not() {
    for made in [
        || by_a_proxy(StatusCode::NOT_FOUND),
        || by_a_proxy(StatusCode::INTERNAL_SERVER_ERROR),
        || by_a_proxy(StatusCode::MOVED_PERMANENTLY),
    ] {
        let peer = Peer::answering([Answer::Raw(made), Answer::Ok]);
        let board = Board::default();
        let client = PaymentServiceClient::new(peer.stack_on(&Settings::default(), &board));
        let answer = get(&client).await;
        assert_eq!(no(answer), (Code::Internal, "PEER_UNREACHABLE".into()));
        assert_eq!(board.standings()[0].consecutive_failures, 1);
    }
}

fn too_large() -> Reply {
    let mebibyte = Bytes::from(vec![0; 1 << 20]);
    let frames = (0..5).map(|_| Ok(Frame::data(mebibyte.clone())));
    framed(frames.collect())
}

#[tokio::test(start_paused = true)]
async fn a_reply_beyond_four_mebibytes_is_not_held() {
    let peer = Peer::answering([Answer::Raw(too_large), Answer::Ok]);
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&Settings::default(), &board));
    let answer = get(&client).await;
    assert_eq!(
        no(answer),
        (Code::ResourceExhausted, "REPLY_TOO_LARGE".into())
    );
    assert_eq!(board.standings()[0].state, State::Closed);
    assert_eq!(board.standings()[0].consecutive_failures, 0);
}

fn garbled() -> Reply {
    let mut reply = Status::unavailable("garbled").into_http();
    let details = HeaderValue::from_static("*** no base64 ***");
    reply
        .headers_mut()
        .insert("grpc-status-details-bin", details);
    reply
}

fn garbled_at_the_end() -> Reply {
    let mut trailers = trailers("14");
    trailers.insert(
        "grpc-status-details-bin",
        HeaderValue::from_static("*** no base64 ***"),
    );
    framed(vec![Ok(Frame::trailers(trailers))])
}

/// tonic panics at them.
#[tokio::test(start_paused = true)]
async fn details_that_cannot_be_read_are_left_out() {
    for made in [garbled, garbled_at_the_end] {
        let peer = Peer::answering([Answer::Raw(made)]);
        let status = get(&peer.client(&once())).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.details().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_a_peer_does_not_read_are_the_callers_own() {
    let reply = || by_a_proxy(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let peer = Peer::answering([Answer::Raw(reply)]);
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
    let answer = get(&client).await;
    assert_eq!(
        no(answer),
        (Code::InvalidArgument, "HEADERS_TOO_LONG".into())
    );
    assert_eq!(board.standings()[0].consecutive_failures, 0);
}
