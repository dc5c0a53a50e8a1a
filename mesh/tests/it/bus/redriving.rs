//! Dead letters in the hands of whoever runs the mesh.

use super::failing::{dead_letters, put, put_raw};
use super::*;
use async_nats::HeaderMap;
use mesh::dead_letter::{self, Content, DeadLetter};
use mesh::refusal::text;
use mesh::{Kind, Page, fields};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A policy that can be mended: until then it refuses, another way each time, after it has written.
fn mendable(mended: &Arc<AtomicBool>) -> Vec<Policy> {
    let (mended, tries) = (mended.clone(), AtomicU32::new(0));
    policies(move |tx, change| {
        note(tx, change)?;
        let n = tries.fetch_add(1, Ordering::SeqCst);
        match mended.load(Ordering::SeqCst) {
            true => Ok(()),
            false if change.id == "deadly" => panic!("dead at try {n}"),
            false => {
                let why = format!("broken at try {n}");
                Err(Refusal::precondition("BROKEN", text(why.clone(), why)))
            }
        }
    })
}

async fn count(store: &Store) -> i64 {
    let count = store.read(|db| Ok(dead_letter::count(db)?));
    count.await.unwrap()
}

async fn find(store: &Store, id: &str) -> (DeadLetter, Content) {
    let id = id.to_owned();
    let found = store.read(move |db| dead_letter::find(db, &id));
    found.await.unwrap()
}

#[tokio::test]
async fn a_letter_is_taken_once_its_policy_is_mended_and_stays_until_then() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(rig) = Rig::on(backend).await else {
            continue;
        };
        let mended = Arc::new(AtomicBool::new(false));
        let policies = mendable(&mended);
        let _follower = rig.follow(policies.clone());
        for id in ["a", "deadly"] {
            put(&rig, id, 3, &prost::Message::encode_to_vec(&order(id, 3))).await;
        }
        let before = dead_letters(&rig.to, 2).await;
        for letter in &before {
            let refused = dead_letter::redrive(&rig.to, &policies, &letter.id).await;
            let refused = refused.unwrap_err();
            assert_eq!(refused.reason, "NOT_TAKEN");
            let (kept, content) = find(&rig.to, &letter.id).await;
            assert_eq!((kept.tries, kept.at), (9, letter.at));
            assert_ne!(kept.reason, letter.reason);
            assert!(refused.text.en.contains(&kept.reason), "{refused}");
            let header = ("ce-sequence".to_owned(), "3".to_owned());
            assert!(content.headers.contains(&header), "{content:?}");
        }
        assert_eq!(all_seen(&rig.to).await, [], "what a refusal left undone");

        mended.store(true, Ordering::SeqCst);
        for letter in &before {
            let redriven = dead_letter::redrive(&rig.to, &policies, &letter.id).await;
            redriven.unwrap();
            let again = dead_letter::redrive(&rig.to, &policies, &letter.id).await;
            assert_eq!(again.unwrap_err().kind, Kind::NotFound);
        }
        assert_eq!(count(&rig.to).await, 0);
        assert_eq!(all_seen(&rig.to).await.len(), 2);
    }
}

#[tokio::test]
async fn what_a_letter_leads_to_is_part_of_the_trace_it_was_told_in() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let Some(rig) = Rig::new().await else { return };
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = mended.clone();
    let policies = policies(move |tx, change| {
        let broken = || Refusal::precondition("BROKEN", text("broken", "고장"));
        let fine = change.id == "fine" || is_mended.load(Ordering::SeqCst);
        fine.then_some(()).ok_or_else(broken)?;
        tx.start_task("tell", &change.id, &())
    });
    let _follower = rig.follow(policies.clone());
    for id in ["a", "fine"] {
        state(&rig.from, id, 1, None).await;
    }
    let traced = rig.from.write((), |tx| {
        let rows = mesh::update(outbox::table).set(outbox::trace.eq(TRACE));
        Ok(rows.execute(tx.db()).map(drop)?)
    });
    traced.await.unwrap();
    let _relay = rig.relay();
    let letters = dead_letters(&rig.to, 1).await;
    mended.store(true, Ordering::SeqCst);
    let redriven = dead_letter::redrive(&rig.to, &policies, &letters[0].id).await;
    redriven.unwrap();
    let due = rig
        .to
        .read(|db| Ok(mesh::tasks::due(db, Time(i64::MAX), 10)?));
    let due = due.await.unwrap();
    let of_trace = |task: &mesh::Task| task.trace.as_deref() == Some(TRACE);
    assert!(due.len() == 2 && due.iter().all(of_trace), "{due:?}");
}

