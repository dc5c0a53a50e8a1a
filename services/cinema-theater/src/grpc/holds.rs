//! Holds: a person's for a while, a service's for a booking.

use crate::BOOKING;
use crate::bookings::{self, Attempt};
use crate::customers::{self, Ask};
use crate::domain::seat;
use mesh::{Kind, Refusal, Store, call, fields, id, request, text};
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
    fields::read(|fields| {
        fields.take(request::id(&request.request_id));
        let own = request.booking.is_none();
        let rule = "must be unset: only a service holds for one";
        fields.check(own, "booking", rule);
    })?;
    let ask = ask(&request)?;
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
    fields::read(|fields| {
        let rule = "must be empty: the booking and its attempt say which request it is";
        fields.check(request.request_id.is_empty(), "request_id", rule);
        let booking = request.booking.is_some();
        fields.check(booking, "booking", "is required of a service");
    })?;
    let ask = ask(&request)?;
    let attempt = attempt(request.booking.unwrap_or_default());
    let held = store.write(ask.screening_id.clone(), move |tx| {
        bookings::hold(tx, &attempt, &ask)
    });
    let hold = Some(held.await?);
    Ok(HoldSeatsResponse { hold })
}

fn ask(request: &HoldSeatsRequest) -> Result<Ask, Refusal> {
    Ok(Ask {
        screening_id: id::canonical(&request.screening_id),
        seats: seat::wanted(&request.seats)
            .ok_or_else(|| Refusal::internal("seats that the contract does not let through"))?,
    })
}

fn attempt(booking: BookingClaim) -> Attempt {
    Attempt {
        booking_id: id::canonical(&booking.booking_id),
        number: booking.attempt,
        customer_id: booking.customer_id,
        hold_id: Some(id::canonical(&booking.hold_id)).filter(|hold_id| !hold_id.is_empty()),
    }
}

pub async fn release(store: &Store, request: ReleaseHoldRequest) -> Result<(), Refusal> {
    let customer_id = call::user()?.subject;
    let hold_id = id::canonical(&request.hold_id);
    let released = store.write(hold_id.clone(), move |tx| {
        customers::release(tx, &customer_id, &hold_id)
    });
    released.await
}
