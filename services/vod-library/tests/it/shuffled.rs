//! What the library hears of an order and its customer does with it, in every order: one of watching and cancelling wins.

use crate::world::Vod;
use mesh::id;
use proto::ordering::v1::Phase;
use vod_library::Answer::{self, Nothing, Refused, Sold, Unsure};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    /// The order was placed.
    Placed,
    /// Its customer asks to cancel it.
    Asked,
    /// Its customer watches it.
    Watch,
    /// Time passes: what is due is done.
    Later,
}

use Word::{Asked, Later, Placed, Watch};

/// Every order in which these words may come.
fn orders(words: &[Word]) -> Vec<Vec<Word>> {
    if words.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if words[..place].contains(word) {
            continue;
        }
        let mut rest = words.to_vec();
        rest.remove(place);
        for mut behind in orders(&rest) {
            behind.insert(0, *word);
            all.push(behind);
        }
    }
    all
}

/// Says the words, and as the order side would do, states the order as cancelled once that was agreed to. Whether it was
/// watched.
async fn say(vod: &Vod, words: &[Word], studio: &[Answer]) -> bool {
    vod.studio.only(studio);
    let (order, told) = (id::new(), format!("{words:?} {studio:?}"));
    let (mut was_watched, mut is_cancelled) = (false, false);
    for word in words.iter().chain(&[Later; 4]) {
        match word {
            Placed => vod.order(&order, 1, Phase::Placed, 0).await,
            Asked => vod.order(&order, 2, Phase::Cancelling, 1).await,
            Watch => was_watched |= vod.watch(&order).await.is_ok(),
            Later => vod.after(400).await,
        }
        let agreed = vod.answer(&order).await == Some((1, true));
        assert!(!(agreed && was_watched), "both won: {told}");
        if agreed && *word == Later && !is_cancelled {
            is_cancelled = true;
            vod.order(&order, 3, Phase::Cancelled, 1).await;
        }
    }
    let done = vod.fulfilment(&order).await;
    assert_eq!(done.irrevocable, was_watched, "{told}");
    assert_eq!(is_cancelled, !was_watched, "the other one won: {told}");
    let calls = vod.studio.calls();
    let times = |what: &str| calls.iter().filter(|call| *call == what).count();
    let sent = usize::from(done.has_reached(1));
    assert_eq!(
        times("return"),
        if is_cancelled { sent } else { 0 },
        "{calls:?} {told}"
    );
    was_watched
}

#[tokio::test]
async fn one_of_watching_and_cancelling_wins_in_every_order() {
    let all = orders(&[Placed, Asked, Watch, Watch, Later]);
    assert_eq!(all.len(), 60);
    let mut watched = 0;
    let vod = Vod::delivering(2);
    for words in &all {
        for studio in [
            &[Sold][..],
            &[Unsure, Sold],
            &[Refused, Sold],
            &[Nothing, Unsure, Sold],
        ] {
            watched += usize::from(say(&vod, words, studio).await);
        }
    }
    assert!((20..220).contains(&watched), "{watched} of 240 watched");
}
