use super::peer::{Answer, Peer, get, millis, nobody, overloaded};
use futures::FutureExt;
use http_body_util::StreamBody;
use mesh::call;
use mesh::client::{Client, Reply, Settings};
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use std::sync::Arc;
use tokio::time::{Instant, timeout};
use tonic::Code;
use tonic::body::Body;
use tonic_types::StatusExt;

fn places(in_flight: usize) -> Settings {
    Settings {
        in_flight,
        ..Settings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_a_little_for_a_place() {
    let peer = Peer::answering([Answer::late(90, Answer::Ok)]);
    let client = peer.client(&places(2));
    let begun = Instant::now();
    let answers = futures::future::join_all((0..3).map(|_| get(&client))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(begun.elapsed(), millis(180));
    let seen = peer.seen();
    let begins: Vec<_> = seen.iter().map(|seen| seen.at - begun).collect();
    assert_eq!(begins, [millis(0), millis(0), millis(90)]);
}

#[tokio::test(start_paused = true)]
async fn after_a_tenth_of_a_second_it_is_refused_and_not_repeated() {
    let peer = Peer::answering([Answer::late(250, Answer::Ok)]);
    let client = peer.client(&places(1));
    let begun = Instant::now();
    let second = async { (get(&client).await, begun.elapsed()) };
    let (first, (second, took)) = tokio::join!(biased; get(&client), second);
    assert!(first.is_ok());
    let status = second.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "CLIENT_BUSY");
    assert!(status.get_details_retry_info().is_some());
    assert_eq!(took, millis(100));
    assert_eq!(peer.attempts(), 1);
}

/// Whether the call that asks is told that there was no place.
async fn is_noted(client: &PaymentServiceClient<Client>) -> bool {
    let call = Arc::new(nobody());
    let crowded = call.crowded.clone();
    call::scope(call, get(client)).await.unwrap_err();
    crowded.is_noted()
}

#[tokio::test(start_paused = true)]
async fn the_call_that_asks_is_told_when_there_was_no_place() {
    for (answer, noted) in [
        (overloaded("payment"), true),
        // A quota: it says nothing of when to come back.
        (Answer::code(Code::ResourceExhausted), false),
        (Answer::code(Code::Unavailable), false),
    ] {
        let client = Peer::answering([answer]).client(&Settings::default());
        assert_eq!(is_noted(&client).await, noted);
    }
    let client = Peer::answering([Answer::late(250, Answer::Ok)]).client(&places(1));
    let (first, second) = tokio::join!(biased; get(&client), is_noted(&client));
    assert!(first.is_ok());
    assert!(second);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_gives_the_place_back() {
    let peer = Peer::answering([Answer::Nothing, Answer::Ok]);
    let client = peer.client(&places(1));
    assert!(timeout(millis(10), get(&client)).await.is_err());
    assert!(get(&client).now_or_never().unwrap().is_ok());
}

fn open_for_ever() -> Reply {
    Reply::new(Body::new(StreamBody::new(futures::stream::pending::<
        Result<http_body::Frame<bytes::Bytes>, tonic::Status>,
    >())))
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_takes_no_place() {
    let peer = Peer::answering([Answer::Raw(open_for_ever), Answer::Ok]);
    let stack = peer.stack(&places(1));
    let mut mypage = MyPageServiceClient::new(stack.clone());
    let watch = mypage.watch_my_orders(WatchMyOrdersRequest::default());
    let _open = watch.await.unwrap();
    let payment = PaymentServiceClient::new(stack);
    assert_eq!(get(&payment).await.unwrap(), "7");
}
