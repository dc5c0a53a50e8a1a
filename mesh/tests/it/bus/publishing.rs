//! The relay: the last message of a subject is never a stale one, and what is done with goes.

use super::*;
use crate::gate::Gate;
use mesh::Clock;
use std::time::Duration;

#[tokio::test]
async fn two_relays_at_once_leave_the_highest_version_last() {
    let Some(rig) = Rig::new().await else { return };
    let ids: Vec<_> = (0..10).map(|n| n.to_string()).collect();
    {
        let (_one, _other) = (rig.relay(), rig.relay());
        for version in 1..=20 {
            for id in &ids {
                state(&rig.from, id, version, None).await;
            }
            if version % 5 == 0 {
                unmark(&rig.from, 1..=version).await;
            }
        }
        rig.all_published().await;
    }
    for id in &ids {
        assert_eq!(rig.last_version(id).await, Some(20), "{id}");
    }
}

#[tokio::test]
async fn a_publish_that_arrives_late_does_not_win_over_another_relays() {
    let Some(rig) = Rig::new().await else { return };
    let gate = Gate::before(rig.server.port()).await;
    let slow = Rig {
        bus: Bus::connect(Settings {
            url: format!("nats://127.0.0.1:{}", gate.port),
            ..settings(&rig.server)
        })
        .await
        .unwrap(),
        ..rig
    };
    let _slow = slow.relay();
    state(&slow.from, "a", 1, None).await;
    slow.all_published().await;
    gate.close();
    state(&slow.from, "a", 2, None).await;
    eventually("version 2 is on its way", || async {
        gate.holds("cinema-booking/Order/a/2").then_some(())
    })
    .await;
    // The other relay never sends 2, or the server would know its message id.
    let skipped = slow.from.write((), |tx| {
        let row = mesh::outbox::Published {
            seq: 2,
            stream_created: String::new(),
            stream_seq: None,
        };
        let now = tx.now();
        Ok(mesh::outbox::mark(tx.db(), &[row], now)?)
    });
    skipped.await.unwrap();
    let fast = Rig {
        bus: Bus::connect(settings(&slow.server)).await.unwrap(),
        ..slow
    };
    let other = fast.relay();
    state(&fast.from, "a", 3, None).await;
    fast.all_published().await;
    drop(other);
    gate.open();
    state(&fast.from, "b", 1, None).await;
    fast.all_published().await;
    assert!(!gate.holds("a/2"), "it has come through");
    assert_eq!(fast.last_version("a").await, Some(3));
    let stream = fast.server.jetstream().await.get_stream("YEMAE").await;
    let given = stream.unwrap().cached_info().state.last_sequence;
    assert_eq!(given, 3, "version 2 was refused");
}

#[tokio::test]
async fn a_relay_that_knows_nothing_of_newer_versions_drops_its_own() {
    let Some(rig) = Rig::new().await else { return };
    let relay = rig.relay();
    for version in 1..=5 {
        state(&rig.from, "a", version, None).await;
    }
    rig.all_published().await;
    drop(relay);
    // As on a database that was set back to an older copy: it knows of version 1, and 2 is still to be published.
    unmark(&rig.from, 2..=2).await;
    let forgotten = rig.from.write((), |tx| {
        diesel::delete(outbox::table.filter(outbox::version.gt(2))).execute(tx.db())?;
        Ok(())
    });
    forgotten.await.unwrap();
    let _relay = rig.relay();
    rig.all_published().await;
    assert_eq!(rig.last_version("a").await, Some(5));
    let sequence: Option<i64> = rig
        .from
        .read(|db| {
            let row = outbox::table.filter(outbox::version.eq(2));
            Ok(row.select(outbox::stream_seq).first(db)?)
        })
        .await
        .unwrap();
    assert_eq!(sequence, None, "it was not published");
    state(&rig.from, "a", 6, None).await;
    rig.all_published().await;
    assert_eq!(rig.last_version("a").await, Some(6));
}

#[tokio::test]
async fn a_row_that_commits_late_is_not_published_over_a_newer_one() {
    let Some(rig) = Rig::new().await else { return };
    let mut relay = rig.relay();
    for version in [1, 5] {
        state(&rig.from, "a", version, None).await;
    }
    rig.all_published().await;
    // Once with a relay that remembers, once with one that has the outbox alone to learn from.
    for late in [3, 4] {
        state(&rig.from, "a", late, None).await;
        rig.all_published().await;
        assert_eq!(rig.last_version("a").await, Some(5));
        drop(relay);
        relay = rig.relay();
    }
}

#[tokio::test]
async fn what_the_server_lost_but_remembers_the_id_of_is_published_again() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    state(&rig.from, "a", 1, None).await;
    rig.all_published().await;
    let js = rig.server.jetstream().await;
    let stream = js.get_stream("YEMAE").await.unwrap();
    for sequence in 1..=3 {
        assert!(stream.delete_message(sequence).await.unwrap());
        assert_eq!(rig.last_version("a").await, None);
        unmark(&rig.from, 1..=1).await;
        rig.all_published().await;
        assert_eq!(rig.last_version("a").await, Some(1));
    }
}

