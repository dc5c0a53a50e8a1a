//! From the commit to the follower's commit.

use super::*;
use mesh::bus::Lag;
use std::collections::HashMap;

#[tokio::test]
async fn an_event_is_taken_once_on_both_databases() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(rig) = Rig::on(backend).await else {
            continue;
        };
        let (_relay, _follower) = (rig.relay(), rig.watch());
        for id in ["a", "b", "c"] {
            state(&rig.from, id, 1, None).await;
        }
        for id in ["a", "b", "c"] {
            sees(&rig.to, id, 1).await;
        }
        rig.all_published().await;
        assert_eq!(all_seen(&rig.to).await.len(), 3);
        let nothing = Lag {
            pending: 0,
            unacknowledged: 0,
        };
        eventually("everything is acknowledged", || async {
            (rig.bus.lag(FOLLOWER).await.unwrap() == nothing).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_is_a_cloud_event() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    state(&rig.from, "a", 7, None).await;
    rig.all_published().await;
    let js = rig.server.jetstream().await;
    let stream = js.get_stream("YEMAE").await.unwrap();
    let message = stream
        .get_last_raw_message_by_subject(&subject("a"))
        .await
        .unwrap();
    let at: i64 = rig
        .from
        .read(|db| Ok(outbox::table.select(outbox::at).first(db)?))
        .await
        .unwrap();
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", "cinema-booking/Order/a/7"),
        ("ce-source", "/yemae/cinema-booking"),
        ("ce-type", "yemae.cinema.booking.v1.BookingPlaced"),
        ("ce-time", Time(at).to_string().as_str()),
        ("ce-sequence", "7"),
        ("ce-subject", "a"),
        ("content-type", "application/protobuf"),
    ] {
        let found = message.headers.get(name).map(|found| found.as_str());
        assert_eq!(found, Some(value), "{name}");
    }
    assert_eq!(
        message.payload,
        prost::Message::encode_to_vec(&order("a", 7))
    );
}

#[tokio::test]
async fn versions_of_an_entity_come_in_order() {
    let Some(rig) = Rig::new().await else { return };
    let (_relay, _follower) = (rig.relay(), rig.watch());
    let ids = ["a", "b", "c", "d", "e"];
    for version in 1..=20 {
        for id in ids {
            state(&rig.from, id, version, None).await;
        }
    }
    for id in ids {
        sees(&rig.to, id, 20).await;
    }
    let mut last = HashMap::new();
    for (id, version) in all_seen(&rig.to).await {
        let before = last.insert(id.clone(), version).unwrap_or_default();
        assert!(before < version, "{id}: {version} after {before}");
    }
}

#[tokio::test]
async fn whoever_is_new_finds_every_entitys_present() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    for version in 1..=40 {
        state(&rig.from, "often", version, None).await;
    }
    state(&rig.from, "once", 1, None).await;
    rig.all_published().await;
    let _follower = rig.watch();
    sees(&rig.to, "once", 1).await;
    sees(&rig.to, "often", 40).await;
    assert_eq!(all_seen(&rig.to).await.len(), 2);
    state(&rig.from, "often", 41, None).await;
    sees(&rig.to, "often", 41).await;
}

#[tokio::test]
async fn a_new_policy_sees_what_the_others_have_left_behind() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    state(&rig.from, "a", 1, None).await;
    let follower = rig.watch();
    sees(&rig.to, "a", 1).await;
    drop(follower);
    let both = Context::new(FOLLOWER)
        .follows("orders", "*", note)
        .follows("shelf", "cinema-booking", |tx, change: &Change<Order>| {
            diesel::insert_into(seen::table)
                .values((
                    seen::n.eq(100),
                    seen::subject.eq("shelf"),
                    seen::version.eq(change.version),
                ))
                .execute(tx.db())?;
            Ok(())
        })
        .policies;
    let _follower = rig.follow(both);
    sees(&rig.to, "shelf", 1).await;
    assert_eq!(
        all_seen(&rig.to).await.len(),
        2,
        "no news to the old policy"
    );
}

