//! Holds: a person's for a while, a service's for a booking.

use crate::BOOKING;
use crate::bookings::{self, Attempt};
use crate::customers::{self, Ask};
use crate::domain::seat;
use mesh::{Fields, Kind, Refusal, Store, call, fields, id, request, text};
use proto::cinema::theater::v1::{
    BookingClaim, HoldSeatsRequest, HoldSeatsResponse, ReleaseHoldRequest,
};

pub async fn hold(store: &Store, request: HoldSeatsRequest) -> Result<HoldSeatsResponse, Refusal> {
    match call::service() {
        Ok(service) if service.context == BOOKING => for_booking(store, request).await,
        Ok(_) => Err(Refusal::new(
            Kind::Denied,
            "PERMISSION_DENIED",
            text(
                "seats are held only for bookings, by the context that owns them",
                "권한이 없습니다.",
            ),
        )),
        Err(_) => for_customer(store, request).await,
    }
}

async fn for_customer(
    store: &Store,
    request: HoldSeatsRequest,
) -> Result<HoldSeatsResponse, Refusal> {
    let customer_id = call::user()?.subject;
    let ask = fields::read(|fields| {
        fields.take(request::id(&request.request_id));
        let own = request.booking.is_none();
        fields.check(
            own,
            "booking",
            "must be unset: only a service holds for one",
        );
        ask(fields, &request)
    })?;
    let key = request::Key::new(&request.request_id, &request)?;
    let held = request::once(store, ask.screening_id.clone(), key, move |tx| {
        let hold = Some(customers::hold(
            tx,
            &customer_id,
            &request.request_id,
            &ask,
        )?);
        Ok(HoldSeatsResponse { hold })
    });
    held.await
}

async fn for_booking(
    store: &Store,
    request: HoldSeatsRequest,
) -> Result<HoldSeatsResponse, Refusal> {
    let (ask, attempt) = fields::read(|fields| {
        fields.check(
            request.request_id.is_empty(),
            "request_id",
            "must be empty: the booking and its attempt say which request it is",
        );
        let booking = request.booking.clone();
        fields.check(booking.is_some(), "booking", "is required of a service");
        let attempt = booking.map(|booking| attempt(fields, booking));
        (ask(fields, &request), attempt)
    })?;
    let attempt = attempt.ok_or_else(|| Refusal::internal("no booking in a checked request"))?;
    let held = store.write(ask.screening_id.clone(), move |tx| {
        bookings::hold(tx, &attempt, &ask)
    });
    let hold = Some(held.await?);
    Ok(HoldSeatsResponse { hold })
}

fn ask(fields: &mut Fields, request: &HoldSeatsRequest) -> Ask {
    let screening_id = fields.take(id::parse("screening_id", &request.screening_id));
    let seats = seat::wanted(&request.seats).unwrap_or_else(|wrong| {
        for violation in wrong {
            fields.check(false, &violation.field, &violation.description);
        }
        Vec::new()
    });
    Ask {
        screening_id,
        seats,
    }
}

fn attempt(fields: &mut Fields, booking: BookingClaim) -> Attempt {
    fields.check(booking.attempt >= 1, "booking.attempt", "must be 1 or more");
    let named = Some(booking.hold_id).filter(|hold_id| !hold_id.is_empty());
    let customer = fields::line("booking.customer_id", &booking.customer_id, 256);
    Attempt {
        booking_id: fields.take(id::parse("booking.booking_id", &booking.booking_id)),
        number: booking.attempt,
        customer_id: fields.take(customer),
        hold_id: named.map(|hold_id| fields.take(id::parse("booking.hold_id", &hold_id))),
    }
}

pub async fn release(store: &Store, request: ReleaseHoldRequest) -> Result<(), Refusal> {
    let customer_id = call::user()?.subject;
    let hold_id = fields::read(|f| f.take(id::parse("hold_id", &request.hold_id)))?;
    let released = store.write(hold_id.clone(), move |tx| {
        customers::release(tx, &customer_id, &hold_id)
    });
    released.await
}
