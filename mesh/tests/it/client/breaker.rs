use super::peer::{Answer, Peer, due, get, millis, no, once};
use mesh::client::{Board, Settings, Standing, State};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use tokio::time::{Instant, timeout};
use tonic::Code;
use tonic_types::StatusExt;

fn standing(board: &Board) -> (State, u32) {
    let standings = board.standings();
    assert_eq!(standings.len(), 1);
    (standings[0].state, standings[0].consecutive_failures)
}

#[tokio::test(start_paused = true)]
async fn seven_failures_open_it_and_then_it_refuses_at_once() {
    let peer = Peer::answering([Answer::code(Code::Unavailable)]);
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
    assert_eq!(standing(&board), (State::Closed, 0));
    for _ in 0..7 {
        assert!(get(&client).await.is_err());
    }
    let begun = Instant::now();
    let status = get(&client).await.unwrap_err();
    assert_eq!(begun.elapsed(), millis(0));
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "CIRCUIT_OPEN");
    let again = status
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert!(again >= millis(1000) && again <= millis(1500), "{again:?}");
    assert_eq!(peer.attempts(), 7);
    let open = Standing {
        peer: "payment".to_owned(),
        endpoint: "in process".to_owned(),
        state: State::Open,
        consecutive_failures: 7,
    };
    assert_eq!(board.standings(), [open]);
    drop(client);
    assert_eq!(
        board.standings(),
        [],
        "what nobody calls any more is not told"
    );
}

#[tokio::test(start_paused = true)]
async fn one_probe_is_made_and_closes_it() {
    let peer = Peer::by(|attempt| match attempt {
        0..7 => Answer::code(Code::Unavailable),
        _ => Answer::late(100, Answer::Ok),
    });
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
    for _ in 0..7 {
        assert!(get(&client).await.is_err());
    }
    tokio::time::advance(millis(1500)).await;
    let (probe, other, state) = tokio::join!(biased; get(&client), get(&client), async {
        standing(&board).0
    });
    assert_eq!(probe.unwrap(), "7");
    assert_eq!(no(other), (Code::Unavailable, "CIRCUIT_OPEN".into()));
    assert_eq!(state, State::Probing);
    assert_eq!(standing(&board), (State::Closed, 0));
    assert_eq!(peer.attempts(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_counts_as_a_failure() {
    for code in 1..=16 {
        let code = Code::from_i32(code);
        let peer = Peer::answering([Answer::code(code)]);
        let board = Board::default();
        let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
        for _ in 0..30 {
            assert!(get(&client).await.is_err());
        }
        let failure = matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        );
        let expected = if failure {
            (State::Open, 7)
        } else {
            (State::Closed, 0)
        };
        assert_eq!(standing(&board), expected, "{code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_failure() {
    let peer = Peer::answering([Answer::Nothing]);
    let board = Board::default();
    let patience = Settings {
        attempt: millis(300),
        ..once()
    };
    let client = PaymentServiceClient::new(peer.stack_on(&patience, &board));
    for _ in 0..7 {
        assert_eq!(no(get(&client).await).1, "PEER_TIMEOUT");
    }
    assert_eq!(standing(&board), (State::Open, 7));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_little_time_learns_nothing_of_a_peer_that_is_silent() {
    let peer = Peer::answering([Answer::Nothing]);
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
    let half = once().attempt / 2;
    for (left, failures) in [(half - millis(25), 0), (half + millis(50), 7)] {
        for _ in 0..7 {
            assert!(due(Instant::now() + left, get(&client)).await.is_err());
        }
        assert_eq!(standing(&board).1, failures, "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_somebody_else_is_well() {
    let busy = || {
        let words = mesh::text("payment is slow", "결제가 지연되고 있습니다.");
        mesh::Refusal::unavailable("PAYMENT_BUSY", words)
    };
    for (refusal, expected) in [
        (busy().waits_for("the bank"), (State::Closed, 0)),
        (busy(), (State::Open, 7)),
    ] {
        let peer = Peer::answering([Answer::refusal(refusal)]);
        let board = Board::default();
        let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
        for _ in 0..30 {
            assert_eq!(no(get(&client).await).0, Code::Unavailable);
        }
        assert_eq!(standing(&board), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_half_way_has_seen_a_failure() {
    let peer = Peer::answering([Answer::Nothing]);
    let board = Board::default();
    let client = PaymentServiceClient::new(peer.stack_on(&once(), &board));
    for left in 1..=7 {
        assert!(timeout(millis(10), get(&client)).await.is_err());
        assert_eq!(standing(&board).1, left);
    }
    assert_eq!(no(get(&client).await).1, "CIRCUIT_OPEN");
}

#[tokio::test(start_paused = true)]
async fn our_own_limit_says_nothing_about_the_peer() {
    let peer = Peer::by(|attempt| match attempt {
        0..6 => Answer::code(Code::Unavailable),
        _ => Answer::late(900, Answer::code(Code::Unavailable)),
    });
    let board = Board::default();
    let patience = Settings {
        in_flight: 1,
        ..once()
    };
    let client = PaymentServiceClient::new(peer.stack_on(&patience, &board));
    for _ in 0..6 {
        assert!(get(&client).await.is_err());
    }
    let shed = async {
        for _ in 0..8 {
            assert_eq!(no(get(&client).await).1, "CLIENT_BUSY");
            assert_eq!(standing(&board), (State::Closed, 6));
        }
    };
    let (served, ()) = tokio::join!(biased; get(&client), shed);
    assert!(served.is_err());
    assert_eq!(standing(&board), (State::Open, 7));
}

#[tokio::test(start_paused = true)]
async fn every_attempt_counts_and_its_refusal_is_not_repeated() {
    let peer = Peer::answering([Answer::code(Code::Unavailable)]);
    let patience = Settings {
        attempts: 10,
        total: millis(60_000),
        ..Settings::default()
    };
    let answer = get(&peer.client(&patience)).await;
    assert_eq!(no(answer), (Code::Unavailable, "CIRCUIT_OPEN".into()));
    assert_eq!(peer.attempts(), 7);
}
