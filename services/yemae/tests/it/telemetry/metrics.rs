//! The pages of a mesh that has done something.

use super::pages;
use super::pages::sum;
use crate::play::Door;
use crate::rig::{Up, directory, wait_for};
use crate::stores::CONTEXTS;
use mesh::telemetry::METRICS;
use std::collections::BTreeSet;

/// What does not happen to a mesh that is well and asked for little.
const NOTHING_HAPPENED: [&str; 3] = [
    "yemae.outbox.trouble",
    "yemae.rpc.server.shed",
    "yemae.consumer.retries",
];
const APPROVE: (&str, &str) = ("rpc_method", "yemae.payment.v1.PaymentService/Approve");
const BOOKING: (&str, &str) = ("yemae_context", "cinema-booking");
const PAYMENT: (&str, &str) = ("yemae_context", "payment");
const PEER: (&str, &str) = ("server_address", "payment");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_has_a_page_and_its_numbers_are_what_happened() {
    let data = directory();
    let up = Up::start(data.path(), &["--processes", "--demo"]);
    let addresses = pages::addresses(data.path());
    let names: BTreeSet<&str> = addresses.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        BTreeSet::from_iter(CONTEXTS.into_iter().chain(["yemae"]))
    );
    for at in addresses.values() {
        assert!(pages::get(at, "/healthz").ends_with("ok\n"), "{at}");
    }
    assert!(up.said().contains(&addresses["yemae"]), "{}", up.said());

    let seen = up.ok(&[
        "load",
        "--seconds",
        "1",
        "--clients",
        "2",
        "--just-book",
        "--json",
    ]);
    let seen: serde_json::Value = serde_json::from_str(&seen).unwrap();
    let booked = seen["booked"].as_f64().unwrap();
    assert!(booked > 0.0, "{seen}");
    let page = at_rest(&up);
    let at_least = |name: &str, labels: &[(&str, &str)], least: f64| {
        let told = sum(&page, name, labels);
        assert!(
            told >= Some(least),
            "{name} {labels:?}: {told:?}, not {least}"
        );
    };
    let ok = ("rpc_response_status_code", "OK");
    let create = (
        "rpc_method",
        "yemae.cinema.booking.v1.BookingService/CreateBooking",
    );
    let exactly = |name: &str, labels: &[(&str, &str)], value: f64| {
        assert_eq!(sum(&page, name, labels), Some(value), "{name} {labels:?}");
    };
    exactly(
        "rpc_server_call_duration_seconds_count",
        &[create, ok],
        booked,
    );
    exactly(
        "rpc_server_call_duration_seconds_count",
        &[APPROVE, ok, PAYMENT],
        booked,
    );
    exactly(
        "rpc_client_call_duration_seconds_count",
        &[APPROVE, ok, PEER, BOOKING],
        booked,
    );
    exactly(
        "yemae_saga_attempt_duration_seconds_count",
        &[BOOKING, ("yemae_outcome", "placed")],
        booked,
    );
    at_least("messaging_client_sent_messages_total", &[BOOKING], booked);
    let orders = ("messaging_destination_name", "yemae.cinema-booking.Order");
    for context in ["cinema-theater", "cinema-ticket", "mypage", "notification"] {
        let own = ("yemae_context", context);
        at_least("messaging_client_consumed_messages_total", &[own], booked);
        at_least(
            "messaging_process_duration_seconds_count",
            &[own, orders],
            booked,
        );
        exactly("yemae_dead_letters", &[own], 0.0);
    }
    at_least("yemae_store_group_size_sum", &[BOOKING], booked);
    at_least("yemae_limit_calls", &[BOOKING, ("yemae_load", "read")], 1.0);
    exactly("yemae_limit_in_use", &[BOOKING], 0.0);
    exactly("yemae_breaker_state", &[PEER, BOOKING], 0.0);
    assert!(
        sum(&page, "yemae_breaker_opened_total", &[]).is_none(),
        "none opened"
    );

    everything_is_told(&up).await;
    assert!(up.stop(), "it drained");
}

/// The pages once nothing is under way.
fn at_rest(up: &Up) -> String {
    wait_for("nothing to be under way", || {
        let page = pages::all(&up.data);
        let waiting = [
            "yemae_outbox_unpublished",
            "yemae_consumer_pending",
            "yemae_consumer_unacknowledged",
            "yemae_task_due",
        ];
        let is_done = |name: &&str| sum(&page, name, &[]) == Some(0.0);
        waiting.iter().all(is_done).then_some(page)
    })
}

/// With payment away, the rest of the table has something to tell as well.
async fn everything_is_told(up: &Up) {
    let kim = Door::of(up).customer("kim");
    let show = kim.show().await;
    // A contact that nobody answers at: a task that fails.
    let contact =
        r#"{"contact": {"channel": "CHANNEL_WEBHOOK", "address": "http://127.0.0.1:1/"}}"#;
    up.ok(&["call", "SetContact", contact]);
    kim.book(&show, "1A", "one").await.unwrap();
    let down = r#"{"behavior": {"down": true}}"#;
    up.ok(&["call", "SetBehavior", down, "--role", "admin"]);
    let mut tries = 0;
    loop {
        tries += 1;
        assert!(tries < 100, "payment's breaker stays closed");
        let _ = kim.book(&show, "2A", &format!("try-{tries}")).await;
        let page = pages::all(&up.data);
        let refused = sum(&page, "yemae_rpc_client_refused_total", &[BOOKING, PEER]);
        if refused.is_some() {
            break;
        }
    }
    let page = wait_for("a task to fail", || {
        let page = pages::all(&up.data);
        sum(&page, "yemae_task_failures_total", &[]).map(|_| page)
    });
    assert!(sum(&page, "yemae_breaker_opened_total", &[BOOKING, PEER]) >= Some(1.0));
    let happened = METRICS
        .iter()
        .filter(|metric| !NOTHING_HAPPENED.contains(&metric.name));
    for metric in happened {
        let name = metric.prometheus();
        assert!(page.contains(&format!("# TYPE {name} ")), "no {name}");
    }
}
