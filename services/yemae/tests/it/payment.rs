//! F7 to F10: payment slow, declining, failing, silent, forgetful, dead. Nobody stays charged for nothing, and everybody
//! hears a sentence.

mod answering;
mod killed;
mod trouble;

use crate::play::{Door, Person, Show, reason};
use proto::cinema::booking::v1::{Booking, CancelBookingRequest, ListBookingsRequest};
use proto::payment::v1::{Payment, PaymentState};
use std::time::{Duration, Instant};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What a customer reads when payment does not work.
const SORRY: &str = "결제가 지연되고 있습니다. 잠시 후 다시 시도해 주세요.";
/// The longest that a customer waits for that: 0.5 s for the seats, 3 s for payment, and room for a busy machine.
const AT_ONCE: Duration = Duration::from_millis(4500);
fn seat(number: usize) -> String {
    format!(
        "{}{}",
        number / 12 + 1,
        char::from(b'A' + (number % 12) as u8)
    )
}

fn millis(millis: u64) -> Option<prost_types::Duration> {
    Duration::from_millis(millis).try_into().ok()
}

/// What a customer must hear, and how fast.
fn is_sorry(status: &Status, after: Duration) {
    let reason = reason(status);
    assert!(
        ["PAYMENT_BUSY", "PAYMENT_UNCONFIRMED"].contains(&reason.as_str()),
        "{status:?}"
    );
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert!(details.retry_info().is_some(), "{details:?}");
    let said = details.localized_message().unwrap();
    assert_eq!((said.locale.as_str(), said.message.as_str()), ("ko", SORRY));
    assert!(after < AT_ONCE, "{reason} after {after:?}");
}

/// Of an order's charges exactly one stands.
async fn one_stands(admin: &Person, order_id: &str) -> Vec<Payment> {
    let payments = admin.payments(order_id).await;
    let standing = payments
        .iter()
        .filter(|payment| payment.state() == PaymentState::Approved);
    assert_eq!(standing.count(), 1, "{payments:?}");
    payments
}

async fn list(customer: &Person) -> Result<Vec<String>, Status> {
    let asked = ListBookingsRequest::default();
    let listed = customer.bookings().list_bookings(asked).await?.into_inner();
    Ok(listed.bookings.into_iter().map(|b| b.booking_id).collect())
}

/// Somebody who wants a seat.
struct Buyer {
    customer: Person,
    seat: String,
    request_id: String,
}

impl Buyer {
    /// So many, of seats from this one on.
    fn some(door: &Door, what: &str, number: usize, from: usize) -> Vec<Self> {
        let one = |number| Self {
            customer: door.customer(&format!("{what} {number}")),
            seat: seat(from + number),
            request_id: format!("{what}-{number}"),
        };
        (0..number).map(one).collect()
    }

    async fn book(&self, show: &Show) -> (Result<Booking, Status>, Duration) {
        let begun = Instant::now();
        let answer = self.customer.book(show, &self.seat, &self.request_id).await;
        (answer, begun.elapsed())
    }

    /// With the same request there is one booking in the end, and one charge.
    async fn ends_well(&self, show: &Show, admin: &Person) {
        let booked = self
            .customer
            .book_at_last(show, &self.seat, &self.request_id)
            .await
            .unwrap();
        one_stands(admin, &booked.booking_id).await;
        let (same, _) = self.book(show).await;
        assert_eq!(same.unwrap(), booked, "the same request, the same booking");
        assert_eq!(list(&self.customer).await.unwrap(), [booked.booking_id]);
    }
}

/// Reading and cancelling need no payment.
async fn unmoved(customer: &Person, booking_id: &str) {
    let begun = Instant::now();
    customer.booking(booking_id).await.unwrap();
    let request = CancelBookingRequest {
        booking_id: booking_id.to_owned(),
    };
    customer.bookings().cancel_booking(request).await.unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "other flows took {took:?}");
}
