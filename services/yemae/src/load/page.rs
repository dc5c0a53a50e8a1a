//! How long it takes until a booking is on its customer's own page. Some customers watch theirs.

use super::seen::Seen;
use crate::rpc::Mesh;
use ordering::audit::Outcome;
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

/// Customers who watch: enough to see some of every second, and too few to be a load themselves.
const WATCHERS: usize = 4;
/// Before a watch that has ended is begun again.
const AGAIN: Duration = Duration::from_millis(200);
/// How long what was booked last is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the watchers have seen.
#[derive(Clone, Default)]
pub(super) struct Pages(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// Orders that were answered and are not on the page yet, and when they were answered.
    awaited: HashMap<String, Instant>,
    /// Orders on the page, whether they were answered before or not.
    shown: HashSet<String>,
    /// In µs; 0 when the page was there first.
    took: Vec<i64>,
    /// There is no page in this mesh.
    is_left_out: bool,
}

/// Until a booking that was answered is on the customer's page.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Visible {
    /// How many were watched for.
    pub(super) watched: usize,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Of them, those that did not come in 10 s after the last booking.
    pub(super) missing: usize,
}

/// Watches for as long as it is held.
pub(super) struct Watchers {
    pages: Pages,
    _watching: JoinSet<()>,
}

impl Watchers {
    /// Of the first few of these people.
    pub(super) fn begin<'a>(people: impl Iterator<Item = &'a Mesh>) -> Self {
        let mut watching = JoinSet::new();
        let pages = Pages::default();
        for person in people.take(WATCHERS) {
            watching.spawn(watch(person.unguarded(), pages.clone()));
        }
        Self {
            pages,
            _watching: watching,
        }
    }

    /// Where those tell who book, by their number.
    pub(super) fn of(&self, person: usize) -> Option<Pages> {
        (person < WATCHERS).then(|| self.pages.clone())
    }

    /// Waits for what was booked last, and says what all of it came to.
    pub(super) async fn end(self) -> Visible {
        let all_there = async {
            while !self.pages.known().awaited.is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = timeout(PATIENCE, all_there).await;
        let known = self.pages.known();
        Visible {
            watched: known.took.len() + known.awaited.len(),
            p50_ms: super::count::at_percent(&known.took, 50),
            p99_ms: super::count::at_percent(&known.took, 99),
            missing: known.awaited.len(),
        }
    }
}

impl Pages {
    /// What one of the watchers was answered just now.
    pub(super) fn answered(&self, seen: &Seen) {
        if seen.record.op != "create" || seen.record.outcome != Outcome::Ok {
            return;
        }
        let mut known = self.known();
        if known.is_left_out {
            return;
        }
        match known.shown.contains(&seen.record.order_id) {
            true => known.took.push(0),
            false => {
                let id = seen.record.order_id.clone();
                known.awaited.insert(id, Instant::now());
            }
        }
    }

    fn shows(&self, order_id: String) {
        let mut known = self.known();
        if let Some(answered) = known.awaited.remove(&order_id) {
            let took = i64::try_from(answered.elapsed().as_micros()).unwrap_or(i64::MAX);
            known.took.push(took);
        }
        known.shown.insert(order_id);
    }

    fn is_left_out(&self) {
        *self.known() = Known {
            is_left_out: true,
            ..Known::default()
        };
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes on from where it was when the watch ends, so that whatever is shown meanwhile is late and not lost.
async fn watch(person: Mesh, pages: Pages) {
    let mut cursor = String::new();
    loop {
        let request = WatchMyOrdersRequest {
            cursor: cursor.clone(),
        };
        let mut page = MyPageServiceClient::new(person.channel());
        match page.watch_my_orders(request).await {
            Ok(shown) => {
                let mut shown = shown.into_inner();
                while let Ok(Some(next)) = shown.message().await {
                    cursor = next.cursor;
                    pages.shows(next.order.unwrap_or_default().order_id);
                }
            }
            Err(why) if why.code() == Code::Unimplemented => return pages.is_left_out(),
            Err(_) => {}
        }
        sleep(AGAIN).await;
    }
}
