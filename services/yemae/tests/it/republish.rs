//! `yemae republish`: a page that starts empty has orders that the stream forgot long ago.

use crate::cli::assert_fault;
use crate::play::{Door, Person, audit};
use crate::rig::{Up, directory, wait_for};
use crate::stores;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use proto::cinema::booking::v1::CancelBookingRequest;
use proto::mypage::v1::GetMyOrderRequest;
use serde_json::Value;
use std::path::Path;
use tonic::Code;

const REPUBLISH: &[&str] = &["republish", "cinema-booking", "--wait", "60"];
const REBUILD: &[&str] = &["rebuild", "mypage", "--wait", "60"];
/// µs; the stream keeps an order for 90.
const DAYS_91: i64 = 91 * 24 * 3600 * 1_000_000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    state: String,
}

/// Makes an order one that ended 91 days ago, and that the stream has forgotten.
async fn long_ago(up: &Up, order_id: &str) {
    let mut db = stores::open(&up.data, "cinema-booking");
    let read = format!("SELECT state FROM placed_order WHERE order_id = '{order_id}'");
    let row: Row = diesel::sql_query(read).get_result(&mut db).unwrap();
    let mut state: Value = serde_json::from_str(&row.state).unwrap();
    let finished_at = state["finished_at"].as_i64().unwrap();
    state["finished_at"] = (finished_at - DAYS_91).into();
    let subject = format!("yemae.cinema-booking.Order.{order_id}");
    db.batch_execute(&format!(
        "UPDATE placed_order SET state = '{state}' WHERE order_id = '{order_id}';
         UPDATE outbox SET expires_at = 1 WHERE subject = '{subject}'"
    ))
    .unwrap();
    let nats = async_nats::connect(broker(&up.data)).await.unwrap();
    let stream = async_nats::jetstream::new(nats).get_stream("YEMAE").await;
    let purged = stream.unwrap().purge().filter(subject).await.unwrap();
    assert!(purged.purged > 0);
}

fn broker(data: &Path) -> String {
    let lock = std::fs::read(data.join("lock")).unwrap();
    let running: Value = serde_json::from_slice(&lock).unwrap();
    running["nats"].as_str().unwrap().to_owned()
}

async fn is_on_the_page(kim: &Person, order_id: &str) -> bool {
    let request = GetMyOrderRequest {
        order_id: order_id.to_owned(),
    };
    match kim.page().get_my_order(request).await {
        Ok(_) => true,
        Err(why) => {
            assert_eq!(why.code(), Code::NotFound, "{why}");
            false
        }
    }
}

/// As a view that starts empty: nothing of it, and nothing of what it has seen.
fn empty_the_page(up: &Up) {
    let mut db = stores::open(&up.data, "mypage");
    db.batch_execute("DELETE FROM my_order; DELETE FROM inbox")
        .unwrap();
}

async fn an_empty_page_has_what_is_long_over(arguments: &[&str]) {
    let data = directory();
    let up = Up::start(data.path(), &[&["--demo"], arguments].concat());
    let kim = Door::of(&up).customer("kim");
    let show = kim.show().await;
    let over = kim.book(&show, "1A", "one").await.unwrap().booking_id;
    let cancel = CancelBookingRequest {
        booking_id: over.clone(),
    };
    kim.bookings().cancel_booking(cancel).await.unwrap();
    audit(&up, &[]);
    let stands = kim.book(&show, "1B", "two").await.unwrap().booking_id;
    audit(&up, &[]);
    long_ago(&up, &over).await;

    empty_the_page(&up);
    assert_fault(&up.run(REBUILD), 1, &["differs"]);
    assert!(is_on_the_page(&kim, &stands).await);
    assert!(
        !is_on_the_page(&kim, &over).await,
        "the stream has forgotten it"
    );

    let told = up.ok(&[REPUBLISH, &["--json"]].concat());
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["stated"], 1, "{told}");
    wait_for("the page that is there to hear of it", || {
        let mut db = stores::open(data.path(), "mypage");
        let read = format!("SELECT order_id AS state FROM my_order WHERE order_id = '{over}'");
        let rows: Vec<Row> = diesel::sql_query(read).load(&mut db).unwrap();
        (!rows.is_empty()).then_some(())
    });
    empty_the_page(&up);
    assert_fault(&up.run(REBUILD), 1, &["differs"]);
    assert!(is_on_the_page(&kim, &over).await, "the stream has it again");
    assert!(is_on_the_page(&kim, &stands).await);

    // Once more is harmless.
    let said = up.ok(REPUBLISH);
    assert!(said.contains("stated 1 orders"), "{said}");
    audit(&up, &[]);
    up.ok(REBUILD);
    assert!(is_on_the_page(&kim, &over).await);

    let behind = up.ok(&[REPUBLISH, &["--after", &over, "--json"]].concat());
    assert!(behind.contains("\"stated\": 0"), "{behind}");
    assert_fault(
        &up.run(&["republish", "payment"]),
        1,
        &["NO_ORDERS", "payment", "cinema-booking"],
    );
    assert_fault(&up.run(&["republish", "paymnet"]), 2, &["paymnet"]);
    let nowhere = up.run(&["republish", "cinema-booking", "--after", "x"]);
    assert_fault(&nowhere, 2, &["cursor"]);
    // A customer may not.
    let token = data.path().join("token");
    std::fs::write(&token, up.ok(&["token", "kim"])).unwrap();
    let customer = ["--token-file", token.to_str().unwrap()];
    let refused = up.run(&[REPUBLISH, &customer].concat());
    assert_fault(&refused, 1, &["PERMISSION_DENIED"]);
    assert!(up.stop(), "it drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_republish_in_one_process() {
    an_empty_page_has_what_is_long_over(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_republish_in_a_process_for_each_context() {
    an_empty_page_has_what_is_long_over(&["--processes"]).await;
}
