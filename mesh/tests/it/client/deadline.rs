use super::peer::{
    Answer, Peer, contracts, due, framed, get, message, millis, no, nobody, once, trailers,
};
use futures::StreamExt;
use http_body::Frame;
use http_body_util::StreamBody;
use mesh::call::{self, Call};
use mesh::client::{self, Board, Endpoint, Reply, Request, Settings};
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::payment::v1::GetPaymentRequest;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;
use tonic::body::Body;
use tower::service_fn;

/// Patient beyond any deadline of these tests.
fn patient() -> Settings {
    Settings {
        total: Duration::from_secs(10),
        attempt: Duration::from_secs(10),
        attempts: 1,
        ..Settings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_ends_as_deadline_exceeded() {
    let peer = Peer::answering([Answer::Nothing]);
    let patience = Settings {
        total: millis(700),
        ..patient()
    };
    let begun = Instant::now();
    let answer = get(&peer.client(&patience)).await;
    assert_eq!(no(answer), (Code::DeadlineExceeded, "PEER_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), millis(700));
}

#[tokio::test(start_paused = true)]
async fn with_too_little_time_left_nothing_is_sent() {
    let peer = Peer::answering([Answer::Ok]);
    let client = peer.client(&patient());
    for left in [0, 20, 69] {
        let answer = due(Instant::now() + millis(left), get(&client)).await;
        assert_eq!(no(answer), (Code::DeadlineExceeded, "OUT_OF_TIME".into()));
    }
    assert_eq!(peer.attempts(), 0);
    let answer = due(Instant::now() + millis(70), get(&client)).await;
    assert_eq!(answer.unwrap(), "7");
    assert_eq!(peer.seen()[0].timeout(), Some(millis(50)));
}

#[tokio::test(start_paused = true)]
async fn a_request_may_ask_for_less_time_itself() {
    let peer = Peer::answering([Answer::Nothing]);
    let mut request = tonic::Request::new(GetPaymentRequest::default());
    request.set_timeout(millis(120));
    let begun = Instant::now();
    let status = peer
        .client(&patient())
        .get_payment(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(begun.elapsed(), millis(120));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_told_how_long_it_has() {
    let peer = Peer::answering([Answer::Nothing]);
    let patience = Settings {
        total: millis(800),
        attempt: millis(500),
        attempts: 3,
        ..Settings::default()
    };
    let begun = Instant::now();
    let answer = get(&peer.client(&patience)).await;
    assert_eq!(no(answer), (Code::DeadlineExceeded, "PEER_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), millis(800));
    let seen = peer.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].timeout(), Some(millis(500)));
    let left = millis(800) - seen[1].at.duration_since(begun);
    assert_eq!(seen[1].timeout(), Some(left));
}

/// A service that thinks for 100 ms of what its caller gave it, then asks the next.
fn hop(next: client::Client, told: Arc<Mutex<Vec<u128>>>) -> Endpoint {
    let next = PaymentServiceClient::new(next);
    Endpoint::service(service_fn(move |request: Request| {
        let (next, told) = (next.clone(), told.clone());
        async move {
            let given = mesh::deadline::read(request.headers()).unwrap();
            told.lock().unwrap().push(given.as_millis());
            let call = Call {
                deadline: Some(Instant::now() + given),
                ..nobody()
            };
            let work = async {
                sleep(millis(100)).await;
                get(&next).await
            };
            let answer = call::scope(Arc::new(call), work).await;
            Ok(answer.map_or_else(tonic::Status::into_http, |_| Reply::default()))
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn over_three_hops_everybody_ends_a_little_before_their_caller() {
    let last = Peer::answering([Answer::Nothing]);
    let told = Arc::<Mutex<Vec<u128>>>::default();
    let to = |endpoint| {
        client::stack(
            contracts(),
            None,
            "payment",
            endpoint,
            &patient(),
            &Board::default(),
        )
    };
    let second = hop(last.stack(&patient()), told.clone());
    let first = hop(to(second), told.clone());
    let client = PaymentServiceClient::new(to(first));

    let begun = Instant::now();
    let answer = due(begun + Duration::from_secs(1), get(&client)).await;
    assert_eq!(no(answer), (Code::DeadlineExceeded, "PEER_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), millis(940));
    assert_eq!(*told.lock().unwrap(), [980, 860]);
    assert_eq!(last.seen()[0].timeout(), Some(millis(740)));
}

/// A message at once, and another after 10 s.
fn watched() -> Reply {
    let later = async {
        sleep(Duration::from_secs(10)).await;
        Ok(Frame::data(message()))
    };
    let frames = framed(vec![Ok(Frame::data(message()))]).into_body();
    let frames = http_body_util::BodyStream::new(frames)
        .chain(futures::stream::once(later))
        .chain(futures::stream::iter([Ok(Frame::trailers(trailers("0")))]));
    Reply::new(Body::new(StreamBody::new(Box::pin(frames))))
}

#[tokio::test(start_paused = true)]
async fn a_stream_takes_as_long_as_its_own_caller_waits() {
    let peer = Peer::answering([Answer::Raw(watched)]);
    let mut client = MyPageServiceClient::new(peer.stack(&Settings::default()));
    let begun = Instant::now();
    let watch = client.watch_my_orders(WatchMyOrdersRequest::default());
    let mut stream = watch.await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_some());
    assert_eq!(
        begun.elapsed(),
        Duration::from_secs(10),
        "no total of its own"
    );
    assert!(stream.message().await.unwrap().is_none());
    assert_eq!(peer.seen()[0].timeout(), None);

    let begun = Instant::now();
    let watch = due(
        begun + Duration::from_secs(5),
        client.watch_my_orders(WatchMyOrdersRequest::default()),
    );
    let mut stream = watch.await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let next = timeout(Duration::from_secs(9), stream.message()).await;
    let status = next.expect("cut off").unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(begun.elapsed(), millis(4980));
    assert_eq!(peer.seen()[1].timeout(), Some(millis(4980)));
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_of_a_due_call_is_not_waited_for() {
    let peer = Peer::answering([Answer::late(500, Answer::Ok)]);
    let begun = Instant::now();
    let answer = due(begun + millis(320), get(&peer.client(&once()))).await;
    assert_eq!(no(answer).0, Code::DeadlineExceeded);
    assert_eq!(begun.elapsed(), millis(300));
}
