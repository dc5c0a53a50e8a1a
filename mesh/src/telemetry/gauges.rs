//! What is not counted but looked at, when somebody asks: rows that wait, calls in flight, breakers.

use super::metric::{Kind, Metric};
use futures::future::{BoxFuture, join_all};
use opentelemetry::KeyValue;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Who does not answer by then is left out: what is not known is not told.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was seen is good for so long: however many ask, databases are asked no more often.
const FRESH: Duration = Duration::from_secs(1);

/// From so many places on, those that are gone are forgotten whenever there are twice as many.
const MANY: usize = 64;

/// What was seen at one place.
pub(crate) struct Reading {
    pub(crate) metric: &'static Metric,
    pub(crate) value: f64,
    pub(crate) attributes: Vec<KeyValue>,
}

/// Looks at one place; none when it is not there any more.
type Look = Box<dyn Fn() -> Option<BoxFuture<'static, Vec<Reading>>> + Send>;

static PLACES: Mutex<Vec<Look>> = Mutex::new(Vec::new());
/// When that was done last; held while it is done.
static LOOKED: tokio::sync::Mutex<Option<Instant>> = tokio::sync::Mutex::const_new(None);
static SEEN: Mutex<Vec<Reading>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has `look` asked whenever somebody asks us, until it answers none.
pub(crate) fn watch(look: impl Fn() -> Option<BoxFuture<'static, Vec<Reading>>> + Send + 'static) {
    if !super::catalog::LOG_LOST.is_on() {
        return;
    }
    let mut places = lock(&PLACES);
    // Where nobody ever asks, those that are gone must not pile up.
    if places.len() >= MANY && places.len().is_power_of_two() {
        places.retain(|look| look().is_some());
    }
    places.push(Box::new(look));
}

/// The same for what is seen at once.
pub(crate) fn glance(look: impl Fn() -> Option<Vec<Reading>> + Send + 'static) {
    watch(move || {
        let seen = look()?;
        Some(Box::pin(std::future::ready(seen)))
    });
}

/// Looks at every place, unless somebody has just done so: who asks at once, or again too soon, shares a look.
pub(super) async fn look() {
    let mut looked = LOOKED.lock().await;
    if looked.is_none_or(|at| at.elapsed() >= FRESH) {
        look_anew().await;
        *looked = Some(Instant::now());
    }
}

async fn look_anew() {
    let mut looks = Vec::new();
    lock(&PLACES).retain(|look| look().map(|look| looks.push(look)).is_some());
    let seen = join_all(looks.into_iter().map(|look| timeout(PATIENCE, look))).await;
    let mut all: Vec<Reading> = Vec::new();
    for reading in seen.into_iter().flatten().flatten() {
        let alike = |other: &&mut Reading| {
            std::ptr::eq(other.metric, reading.metric) && other.attributes == reading.attributes
        };
        match all.iter_mut().find(alike) {
            Some(other) if reading.metric.kind == Kind::Worst => {
                other.value = other.value.max(reading.value);
            }
            Some(other) => other.value += reading.value,
            None => all.push(reading),
        }
    }
    *lock(&SEEN) = all;
}

/// Tells what was seen of `metric` the last time.
pub(super) fn tell(metric: &Metric, mut told: impl FnMut(f64, &[KeyValue])) {
    let seen = lock(&SEEN);
    let own = seen
        .iter()
        .filter(|reading| std::ptr::eq(reading.metric, metric));
    own.for_each(|reading| told(reading.value, &reading.attributes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn who_asks_at_once_shares_a_look() {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        lock(&PLACES).push(Box::new(|| {
            LOOKS.fetch_add(1, Ordering::Relaxed);
            Some(Box::pin(std::future::ready(Vec::new())))
        }));
        join_all((0..5).map(|_| look())).await;
        assert_eq!(LOOKS.load(Ordering::Relaxed), 1);
        tokio::time::advance(FRESH).await;
        look().await;
        assert_eq!(LOOKS.load(Ordering::Relaxed), 2);
    }
}