#[tokio::test]
async fn who_came_first_goes_on_with_the_consumer_until_the_last_of_them_is_gone() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    let old = rig.watch();
    state(&rig.from, "a", 1, None).await;
    sees(&rig.to, "a", 1).await;
    let newer = Context::new(FOLLOWER)
        .follows("orders", "*", note)
        .follows("shelf", "cinema-booking", |_, _: &Change<Order>| Ok(()))
        .policies;
    let made = async || {
        let stream = rig.server.jetstream().await.get_stream("YEMAE").await;
        let consumer = stream.unwrap().consumer_info(FOLLOWER).await.ok()?;
        let policies = consumer.config.metadata["yemae-policies"].clone();
        Some((consumer.created, policies))
    };
    let before = made().await;
    let _new = rig.follow(newer);
    for version in 2..=20 {
        state(&rig.from, "a", version, None).await;
        sees(&rig.to, "a", version).await;
    }
    assert_eq!(made().await, before, "it was not made again");
    drop(old);
    eventually("the newer ones have theirs", || async {
        made().await?.1.contains("shelf").then_some(())
    })
    .await;
    state(&rig.from, "a", 21, None).await;
    sees(&rig.to, "a", 21).await;
}

#[tokio::test]
async fn an_event_that_comes_three_times_is_taken_once() {
    let Some(rig) = Rig::new().await else { return };
    let (_relay, _follower) = (rig.relay(), rig.watch());
    for round in 0..3 {
        for n in 0..20 {
            if round == 0 {
                state(&rig.from, &n.to_string(), 1, None).await;
            }
        }
        rig.all_published().await;
        for n in 0..20 {
            sees(&rig.to, &n.to_string(), 1).await;
        }
        unmark(&rig.from, 1..=1).await;
    }
    rig.all_published().await;
    assert_eq!(all_seen(&rig.to).await.len(), 20);
}

#[tokio::test]
async fn what_is_older_than_what_was_seen_is_dropped() {
    let Some(rig) = Rig::new().await else { return };
    let _follower = rig.watch();
    // Whoever starts to follow later is brought the last one alone.
    eventually("there is a consumer", || async {
        rig.bus.lag(FOLLOWER).await.ok()
    })
    .await;
    for version in [2, 1, 3, 3, 2] {
        failing::put(
            &rig,
            "a",
            version,
            &prost::Message::encode_to_vec(&order("a", version)),
        )
        .await;
        // The next takes its place in the stream.
        eventually("it is taken", || async {
            let lag = rig.bus.lag(FOLLOWER).await.unwrap();
            (lag.pending + lag.unacknowledged == 0).then_some(())
        })
        .await;
    }
    failing::put(
        &rig,
        "end",
        1,
        &prost::Message::encode_to_vec(&order("end", 1)),
    )
    .await;
    sees(&rig.to, "end", 1).await;
    let seen: Vec<_> = all_seen(&rig.to)
        .await
        .into_iter()
        .map(|(_, v)| v)
        .collect();
    assert_eq!(seen, [2, 3, 1]);
}

#[tokio::test]
async fn what_a_stopping_consumer_has_not_looked_at_is_taken_by_the_next_at_once() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    // Longer than this test waits: nothing comes again by itself.
    rig.bus = Bus::connect(Settings {
        redelivery: Duration::from_secs(120),
        ..settings(&rig.server)
    })
    .await
    .unwrap();
    let _relay = rig.relay();
    for n in 0..300 {
        state(&rig.from, &n.to_string(), 1, None).await;
    }
    rig.all_published().await;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let first = rig.follow(policies(move |tx, change| {
        let _ = wait.lock().unwrap().recv();
        note(tx, change)
    }));
    eventually("some are taken, the others wait behind them", || async {
        (rig.bus.lag(FOLLOWER).await.ok()?.unacknowledged >= 256).then_some(())
    })
    .await;
    drop(first);
    drop(go);
    let _second = rig.watch();
    for n in 0..300 {
        sees(&rig.to, &n.to_string(), 1).await;
    }
    assert_eq!(all_seen(&rig.to).await.len(), 300);
}
