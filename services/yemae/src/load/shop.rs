//! Customers who do nothing but book, each booking tried once and for a seat of its own.

use super::Tell;
use super::page::{Visible, Watchers};
use super::scene::{PRICE, Scene, Seats};
use super::seen::Seen;
use crate::fault::Fault;
use crate::rpc::Mesh;
use mesh::Clock;
use ordering::audit::Outcome;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{CancelBookingRequest, CreateBookingRequest};
use proto::shared::v1::Money;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// So many people share the bookings; a token for each booking would be made for nothing.
const PEOPLE: usize = 100;

pub(super) struct Shop<'a> {
    scene: &'a Scene,
    people: Vec<Mesh>,
    tell: mpsc::UnboundedSender<Seen>,
    watchers: Watchers,
    /// Tells this step from others on the same scene.
    step: &'a str,
    clock: Clock,
}

impl<'a> Shop<'a> {
    pub(super) fn open(
        mesh: &Mesh,
        scene: &'a Scene,
        step: &'a str,
        tell: mpsc::UnboundedSender<Seen>,
    ) -> Result<Self, Fault> {
        let mesh = mesh.unguarded();
        let people = (0..PEOPLE).map(|n| mesh.acting_as(&format!("load-{n}"), &["customer"]));
        let people = people.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            scene,
            watchers: Watchers::begin(people.iter()),
            people,
            tell,
            step,
            clock: Clock::system(),
        })
    }

    /// The next seat; none when all are given away at this moment.
    pub(super) fn seat(&self) -> Option<Seats> {
        self.scene.take(1)
    }

    /// Closes it, and says how soon its customers saw what they had booked.
    pub(super) async fn close(self) -> Visible {
        drop(self.tell);
        self.watchers.end().await
    }

    /// Books; answers the booking's id.
    pub(super) async fn book(&self, number: usize, seat: Seats) -> Option<String> {
        let request = CreateBookingRequest {
            request_id: format!("{}-{}-{number}", self.scene.run, self.step),
            screening_id: seat.screening_id.clone(),
            seats: seat.names.clone(),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: PRICE,
            }),
            payment_method: "pm_load".to_owned(),
            hold_id: String::new(),
        };
        let request_id = request.request_id.clone();
        let begun = Instant::now();
        let answer = BookingServiceClient::new(self.person(number).channel())
            .create_booking(request)
            .await;
        let answer = answer.map(|told| told.into_inner().booking.unwrap_or_default().booking_id);
        let seen = Seen::new("create", &answer, &request_id, begun, &self.clock);
        if seen.record.outcome == Outcome::Refused {
            self.scene.give_back(seat);
        }
        self.tell(number, seen);
        answer.ok()
    }

    /// Cancels what was booked under the same number.
    pub(super) async fn cancel(&self, number: usize, booking_id: String) {
        let begun = Instant::now();
        let request = CancelBookingRequest {
            booking_id: booking_id.clone(),
        };
        let answer = BookingServiceClient::new(self.person(number).channel())
            .cancel_booking(request)
            .await
            .map(|_| booking_id);
        let seen = Seen::new("cancel", &answer, "", begun, &self.clock);
        self.tell(number, seen);
    }

    fn tell(&self, number: usize, seen: Seen) {
        let tell = Tell {
            tell: self.tell.clone(),
            page: self.watchers.of(number % self.people.len()),
        };
        tell.tell(seen);
    }

    fn person(&self, number: usize) -> &Mesh {
        &self.people[number % self.people.len()]
    }
}
