//! A server that goes and comes, a stream and a consumer that vanish.

use super::*;
use futures::StreamExt;
use mesh::bus::Fault;
use std::collections::HashMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_server_killed_ten_times_under_load_loses_nothing() {
    let Some(mut rig) = Rig::new().await else {
        return;
    };
    let (_relay, _follower) = (rig.relay(), rig.watch());
    let store = rig.from.clone();
    let load = mesh::task::detach(async move {
        for version in 1..=35 {
            for n in 0..40 {
                state(&store, &n.to_string(), version, None).await;
            }
        }
    });
    for round in 1..=10 {
        let reached = round * 3;
        eventually("the follower is in the middle of it", || async {
            let seen = all_seen(&rig.to).await;
            seen.iter().any(|(_, v)| *v >= reached).then_some(())
        })
        .await;
        rig.server.kill();
        let before = waiting(&rig.from).await;
        eventually("the context goes on without it", || async {
            (load.is_finished() || waiting(&rig.from).await > before).then_some(())
        })
        .await;
        rig.server.restart();
    }
    load.await.unwrap();
    for n in 0..40 {
        sees(&rig.to, &n.to_string(), 35).await;
    }
    rig.all_published().await;
    let mut last = HashMap::new();
    for (id, version) in all_seen(&rig.to).await {
        let before = last.insert(id.clone(), version).unwrap_or_default();
        assert!(before < version, "{id}: {version} after {before}");
    }
}

#[tokio::test]
async fn a_context_starts_without_a_server_and_without_a_stream() {
    let Some(mut server) = NatsServer::start() else {
        return;
    };
    server.kill();
    let databases = [Backend::Sqlite; 2].map(|backend| Database::new(backend).unwrap());
    let rig = Rig {
        bus: Bus::connect(settings(&server)).await.unwrap(),
        from: databases[0].open(STATED),
        to: databases[1].open(FOLLOWER),
        server,
        _databases: databases,
    };
    let (_relay, _follower) = (rig.relay(), rig.watch());
    state(&rig.from, "a", 1, None).await;
    let mut rig = rig;
    rig.server.restart();
    rig.bus.provision().await.unwrap();
    sees(&rig.to, "a", 1).await;
}

#[tokio::test]
async fn a_consumer_or_a_stream_that_is_deleted_is_followed_again() {
    let Some(rig) = Rig::new().await else { return };
    let (_relay, _follower) = (rig.relay(), rig.watch());
    state(&rig.from, "a", 1, None).await;
    sees(&rig.to, "a", 1).await;
    let js = rig.server.jetstream().await;
    let stream = js.get_stream("YEMAE").await.unwrap();
    stream.delete_consumer(FOLLOWER).await.unwrap();
    state(&rig.from, "a", 2, None).await;
    sees(&rig.to, "a", 2).await;
    js.delete_stream("YEMAE").await.unwrap();
    let mut tries = js.client().subscribe(subject("b")).await.unwrap();
    state(&rig.from, "b", 1, None).await;
    assert!(tries.next().await.is_some(), "nobody takes it");
    rig.bus.provision().await.unwrap();
    sees(&rig.to, "b", 1).await;
    state(&rig.from, "a", 3, None).await;
    sees(&rig.to, "a", 3).await;
    rig.all_published().await;
    let made_on = rig.from.read(|db| {
        let rows = outbox::table.order(outbox::seq);
        Ok(rows.select(outbox::stream_created).load(db)?)
    });
    let made_on: Vec<Option<String>> = made_on.await.unwrap();
    let [overtaken, one, two, three] = &made_on[..] else {
        panic!("{made_on:?}");
    };
    assert!(overtaken.is_none() && one.is_some(), "{made_on:?}");
    assert!(
        one == two && two == three,
        "all on the new one: {made_on:?}"
    );
}

#[tokio::test]
async fn an_older_server_is_refused_by_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    mesh::task::detach(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let info = r#"INFO {"server_id":"x","version":"2.13.9","max_payload":1048576,"proto":1,"headers":true}"#;
            client
                .write_all(format!("{info}\r\n").as_bytes())
                .await
                .unwrap();
            let mut said = [0; 4096];
            while client.read(&mut said).await.is_ok_and(|n| n > 0) {
                if client.write_all(b"PONG\r\n").await.is_err() {
                    break;
                }
            }
        }
    });
    let bus = Bus::connect(Settings::new(url, "test")).await.unwrap();
    let fault = bus.provision().await.unwrap_err();
    assert!(
        matches!(&fault, Fault::TooOld { found } if found == "2.13.9"),
        "{fault}"
    );
    assert_eq!(
        fault.to_string(),
        "the NATS server is version 2.13.9; yemae needs 2.14 or newer"
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_said_without_its_password() {
    let settings = Settings::new("nats://user:secret@no such host", "test");
    let Err(fault) = Bus::connect(settings).await else {
        panic!("it connects");
    };
    assert!(matches!(fault, Fault::Address(_)), "{fault}");
    assert!(!fault.to_string().contains("secret"), "{fault}");
}
