//! Each sign by which a loss is seen, by itself.

use super::*;

#[tokio::test]
async fn a_loss_is_found_though_nothing_is_published_and_nobody_connects() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    rig.bus = bus(&rig, Duration::from_millis(50)).await;
    let _relay = rig.relay();
    for id in ["a", "b"] {
        state(&rig.from, id, 1, None).await;
        rig.all_published().await;
    }
    stream(&rig).await.delete_message(2).await.unwrap();
    eventually("what was deleted is back", || async {
        (rig.last_version("b").await == Some(1)).then_some(())
    })
    .await;
    rig.server
        .jetstream()
        .await
        .delete_stream("YEMAE")
        .await
        .unwrap();
    rig.bus.provision().await.unwrap();
    present_is(&rig, &[("a", 1), ("b", 1)]).await;
}

#[tokio::test]
async fn a_sequence_given_twice_tells_of_a_loss() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    rig.bus = bus(&rig, DAY).await;
    let _relay = rig.relay();
    for version in 1..=3 {
        state(&rig.from, "a", version, None).await;
        rig.all_published().await;
    }
    rig.server
        .jetstream()
        .await
        .delete_stream("YEMAE")
        .await
        .unwrap();
    rig.bus.provision().await.unwrap();
    state(&rig.from, "b", 1, None).await;
    present_is(&rig, &[("a", 3), ("b", 1)]).await;
    rig.all_published().await;
    assert_eq!(kept(&rig).await.len(), 2, "the present alone");
}

/// By its subject alone the relay sees that the stream has lost its end, and mends all of it, b too.
#[tokio::test]
async fn a_subject_set_back_or_emptied_tells_of_a_loss() {
    for (is_emptied, is_known) in [(true, true), (true, false), (false, true), (false, false)] {
        let Some(mut rig) = Rig::new().await else {
            return;
        };
        rig.bus = bus(&rig, DAY).await;
        let mut relay = Some(rig.relay());
        state(&rig.from, "first", 1, None).await;
        rig.all_published().await;
        state(&rig.from, "a", 1, None).await;
        rig.all_published().await;
        state(&rig.from, "a", 2, None).await;
        rig.all_published().await;
        state(&rig.from, "b", 1, None).await;
        rig.all_published().await;
        if !is_known {
            // Another relay knows of the subject by the outbox alone.
            drop(relay.take());
            relay = Some(rig.relay());
            state(&rig.from, "c", 1, None).await;
            rig.all_published().await;
        }
        let stream = stream(&rig).await;
        for id in ["a", "b", "c"] {
            if let Some(lost) = rig.last(id).await {
                stream.delete_message(lost.sequence).await.unwrap();
            }
        }
        if !is_emptied {
            put(&rig, "a", 1, &[]).await;
        }
        state(&rig.from, "a", 3, None).await;
        let mut wanted = vec![("a", 3), ("b", 1), ("first", 1)];
        wanted.extend((!is_known).then_some(("c", 1)));
        present_is(&rig, &wanted).await;
        rig.all_published().await;
        drop(relay);
    }
}

#[tokio::test]
async fn a_last_message_that_has_expired_is_followed_by_one_mark() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    rig.bus = bus(&rig, Duration::from_millis(20)).await;
    let _relay = rig.relay();
    let soon = rig.from.clock().now().plus(Duration::from_secs(1));
    state(&rig.from, "a", 1, None).await;
    rig.all_published().await;
    state(&rig.from, "ended", 1, Some(soon)).await;
    rig.all_published().await;
    // While there is no room for it, one mark waits, however often its row is looked at.
    let sized = async |bytes| {
        let settings = Settings {
            max_bytes: Some(bytes),
            ..settings(&rig.server)
        };
        let bus = Bus::connect(settings).await.unwrap();
        bus.provision().await.unwrap();
    };
    sized(1).await;
    eventually("a mark waits", || async {
        (waiting(&rig.from).await > 0).then_some(())
    })
    .await;
    let looked_often = Instant::now() + Duration::from_secs(1);
    while Instant::now() < looked_often {
        assert_eq!(waiting(&rig.from).await, 1);
    }
    sized(1 << 20).await;
    let marks = "yemae.cinema-booking.Relay.mark";
    let stream = stream(&rig).await;
    let mark = eventually("there is a mark", || async {
        stream.get_last_raw_message_by_subject(marks).await.ok()
    })
    .await;
    assert_eq!(mark.headers.get("ce-sequence").unwrap().as_str(), "1");
    assert_eq!(present(&rig).await.len(), 1, "it is gone");
    // It is what is looked for from now on.
    stream.delete_message(mark.sequence).await.unwrap();
    let again = eventually("the mark is back", || async {
        stream.get_last_raw_message_by_subject(marks).await.ok()
    })
    .await;
    assert_eq!(again.headers.get("ce-sequence").unwrap().as_str(), "1");
}

#[tokio::test]
async fn a_consumer_ahead_of_the_stream_or_of_another_stream_is_made_anew() {
    let Some(rig) = Rig::new().await else { return };
    let _relay = rig.relay();
    state(&rig.from, "a", 1, None).await;
    rig.all_published().await;
    let follower = rig.watch();
    sees(&rig.to, "a", 1).await;
    drop(follower);
    let stream = stream(&rig).await;
    let found = stream.consumer_info(FOLLOWER).await.unwrap().config;
    let found = pull::Config::try_from_consumer_config(found).unwrap();
    let ahead = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: 1000,
        },
        ..found.clone()
    };
    // At the end of the stream, so that by itself it brings nothing of what is there.
    let mut another = pull::Config {
        deliver_policy: DeliverPolicy::New,
        ..found
    };
    let made_on = another.metadata.get_mut("yemae-stream").unwrap();
    *made_on = "2020-01-01T00:00:00Z".to_owned();
    for (version, consumer) in [(2, ahead), (3, another)] {
        state(&rig.from, "a", version, None).await;
        rig.all_published().await;
        stream.delete_consumer(FOLLOWER).await.unwrap();
        stream.create_consumer(consumer).await.unwrap();
        let _follower = rig.watch();
        sees(&rig.to, "a", version).await;
    }
}
