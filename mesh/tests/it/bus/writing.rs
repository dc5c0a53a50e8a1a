//! Who writes what about an entity, and in which order.

use super::*;
use diesel::sql_types::BigInt;
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

/// What PostgreSQL counts of a table.
#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    changed: i64,
    #[diesel(sql_type = BigInt)]
    read_through: i64,
}

async fn counted(store: &Store, table: &'static str) -> Counted {
    let counted = store.read(move |db| {
        let query = "SELECT n_tup_upd + n_tup_del AS changed, seq_tup_read AS read_through \
                     FROM pg_stat_user_tables WHERE relname = ";
        Ok(diesel::sql_query(format!("{query}'{table}'")).get_result(db)?)
    });
    counted.await.unwrap()
}

/// Enqueues some events, waits until they are published and marked, and puts tasks down that it then ends.
async fn go_on(rig: &Rig, round: u32) {
    let ids: Vec<String> = (0..5).map(|n| format!("{round}-{n}")).collect();
    let ended = ids.clone();
    let stated = rig.from.write((), move |tx| {
        for id in &ids {
            tx.enqueue(Event::new(id, 1, &order(id, 1)))?;
            tx.start_task("tell", id, &())?;
        }
        Ok(())
    });
    stated.await.unwrap();
    let ended = rig.from.write((), move |tx| {
        ended.iter().for_each(|id| tx.drop_task("tell", id));
        Ok(())
    });
    ended.await.unwrap();
    // Whoever asks what still waits would read the table, too.
    let last = subject(&format!("{round}-4"));
    eventually("the last is marked", || async {
        let last = outbox::table.filter(outbox::subject.eq(last.clone()));
        let marked = last.select(outbox::published_at);
        let marked = rig.from.read(|db| Ok(marked.first::<Option<i64>>(db)?));
        marked.await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_was_made_while_a_table_was_small_does_not_read_it_from_end_to_end() {
    let Some(rig) = Rig::on(Backend::Postgres).await else {
        return;
    };
    let _relay = rig.relay();
    for round in 0..20 {
        go_on(&rig, round).await;
    }
    let grown = rig.from.write((), |tx| {
        for query in [
            "INSERT INTO outbox (subject, version, name, body, at, published_at) \
             SELECT 'yemae.cinema-booking.Order.old-' || n, 1, '', '', 0, 0 FROM generate_series(1, 20000) AS n",
            "INSERT INTO task (kind, key, payload, tries, due_at, created_at, last_error) \
             SELECT 'later', n, '', 0, 9000000000000000, 0, '' FROM generate_series(1, 20000) AS n",
        ] {
            diesel::sql_query(query).execute(tx.db())?;
        }
        Ok(())
    });
    grown.await.unwrap();
    for round in 20..40 {
        go_on(&rig, round).await;
    }
    for table in ["outbox", "task"] {
        let all = || async {
            let counted = counted(&rig.from, table).await;
            (counted.changed >= 200).then_some(counted.read_through)
        };
        let read_through = eventually("everything is counted", all).await;
        assert!(read_through < 20_000, "{table}: {read_through}");
    }
}

/// How often a session has planned what it keeps prepared for what it was told just then.
#[derive(QueryableByName)]
struct Planned {
    #[diesel(sql_type = BigInt)]
    anew: i64,
    #[diesel(sql_type = BigInt)]
    kept: i64,
}

#[tokio::test]
async fn what_is_kept_prepared_is_planned_once() {
    let Some(rig) = Rig::on(Backend::Postgres).await else {
        return;
    };
    let planned = "SELECT coalesce(sum(custom_plans), 0)::bigint AS anew, \
                   coalesce(sum(generic_plans), 0)::bigint AS kept FROM pg_prepared_statements";
    for round in 0..3 {
        let said = rig.from.write((), move |tx| {
            tx.start_task("tell", &round.to_string(), &())?;
            let now = tx.now();
            mesh::tasks::due(tx.db(), now, 1)?;
            Ok(diesel::sql_query(planned).get_result::<Planned>(tx.db())?)
        });
        let said = said.await.unwrap();
        assert_eq!(said.anew, 0);
        assert!(said.kept >= round, "{} in round {round}", said.kept);
    }
}
