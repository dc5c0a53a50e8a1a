//! `yemae rebuild mypage`: equal while customers book, mended where it was wrong, and followed when it is under way.

use crate::cli::assert_fault;
use crate::play::{Door, Load, audit, broker, send};
use crate::rig::{Up, directory, wait_for, yemae};
use crate::stores;
use diesel::connection::SimpleConnection;
use nix::sys::signal::Signal;
use proto::mypage::v1::GetMyOrderRequest;
use serde_json::Value;
use std::fs::File;

const REBUILD: &[&str] = &["rebuild", "mypage", "--wait", "60"];

fn equal_under_load(arguments: &[&str]) {
    let (data, beside) = (directory(), directory());
    let up = Up::start(data.path(), arguments);
    let history = beside.path().join("history.jsonl");
    let mut load = Load::start(&up, &history, 8, 11);
    load.wait_for_booked(40);
    let told = up.ok(&[REBUILD, &["--json"]].concat());
    let told: Value = serde_json::from_str(&told).unwrap();
    load.wait_for_booked(load.booked() + 20);
    load.kill();
    assert_eq!(
        (&told["state"], &told["equal"]),
        (&"done".into(), &true.into())
    );
    assert_eq!(told["hash_before"].as_str().unwrap().len(), 64, "{told}");
    assert!(told["seen"].as_i64().unwrap() >= 40, "{told}");
    audit(&up, &[history]);
    let said = up.ok(REBUILD);
    assert!(said.contains("mypage was rebuilt"), "{said}");
    assert!(up.stop(), "it drained");
}

#[test]
fn real_rebuild_in_one_process() {
    equal_under_load(&[]);
}

#[test]
fn real_rebuild_in_a_process_for_each_context() {
    equal_under_load(&["--processes"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_rebuild_mends_and_says_so() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let kim = door.customer("kim");
    let show = kim.show().await;
    let order_id = kim.book(&show, "1A", "one").await.unwrap().booking_id;
    audit(&up, &[]);
    let mut db = stores::open(data.path(), "mypage");
    db.batch_execute("DELETE FROM my_order").unwrap();
    drop(db);

    let told = up.ok(&["order", &order_id]);
    for part in [
        "payment ",
        "yemae.cinema.booking.v1.BookingPlaced",
        "(published)",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_fault(&up.run(REBUILD), 1, &["differs"]);
    let request = GetMyOrderRequest {
        order_id: order_id.clone(),
    };
    let shown = kim.page().get_my_order(request).await.unwrap();
    assert_eq!(shown.into_inner().order.unwrap().order_id, order_id);
    up.ok(REBUILD);

    // A customer may not.
    let token = data.path().join("token");
    std::fs::write(&token, up.ok(&["token", "kim"])).unwrap();
    let token = token.to_str().unwrap();
    let refused = up.run(&["rebuild", "mypage", "--token-file", token]);
    assert_fault(&refused, 1, &["PERMISSION_DENIED"]);

    // Without the broker it waits; the next command follows the same one.
    let broker = broker(&up).unwrap();
    assert!(send(broker, Signal::SIGSTOP));
    let stuck = up.run(&["rebuild", "mypage", "--wait", "2"]);
    assert_fault(&stuck, 1, &["not got ahead for 2 s", "follows it"]);
    let said = data.path().join("said");
    let mut again = yemae()
        .args(REBUILD)
        .arg("--data")
        .arg(&up.data)
        .stdout(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    wait_for("the command to find it under way", || {
        let said = std::fs::read_to_string(&said).unwrap();
        said.contains("rebuilt already").then_some(())
    });
    assert!(send(broker, Signal::SIGCONT));
    let ended = wait_for("the rebuild to be done", || again.try_wait().unwrap());
    assert!(ended.success(), "{ended}");
    assert!(up.stop(), "it drained");
}