#[tokio::test]
async fn what_expires_is_gone_then_and_can_be_stated_again() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    let now = rig.from.clock().now();
    for version in 1..=3 {
        state(&rig.from, "a", version, None).await;
    }
    state(&rig.from, "a", 4, Some(now.plus(Duration::from_secs(2)))).await;
    state(
        &rig.from,
        "late",
        1,
        Some(now.minus(Duration::from_secs(60))),
    )
    .await;
    rig.all_published().await;
    let js = rig.server.jetstream().await;
    let mut stream = js.get_stream("YEMAE").await.unwrap();
    let message = stream.get_last_raw_message_by_subject(&subject("a")).await;
    let headers = message.unwrap().headers;
    assert!(["1", "2"].contains(&headers.get("Nats-TTL").unwrap().as_str()));
    assert!(
        stream.info().await.unwrap().state.messages <= 2,
        "one message of each"
    );
    eventually("both are gone", || async {
        let info = js.get_stream("YEMAE").await.unwrap().get_info().await;
        (info.unwrap().state.messages == 0).then_some(())
    })
    .await;
    state(&rig.from, "a", 5, None).await;
    rig.all_published().await;
    assert_eq!(rig.last_version("a").await, Some(5));
}

#[tokio::test]
async fn what_is_stated_once_more_is_kept_for_longer_and_stored_once() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    let now = rig.from.clock().now();
    let mut kept = Vec::new();
    for seconds in [30, 3600] {
        let again = Event::stated("a", 3, &order("a", 3).order.unwrap());
        let again = again.expires(Some(now.plus(Duration::from_secs(seconds))));
        let stated = rig.from.write((), move |tx| tx.enqueue(again.clone()));
        stated.await.unwrap();
        rig.all_published().await;
        let message = rig.last("a").await.unwrap();
        let ttl: u64 = message
            .headers
            .get("Nats-TTL")
            .unwrap()
            .as_str()
            .parse()
            .unwrap();
        kept.push((message.sequence, ttl > 60));
    }
    let [(first, false), (second, true)] = kept[..] else {
        panic!("{kept:?}");
    };
    assert!(second > first);
    let unmarked = rig.from.write((), |tx| {
        let last = outbox::table.filter(outbox::seq.gt(1));
        let unmarked = mesh::update(last).set(outbox::published_at.eq(None::<i64>));
        Ok(unmarked.execute(tx.db())?)
    });
    assert_eq!(unmarked.await.unwrap(), 1);
    rig.all_published().await;
    assert_eq!(rig.last("a").await.unwrap().sequence, second);
}

#[tokio::test]
async fn the_sweep_keeps_what_is_young_unpublished_last_of_its_stream_or_of_its_entity() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(database) = Database::new(backend) else {
            continue;
        };
        let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
        let store = database.open_at(STATED, clock.clone());
        let days = |n: u64| Duration::from_secs(n * 24 * 3600);
        for version in 1..=6 {
            state(&store, "a", version, None).await;
        }
        state(&store, "b", 1, None).await;
        state(&store, "c", 1, Some(clock.now().plus(days(90)))).await;
        // 3 is the last of an older stream, 5 of this one; 4 was dropped for a newer one, 6 is unpublished; 7 and 8 are
        // the last of their entities.
        for (n, created, sequence) in [
            (1, "old", Some(8)),
            (2, "new", Some(1)),
            (3, "old", Some(9)),
            (4, "new", None),
            (5, "new", Some(5)),
            (7, "new", Some(3)),
            (8, "new", Some(4)),
        ] {
            let marked = store.write((), move |tx| {
                let row = mesh::outbox::Published {
                    seq: n,
                    stream_created: created.to_owned(),
                    stream_seq: sequence,
                };
                let now = tx.now();
                Ok(mesh::outbox::mark(tx.db(), &[row], now)?)
            });
            marked.await.unwrap();
        }
        let kept = || async {
            let rows = store.read(|db| {
                let rows = outbox::table.order(outbox::seq);
                Ok(rows.select(outbox::seq).load::<i64>(db)?)
            });
            rows.await.unwrap()
        };
        hand.advance(days(7));
        assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 0);
        hand.advance(Duration::from_secs(1));
        assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 3);
        assert_eq!(kept().await, [3, 5, 6, 7, 8]);
        assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 0);
        hand.advance(days(83));
        assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 1);
        assert_eq!(kept().await, [3, 5, 6, 7], "it has expired");
    }
}

#[tokio::test]
async fn a_full_stream_makes_the_rows_wait() {
    let Some(rig) = Rig::new().await else { return };
    let sized = |bytes| {
        let mut settings = settings(&rig.server);
        settings.max_bytes = Some(bytes);
        async move {
            let bus = Bus::connect(settings).await.unwrap();
            bus.provision().await.unwrap();
        }
    };
    sized(4096).await;
    let _relay = rig.relay();
    for n in 0..40 {
        state(&rig.from, &n.to_string(), 1, None).await;
    }
    let js = rig.server.jetstream().await;
    eventually("the stream is full", || async {
        let info = js.get_stream("YEMAE").await.unwrap().get_info().await;
        (info.unwrap().state.bytes > 3000).then_some(())
    })
    .await;
    assert!(waiting(&rig.from).await > 0);
    sized(1 << 20).await;
    rig.all_published().await;
}
