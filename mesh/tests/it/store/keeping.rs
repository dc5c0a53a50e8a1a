//! What mesh keeps beside a context's own tables.

use super::*;
use crate::rig::TABLES;
use mesh::refusal::text;
use mesh::schema::{inbox, outbox};
use mesh::store::Url;
use mesh::{Db, Event, inbox as news, tasks};
use proto::payment::v1::{Payment, PaymentRefunded};
use std::sync::{Arc, Barrier};

fn refunded(id: &str) -> Event {
    let payment = Payment {
        payment_id: id.to_owned(),
        ..Payment::default()
    };
    Event::new(
        id,
        1,
        &PaymentRefunded {
            payment: Some(payment),
        },
    )
}

#[tokio::test]
async fn an_event_is_there_exactly_when_the_state_it_tells_is() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        for refused in [true, false] {
            let written = store.write("lane", move |tx| {
                put(tx, "a", "1A")?;
                tx.enqueue(refunded("a"))?;
                if refused {
                    return Err(Refusal::precondition("NO", text("no", "no")));
                }
                Ok(())
            });
            assert_eq!(written.await.is_err(), refused, "{backend:?}");
            let events = store.read(|db| Ok(outbox::table.count().get_result(db)?));
            assert_eq!(events.await, Ok(i64::from(!refused)), "{backend:?}");
            assert_eq!(
                items(&store).await.len(),
                usize::from(!refused),
                "{backend:?}"
            );
        }
        let subject = store.read(|db| Ok(outbox::table.select(outbox::subject).first(db)?));
        assert_eq!(
            subject.await,
            Ok("yemae.cinema-booking.Payment.a".to_owned())
        );
    }
}

#[tokio::test]
async fn an_id_that_no_subject_carries_is_refused_when_it_is_stated() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let written = store.write("lane", |tx| {
            put(tx, "a", "1A")?;
            tx.enqueue(refunded("a b\r\nNats-Rollup: all"))
        });
        assert_eq!(written.await.unwrap_err().reason, "INTERNAL", "{backend:?}");
        assert!(items(&store).await.is_empty(), "{backend:?}");
    }
}

#[tokio::test]
async fn only_a_higher_version_is_news_and_each_policy_sees_for_itself() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        for (policy, subject, version, expected) in [
            ("a", "x", 2, true),
            ("a", "x", 2, false),
            ("a", "x", 1, false),
            ("a", "x", 5, true),
            ("a", "x", 4, false),
            ("b", "x", 1, true),
            ("a", "y", 1, true),
        ] {
            let is_news = store.write("lane", move |tx| {
                Ok(news::is_news(tx.db(), policy, subject, version)?)
            });
            let told = is_news.await.unwrap();
            assert_eq!(told, expected, "{backend:?}: {policy} {subject} {version}");
        }
        // What is rolled back was never seen.
        let refused = store.write("lane", |tx| {
            assert!(news::is_news(tx.db(), "a", "z", 1)?);
            Err::<(), _>(Refusal::precondition("NO", text("no", "no")))
        });
        refused.await.unwrap_err();
        let seen = store.read(|db| {
            let row = inbox::table.find(("a", "z"));
            Ok(row.select(inbox::version).first::<i64>(db).optional()?)
        });
        assert_eq!(seen.await, Ok(None), "{backend:?}");
    }
}

#[tokio::test]
async fn a_task_ends_and_is_started_anew_in_the_order_that_it_is_said_in() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let first = store.write("lane", |tx| {
            tx.start_task("refund", "stays", &1)?;
            tx.start_task("refund", "is never there", &1)?;
            tx.drop_task("refund", "is never there");
            tx.start_task("refund", "begins again", &1)
        });
        first.await.unwrap();
        let mut held = Held::new(&store).await;
        held.send(|tx| {
            tx.drop_task("refund", "begins again");
            tx.start_task("refund", "begins again", &2)?;
            tx.start_task("refund", "ends in another's commit", &2)
        });
        held.send(|tx| {
            tx.drop_task("refund", "ends in another's commit");
            tx.drop_task("refund", "is not known");
            tx.start_task("refund", "stays", &2)
        });
        let answers = held.answers().await;
        assert!(answers.iter().all(Result::is_ok), "{backend:?}");
        let now = store.clock().now();
        let due = store.read(move |db| Ok(tasks::due(db, now, 10)?));
        let mut due: Vec<(String, i32)> = (due.await.unwrap().into_iter())
            .map(|task| (task.key.clone(), task.payload().unwrap()))
            .collect();
        due.sort();
        let wanted = [("begins again", 2), ("stays", 1)];
        assert_eq!(
            due,
            wanted.map(|(key, n)| (key.to_owned(), n)),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn a_task_started_twice_is_one() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        for payload in ["first", "second"] {
            let started = store.write("lane", move |tx| {
                tx.start_task("refund", "a", &payload)?;
                tx.start_task("refund", "b", &payload)?;
                tx.start_task("void", "a", &payload)
            });
            started.await.unwrap();
        }
        let now = store.clock().now();
        let due = store.read(move |db| Ok((tasks::open(db)?, tasks::due(db, now, 10)?)));
        let (open, due) = due.await.unwrap();
        assert_eq!((open, due.len()), (3, 3), "{backend:?}");
        assert_eq!(
            due[0].payload::<String>(),
            Ok("first".to_owned()),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn migrations_run_twice_and_at_once_change_nothing_more() {
    for (backend, database) in databases() {
        let start = Arc::new(Barrier::new(6));
        let migrate = |url: Url, start: Arc<Barrier>| {
            move || {
                let mut db = Db::open(&url).unwrap();
                start.wait();
                db.migrate(vec![TABLES])
            }
        };
        let at_once: Vec<_> = (0..6)
            .map(|_| std::thread::spawn(migrate(database.url.clone(), start.clone())))
            .collect();
        for thread in at_once {
            // SQLite has one replica; there only one of these need come through.
            let migrated = thread.join().unwrap();
            assert!(
                migrated.is_ok() || backend == Backend::Sqlite,
                "{migrated:?}"
            );
        }
        let store = database.open(CONTEXT);
        store.write("lane", |tx| put(tx, "a", "1A")).await.unwrap();
        drop(store);
        let store = database.open(CONTEXT);
        assert_eq!(items(&store).await, ["a"], "{backend:?}");
    }
}
