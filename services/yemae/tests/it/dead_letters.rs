//! What a context could not act on: found, shown without what is anybody's, acted on again, discarded.

use crate::cli::assert_fault;
use crate::play::{Door, Person};
use crate::rig::{Up, directory, wait_for};
use crate::stores::open;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use mesh::Time;
use mesh::dead_letter::{self, Content, DeadLetter};
use proto::mypage::v1::GetMyOrderRequest;
use serde_json::Value;
use std::path::Path;

/// The last event of an order, as booking told it.
#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    at: i64,
}

fn last_told(data: &Path, order_id: &str) -> Told {
    let query = format!(
        "SELECT subject, version, name, body, at FROM outbox WHERE subject LIKE '%.Order.{order_id}' \
         ORDER BY version DESC LIMIT 1"
    );
    diesel::sql_query(query)
        .get_result(&mut open(data, "cinema-booking"))
        .unwrap()
}

/// As if mypage had not been able to act on it, and had nothing of the order yet.
fn put_aside(data: &Path, told: &Told, order_id: &str) {
    let header = |name: &str, value: String| (name.to_owned(), value);
    let content = Content {
        headers: vec![
            header("ce-type", told.name.clone()),
            header("ce-sequence", told.version.to_string()),
            header("ce-time", Time(told.at).to_string()),
        ],
        body: told.body.clone(),
    };
    let letter = DeadLetter {
        id: "17@then".to_owned(),
        subject: told.subject.clone(),
        version: told.version,
        name: told.name.clone(),
        reason: "a bug that was mended".to_owned(),
        tries: 8,
        at: 2,
    };
    let mut db = open(data, "mypage");
    for forget in [
        format!("DELETE FROM my_order WHERE order_id = '{order_id}'"),
        format!("DELETE FROM inbox WHERE subject = '{}'", told.subject),
    ] {
        db.batch_execute(&forget).unwrap();
    }
    dead_letter::insert(&mut db, &letter, &content).unwrap();
    let garbage = DeadLetter {
        id: "18@then".to_owned(),
        subject: "yemae.cinema-booking.Order.x".to_owned(),
        version: 0,
        name: String::new(),
        reason: "the message is no event".to_owned(),
        at: 1,
        ..letter
    };
    let content = Content {
        body: b"canary".to_vec(),
        ..Content::default()
    };
    dead_letter::insert(&mut db, &garbage, &content).unwrap();
}

async fn is_on_page(customer: &Person, order_id: &str) -> bool {
    let request = GetMyOrderRequest {
        order_id: order_id.to_owned(),
    };
    customer.page().get_my_order(request).await.is_ok()
}

async fn letters_are_worked(arguments: &[&str]) {
    let data = directory();
    let up = Up::start(data.path(), &[&["--demo"], arguments].concat());
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let canary = door.customer("canary-kim");
    let booked = canary.book(&show, "1A", "kim-1").await.unwrap();
    let id = booked.booking_id.as_str();
    assert_eq!(
        up.ok(&["dead-letters", "list"]),
        "There are no dead letters.\n"
    );
    up.ok(&["audit", "--quiet"]);
    let told = last_told(data.path(), id);
    put_aside(data.path(), &told, id);
    assert!(!is_on_page(&canary, id).await);

    let listed = up.ok(&["dead-letters", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let ids: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|own| &own["id"])
        .collect();
    assert_eq!(ids, ["17@then", "18@then"], "newest first");
    assert_eq!(listed[0]["context"], "mypage");
    let text = up.ok(&["dead-letters", "list", "--context", "mypage"]);
    for part in [
        "mypage 17@then",
        told.name.as_str(),
        "a bug that was mended",
        "8 times",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = up.ok(&["dead-letters", "show", "mypage", "17@then"]);
    for part in [
        id,
        told.name.as_str(),
        "PHASE_",
        "***",
        "a bug that was mended",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        !shown.contains("canary") && !shown.contains("Soul"),
        "{shown}"
    );
    let garbage = up.ok(&["dead-letters", "show", "mypage", "18@then"]);
    assert!(garbage.contains("cannot be read"), "{garbage}");
    assert!(!garbage.contains("canary"), "{garbage}");

    let both = up.run(&["dead-letters", "redrive", "mypage", "18@then", "17@then"]);
    assert_fault(&both, 1, &["one was not"]);
    let said = String::from_utf8_lossy(&both.stdout);
    assert!(said.contains("17@then was acted on"), "{said}");
    assert!(said.contains("18@then: NOT_TAKEN"), "{said}");
    assert!(is_on_page(&canary, id).await, "it was acted on");
    let left = up.ok(&["dead-letters", "list"]);
    assert!(
        left.contains("9 times") && !left.contains("17@then"),
        "{left}"
    );

    up.ok(&["dead-letters", "discard", "mypage", "18@then"]);
    assert_eq!(
        up.ok(&["dead-letters", "list"]),
        "There are no dead letters.\n"
    );
    let again = up.run(&["dead-letters", "discard", "mypage", "18@then"]);
    assert_fault(&again, 1, &["one was not"]);
    assert_fault(
        &up.run(&["dead-letters", "show", "mypage", "17@then"]),
        1,
        &["NOT_FOUND"],
    );
    assert_fault(
        &up.run(&["dead-letters", "list", "--context", "mypgae"]),
        2,
        &["mypgae", "mypage"],
    );
    let customers = up.run(&[
        "call",
        "DiscardDeadLetter",
        r#"{"context": "mypage", "deadLetterId": "17@then"}"#,
    ]);
    assert_fault(&customers, 1, &["PERMISSION_DENIED"]);
    wait_for("a clean audit", || {
        up.run(&["audit", "--quiet"]).status.success().then_some(())
    });
    assert!(up.stop(), "it drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_dead_letters_in_one_process() {
    letters_are_worked(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_dead_letters_in_a_process_for_each_context() {
    letters_are_worked(&["--processes"]).await;
}
