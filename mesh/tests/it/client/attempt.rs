use super::peer::{Answer, Peer, get, millis, no};
use mesh::client::Settings;
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use tokio::time::Instant;
use tonic::{Code, Status};

fn twice() -> Settings {
    Settings {
        attempts: 2,
        ..Settings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_attempt_is_given_up_and_made_again() {
    let peer = Peer::answering([Answer::Nothing, Answer::Ok]);
    assert_eq!(get(&peer.client(&twice())).await.unwrap(), "7");
    let seen = peer.seen();
    let gap = seen[1].at - seen[0].at;
    assert!(gap >= millis(300) && gap <= millis(401), "{gap:?}");
}

#[tokio::test(start_paused = true)]
async fn when_no_attempt_is_left_the_peer_is_unavailable() {
    let peer = Peer::answering([Answer::Nothing]);
    let answer = get(&peer.client(&twice())).await;
    assert_eq!(no(answer), (Code::Unavailable, "PEER_TIMEOUT".into()));
    assert_eq!(peer.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_no_time_is_left_the_deadline_is_exceeded() {
    let peer = Peer::answering([Answer::Nothing]);
    let patience = Settings {
        total: millis(300),
        ..twice()
    };
    let begun = Instant::now();
    let answer = get(&peer.client(&patience)).await;
    assert_eq!(no(answer), (Code::DeadlineExceeded, "PEER_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), millis(300));
    assert_eq!(peer.attempts(), 1);
}

/// A server answers a little before our own timer.
#[tokio::test(start_paused = true)]
async fn a_peer_that_says_so_itself_is_asked_again() {
    for theirs in [
        Status::deadline_exceeded("theirs"),
        Status::cancelled("Timeout expired"),
    ] {
        let late = Answer::late(280, Answer::Error(theirs.clone()));
        let peer = Peer::answering([late.clone(), Answer::Ok]);
        assert_eq!(
            get(&peer.client(&twice())).await.unwrap(),
            "7",
            "{theirs:?}"
        );

        let peer = Peer::answering([late]);
        let answer = get(&peer.client(&twice())).await;
        assert_eq!(no(answer), (Code::Unavailable, "PEER_TIMEOUT".into()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_peer_says_when_the_call_is_over_stands() {
    let theirs = Answer::Error(Status::deadline_exceeded("theirs"));
    let peer = Peer::answering([Answer::late(280, theirs)]);
    let patience = Settings {
        total: millis(300),
        ..twice()
    };
    let status = get(&peer.client(&patience)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "theirs");
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_cancelled_is_nobodys_timer() {
    let peer = Peer::answering([Answer::code(Code::Cancelled), Answer::Ok]);
    assert_eq!(no(get(&peer.client(&twice())).await).0, Code::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_is_part_of_it() {
    let peer = Peer::answering([Answer::late(90, Answer::Ok)]);
    let patience = Settings {
        in_flight: 1,
        attempt: millis(150),
        attempts: 1,
        ..Settings::default()
    };
    let client = peer.client(&patience);
    let begun = Instant::now();
    let (first, second) = tokio::join!(biased; get(&client), get(&client));
    assert!(first.is_ok());
    assert_eq!(no(second), (Code::Unavailable, "PEER_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), millis(150));
    assert_eq!(peer.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_streams_own_end_is_no_attempts() {
    let peer = Peer::answering([Answer::Error(Status::deadline_exceeded("theirs"))]);
    let mut client = MyPageServiceClient::new(peer.stack(&twice()));
    let watch = client.watch_my_orders(WatchMyOrdersRequest::default());
    let status = watch.await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "theirs");
}
