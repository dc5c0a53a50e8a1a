//! Where the customers play: screenings of one movie, and the seats that nobody has asked for yet. As many screenings as
//! the run needs: more are added while it goes on, well before the last seat is asked for.

use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::cinema as stage;
use futures::stream::{StreamExt, TryStreamExt};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Won for one seat.
pub(super) const PRICE: i64 = 12_000;
/// Seats of one screening.
const ROWS: i32 = 50;
const COLUMNS: i32 = 26;
const SEATS: usize = (ROWS * COLUMNS) as usize;
/// Screenings at least: neighbouring bookings are of different ones.
const SCREENINGS: usize = 8;
/// So many are made at once.
const AT_ONCE: usize = 8;
/// Seats for so many seconds are kept ready.
const AHEAD: f64 = 3.0;
/// Between two looks at how many are left, and before a seat is asked for again when there was none.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Seats of a screening.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) screening_id: String,
    pub(super) names: Vec<String>,
}

/// A stage that was set.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) staff: Mesh,
    /// Tells this run from others with the same seed.
    pub(super) run: String,
    movie_id: String,
    screen_id: String,
    /// Screenings kept ready.
    ready: usize,
    made: AtomicU64,
    free: Mutex<VecDeque<Free>>,
    /// What was given away last.
    last: Mutex<Option<Seats>>,
}

/// The seats of a screening that nobody has asked for.
#[derive(Debug)]
struct Free {
    screening_id: String,
    names: Vec<String>,
}

impl Scene {
    /// Sets one for so many seats a second, with seats for the first of them.
    pub(super) async fn set(mesh: &Mesh, per_second: f64) -> Result<Self, Fault> {
        let staff = mesh.acting_as("load-staff", &["staff", "admin", "customer"])?;
        let run = mesh::id::new();
        let screen_id = stage::screen(&staff, &run, ROWS, COLUMNS).await?;
        let movie_id = stage::movie(&staff, &run, "Load", PRICE).await?;
        let wanted = (per_second * AHEAD / SEATS as f64).ceil() as usize;
        let scene = Self {
            staff,
            run,
            movie_id,
            screen_id,
            ready: SCREENINGS.max(wanted),
            made: AtomicU64::new(0),
            free: Mutex::default(),
            last: Mutex::default(),
        };
        scene.add(scene.ready).await?;
        Ok(scene)
    }

    /// Adds screenings whenever seats become few, for as long as it is polled. What keeps it from doing so ends with the
    /// mesh's trouble, which a load is often there to see.
    pub(super) async fn keep_ready(&self) {
        loop {
            if self.left() < self.ready * SEATS {
                let _ = self.add(AT_ONCE).await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn add(&self, screenings: usize) -> Result<(), Fault> {
        futures::stream::iter(0..screenings)
            .map(|_| self.add_one())
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn add_one(&self) -> Result<(), Fault> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let ahead = Duration::from_secs((24 + 2 * number) * 3600);
        let run = format!("{}-{number}", self.run);
        let made = stage::schedule(&self.staff, &run, &self.movie_id, &self.screen_id, ahead);
        let screening_id = made.await?.screening_id;
        let names = (0..ROWS * COLUMNS).rev();
        let names = names.map(|place| name(place / COLUMNS + 1, place % COLUMNS));
        let names = names.collect();
        self.free().push_back(Free {
            screening_id,
            names,
        });
        Ok(())
    }

    /// So many seats beside each other that nobody else is given, each time of another screening. None: they are all
    /// given away at this moment.
    pub(super) fn take(&self, number: usize) -> Option<Seats> {
        let mut free = self.free();
        let mut next = free.pop_front()?;
        let from = next.names.len().saturating_sub(number);
        let names = next.names.split_off(from);
        let screening_id = next.screening_id.clone();
        if !next.names.is_empty() {
            free.push_back(next);
        }
        drop(free);
        let seats = Seats {
            screening_id,
            names,
        };
        *self.last() = Some(seats.clone());
        Some(seats)
    }

    /// Those that somebody else was given just now, and is about to book.
    pub(super) fn taken_last(&self) -> Option<Seats> {
        self.last().clone()
    }

    fn last(&self) -> MutexGuard<'_, Option<Seats>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back seats that were surely not sold. Others come first: they may still be held for a moment.
    pub(super) fn give_back(&self, seats: Seats) {
        let Seats {
            screening_id,
            names,
        } = seats;
        self.free().push_back(Free {
            screening_id,
            names,
        });
    }

    fn left(&self) -> usize {
        self.free().iter().map(|own| own.names.len()).sum()
    }

    fn free(&self) -> MutexGuard<'_, VecDeque<Free>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// "1A" is row 1, column 0.
fn name(row: i32, column: i32) -> String {
    format!("{row}{}", char::from(b'A' + column as u8))
}
