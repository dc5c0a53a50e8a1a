//! What cannot be taken: put aside when it is the message, waited for when it is the world.

use super::*;
use async_nats::HeaderMap;
use mesh::dead_letter::{self, DeadLetter};
use mesh::refusal::text;
use mesh::schema::delivery;
use mesh::{Page, fields};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Publishes what a relay would, beside every relay.
pub async fn put(rig: &Rig, id: &str, version: i64, body: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert("ce-type", "yemae.cinema.booking.v1.SomethingNew");
    headers.insert("ce-time", "2026-11-21T10:00:00Z");
    headers.insert("ce-sequence", version.to_string());
    put_raw(rig, &subject(id), headers, body).await;
}

pub async fn put_raw(rig: &Rig, subject: &str, headers: HeaderMap, body: &[u8]) {
    let js = rig.server.jetstream().await;
    let published = js
        .publish_with_headers(subject.to_owned(), headers, body.to_vec().into())
        .await;
    published.unwrap().await.unwrap();
}

pub async fn dead_letters(store: &Store, wanted: usize) -> Vec<DeadLetter> {
    eventually(&format!("{wanted} dead letters"), || async {
        let page = fields::read(|fields| Page::read(fields, 100, "")).unwrap();
        let letters = store.read(move |db| Ok(dead_letter::list(db, &page)?));
        let (letters, _) = letters.await.unwrap();
        (letters.len() >= wanted).then_some(letters)
    })
    .await
}

async fn tries_kept(store: &Store) -> i64 {
    let rows = store.read(|db| Ok(delivery::table.count().get_result(db)?));
    rows.await.unwrap()
}

#[tokio::test]
async fn poison_is_put_aside_with_its_reason_and_its_neighbours_are_taken() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(rig) = Rig::on(backend).await else {
            continue;
        };
        let tries = Arc::new(AtomicU32::new(0));
        let counted = tries.clone();
        let _follower = rig.follow(policies(move |tx, change| {
            if change.id == "deadly" {
                counted.fetch_add(1, Ordering::SeqCst);
                panic!("this one is\0too much");
            }
            note(tx, change)
        }));
        let fine = |id: &str| prost::Message::encode_to_vec(&order(id, 1));
        put(&rig, "garbage", 1, b"\xff\xff\xff\xff").await;
        put(&rig, "before", 1, &fine("before")).await;
        put(&rig, "deadly", 1, &fine("deadly")).await;
        put(&rig, "empty", 1, b"").await;
        put_raw(&rig, &subject("bare"), HeaderMap::new(), &fine("bare")).await;
        put(&rig, "after", 1, &fine("after")).await;
        sees(&rig.to, "before", 1).await;
        sees(&rig.to, "after", 1).await;
        let letters = dead_letters(&rig.to, 4).await;
        // In company once, or twice when what it shared a transaction with was undone too; eight times alone.
        let tried = tries.load(Ordering::SeqCst);
        assert!((9..=10).contains(&tried), "{backend:?}: {tried}");
        let mut reasons: Vec<_> = letters
            .iter()
            .map(|letter| {
                let id = letter.subject.rsplit('.').next().unwrap();
                (id, letter.version, letter.reason.as_str())
            })
            .collect();
        reasons.sort_unstable();
        let starts = [
            (
                "bare",
                0,
                "MALFORMED_EVENT: the message is no event: it has no header ce-sequence",
            ),
            (
                "deadly",
                1,
                "INTERNAL: a command panicked: this one is\u{fffd}too much",
            ),
            (
                "empty",
                1,
                "MALFORMED_EVENT: the message is no event: it has no entity in field 1",
            ),
            ("garbage", 1, "MALFORMED_EVENT: the message is no event: "),
        ];
        for (found, wanted) in reasons.iter().zip(starts) {
            assert_eq!((found.0, found.1), (wanted.0, wanted.1));
            // SQLite's TEXT takes a NUL, but the letters look the same on both.
            assert!(found.2.starts_with(wanted.2), "{found:?}");
        }
        let bare = letters.iter().find(|l| l.version == 0).unwrap().id.clone();
        let found = rig.to.read(move |db| dead_letter::find(db, &bare)).await;
        assert_eq!(found.unwrap().1.body, fine("bare"));
        assert!(letters.iter().all(|letter| letter.tries == 8));
        assert_eq!(all_seen(&rig.to).await.len(), 2);
        assert_eq!(tries_kept(&rig.to).await, 0, "nothing is left of the count");
        all_acknowledged(&rig).await;

        // Whatever brings them again, what is put aside stays there: one try in company finds that out.
        let js = rig.server.jetstream().await;
        let stream = js.get_stream("YEMAE").await.unwrap();
        stream.delete_consumer(FOLLOWER).await.unwrap();
        eventually("it was tried again", || async {
            (tries.load(Ordering::SeqCst) > tried).then_some(())
        })
        .await;
        all_acknowledged(&rig).await;
        let again = tries.load(Ordering::SeqCst) - tried;
        assert!((1..=2).contains(&again), "{backend:?}: {again}");
        assert_eq!(dead_letters(&rig.to, 4).await, letters);
    }
}

async fn all_acknowledged(rig: &Rig) {
    eventually("all is acknowledged", || async {
        let lag = rig.bus.lag(FOLLOWER).await.ok()?;
        (lag.pending + lag.unacknowledged == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_event_nobody_knows_is_taken_by_its_entity() {
    let Some(rig) = Rig::new().await else { return };
    let _follower = rig.watch();
    put(&rig, "a", 1, &prost::Message::encode_to_vec(&order("a", 1))).await;
    sees(&rig.to, "a", 1).await;
}

#[tokio::test]
async fn a_store_out_of_reach_is_waited_for_and_is_no_try() {
    let Some(rig) = Rig::new().await else { return };
    let away = Arc::new(AtomicBool::new(true));
    let tries = Arc::new(AtomicU32::new(0));
    let (is_away, counted) = (away.clone(), tries.clone());
    let _follower = rig.follow(policies(move |tx, change| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        if change.id == "once" && n == 0 {
            // Then it comes again by itself, and its try is counted before.
            return Err(Refusal::precondition("ODD", text("odd", "odd")));
        }
        if is_away.load(Ordering::SeqCst) {
            return Err(Refusal::unavailable(
                "STORE_UNAVAILABLE",
                text("away", "away"),
            ));
        }
        note(tx, change)
    }));
    let _relay = rig.relay();
    state(&rig.from, "once", 1, None).await;
    eventually("it is tried more often than poison is", || async {
        (tries.load(Ordering::SeqCst) > 5).then_some(())
    })
    .await;
    let counted: Vec<i32> = rig
        .to
        .read(|db| Ok(delivery::table.select(delivery::tries).load(db)?))
        .await
        .unwrap();
    assert_eq!(counted, [1], "the one try that goes on");
    away.store(false, Ordering::SeqCst);
    sees(&rig.to, "once", 1).await;
    // It waited for longer than the redelivery time, so it may come once more, and be counted for a moment.
    eventually("nothing is left of the count", || async {
        (tries_kept(&rig.to).await == 0).then_some(())
    })
    .await;
    assert_eq!(all_seen(&rig.to).await.len(), 1);
    let letters = rig.to.read(|db| Ok(dead_letter::count(db)?));
    assert_eq!(letters.await.unwrap(), 0);
}
