use super::peer::{Answer, Peer, get, millis, no, nobody};
use mesh::call::{self, Call};
use mesh::client::{Request, Settings};
use mesh::{Kind, Refusal, text};
use proto::payment::v1::GetPaymentRequest;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;

/// As often as the table says, with time for all of it.
fn attempts(attempts: u32) -> Settings {
    Settings {
        attempts,
        total: Duration::from_secs(60),
        ..Settings::default()
    }
}

fn exhausted(after: Duration) -> Answer {
    let refusal = Refusal::new(Kind::Exhausted, "BUSY", text("busy", "혼잡합니다."));
    Answer::refusal(refusal.retry_after(after))
}

#[tokio::test(start_paused = true)]
async fn what_is_repeated_and_what_is_not() {
    for code in (1..=16).map(Code::from_i32) {
        let (told, expected) = match code {
            Code::Unavailable => (code, 3),
            // With time left it was the attempt's, see attempt.rs.
            Code::DeadlineExceeded => (Code::Unavailable, 3),
            _ => (code, 1),
        };
        let peer = Peer::answering([Answer::code(code)]);
        assert_eq!(no(get(&peer.client(&attempts(3))).await).0, told);
        assert_eq!(peer.attempts(), expected, "{code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shed_call_is_repeated_when_the_peer_says_when() {
    let peer = Peer::answering([exhausted(millis(600)), Answer::Ok]);
    assert_eq!(get(&peer.client(&attempts(3))).await.unwrap(), "7");
    let seen = peer.seen();
    let gap = seen[1].at - seen[0].at;
    assert!(gap >= millis(600) && gap <= millis(701), "{gap:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_end_in_time_is_not_begun() {
    // 40 ms left after the first, often enough that no jitter is the reason.
    let slow_no = Answer::late(200, Answer::code(Code::Unavailable));
    let patience = Settings {
        total: millis(240),
        ..attempts(3)
    };
    for _ in 0..30 {
        let peer = Peer::answering([slow_no.clone(), Answer::Ok]);
        let begun = Instant::now();
        assert_eq!(no(get(&peer.client(&patience)).await).0, Code::Unavailable);
        assert_eq!(begun.elapsed(), millis(200));
        assert_eq!(peer.attempts(), 1);
    }

    let peer = Peer::answering([exhausted(Duration::from_secs(2)), Answer::Ok]);
    let begun = Instant::now();
    let answer = get(&peer.client(&Settings::default())).await;
    assert_eq!(no(answer).0, Code::ResourceExhausted);
    assert_eq!(begun.elapsed(), Duration::ZERO, "nor waited for");
}

#[tokio::test(start_paused = true)]
async fn streams_and_unknown_methods_are_sent_once() {
    let paths = [
        ("/yemae.payment.v1.PaymentService/GetPayment", 3),
        ("/yemae.mypage.v1.MyPageService/WatchMyOrders", 1),
        ("/another.v1.Service/Get", 1),
    ];
    for (path, expected) in paths {
        let peer = Peer::answering([Answer::code(Code::Unavailable)]);
        let request = Request::new(Body::empty());
        let (mut parts, body) = request.into_parts();
        parts.uri = path.parse().unwrap();
        let request = Request::from_parts(parts, body);
        let Ok(_) = peer.stack(&attempts(3)).oneshot(request).await;
        assert_eq!(peer.attempts(), expected, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_attempt_says_its_number_and_the_same() {
    let peer = Peer::answering([Answer::code(Code::Unavailable)]);
    assert!(get(&peer.client(&attempts(3))).await.is_err());
    let seen = peer.seen();
    let numbers: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("grpc-previous-rpc-attempts"))
        .collect();
    assert_eq!(numbers, [None, Some("1"), Some("2")]);
    assert!(seen[0].body.len() > 5);
    assert!(seen.iter().all(|other| other.body == seen[0].body));
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_of_our_caller_is_not_multiplied() {
    let peer = Peer::answering([Answer::code(Code::Unavailable)]);
    let call = Call {
        is_retry: true,
        ..nobody()
    };
    let answer = call::scope(Arc::new(call), get(&peer.client(&attempts(3)))).await;
    assert!(answer.is_err());
    let seen = peer.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("grpc-previous-rpc-attempts"), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn waits_are_spread_between_nothing_and_a_doubling_bound() {
    let mut longest = [Duration::ZERO; 5];
    let mut shortest = [Duration::MAX; 5];
    for _ in 0..100 {
        let peer = Peer::answering([Answer::code(Code::Unavailable)]);
        assert!(get(&peer.client(&attempts(6))).await.is_err());
        let seen = peer.seen();
        for (n, pair) in seen.windows(2).enumerate() {
            let gap = pair[1].at - pair[0].at;
            longest[n] = longest[n].max(gap);
            shortest[n] = shortest[n].min(gap);
        }
    }
    for (n, bound) in [100, 200, 400, 400, 400].into_iter().enumerate() {
        // The timer's own grain is a millisecond.
        assert!(longest[n] <= millis(bound + 1), "{n}: {longest:?}");
        assert!(longest[n] > millis(bound * 3 / 4), "{n}: {longest:?}");
        assert!(shortest[n] < millis(bound / 4), "{n}: {shortest:?}");
    }
}

/// The reserve is 2 a second over 10 s, and every tenth call adds one.
#[tokio::test(start_paused = true)]
async fn repeats_have_a_budget() {
    let peer = Peer::answering([exhausted(Duration::ZERO)]);
    let client = peer.client(&attempts(2));
    for _ in 0..100 {
        assert!(get(&client).await.is_err());
    }
    assert_eq!(peer.attempts(), 100 + 20 + 10);
    // Some windows later there is some again.
    tokio::time::advance(Duration::from_secs(30)).await;
    assert!(get(&client).await.is_err());
    assert_eq!(peer.attempts(), 130 + 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_not_sent() {
    let peer = Peer::answering([Answer::Ok]);
    let mut client = peer.client(&Settings::default());
    let mut ask = async |length: usize| {
        let request = GetPaymentRequest {
            payment_id: "7".repeat(length),
            ..GetPaymentRequest::default()
        };
        client.get_payment(request).await.map(drop)
    };
    // The field's tag and length take 4 bytes more.
    ask((1 << 20) - 4).await.unwrap();
    assert_eq!(peer.attempts(), 1);
    let status: Status = ask((1 << 20) - 3).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "REQUEST_TOO_LARGE");
    assert_eq!(peer.attempts(), 1);
}
