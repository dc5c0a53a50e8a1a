//! F21: each replica is replaced in turn while customers book, and no call fails. A context's name leads to its replicas,
//! as DNS would have it: not to one that is being stopped, and to the new one once it serves.

use super::many::Mesh;
use crate::play::Load;
use crate::rig::directory;
use crate::stores::CONTEXTS;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;

/// Bookings a second: little, so that who fails does not fail for want of a processor.
const RATE: &str = "15";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants namespaces of its own, and minutes: `make proof-all`"]
async fn real_rolling_upgrade() {
    let mut mesh = Mesh::named(2).await;
    let beside = directory();
    let history = beside.path().join("history.jsonl");
    // Each booking is tried once, and nothing between it and the replicas tries again.
    let mut load = Load::at_pace(&mesh.grpc, mesh.data(), &history, RATE);
    load.wait_for_booked(30);
    let begun = Instant::now();
    for context in CONTEXTS {
        for place in 0..2 {
            let (took, before) = (Instant::now(), load.booked());
            assert!(mesh.replace(context, place), "{context} {place} drained");
            eprintln!("{context} {place} is replaced after {:?}", took.elapsed());
            load.wait_for_booked(before + 15);
        }
    }
    let booked = load.booked();
    load.kill();
    eprintln!("{booked} booked, all replaced after {:?}", begun.elapsed());
    let history = std::fs::read_to_string(&history).unwrap();
    let records = history
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ended = BTreeMap::<String, usize>::new();
    for record in records {
        let what = ["op", "outcome", "reason"].map(|name| record[name].as_str().unwrap_or(""));
        *ended.entry(what.join(" ")).or_default() += 1;
    }
    eprintln!("{ended:#?}");
    let audit = mesh.run(&["audit", "--quiet", "--wait", "120"]);
    let verdict = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{verdict}");
    let failed = ended.keys().filter(|what| !what.contains(" ok "));
    assert_eq!(failed.count(), 0, "{ended:#?}");
    assert!(mesh.stop(), "each has drained");
}
