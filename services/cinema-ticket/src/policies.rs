//! Whenever a booking stands and its seats are reserved, it has a ticket; whenever a cancellation is asked for, it is
//! answered; whenever a screening is over, what is unprinted is missed.

use crate::domain::{self, Change};
use crate::store;
use futures::future::join_all;
use mesh::{Change as News, Refusal, Site, Tx};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, is_own_word, wire};
use prost::Message;
use proto::cinema::booking::v1::Seating;
use proto::cinema::theater::v1::TheaterStep;
use proto::ordering::v1 as language;
use proto::ordering::v1::{Order, Phase};

/// How many tickets one round of the clock's job misses; the next round is a second later.
const ROUND: i64 = 256;

/// Takes a decision on a booking's ticket, states it, and keeps where the ticket stands. `seen` is the version of the
/// booking that led to it.
pub fn decide<T: Copy>(
    tx: &mut Tx<'_>,
    booking_id: &str,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Fulfilment) -> (T, Option<Change>),
) -> Result<T, Refusal> {
    let (answer, after) = fulfilments::update(tx, booking_id, seen, |ticket| {
        let (answer, change) = decision(ticket);
        let event = change.map(|change| match change {
            Change::Issued => "yemae.cinema.ticket.v1.TicketIssued",
            Change::Printed => "yemae.cinema.ticket.v1.TicketPrinted",
            Change::Missed => "yemae.cinema.ticket.v1.TicketMissed",
            Change::Answered => "yemae.cinema.ticket.v1.CancellationAnswered",
            Change::Voided => "yemae.cinema.ticket.v1.TicketVoided",
        });
        ((answer, ticket.clone()), event)
    })?;
    store::follow(tx, &after)?;
    Ok(answer)
}

/// A booking was placed, moved on, is to be cancelled or was.
pub fn booking_changed(tx: &mut Tx<'_>, news: &News<Order>) -> Result<(), Refusal> {
    let order = &news.entity;
    is_own_word(&order.context, &news.context)?;
    let detail = order.detail.clone().unwrap_or_default();
    let seating = Seating::decode(detail.value.as_slice()).map_err(Refusal::internal)?;
    store::know(tx, &order.order_id, &order.customer_id, &seating)?;
    let row = store::find(tx.db(), &order.order_id)?.unwrap_or_default();
    let (asked, cancelled) = (wire::asked(order), order.phase() == Phase::Cancelled);
    let now = tx.now();
    decide(tx, &order.order_id, Some(order.version), |ticket| {
        let change = match asked {
            Some(number) => domain::answer(ticket, number, row.ends_at(), now),
            None if cancelled => domain::void(ticket, now),
            None if row.reserved => domain::issue(ticket, now),
            None => None,
        };
        ((), change)
    })
}

/// Theater reserved a booking's seats, or can't. Ones that it released again were a booking's that ticket has voided.
pub fn reservation_changed(
    tx: &mut Tx<'_>,
    news: &News<language::Fulfilment>,
) -> Result<(), Refusal> {
    let reservation = &news.entity;
    is_own_word(&reservation.context, &news.context)?;
    let step = i32::from(TheaterStep::SeatsReserved);
    let reserved = reservation.steps.iter().any(|reached| reached.code == step);
    store::reserve(tx, &reservation.order_id, reserved)?;
    let row = store::find(tx.db(), &reservation.order_id)?.unwrap_or_default();
    let now = tx.now();
    decide(tx, &reservation.order_id, None, |ticket| {
        let ready = row.reserved && row.is_known();
        ((), ready.then(|| domain::issue(ticket, now)).flatten())
    })
}

/// Makes missed what waits to be printed although its screening is over. Each is decided anew in its own transaction:
/// a print or an answer that was faster has won.
pub async fn miss_what_is_over(site: Site) -> Result<(), Refusal> {
    let now = site.clock.now();
    let over = site
        .store
        .read(move |db| store::over(db, now, ROUND))
        .await?;
    let missed = over.into_iter().map(|booking_id| {
        site.store.write(booking_id.clone(), move |tx| {
            let ends_at = store::find(tx.db(), &booking_id)?.and_then(|row| row.ends_at());
            let now = tx.now();
            decide(tx, &booking_id, None, |ticket| {
                ((), domain::miss(ticket, ends_at, now))
            })
        })
    });
    join_all(missed).await.into_iter().collect()
}