#[tokio::test]
async fn a_letter_about_what_has_changed_since_is_no_news() {
    let Some(rig) = Rig::new().await else { return };
    let mended = Arc::new(AtomicBool::new(false));
    let policies = mendable(&mended);
    let _follower = rig.follow(policies.clone());
    put(&rig, "a", 1, &prost::Message::encode_to_vec(&order("a", 1))).await;
    let letters = dead_letters(&rig.to, 1).await;
    mended.store(true, Ordering::SeqCst);
    put(&rig, "a", 2, &prost::Message::encode_to_vec(&order("a", 2))).await;
    sees(&rig.to, "a", 2).await;
    let redriven = dead_letter::redrive(&rig.to, &policies, &letters[0].id).await;
    redriven.unwrap();
    assert_eq!(all_seen(&rig.to).await, [("a".to_owned(), 2)]);
    assert_eq!(count(&rig.to).await, 0);
}

#[tokio::test]
async fn what_is_no_event_stays_one_however_often_it_is_redriven_and_can_be_discarded() {
    let Some(rig) = Rig::new().await else { return };
    let policies = policies(note);
    let _follower = rig.follow(policies.clone());
    let mut headers = HeaderMap::new();
    headers.insert("odd", "one");
    headers.append("odd", "two");
    put_raw(&rig, &subject("bare"), headers, b"\0\xff").await;
    let id = dead_letters(&rig.to, 1).await[0].id.clone();
    let refused = dead_letter::redrive(&rig.to, &policies, &id).await;
    assert_eq!(refused.unwrap_err().reason, "NOT_TAKEN");
    let (letter, mut content) = find(&rig.to, &id).await;
    assert_eq!((letter.tries, letter.name.as_str()), (9, ""));
    content.headers.sort();
    let odd = |value: &str| ("odd".to_owned(), value.to_owned());
    let wanted = Content {
        headers: vec![odd("one"), odd("two")],
        body: b"\0\xff".to_vec(),
    };
    assert_eq!(content, wanted);
    dead_letter::discard(&rig.to, &id).await.unwrap();
    assert_eq!(count(&rig.to).await, 0);
    let again = dead_letter::discard(&rig.to, &id).await;
    assert_eq!(again.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn letters_are_listed_newest_first_page_by_page() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(database) = Database::new(backend) else {
            continue;
        };
        let store = database.open(FOLLOWER);
        // Two of one moment on either side of a page's end.
        for (n, at) in [(1, 10), (2, 20), (3, 20), (4, 20), (5, 30)] {
            let letter = DeadLetter {
                id: n.to_string(),
                subject: subject("a"),
                version: n,
                name: String::new(),
                reason: "BROKEN".to_owned(),
                tries: 8,
                at,
            };
            let put = store.write((), move |tx| {
                dead_letter::insert(tx.db(), &letter, &Content::default())
            });
            put.await.unwrap();
        }
        let (mut ids, mut token) = (Vec::new(), String::new());
        loop {
            let page = fields::read(|fields| Page::read(fields, 2, &token)).unwrap();
            let read = store.read(move |db| Ok(dead_letter::list(db, &page)?));
            let (letters, next) = read.await.unwrap();
            ids.push(
                letters
                    .into_iter()
                    .map(|letter| letter.id)
                    .collect::<String>(),
            );
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(ids, ["54", "32", "1"]);
    }
}
