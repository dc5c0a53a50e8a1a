//! Every word three times, in any order.

use crate::fixture::{Cinema, attempt, order};
use mesh::id;
use proto::ordering::v1::Phase;

/// A small generator of one seed: SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.roll(last + 1));
        }
    }
}

/// What theater hears of a booking, in the order in which it came about.
#[derive(Clone, Copy, Debug)]
enum Word {
    Hold(i32),
    Dropped(i32),
    Order(i64, Phase),
}

/// Every word of `words` is said three times, in another order to each row of a full house; then `check` is told who has
/// a row's seats, and what theater said of its booking.
async fn in_every_order(words: &[Word], check: impl Fn(&str, &[String], &str)) {
    let (cinema, showing) = Cinema::showing_in((50, 26)).await;
    let placed_at = cinema.world.now();
    for seed in 0..100 {
        let booking = id::new();
        let (row, column) = (seed % 50 + 1, seed / 50 * 2);
        let seat = |column: u64| format!("{row}{}", char::from(b'A' + column as u8));
        let seats = [seat(column), seat(column + 1)].join(",");
        let mut shuffled = words.repeat(3);
        Dice(seed).shuffle(&mut shuffled);
        for word in &shuffled {
            match *word {
                Word::Hold(number) => {
                    let booking = attempt(&booking, number);
                    let _ = cinema.hold_for(booking, &showing, &seats).await;
                }
                Word::Dropped(number) => cinema.dropped(&booking, number).await,
                Word::Order(version, phase) => {
                    let order = order(&booking, version, phase, &showing, &seats, placed_at);
                    cinema.order(order).await;
                }
            }
        }
        let claims = cinema.claims().await.into_iter();
        let own: Vec<_> = claims
            .filter(|(_, order_id, _)| *order_id == booking)
            .map(|(_, _, reserved)| if reserved { "reserved" } else { "held" })
            .collect();
        check(
            &own.join(" "),
            &cinema.said(&booking),
            &format!("seed {seed}: {shuffled:?}"),
        );
    }
}

#[tokio::test]
async fn a_cancelled_order_has_no_seats() {
    let words = [
        Word::Hold(1),
        Word::Dropped(1),
        Word::Hold(2),
        Word::Order(1, Phase::Placed),
        Word::Order(2, Phase::Cancelling),
        Word::Order(3, Phase::Cancelled),
        Word::Order(4, Phase::Cancelled),
    ];
    let check = |own: &str, said: &[String], order: &str| {
        assert_eq!(own, "", "{order}");
        let times = |event: &str| said.iter().filter(|said| *said == event).count();
        let (reserved, released) = (times("SeatsReserved"), times("SeatsReleased"));
        assert!(released == reserved && reserved <= 1, "{said:?} {order}");
        assert_eq!(said.len(), released + reserved, "{order}");
    };
    in_every_order(&words, check).await;
}

#[tokio::test]
async fn a_standing_order_has_its_seats() {
    let words = [
        Word::Hold(1),
        Word::Dropped(1),
        Word::Hold(2),
        Word::Dropped(2),
        Word::Hold(3),
        Word::Order(1, Phase::Placed),
        Word::Order(2, Phase::Cancelling),
        Word::Order(3, Phase::InProgress),
        Word::Order(4, Phase::Fulfilled),
    ];
    let check = |own: &str, said: &[String], order: &str| {
        assert_eq!(own, "reserved reserved", "{order}");
        assert_eq!(said, ["SeatsReserved"], "{order}");
    };
    in_every_order(&words, check).await;
}

#[tokio::test]
async fn an_attempt_that_came_to_nothing_has_no_seats() {
    let words = [
        Word::Hold(1),
        Word::Dropped(1),
        Word::Hold(2),
        Word::Hold(3),
        Word::Dropped(3),
    ];
    let check = |own: &str, said: &[String], order: &str| {
        assert_eq!(own, "", "{order}");
        assert!(said.is_empty(), "{order}");
    };
    in_every_order(&words, check).await;
}
