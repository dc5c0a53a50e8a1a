//! Who has a seat, whatever comes between: printing and cancelling in every interleaving, and seats that an attempt which
//! came to nothing had asked for.

use crate::cinema::Cinema;
use crate::shared::timeline;
use proto::cinema::booking::v1::BookingStatus;
use proto::cinema::theater::v1::SeatState;
use proto::payment::v1::Behavior;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Cancel,
    Print,
}

impl Act {
    async fn is_done(self, cinema: &Cinema, booking: &str) -> bool {
        match self {
            Self::Cancel => cinema.cancel(booking).await.is_ok(),
            Self::Print => cinema.print(booking).await.is_ok(),
        }
    }
}

/// One booking: what was answered OK about it, and how it ended. Bit by bit `heard` says whether everybody has heard of
/// everything before each act.
async fn play(cinema: &Cinema, acts: &[Act], heard: usize) -> (Vec<Act>, BookingStatus) {
    let booked = cinema.book(&mesh::id::new(), "1A").await.unwrap();
    let id = booked.booking_id;
    let mut done = Vec::new();
    for (place, act) in acts.iter().enumerate() {
        if heard & (1 << place) != 0 {
            cinema.world.settle().await;
        }
        if act.is_done(cinema, &id).await {
            done.push(*act);
        }
    }
    cinema.world.settle().await;
    (done, cinema.booking(&id).await.status())
}

#[tokio::test]
async fn cancelling_against_printing_in_every_interleaving() {
    let mut winners = [0, 0];
    for acts in [
        [Act::Cancel, Act::Print, Act::Print],
        [Act::Print, Act::Cancel, Act::Print],
        [Act::Print, Act::Print, Act::Cancel],
        [Act::Cancel, Act::Print, Act::Cancel],
    ] {
        for heard in 0..1 << acts.len() {
            let cinema = Cinema::delivering(2).await;
            let (done, status) = play(&cinema, &acts, heard).await;
            let is_printed = done.contains(&Act::Print);
            let case = format!("{acts:?} {heard:b}: {done:?}");
            let (winner, expected, seat, refunds) = if is_printed {
                (0, BookingStatus::TicketReceived, SeatState::Reserved, 0)
            } else {
                (1, BookingStatus::Cancelled, SeatState::Free, 1)
            };
            assert_eq!(status, expected, "{case}");
            assert_eq!(cinema.seat("1A").await, seat, "{case}");
            let (id, _) = cinema.notifications().await.pop().unwrap();
            let timeline = timeline(&cinema.world, &id).await;
            let refunded = timeline.iter().filter(|name| *name == "REFUNDED");
            assert_eq!(refunded.count(), refunds, "{case}");
            cinema.is_clean().await;
            winners[winner] += 1;
        }
    }
    assert!(winners.iter().all(|wins| *wins > 0), "{winners:?}");
}

#[tokio::test]
async fn seats_of_an_attempt_that_came_to_nothing_wait_for_the_broker() {
    let cinema = Cinema::new().await;
    let declines = Behavior {
        declined_percent: 100,
        ..Behavior::default()
    };
    cinema.behave(declines).await;
    let why = |refused: tonic::Status| mesh::refusal::reason(&refused);
    let declined = cinema.book("one", "1A").await.unwrap_err();
    assert_eq!(why(declined).as_deref(), Some("PAYMENT_DECLINED"));
    cinema.behave(Behavior::default()).await;
    // Nothing is brought to anybody: theater does not know yet.
    assert_eq!(cinema.seat("1A").await, SeatState::Held);
    let taken = cinema.book("two", "1A").await.unwrap_err();
    assert_eq!(why(taken).as_deref(), Some("SEATS_TAKEN"));
    // The same request asks for its own seats again: a later attempt, which no word of the earlier one frees.
    cinema.book("three", "1B").await.unwrap();
    let again = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Reserved);
    cinema.cancel(&again.booking_id).await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Free);
    // And once it does, they are anybody's.
    cinema.behave(declines).await;
    cinema.book("four", "1A").await.unwrap_err();
    cinema.behave(Behavior::default()).await;
    assert_eq!(cinema.seat("1A").await, SeatState::Held);
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Free);
    cinema.book("five", "1A").await.unwrap();
    cinema.world.settle().await;
    cinema.is_clean().await;
}
