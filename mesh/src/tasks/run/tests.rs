//! How often what is due is read, counted at the database.

use super::*;
use crate::context::Peers;
use crate::store::{Db, Setup, Store, Url};
use crate::tasks::Done;
use crate::{Clock, Contracts, Time};
use diesel::connection::{Connection, InstrumentationEvent};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

struct Rig {
    site: Site,
    reads: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
}

impl Rig {
    /// A site with so many tasks that are due.
    async fn with(tasks: usize) -> Self {
        let url = Url(":memory:".to_owned());
        let mut db = Db::open(&url).unwrap();
        db.migrate(Vec::new()).unwrap();
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = reads.clone();
        let Db::Sqlite(sqlite) = &mut db else {
            unreachable!()
        };
        sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let query = query.to_string();
                let is_look = query.starts_with("SELECT") && query.contains("LIMIT");
                counted.fetch_add(usize::from(is_look), Ordering::SeqCst);
            }
        });
        let setup = Setup {
            context: "test".to_owned(),
            url,
            clock: Clock::manual(Time(1)).0,
            contracts: Arc::new(Contracts::load(&[]).unwrap()),
        };
        let clock = setup.clock.clone();
        let store = Store::inline(setup, Arc::new(Mutex::new(db)), Arc::new(|_| false));
        let written = store.write((), move |tx| {
            for n in 0..tasks {
                tx.start_task("quick", &format!("{n:05}"), &())?;
            }
            Ok(())
        });
        written.await.unwrap();
        Self {
            site: Site {
                context: "test",
                store,
                clock,
                peers: Peers::new(HashMap::new()),
                stop: CancellationToken::new(),
            },
            reads,
            done: Arc::default(),
        }
    }

    /// Works until so many are done, each in 10 ms; the first so many never end. Answers how often it was looked.
    async fn until(&self, done: usize, hanging: usize) -> usize {
        let counted = self.done.clone();
        let handler: Handler = Arc::new(move |_, task| {
            let counted = counted.clone();
            Box::pin(async move {
                if task.key < format!("{hanging:05}") {
                    std::future::pending::<()>().await;
                }
                sleep(Duration::from_millis(10)).await;
                counted.fetch_add(1, Ordering::SeqCst);
                Ok(Done::nothing())
            })
        });
        self.reads.store(0, Ordering::SeqCst);
        let running = run(self.site.clone(), HashMap::from([("quick", handler)]));
        let all_done = async {
            while self.done.load(Ordering::SeqCst) < done {
                sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = running => {}
            () = all_done => {}
            () = sleep(Duration::from_secs(600)) => panic!("only {:?} are done", self.done),
        }
        self.reads.load(Ordering::SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_is_read_by_the_page_and_not_after_each_one_done() {
    let rig = Rig::with(1024).await;
    let reads = rig.until(1024, 0).await;
    assert!(reads <= 1024 / AT_ONCE + 4, "{reads}");
}

#[tokio::test(start_paused = true)]
async fn what_is_begun_when_the_site_stops_comes_to_its_end_and_nothing_else_begins() {
    for hanging in [0, 1] {
        let rig = Rig::with(100).await;
        let stop = rig.site.stop.clone();
        let stopping = async {
            sleep(Duration::from_millis(5)).await;
            stop.cancel();
        };
        let begun = tokio::time::Instant::now();
        tokio::join!(rig.until(100, hanging), stopping);
        assert_eq!(rig.done.load(Ordering::SeqCst), AT_ONCE - hanging);
        let waited = begun.elapsed() >= FAREWELL;
        assert_eq!(waited, hanging > 0, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn one_place_left_is_enough_to_get_through_all() {
    let rig = Rig::with(300).await;
    let reads = rig.until(300 - 63, 63).await;
    // One by one it takes 2.4 s, in which it is looked every 250 ms, and when what was read is begun.
    assert!(reads <= 25, "{reads}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_comes_later_is_begun_at_once() {
    let rig = Rig::with(0).await;
    let later = async {
        sleep(Duration::from_millis(100)).await;
        let started = rig
            .site
            .store
            .write((), |tx| tx.start_task("quick", "later", &()));
        started.await.unwrap();
        let begun = tokio::time::Instant::now();
        while rig.done.load(Ordering::SeqCst) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        begun.elapsed()
    };
    let (took, _) = tokio::join!(later, rig.until(1, 0));
    assert!(took < Duration::from_millis(20), "{took:?}");
}
