//! What a booking costs its databases. More is a decision, so it is written down here.

use crate::cinema::Cinema;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use std::cell::RefCell;

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Writes down what is said to databases, on the one thread that a world has on SQLite.
struct Listener;

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let query = query.to_string();
            let text = query.split(" -- binds").next().unwrap_or_default();
            let text = text.replace(['`', '"'], "");
            SAID.with_borrow_mut(|said| said.push(text));
        }
    }
}

/// Not what a world's own carrier and clock say, nor what frames each command.
fn is_a_contexts(text: &str) -> bool {
    let others = [
        "BEGIN",
        "COMMIT",
        "SAVEPOINT",
        "RELEASE",
        "SELECT outbox.",
        "UPDATE outbox",
        "SELECT task.",
        "INSERT INTO caught_up",
    ];
    !others.iter().any(|other| text.starts_with(other))
}

/// From the request until the page shows the seats reserved, the ticket waits, both notifications are sent and all is
/// quiet: two versions of the order, a fulfilment by theater and one by ticket, 13 deliveries of which 10 matter, 2 tasks.
#[tokio::test]
async fn a_booking_costs_60_statements() {
    set_default_instrumentation(|| Some(Box::new(Listener))).unwrap();
    let cinema = Cinema::new().await;
    cinema.book("first", "1A").await.unwrap();
    cinema.world.settle().await;
    SAID.take();
    cinema.book("second", "2B").await.unwrap();
    cinema.world.settle().await;
    let mut said = SAID.take();
    said.retain(|text| is_a_contexts(text));
    assert_eq!(said.len(), 60, "{said:#?}");
}
