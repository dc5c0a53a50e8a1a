//! F15 and F21's ground: more than one replica of every context, on PostgreSQL. One of them publishes, all of them answer,
//! and any of them may die.

mod clock;
mod door;
mod many;
mod names;
mod rolling;

use crate::play::{Load, in_full};
use crate::rig::{PATIENCE, directory, wait_for};
use crate::stores::CONTEXTS;
use many::Mesh;
use mesh::client::Client;
use mesh::identity::Key;
use mesh::task;
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;
use tokio::sync::watch;

/// Customers at once: each replica is a process of its own, and the machine is small.
const CLIENTS: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_replicas_two_of_each() {
    any_may_die(2, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "28 processes for minutes: `make proof-all`"]
async fn real_replicas_four_of_each() {
    any_may_die(4, 40).await;
}

/// Kills the replica of each context that leads, under load, after so many bookings each.
async fn any_may_die(number: usize, between: usize) {
    let begun = Instant::now();
    let mut mesh = Mesh::start(number).await;
    one_leads(&mesh);
    eprintln!(
        "{number} replicas of each serve after {:?}",
        begun.elapsed()
    );

    // A minute and a half is long for each change to wait for.
    let unused = in_full().then(|| clock::book_what_ends_soon(&mesh));
    let pages = mesh.replicas["mypage"].iter();
    let key = Key::read(&mesh.data().join("keys/users.pem")).unwrap();
    let pages: Vec<_> = pages
        .map(|page| watched(page.client(), &key, "load-0"))
        .collect();
    let beside = directory();
    let history = beside.path().join("history.jsonl");
    let mut load = Load::start_at(&mesh.grpc, mesh.data(), &history, CLIENTS, 8);
    load.wait_for_booked(between);
    for context in CONTEXTS {
        let leader = wait_for("one to lead", || mesh.leader(context));
        mesh.kill(context, leader);
        load.wait_for_booked(load.booked() + between);
    }
    let took = begun.elapsed();
    load.kill();

    let audit = mesh.run(&[
        "audit",
        "--quiet",
        "--wait",
        "120",
        "--history",
        history.to_str().unwrap(),
    ]);
    let verdict = String::from_utf8_lossy(&audit.stdout);
    let trouble = String::from_utf8_lossy(&audit.stderr);
    assert!(audit.status.success(), "{verdict}{trouble}");
    assert!(!verdict.contains("not checked"), "{verdict}");
    one_leads(&mesh);
    if let Some(order_id) = unused {
        clock::is_missed_once(&mesh, &order_id);
    }
    let own = mine(&history);
    assert!(!own.is_empty(), "nothing was watched for");
    for mut page in pages {
        let all = page.wait_for(|seen| own.is_subset(seen));
        let all = tokio::time::timeout(PATIENCE, all).await;
        assert!(all.is_ok(), "a watch has not seen everything: {own:?}");
    }
    eprintln!(
        "killed one of each after {took:?}, clean {:?} after the start",
        begun.elapsed()
    );
    assert!(mesh.stop(), "each has drained");
}

/// Of each context one replica holds the lock, and no other believes that it does.
fn one_leads(mesh: &Mesh) {
    for context in CONTEXTS {
        wait_for("one to lead", || mesh.leader(context));
    }
}

/// The orders on a customer's page, as one replica shows them: what has been seen of it so far. A watch that ends with its
/// replica is begun again where it was.
fn watched(page: Client, key: &Key, customer: &str) -> watch::Receiver<BTreeSet<String>> {
    let (tell, told) = watch::channel(BTreeSet::new());
    let hour = std::time::Duration::from_secs(3600);
    let now = mesh::Clock::system().now();
    let token = key.user_token(customer, &["customer"], now, hour);
    let bearer: tonic::metadata::MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
    drop(task::detach(async move {
        let mut cursor = String::new();
        while !tell.is_closed() {
            let mut request = tonic::Request::new(WatchMyOrdersRequest {
                cursor: cursor.clone(),
            });
            let headers = request.metadata_mut();
            headers.insert("authorization", bearer.clone());
            let mut page = MyPageServiceClient::new(page.clone());
            if let Ok(shown) = page.watch_my_orders(request).await {
                let mut shown = shown.into_inner();
                while let Ok(Some(next)) = shown.message().await {
                    cursor = next.cursor;
                    let order = next.order.unwrap_or_default();
                    tell.send_modify(|seen| {
                        seen.insert(order.order_id);
                    });
                }
            }
            // It is being started again.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }));
    told
}

/// What the first customer of a load was answered.
fn mine(history: &Path) -> BTreeSet<String> {
    let history = std::fs::read_to_string(history).unwrap();
    let records = history
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let booked = records.filter(|record| record["op"] == "create" && record["outcome"] == "ok");
    // The number of the customer is in the request's id: the run's, then the customer's, then the request's.
    let mine = booked.filter(|record| {
        let id = record["request_id"].as_str().unwrap_or_default();
        id.rsplit('-').nth(1) == Some("0")
    });
    mine.filter_map(|record| record["order_id"].as_str().map(str::to_owned))
        .collect()
}
