//! A payment that is dead.

use super::{Buyer, is_sorry, unmoved};
use crate::play::audit;
use crate::play::{Door, context, pids_with, send};
use crate::rig::{Up, directory};
use nix::sys::signal::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_payment_killed() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo", "--processes"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let before = door.customer("before");
    let standing = before.book_at_last(&show, "10A", "before").await.unwrap();

    let killed = Killer::of(&up);
    let buyers = Buyer::some(&door, "killed", 8, 0);
    let mut slowest = Duration::ZERO;
    for buyer in &buyers {
        let (answer, after) = buyer.book(&show).await;
        is_sorry(&answer.expect_err("payment is dead"), after);
        slowest = slowest.max(after);
    }
    unmoved(&before, &standing.booking_id).await;
    drop(killed);

    let well = Instant::now();
    for buyer in &buyers {
        buyer.ends_well(&show, &door.admin()).await;
    }
    let took = well.elapsed();
    audit(&up, &[]);
    eprintln!(
        "answered after {slowest:?} at most; all booked {took:?} after payment was let live, clean {:?} after",
        well.elapsed()
    );
    assert!(up.stop(), "it drained");
}

/// Kills payment as often as it is started, while it lives itself.
struct Killer {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Killer {
    fn of(up: &Up) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let data = up.data.clone();
        let until = stop.clone();
        let victim = context(up, "payment").unwrap();
        assert!(send(victim, Signal::SIGKILL));
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                let data = format!("--data={}", data.display());
                for pid in pids_with(&["child payment ", &data]) {
                    send(pid, Signal::SIGKILL);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}
