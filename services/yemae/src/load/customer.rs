//! One customer: books, sometimes cancels, sometimes fetches the ticket.

use super::Tell;
use super::scene::{LOOK, PRICE, Scene, Seats};
use super::seen::{Seen, is_final};
use crate::rpc::Mesh;
use mesh::Clock;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{CancelBookingRequest, CreateBookingRequest};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::shared::v1::Money;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

/// How often one request is repeated while it is answered UNAVAILABLE or not at all.
const REPEATS: u32 = 40;
/// How many of all customers want seats that somebody else has seen a moment before them.
const LATE: f64 = 0.05;
/// Between repeats, and before a ticket is asked for.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Customer {
    mesh: Mesh,
    scene: Arc<Scene>,
    random: SmallRng,
    number: usize,
    made: u32,
    tell: Tell,
    clock: Clock,
    /// Does nothing else, and wants no seat that others want.
    just_books: bool,
}

impl Customer {
    pub(super) fn new(
        mesh: Mesh,
        scene: Arc<Scene>,
        seed: u64,
        number: usize,
        tell: Tell,
        clock: Clock,
    ) -> Self {
        let random =
            SmallRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        Self {
            mesh,
            scene,
            random,
            number,
            made: 0,
            tell,
            clock,
            just_books: false,
        }
    }

    /// The same customer, who does nothing but book if so.
    pub(super) fn just_booking(self, just_books: bool) -> Self {
        Self { just_books, ..self }
    }

    /// Shops until the shop closes.
    pub(super) async fn shop(mut self, end: Instant) {
        while Instant::now() < end {
            let Some(booking_id) = self.book(end).await else {
                continue;
            };
            match self.random.random_range(0..100) {
                _ if self.just_books => {}
                0..20 => self.cancel(&booking_id).await,
                // The customer goes on meanwhile: fetching a ticket takes its time.
                20..30 => drop(mesh::task::detach(print(self.kiosk(), booking_id))),
                _ => {}
            }
        }
    }

    async fn book(&mut self, end: Instant) -> Option<String> {
        let Some(seats) = self.seats() else {
            tokio::time::sleep(LOOK).await;
            return None;
        };
        self.made += 1;
        let request = CreateBookingRequest {
            request_id: format!("{}-{}-{}", self.scene.run, self.number, self.made),
            screening_id: seats.screening_id,
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: PRICE * seats.names.len() as i64,
            }),
            seats: seats.names,
            payment_method: "pm_load".to_owned(),
            hold_id: String::new(),
        };
        let first = Instant::now();
        for _ in 0..REPEATS {
            let tried = Instant::now();
            let answer = BookingServiceClient::new(self.mesh.channel())
                .create_booking(request.clone())
                .await;
            let answer =
                answer.map(|answer| answer.into_inner().booking.unwrap_or_default().booking_id);
            // A yes is what the customer has waited for from the first try on; a no is as late as this one.
            let begun = if answer.is_ok() { first } else { tried };
            self.record("create", &answer, &request.request_id, begun);
            match answer {
                Ok(booking_id) => return Some(booking_id),
                Err(status) if is_final(&status) => return None,
                Err(_) if Instant::now() >= end => return None,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        None
    }

    /// Free ones, as who looks at the seat map does; now and then those that somebody else is about to book.
    fn seats(&mut self) -> Option<Seats> {
        if !self.just_books && self.random.random_bool(LATE) {
            return self.scene.taken_last();
        }
        let number = if self.random.random_bool(0.3) { 2 } else { 1 };
        self.scene.take(number)
    }

    async fn cancel(&self, booking_id: &str) {
        let begun = Instant::now();
        let request = CancelBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = BookingServiceClient::new(self.mesh.channel())
            .cancel_booking(request)
            .await;
        self.record("cancel", &answer.map(|_| booking_id.to_owned()), "", begun);
    }

    fn kiosk(&self) -> Kiosk {
        Kiosk {
            staff: self.scene.staff.clone(),
            tell: self.tell.clone(),
            clock: self.clock.clone(),
        }
    }

    fn record(&self, op: &str, answer: &Result<String, Status>, request_id: &str, begun: Instant) {
        let seen = Seen::new(op, answer, request_id, begun, &self.clock);
        self.tell.tell(seen);
    }
}

/// Where tickets are printed, by staff.
struct Kiosk {
    staff: Mesh,
    tell: Tell,
    clock: Clock,
}

/// The ticket is there a moment after the booking: asked for a few times.
async fn print(kiosk: Kiosk, booking_id: String) {
    for _ in 0..10 {
        tokio::time::sleep(PAUSE).await;
        let begun = Instant::now();
        let request = PrintTicketRequest {
            booking_id: booking_id.clone(),
        };
        let answer = TicketServiceClient::new(kiosk.staff.channel())
            .print_ticket(request)
            .await;
        let not_yet = answer
            .as_ref()
            .is_err_and(|status| status.code() == Code::NotFound);
        if !not_yet {
            let answer = answer.map(|_| booking_id);
            let seen = Seen::new("progress", &answer, "", begun, &kiosk.clock);
            return kiosk.tell.tell(seen);
        }
    }
}
