//! Waiting until a world has come to rest.

use super::{Chaos, lock};
use mesh::{outbox, tasks};
use std::time::Duration;
use tokio::time::{Instant, sleep};

impl Chaos {
    /// Waits, at most `most`, until nothing moves any more, seen twice 2 s apart: nothing unpublished, undelivered or
    /// to be done, every process up, and `settled`. False: it never came to rest.
    pub async fn rest(&self, most: Duration, settled: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + most;
        let mut quiet = 0;
        while quiet < 2 {
            if Instant::now() >= until {
                return false;
            }
            sleep(Duration::from_secs(2)).await;
            quiet = if self.is_quiet() && settled(self) {
                quiet + 1
            } else {
                0
            };
        }
        true
    }

    fn is_quiet(&self) -> bool {
        self.0.bus.is_idle()
            && self.processes().iter().all(|process| {
                let mut db = lock(process.db());
                process.life().is_some()
                    && outbox::waiting(&mut db).is_ok_and(|(rows, _)| rows == 0)
                    && tasks::open(&mut db).is_ok_and(|open| open == 0)
            })
    }

    /// Waits until a process is up.
    pub async fn wait_for(&self, name: &str) {
        while self
            .process(name)
            .is_none_or(|process| process.life().is_none())
        {
            sleep(Duration::from_millis(1)).await;
        }
    }
}
