//! Whenever a booking stands and its seats are reserved, it has a ticket; whenever a cancellation is asked for, it is
//! answered; whenever a screening is over, what is unprinted is missed.

use crate::domain::{self, Change};
use crate::store::{self, Row};
use mesh::{Change as News, Refusal, Site, Tx};
use ordering::domain::fulfilment::Fulfilment;
use ordering::wire::{self, Wish};
use ordering::{fulfilments, is_own_word};
use proto::cinema::booking::v1::Seating;
use proto::cinema::theater::v1::TheaterStep;
use proto::ordering::v1 as language;
use proto::ordering::v1::Order;

/// How many tickets one round of the clock's job misses; the next round is a second later.
const ROUND: i64 = 256;

/// Takes a decision on a booking's ticket: `learn` adds what is known of the booking, then `decision` changes what was
/// done about it, which is stated. Answers also the ticket's row as it is then. One read, and one write of each row that
/// changes.
pub fn decide<T>(
    tx: &mut Tx<'_>,
    booking_id: &str,
    learn: impl FnOnce(&mut Row),
    decision: impl FnOnce(&Row, &mut Fulfilment) -> (T, Option<Change>),
) -> Result<(T, Row), Refusal> {
    let (before, done) = store::find(tx.db(), booking_id)?;
    let mut row = before.clone();
    learn(&mut row);
    let (answer, after) = fulfilments::update_found(tx, booking_id, done, None, |ticket| {
        let (answer, change) = decision(&row, ticket);
        let event = change.map(|change| match change {
            Change::Issued => "yemae.cinema.ticket.v1.TicketIssued",
            Change::Printed => "yemae.cinema.ticket.v1.TicketPrinted",
            Change::Missed => "yemae.cinema.ticket.v1.TicketMissed",
            Change::Answered => "yemae.cinema.ticket.v1.CancellationAnswered",
            Change::Voided => "yemae.cinema.ticket.v1.TicketVoided",
        });
        ((answer, ticket.clone()), event)
    })?;
    row.follow(&after);
    store::save(tx, &before, &row)?;
    Ok((answer, row))
}

/// A booking was placed, moved on, is to be cancelled or was. A ticket goes only forward, and answers each request once: an
/// older word changes nothing.
pub fn booking_changed(tx: &mut Tx<'_>, news: &News<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(news)?;
    let (seating, wish, now) = (wire::detail::<Seating>(order)?, wire::wish(order), tx.now());
    let learn = |row: &mut Row| row.know(order.version, &order.customer_id, &seating);
    decide(tx, &order.order_id, learn, |row, ticket| {
        let change = match wish {
            // It said yes itself, or was told that the booking is cancelled: nobody waits for an answer any more.
            Wish::Answer(_) if ticket.voided => None,
            Wish::Answer(number) => domain::answer(ticket, number, row.ends_at(), now),
            Wish::Void => domain::void(ticket, now),
            Wish::Fulfil if row.reserved => domain::issue(ticket, now),
            Wish::Fulfil => None,
        };
        ((), change)
    })
    .map(drop)
}

/// Theater reserved a booking's seats, or can't. Ones that it released again were a booking's that ticket has voided; that they
/// were reserved stays true, so an older word changes nothing.
pub fn reservation_changed(
    tx: &mut Tx<'_>,
    news: &News<language::Fulfilment>,
) -> Result<(), Refusal> {
    let reservation = &news.entity;
    is_own_word(&reservation.context, &news.context)?;
    let step = i32::from(TheaterStep::SeatsReserved);
    let reserved = reservation.steps.iter().any(|reached| reached.code == step);
    let now = tx.now();
    let learn = |row: &mut Row| row.reserved |= reserved;
    decide(tx, &reservation.order_id, learn, |row, ticket| {
        let ready = row.reserved && row.is_known();
        ((), ready.then(|| domain::issue(ticket, now)).flatten())
    })
    .map(drop)
}

/// Makes missed what waits to be printed although its screening is over. Each is decided anew in its own transaction:
/// a print or an answer that was faster has won.
pub async fn miss_what_is_over(site: Site) -> Result<(), Refusal> {
    let now = site.clock.now();
    let over = site
        .store
        .read(move |db| store::over(db, now, ROUND))
        .await?;
    site.store.write_each(over, miss).await
}

fn miss(tx: &mut Tx<'_>, booking_id: &str) -> Result<(), Refusal> {
    let now = tx.now();
    let missed = decide(
        tx,
        booking_id,
        |_| (),
        |row, ticket| ((), domain::miss(ticket, row.ends_at(), now)),
    );
    missed.map(drop)
}
