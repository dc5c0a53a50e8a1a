//! A world of chaos: contexts in one thread over real SQL, whose bus duplicates, delays, reorders and loses, whose
//! network loses requests and replies, and whose processes die at any commit or in the middle of anything.
//!
//! Time is tokio's, paused: it jumps to whatever is next. Every choice is the seed's, so a seed runs the same way again.
//! What a seed cannot choose, and nothing here depends on, are the ids that [`mesh::id::new`] makes.

mod bus;
mod databases;
mod deaths;
mod dice;
mod faults;
mod loops;
mod network;
mod process;
mod rest;

pub use databases::Databases;
pub use dice::Dice;
pub use faults::Faults;

use bus::Bus;
use mesh::{Clock, Context, Contracts, Db, Time};
use process::Process;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// No world commits so often in one moment unless something in it spins.
const MOST_AT_ONCE: u32 = 2_000;

/// A world of chaos. Its clones are the same world.
#[derive(Clone)]
pub struct Chaos(Arc<Inner>);

struct Inner {
    dice: Dice,
    faults: Mutex<Faults>,
    struck: AtomicUsize,
    clock: Clock,
    start: Instant,
    contracts: Arc<Contracts>,
    processes: Mutex<BTreeMap<&'static str, Arc<Process>>>,
    bus: Bus,
    restarts: mpsc::UnboundedSender<(&'static str, Duration)>,
    wrong: Mutex<Vec<String>>,
    rush: Mutex<(Time, u32)>,
    trace: Option<Mutex<Vec<String>>>,
    forgets_inbox: bool,
}

/// Makes a context, for the first time and after each crash.
pub type Make = Arc<dyn Fn() -> Context + Send + Sync>;

/// How a world is made.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    /// Where every choice comes from.
    pub seed: u64,
    /// Keep what happens, to be printed.
    pub trace: bool,
    /// Events take effect as often as they come, and in whatever order: a bug, to see a checker fail.
    pub forgets_inbox: bool,
}

/// Runs `life` in a fresh runtime of one thread, whose time jumps.
pub fn run<T>(life: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap_or_else(|why| panic!("{why}"))
        .block_on(life)
}

impl Chaos {
    /// A world of these contexts, on emptied databases, without faults so far. Each is made anew after each crash.
    pub fn new(making: Making, databases: &mut Databases, contexts: &[Make]) -> Self {
        let start = Instant::now();
        let clock = Clock::reading(move || Time(1_750_000_000_000_000).plus(start.elapsed()));
        let (restarts, crashed) = mpsc::unbounded_channel();
        let world = Self(Arc::new(Inner {
            dice: Dice::new(making.seed),
            faults: Mutex::default(),
            struck: AtomicUsize::new(0),
            clock,
            start,
            contracts: databases.contracts(),
            processes: Mutex::default(),
            bus: Bus::default(),
            restarts,
            wrong: Mutex::default(),
            rush: Mutex::default(),
            trace: making.trace.then(Mutex::default),
            forgets_inbox: making.forgets_inbox,
        }));
        for make in contexts {
            let database = databases.empty(&mut make());
            let process = Process::new(make.clone(), database);
            lock(&world.0.processes).insert(process.name(), process);
        }
        for process in world.processes() {
            process.start(&world);
        }
        process::spawn(world.clone().restart(crashed));
        world
    }

    /// Where every choice comes from.
    pub fn dice(&self) -> &Dice {
        &self.0.dice
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// From now on these faults strike; processes are killed in the background.
    pub fn let_loose(&self, faults: Faults) {
        self.say(|| format!("{faults:?}"));
        *lock(&self.0.faults) = faults;
        if let Some(mean) = faults.kill {
            process::spawn(self.clone().kill_now_and_then(mean));
        }
    }

    fn faults(&self) -> Faults {
        *lock(&self.0.faults)
    }

    /// Whether a fault of this probability strikes now.
    fn strikes(&self, probability: impl Fn(&Faults) -> f64) -> bool {
        let strikes = self.dice().chance(probability(&self.faults()));
        if strikes {
            self.strike();
        }
        strikes
    }

    /// Whether something commits without end while no time passes: it would never come to an end in here.
    fn spins(&self) -> bool {
        let (now, mut rush) = (self.now(), lock(&self.0.rush));
        *rush = if rush.0 == now {
            (now, rush.1 + 1)
        } else {
            (now, 1)
        };
        rush.1 > MOST_AT_ONCE
    }

    fn strike(&self) {
        self.0.struck.fetch_add(1, Ordering::SeqCst);
    }

    /// How many faults have struck.
    pub fn struck(&self) -> usize {
        self.0.struck.load(Ordering::SeqCst)
    }

    /// No more faults; what is down comes back by itself.
    pub fn heal(&self) {
        self.say(|| "healed".to_owned());
        *lock(&self.0.faults) = Faults::default();
    }

    /// Reads a context's database as it is, whether its process is up or not.
    pub fn read<T>(&self, context: &str, query: impl FnOnce(&mut Db) -> T) -> T {
        let process = self.process(context);
        let process = process.unwrap_or_else(|| panic!("no {context} in this world"));
        query(&mut lock(process.db()))
    }

    /// Every event that was ever published, in that order.
    pub fn published(&self) -> Vec<Arc<mesh::policy::Delivery>> {
        self.0.bus.published()
    }

    /// What no fault explains, such as a policy that fails.
    pub fn wrong(&self) -> Vec<String> {
        lock(&self.0.wrong).clone()
    }

    fn is_wrong(&self, what: String) {
        self.say(|| what.clone());
        lock(&self.0.wrong).push(what);
    }

    /// Keeps a line of the trace.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.0.trace {
            let at = self.0.start.elapsed().as_millis();
            lock(trace).push(format!("{at:>8} {}", line()));
        }
    }

    /// The trace so far.
    pub fn trace(&self) -> Vec<String> {
        self.0
            .trace
            .as_ref()
            .map(|trace| lock(trace).clone())
            .unwrap_or_default()
    }

    fn process(&self, name: &str) -> Option<Arc<Process>> {
        lock(&self.0.processes).get(name).cloned()
    }

    fn processes(&self) -> Vec<Arc<Process>> {
        lock(&self.0.processes).values().cloned().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
