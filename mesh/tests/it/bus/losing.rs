//! A stream that has lost what it acknowledged: its end, or all of it.

mod signs;

use super::failing::put;
use super::*;
use async_nats::jetstream::consumer::{DeliverPolicy, FromConsumer, pull};
use async_nats::jetstream::stream::Stream;
use std::collections::BTreeMap;
use std::time::Instant;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A bus whose relay looks all the time, or never by itself.
async fn bus(rig: &Rig, check: Duration) -> Bus {
    let settings = Settings {
        check,
        ..settings(&rig.server)
    };
    Bus::connect(settings).await.unwrap()
}

async fn stream(rig: &Rig) -> Stream {
    let js = rig.server.jetstream().await;
    js.get_stream("YEMAE").await.unwrap()
}

/// Everything the stream has of orders, in its order: id and version.
async fn kept(rig: &Rig) -> Vec<(String, String)> {
    let mut stream = stream(rig).await;
    let last = stream.info().await.unwrap().state.last_sequence;
    let mut kept = Vec::new();
    for sequence in 1..=last {
        if let Ok(message) = stream.get_raw_message(sequence).await
            && let Some(id) = message.subject.strip_prefix("yemae.cinema-booking.Order.")
        {
            let version = message.headers.get("ce-sequence").unwrap();
            kept.push((id.to_owned(), version.to_string()));
        }
    }
    kept
}

/// The last versions of all orders in the stream.
async fn present(rig: &Rig) -> BTreeMap<String, String> {
    kept(rig).await.into_iter().collect()
}

async fn present_is(rig: &Rig, wanted: &[(&str, i64)]) {
    let pair = |(id, version): &(&str, i64)| ((*id).to_owned(), version.to_string());
    let wanted: BTreeMap<_, _> = wanted.iter().map(pair).collect();
    eventually(&format!("the stream tells {wanted:?}"), || async {
        (present(rig).await == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_away_for_longer_than_anything_is_kept_and_wiped_meanwhile_is_filled_again() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
        let Some(mut rig) = Rig::at(backend, clock.clone()).await else {
            continue;
        };
        let (_relay, _follower) = (rig.relay(), rig.watch());
        let _kept = rig.keep_provisioned();
        for version in 1..=3 {
            state(&rig.from, "a", version, None).await;
        }
        let soon = Some(clock.now().plus(DAY));
        state(&rig.from, "ending", 1, soon).await;
        let late = Some(clock.now().plus(DAY * 400));
        state(&rig.from, "ended", 1, late).await;
        rig.all_published().await;
        sees(&rig.to, "ended", 1).await;

        rig.server.kill();
        state(&rig.from, "meanwhile", 1, None).await;
        for _ in 0..3 {
            hand.advance(DAY * 30);
            mesh::outbox::sweep(&rig.from).await.unwrap();
        }
        rig.server.set_back(None);
        rig.server.restart();
        sees(&rig.to, "meanwhile", 1).await;
        rig.all_published().await;
        present_is(&rig, &[("a", 3), ("ended", 1), ("meanwhile", 1)]).await;
        let seen = all_seen(&rig.to).await;
        let times = |id: &str| seen.iter().filter(|(seen, _)| seen == id).count();
        assert!(times("ended") == 1 && times("meanwhile") == 1, "{seen:?}");
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_published_again_and_no_more() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    let (_relay, _follower) = (rig.relay(), rig.watch());
    for n in 0..300 {
        state(&rig.from, &format!("early-{n}"), 1, None).await;
    }
    state(&rig.from, "a", 1, None).await;
    rig.all_published().await;
    rig.server.kill();
    let copy = rig.server.copy();
    rig.server.restart();
    let published_at = || async {
        let rows = rig.from.read(|db| {
            let rows = outbox::table.order(outbox::seq).limit(301);
            Ok(rows.select(outbox::published_at).load::<Option<i64>>(db)?)
        });
        rows.await.unwrap()
    };
    let at_first = published_at().await;
    state(&rig.from, "next", 1, None).await;
    rig.all_published().await;
    for version in 2..=4 {
        state(&rig.from, "a", version, None).await;
    }
    for n in 0..300 {
        state(&rig.from, &format!("late-{n}"), 1, None).await;
    }
    rig.all_published().await;
    let before = kept(&rig).await;
    rig.server.kill();
    rig.server.set_back(Some(&copy));
    rig.server.restart();
    eventually("the tail is there again", || async {
        (kept(&rig).await.len() == before.len()).then_some(())
    })
    .await;
    assert_eq!(published_at().await, at_first, "what had survived was left");
    let (mut before, mut after) = (before, kept(&rig).await);
    before.sort();
    after.sort();
    assert_eq!(after, before);
    // Whoever follows from here on finds everything, also what came again.
    state(&rig.from, "a", 5, None).await;
    sees(&rig.to, "a", 5).await;
    sees(&rig.to, "late-299", 1).await;
}

#[tokio::test]
async fn tails_cut_off_under_load_are_mended_by_two_relays_at_once() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    let (_one, _other, _follower) = (rig.relay(), rig.relay(), rig.watch());
    let store = rig.from.clone();
    let load = mesh::task::detach(async move {
        for version in 1..=25 {
            for n in 0..30 {
                state(&store, &n.to_string(), version, None).await;
            }
        }
    });
    let mut copy = None;
    for round in 1..=4 {
        eventually("the follower is in the middle of it", || async {
            let seen = all_seen(&rig.to).await;
            seen.iter().any(|(_, v)| *v >= round * 5).then_some(())
        })
        .await;
        rig.server.kill();
        let now = rig.server.copy();
        if let Some(before) = &copy {
            rig.server.set_back(Some(before));
        }
        copy = Some(now);
        rig.server.restart();
    }
    load.await.unwrap();
    let wanted: Vec<_> = (0..30).map(|n| (n.to_string(), 25)).collect();
    let wanted: Vec<_> = wanted.iter().map(|(id, v)| (id.as_str(), *v)).collect();
    present_is(&rig, &wanted).await;
    rig.all_published().await;
    for (id, version) in &wanted {
        sees(&rig.to, id, *version).await;
    }
    let mut last = BTreeMap::new();
    for (id, version) in kept(&rig).await {
        let version: i64 = version.parse().unwrap();
        let before = last.insert(id.clone(), version).unwrap_or_default();
        assert!(before < version, "{id}: {version} after {before}");
    }
}

#[tokio::test]
async fn a_tail_is_published_again_though_others_have_its_sequences_now() {
    let Some(rig) = Rig::new().await else { return };
    let relay = rig.relay();
    for id in ["a", "b", "c", "d"] {
        state(&rig.from, id, 1, None).await;
        rig.all_published().await;
    }
    drop(relay);
    rig.bus.provision().await.unwrap();
    let stream = stream(&rig).await;
    for (sequence, id) in [(3, "c"), (4, "d")] {
        stream.delete_message(sequence).await.unwrap();
        assert_eq!(rig.last_version(id).await, None);
    }
    // The row says 3 and 4, as after a cut that others have filled.
    let moved = rig.from.write((), |tx| {
        for (id, sequence) in [("c", 5), ("d", 6)] {
            mesh::update(outbox::table.filter(outbox::subject.eq(subject(id))))
                .set(outbox::stream_seq.eq(sequence))
                .execute(tx.db())?;
        }
        Ok(())
    });
    moved.await.unwrap();
    for _ in 0..3 {
        put(&rig, "other", 1, b"").await;
    }
    let _relay = rig.relay();
    present_is(
        &rig,
        &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("other", 1)],
    )
    .await;
}
