//! Who writes what about an entity, and in which order.

use super::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

#[tokio::test]
async fn what_is_told_of_an_id_and_asked_about_it_is_done_by_one_writer() {
    let Some(rig) = Rig::on(Backend::Postgres).await else {
        return;
    };
    let told: Arc<Mutex<HashMap<String, ThreadId>>> = Arc::default();
    let note = told.clone();
    let _follower = rig.follow(policies(move |_, change| {
        let writer = std::thread::current().id();
        note.lock().unwrap().insert(change.id.clone(), writer);
        Ok(())
    }));
    let _relay = rig.relay();
    for id in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        state(&rig.from, id, 1, None).await;
        let asked = rig.to.write(id, |_| Ok(std::thread::current().id()));
        let asked = asked.await.unwrap();
        let heard = || async { told.lock().unwrap().get(id).copied() };
        assert_eq!(eventually("it is told", heard).await, asked, "{id}");
    }
}

#[tokio::test]
async fn what_is_enqueued_at_once_is_numbered_in_its_order_and_known_by_its_number() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(rig) = Rig::on(backend).await else {
            continue;
        };
        let ids: Vec<String> = (0..20).map(|n| format!("{:02}", n * 7 % 20)).collect();
        let enqueued = ids.clone();
        let stated = rig.from.write((), move |tx| {
            enqueued
                .iter()
                .try_for_each(|id| tx.enqueue(Event::new(id, 1, &order(id, 1))))
        });
        stated.await.unwrap();
        let _relay = rig.relay();
        rig.all_published().await;
        let rows = rig.from.read(|db| {
            let rows = outbox::table.order(outbox::seq);
            let rows: Vec<(String, Option<i64>)> = rows
                .select((outbox::subject, outbox::stream_seq))
                .load(db)?;
            Ok(rows)
        });
        let rows = rows.await.unwrap();
        assert_eq!(rows.len(), 20, "{backend:?}");
        for (id, (subject_, stream_seq)) in ids.iter().zip(rows) {
            assert_eq!(subject_, subject(id), "{backend:?}");
            let last = rig.last(id).await.unwrap();
            assert_eq!(Some(last.sequence as i64), stream_seq, "{backend:?}: {id}");
        }
    }
}
