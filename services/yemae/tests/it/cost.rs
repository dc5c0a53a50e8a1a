//! What a booking costs its databases. More is a decision, so it is written down here.

use crate::cinema::Cinema;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::Text;
use mesh::Db;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static KEPT: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Writes down what is said to databases, on the one thread that a world has on SQLite.
struct Listener;

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let query = query.to_string();
                let text = query.split(" -- binds").next().unwrap_or_default();
                SAID.with_borrow_mut(|said| said.push(plain(text)));
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                KEPT.with_borrow_mut(|kept| kept.insert(plain(sql)));
            }
            _ => {}
        }
    }
}

fn plain(text: &str) -> String {
    text.replace(['`', '"'], "")
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
async fn a_booking_costs_51_statements() {
    set_default_instrumentation(|| Some(Box::new(Listener))).unwrap();
    let cinema = Cinema::new().await;
    cinema.book("first", "1A").await.unwrap();
    cinema.world.settle().await;
    SAID.take();
    cinema.book("second", "2B").await.unwrap();
    cinema.world.settle().await;
    let mut said = SAID.take();
    said.retain(|text| is_a_contexts(text));
    assert_eq!(said.len(), 51, "{said:#?}");
    // One that is prepared anew each time costs as much as some others, and on PostgreSQL a question more.
    let kept = KEPT.take();
    said.retain(|text| !kept.contains(text));
    assert!(said.is_empty(), "not kept prepared: {said:#?}");
}

/// A step of SQLite's plan for a statement.
#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

const CONTEXTS: [&str; 7] = [
    "cinema-booking",
    "cinema-theater",
    "cinema-ticket",
    "cinema-movie",
    "payment",
    "mypage",
    "notification",
];

/// Tables that are read as a whole because they are small whatever is sold: a row for each policy, screen or unfinished
/// piece of work.
const SMALL: &[&str] = &["caught_up", "task", "screen", "home"];

/// How a context's database goes about a statement, if it has such tables.
fn plan(db: &mut Db, text: &str) -> Vec<String> {
    let Db::Sqlite(db) = db else {
        panic!("a world without a TEST_STORE is on SQLite");
    };
    let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load::<Step>(db);
    let steps = steps.unwrap_or_default().into_iter();
    steps.map(|step| step.detail).collect()
}

/// What grows with every order must not be read from end to end for one, least of all by what is done every second.
#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    set_default_instrumentation(|| Some(Box::new(Listener))).unwrap();
    let cinema = Cinema::new().await;
    let booked = cinema.book("first", "1A").await.unwrap();
    cinema.book("second", "2B").await.unwrap();
    cinema.world.settle().await;
    cinema.print(&booked.booking_id).await.unwrap();
    for _ in 0..3 {
        cinema.world.advance(Duration::from_secs(3600));
        cinema.world.tick().await;
        cinema.world.settle().await;
    }
    let said: BTreeSet<String> = SAID.take().into_iter().collect();
    let mut whole = Vec::new();
    for context in CONTEXTS {
        for text in &said {
            let asked = text.clone();
            let steps = cinema
                .world
                .site(context)
                .store
                .read(move |db| Ok(plan(db, &asked)));
            let whole_table = |step: &String| {
                let table = step.strip_prefix("SCAN ")?;
                // Another context's statement, which has a table of that name too, may touch what refers to it here.
                let is_read = text.split([' ', '.', '(']).any(|word| word == table);
                (is_read && !SMALL.contains(&table)).then(|| format!("{context}: {step}: {text}"))
            };
            whole.extend(steps.await.unwrap().iter().find_map(whole_table));
        }
    }
    assert!(said.len() > 90, "{}", said.len());
    assert!(whole.is_empty(), "{whole:#?}");
}
