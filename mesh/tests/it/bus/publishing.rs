//! The relay: the last message of a subject is never a stale one, and what is done with goes.

use super::*;
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
    assert!(stream.delete_message(1).await.unwrap());
    assert_eq!(rig.last_version("a").await, None);
    unmark(&rig.from, 1..=1).await;
    rig.all_published().await;
    assert_eq!(rig.last_version("a").await, Some(1));
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
    assert_eq!(headers.get("Nats-Rollup").unwrap().as_str(), "sub");
    assert!(["1", "2"].contains(&headers.get("Nats-TTL").unwrap().as_str()));
    assert!(
        stream.info().await.unwrap().state.messages <= 2,
        "rolled up"
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
async fn the_sweep_keeps_what_is_young_unpublished_or_last_of_its_stream() {
    let Some(database) = Database::new(Backend::Sqlite) else {
        return;
    };
    let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
    let store = database.open_at(STATED, clock);
    for n in 1..=6 {
        state(&store, &n.to_string(), n, None).await;
    }
    // 3 is the last of an older stream, 5 of this one; 4 was dropped for a newer one, 6 is unpublished.
    for (n, created, sequence) in [
        (1, "old", Some(8)),
        (2, "new", Some(1)),
        (3, "old", Some(9)),
        (4, "new", None),
        (5, "new", Some(2)),
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
    hand.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 0);
    hand.advance(Duration::from_secs(1));
    assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 3);
    let left: Vec<i64> = store
        .read(|db| {
            Ok(outbox::table
                .order(outbox::seq)
                .select(outbox::seq)
                .load(db)?)
        })
        .await
        .unwrap();
    assert_eq!(left, [3, 5, 6]);
    assert_eq!(mesh::outbox::sweep(&store).await.unwrap(), 0);
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
