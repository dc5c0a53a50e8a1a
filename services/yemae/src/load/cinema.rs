//! Who goes to the cinema: books seats of one movie, and sometimes has the ticket printed. There are as many screenings as
//! the run needs: more are added while it goes on, well before the last seat is asked for.

use super::moves::{Moves, PAYMENT_METHOD, Wanted, Wish, unless};
use super::scene::LOOK;
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{cinema as stage, won};
use futures::future::{BoxFuture, LocalBoxFuture};
use futures::stream::{StreamExt, TryStreamExt};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{CancelBookingRequest, CreateBookingRequest};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tonic::Status;

/// Won for one seat.
const PRICE: i64 = 12_000;
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

/// Screenings, and the seats that nobody has asked for yet.
struct Cinema {
    staff: Mesh,
    /// Prints tickets, and hears each answer.
    counter: Mesh,
    run: String,
    movie_id: String,
    screen_id: String,
    /// Screenings kept ready.
    ready: usize,
    made: AtomicU64,
    free: Mutex<VecDeque<Free>>,
    /// What was given away last.
    last: Mutex<Option<Wanted>>,
}

/// The seats of a screening that nobody has asked for.
#[derive(Debug)]
struct Free {
    screening_id: String,
    names: Vec<String>,
}

/// Sets the scene for so many seats a second, with seats for the first of them.
pub(crate) async fn set(mesh: &Mesh, run: &str, per_second: f64) -> Result<Arc<dyn Moves>, Fault> {
    let staff = mesh.acting_as("load-staff", &["staff", "admin", "customer"])?;
    let screen_id = stage::screen(&staff, run, ROWS, COLUMNS).await?;
    let movie_id = stage::movie(&staff, run, "Load", PRICE).await?;
    let wanted = (per_second * AHEAD / SEATS as f64).ceil() as usize;
    let cinema = Cinema {
        counter: staff.unguarded(),
        staff,
        run: run.to_owned(),
        movie_id,
        screen_id,
        ready: SCREENINGS.max(wanted),
        made: AtomicU64::new(0),
        free: Mutex::default(),
        last: Mutex::default(),
    };
    cinema.add(cinema.ready).await?;
    Ok(Arc::new(cinema))
}

impl Moves for Cinema {
    fn want(&self, wish: Wish) -> Option<Wanted> {
        match wish {
            Wish::One => self.take(1),
            Wish::Two => self.take(2),
            Wish::Taken => self.last().clone(),
        }
    }

    /// Others come first: they may still be held for a moment.
    fn give_back(&self, wanted: Wanted) {
        self.free().push_back(Free {
            screening_id: wanted.of,
            names: wanted.parts,
        });
    }

    /// What keeps it from adding ends with the mesh's trouble, which a load is often there to see.
    fn keep_ready(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                if self.left() < self.ready * SEATS {
                    let _ = self.add(AT_ONCE).await;
                }
                tokio::time::sleep(LOOK).await;
            }
        })
    }

    fn create<'a>(
        &'a self,
        by: &'a Mesh,
        request_id: &'a str,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<String, Status>> {
        let request = CreateBookingRequest {
            request_id: request_id.to_owned(),
            screening_id: wanted.of.clone(),
            seats: wanted.parts.clone(),
            expected_total: Some(won(wanted.won)),
            payment_method: PAYMENT_METHOD.to_owned(),
            hold_id: String::new(),
        };
        Box::pin(async move {
            let mut bookings = BookingServiceClient::new(by.channel());
            let answer = bookings.create_booking(request).await?.into_inner();
            Ok(answer.booking.unwrap_or_default().booking_id)
        })
    }

    fn cancel<'a>(&'a self, by: &'a Mesh, order_id: &'a str) -> BoxFuture<'a, Result<(), Status>> {
        let booking_id = order_id.to_owned();
        Box::pin(async move {
            let mut bookings = BookingServiceClient::new(by.channel());
            let request = CancelBookingRequest { booking_id };
            bookings.cancel_booking(request).await.map(drop)
        })
    }

    /// Prints the ticket.
    fn progress<'a>(
        &'a self,
        _: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>> {
        let booking_id = order_id.to_owned();
        Box::pin(async move {
            let mut counter = TicketServiceClient::new(self.counter.channel());
            let answer = counter
                .print_ticket(PrintTicketRequest { booking_id })
                .await;
            unless(answer, &["NOT_FOUND"])
        })
    }
}

impl Cinema {
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
    fn take(&self, number: usize) -> Option<Wanted> {
        let mut free = self.free();
        let mut next = free.pop_front()?;
        let from = next.names.len().saturating_sub(number);
        let names = next.names.split_off(from);
        let screening_id = next.screening_id.clone();
        if !next.names.is_empty() {
            free.push_back(next);
        }
        drop(free);
        let seats = Wanted {
            of: screening_id,
            won: PRICE * names.len() as i64,
            parts: names,
        };
        *self.last() = Some(seats.clone());
        Some(seats)
    }

    fn last(&self) -> MutexGuard<'_, Option<Wanted>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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
