//! Offered up to five times what can be done, over the whole server stack and on a paused clock: what is let in is done
//! in time, and the rest is told so at once.

use super::*;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};

/// What a caller gives one attempt, and how long the handler waits for a provider (payment's own number).
const ATTEMPT: Duration = Duration::from_millis(1200);
const PATIENCE: Duration = Duration::from_secs(1);
/// Until the limit has found its place, and how long is looked at then.
const SETTLE: Duration = Duration::from_secs(20);
const LOOKED_AT: Duration = Duration::from_secs(12);
/// How long a call waits for a place in a bulkhead.
const WAIT: Duration = Duration::from_millis(100);

/// A provider that answers in turn: overloaded it gets slow. It does not notice that nobody waits any more.
struct Provider {
    capacity: u32,
    latency: Duration,
    next_turn: Mutex<Instant>,
    /// What stands before it, as before payment in booking.
    bulkhead: Semaphore,
}

impl Provider {
    async fn charge(&self) -> Reply {
        let Ok(Ok(_place)) = timeout(WAIT, self.bulkhead.acquire()).await else {
            call::crowded();
            return Status::unavailable("busy").into_http();
        };
        let now = Instant::now();
        let turn = {
            let mut next = self.next_turn.lock().unwrap();
            let turn = now.max(*next);
            *next = turn + Duration::from_secs(1) / self.capacity;
            turn
        };
        let answer = turn + self.latency;
        sleep_until(answer.min(now + PATIENCE)).await;
        if answer > now + PATIENCE {
            return Status::unknown("unconfirmed").into_http();
        }
        fine()
    }
}

#[derive(Debug, Default)]
struct Tally {
    good: usize,
    slowest: Duration,
    shed: usize,
    slowest_shed: Duration,
    /// Let in and not done: each a charge of which nobody knows.
    unknown: usize,
    /// Let in and turned away by the bulkhead.
    wasted: usize,
    reserved: usize,
    reserved_shed: usize,
}

struct Load {
    capacity: u32,
    latency: Duration,
    bulkhead: usize,
    path: &'static str,
}

impl Load {
    fn of(path: &'static str, capacity: u32, millis: u64) -> Self {
        Self {
            capacity,
            latency: Duration::from_millis(millis),
            bulkhead: Semaphore::MAX_PERMITS,
            path,
        }
    }
}

impl Load {
    /// So many calls a second, evenly, whatever becomes of them; beside them 5 that are reserved.
    async fn offer(&self, per_second: u32) -> Tally {
        let provider = Arc::new(Provider {
            capacity: self.capacity,
            latency: self.latency,
            next_turn: Mutex::new(Instant::now()),
            bulkhead: Semaphore::new(self.bulkhead),
        });
        let house = House::with(Limits::default(), move |_| {
            let provider = provider.clone();
            async move { provider.charge().await }
        });
        let house = Arc::new(house.await);
        let keys = [self.path, RELEASE].map(|path| (path, house.key_to(path)));
        let begun = Instant::now();
        let tally = Arc::<Mutex<Tally>>::default();
        let mut calls = tokio::task::JoinSet::new();
        let total = per_second * (SETTLE + LOOKED_AT).as_secs() as u32;
        for n in 0..total {
            let at = begun + Duration::from_secs(1) * n / per_second;
            sleep_until(at).await;
            let is_reserved = self.path == HOLD && n % (per_second / 5) == 0;
            let (path, key) = &keys[usize::from(is_reserved)];
            let asked = request(path, key).header("grpc-timeout", "1200m");
            let (house, tally) = (house.clone(), tally.clone());
            calls.spawn(async move {
                let called = Instant::now();
                let told = house.ask(asked).await;
                let took = called.elapsed();
                if at < begun + SETTLE {
                    return;
                }
                let mut tally = tally.lock().unwrap();
                let is_shed = told.is(Code::ResourceExhausted, "OVERLOADED");
                match told.code {
                    _ if is_reserved => {
                        tally.reserved += 1;
                        tally.reserved_shed += usize::from(is_shed);
                    }
                    Code::Ok if took <= ATTEMPT => {
                        tally.good += 1;
                        tally.slowest = tally.slowest.max(took);
                    }
                    _ if is_shed => {
                        tally.shed += 1;
                        tally.slowest_shed = tally.slowest_shed.max(took);
                    }
                    Code::Unavailable => tally.wasted += 1,
                    _ => tally.unknown += 1,
                }
            });
        }
        while calls.join_next().await.is_some() {}
        Arc::into_inner(tally).unwrap().into_inner().unwrap()
    }

    /// From half to five times what can be done.
    async fn all(&self) -> Vec<Tally> {
        let mut tallies = Vec::new();
        for halves in [1, 2, 4, 10] {
            let tally = self.offer(self.capacity * halves / 2).await;
            println!("{halves}/2 of {}/s: {tally:?}", self.capacity);
            tallies.push(tally);
        }
        tallies
    }
}

fn holds(tallies: &[Tally]) {
    let peak = tallies.iter().map(|tally| tally.good).max().unwrap();
    for tally in tallies.iter().skip(1) {
        assert!(tally.good * 100 >= peak * 90, "{tally:?}, peak {peak}");
        assert!(tally.unknown * 100 <= peak, "{tally:?}");
        assert_eq!(tally.slowest_shed, Duration::ZERO, "{tally:?}");
        assert_eq!(tally.reserved_shed, 0, "{tally:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn charges_are_let_in_as_fast_as_a_provider_takes_them() {
    for (capacity, millis) in [(60, 0), (100, 500)] {
        holds(&Load::of(APPROVE, capacity, millis).all().await);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_reserved_passes_an_overload() {
    let tallies = Load::of(HOLD, 200, 0).all().await;
    holds(&tallies);
    assert!(tallies.iter().all(|tally| tally.reserved >= 59));
}

#[tokio::test(start_paused = true)]
async fn little_is_let_in_that_a_bulkhead_turns_away() {
    let load = Load {
        bulkhead: 32,
        ..Load::of(APPROVE, 250, 0)
    };
    let tallies = load.all().await;
    holds(&tallies);
    for tally in tallies {
        assert!(tally.wasted * 4 <= tally.good, "{tally:?}");
    }
}
