//! Where the customers play: screenings of one movie, and the seats that nobody has asked for yet.

use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Won for one seat.
pub(super) const PRICE: i64 = 12_000;
/// Seats of one screening: enough that most customers find one.
pub(super) const ROWS: i32 = 50;
pub(super) const COLUMNS: i32 = 26;
/// Screenings at least.
const SCREENINGS: usize = 6;

/// A seat of a screening.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) screening_id: String,
    pub(super) name: String,
}

/// A stage that was set.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) screenings: Vec<String>,
    pub(super) staff: Mesh,
    /// Tells this run from others with the same seed.
    pub(super) run: String,
    free: Mutex<VecDeque<Seat>>,
}

impl Scene {
    /// Sets one with so many seats, and not few.
    pub(super) async fn set(mesh: &Mesh, seats: usize) -> Result<Self, Fault> {
        let staff = mesh.acting_as("load-staff", &["staff", "admin", "customer"])?;
        let run = mesh::id::new();
        let screen = stage::screen(&staff, &run, ROWS, COLUMNS).await?;
        let movie = stage::movie(&staff, &run, "Load", PRICE).await?;
        let mut screenings = Vec::new();
        let mut free = VecDeque::new();
        let number = SCREENINGS.max(seats.div_ceil((ROWS * COLUMNS) as usize));
        for number in 0..number {
            let ahead = Duration::from_secs((24 + 3 * number as u64) * 3600);
            let run = format!("{run}-{number}");
            let screening = stage::schedule(&staff, &run, &movie, &screen, ahead).await?;
            let id = screening.screening_id;
            free.extend((0..ROWS * COLUMNS).map(|place| Seat {
                screening_id: id.clone(),
                name: name(place / COLUMNS + 1, place % COLUMNS),
            }));
            screenings.push(id);
        }
        Ok(Self {
            screenings,
            staff,
            run,
            free: Mutex::new(free),
        })
    }

    /// A seat that nobody else is given.
    pub(super) fn take(&self) -> Option<Seat> {
        self.free().pop_front()
    }

    /// Gives back a seat that was surely not sold. Others come first: it may still be held for a moment.
    pub(super) fn give_back(&self, seat: Seat) {
        self.free().push_back(seat);
    }

    fn free(&self) -> std::sync::MutexGuard<'_, VecDeque<Seat>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// "1A" is row 1, column 0.
pub(super) fn name(row: i32, column: i32) -> String {
    format!("{row}{}", char::from(b'A' + column as u8))
}
