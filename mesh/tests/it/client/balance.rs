//! Chooses between the places of one name.

mod town;

use super::peer::{get, millis};
use mesh::client::{self, Board, State};
use mesh::task;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use town::{Town, call, soon, until};

#[tokio::test]
async fn calls_are_spread_evenly() {
    let town = Town::of(4);
    let client = town.client(1, &Board::default());
    for at_once in [1, 16] {
        let before = town.calls();
        assert_eq!(call(&client, 400, at_once).await, 0);
        let after = town.calls();
        let each: Vec<_> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        // 100 each, and more than 5 standard deviations to either side.
        assert!(
            each.iter().all(|calls| (55..150).contains(calls)),
            "{each:?}"
        );
    }
}

#[tokio::test]
async fn a_slow_one_gets_less() {
    let town = Town::of(3);
    let slow = &town.places[1].paying;
    // It answers nobody until the others have had enough.
    let closed = slow.go.acquire_many(1000).await.unwrap();
    let client = town.client(1, &Board::default());
    let callers = task::detach(async move { call(&client, 300, 16).await });
    until(|| town.calls()[0] + town.calls()[2] >= 200).await;
    assert!(
        slow.calls.load(Ordering::SeqCst) <= 16,
        "{:?}",
        town.calls()
    );
    drop(closed);
    assert_eq!(callers.await.unwrap(), 0);
}

#[tokio::test]
async fn a_dead_one_gets_nothing_and_no_call_fails() {
    let mut town = Town::of(3);
    let board = Board::default();
    let client = town.client(2, &board);
    assert_eq!(call(&client, 30, 4).await, 0);
    town.places[1].dies();
    // Its breaker opens: every attempt there is made again elsewhere.
    let mut failed = 0;
    let opens = async {
        while board.standings()[0].state != State::Open {
            failed += call(&client, 10, 1).await;
        }
    };
    soon(opens).await;
    assert_eq!(board.standings().len(), 1);
    assert_eq!(
        board.standings()[0].endpoint,
        format!("http://{}", town.places[1].address)
    );
    let before = board.standings()[0].consecutive_failures;
    failed += call(&client, 100, 4).await;
    assert_eq!(failed, 0);
    // It is asked no more, but by a probe if that took long.
    assert!(board.standings()[0].consecutive_failures <= before + 1);
}

/// Where nobody listens a call surely was not sent, so it goes elsewhere, though it has but one attempt.
#[tokio::test]
async fn a_dial_that_fails_is_no_attempt() {
    let mut town = Town::of(2);
    let board = Board::default();
    let client = town.client(1, &board);
    town.places[1].dies();
    let gone = town.places[1].address;
    until(|| TcpStream::connect(gone).is_err()).await;
    assert_eq!(call(&client, 50, 4).await, 0);
    assert_eq!(town.calls(), [50, 0]);
    let seen = board.standings();
    assert!(seen[0].consecutive_failures > 0, "{seen:?}");
    // With nowhere else to go it fails, and was never sent.
    town.places[0].dies();
    let gone = async {
        loop {
            match get(&client).await {
                Err(status) if client::never_sent(&status) => return,
                _ => tokio::time::sleep(millis(5)).await,
            }
        }
    };
    soon(gone).await;
}

#[tokio::test]
async fn who_is_no_longer_named_gets_no_call_and_who_is_gets_its_share() {
    let town = Town::of(4);
    town.leads_to([0, 1, 2]);
    let client = town.client(1, &Board::default());
    assert_eq!(call(&client, 40, 4).await, 0);
    // One is under way there when it is removed.
    let go = town.places[0].paying.go.clone();
    let closed = go.acquire_many(1000).await.unwrap();
    let before = town.calls()[0];
    let caller = client.clone();
    let under_way = task::detach(async move { call(&caller, 8, 8).await });
    until(|| town.calls()[0] > before).await;
    town.leads_to([2, 3]);
    town.is_looked_up().await;
    let before = town.calls();
    assert_eq!(call(&client, 300, 4).await, 0);
    let after = town.calls();
    let each: Vec<_> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    assert_eq!(each[..2], [0, 0]);
    assert!(
        each[2..].iter().all(|calls| (100..200).contains(calls)),
        "{each:?}"
    );
    drop(closed);
    assert_eq!(under_way.await.unwrap(), 0, "it was let end");
}

#[tokio::test]
async fn what_was_known_last_stands_while_a_name_leads_nowhere() {
    let town = Town::of(2);
    let client = town.client(1, &Board::default());
    assert_eq!(call(&client, 10, 1).await, 0);
    for nothing in [Err("no such host"), Ok(Vec::new())] {
        town.says(nothing);
        town.is_looked_up().await;
        assert_eq!(call(&client, 20, 2).await, 0);
    }
}

#[tokio::test]
async fn a_name_that_never_led_anywhere_is_a_peer_that_cannot_be_reached() {
    let town = Town::of(1);
    town.says(Err("no such host"));
    let client = town.client(1, &Board::default());
    let status = get(&client).await.unwrap_err();
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "PEER_UNREACHABLE");
    assert!(client::never_sent(&status));
    town.leads_to([0]);
    until(|| town.lookups.load(Ordering::SeqCst) > 1).await;
    assert_eq!(call(&client, 1, 1).await, 0);
}

/// A rolling update to one who polls alone would mean two seconds of refused dials.
#[tokio::test]
async fn a_dial_that_fails_is_a_reason_to_look_at_once() {
    let mut town = Town::of(2);
    town.leads_to([0]);
    let client = town.client(3, &Board::default());
    assert_eq!(call(&client, 1, 1).await, 0);
    town.places[0].dies();
    town.leads_to([1]);
    let begun = std::time::Instant::now();
    let mut failed = 0;
    let moves = async {
        while town.calls()[1] == 0 {
            failed += call(&client, 1, 1).await;
        }
    };
    soon(moves).await;
    assert!(
        begun.elapsed() < millis(1500),
        "after {:?}",
        begun.elapsed()
    );
    assert!(failed <= 3, "{failed}");
}
