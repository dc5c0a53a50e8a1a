//! Tickets in their table: what is printed on each, and where it stands for whoever lists them.

use crate::domain;
use crate::schema::ticket;
use diesel::prelude::*;
use mesh::{Db, Page, Refusal, Time, Tx};
use ordering::domain::fulfilment::Fulfilment;
use prost::Message;
use proto::cinema::booking::v1::Seating;
use proto::cinema::ticket::v1::Ticket;

/// A ticket's row. Whichever message about the booking comes first makes it.
#[derive(Clone, Debug, Default, Queryable, Selectable)]
#[diesel(table_name = ticket)]
pub struct Row {
    booking_id: String,
    status: i32,
    /// Its seats are reserved.
    pub reserved: bool,
    customer_id: Option<String>,
    seating: Option<Vec<u8>>,
    ends_at: Option<i64>,
    printed_at: Option<i64>,
}

impl Row {
    /// Its booking is known: what is printed on it.
    pub fn is_known(&self) -> bool {
        self.seating.is_some()
    }

    /// When its screening is over.
    pub fn ends_at(&self) -> Option<Time> {
        self.ends_at.map(Time)
    }

    /// The ticket as it is shown.
    pub fn show(self) -> Result<Ticket, Refusal> {
        let seating = self.seating.unwrap_or_default();
        let seating = Seating::decode(seating.as_slice()).map_err(Refusal::internal)?;
        Ok(Ticket {
            booking_id: self.booking_id,
            status: self.status,
            printed_at: self.printed_at.map(|at| Time(at).into()),
            movie_title: seating.movie_title,
            theater: seating.theater,
            screen_name: seating.screen_name,
            starts_at: seating.starts_at,
            seats: seating.seats,
            customer_id: self.customer_id.unwrap_or_default(),
        })
    }
}

/// Reads a row.
pub fn find(db: &mut Db, booking_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(ticket::table
        .find(booking_id)
        .select(Row::as_select())
        .first(db)
        .optional()?)
}

/// Reads a ticket that there is or was; a customer's only if it is `of`.
pub fn read(db: &mut Db, booking_id: &str, of: Option<&str>) -> Result<Ticket, Refusal> {
    let mut query = ticket::table
        .find(booking_id)
        .filter(ticket::status.ne(0))
        .select(Row::as_select())
        .into_boxed();
    if let Some(customer) = of {
        query = query.filter(ticket::customer_id.eq(customer));
    }
    let row: Option<Row> = query.first(db).optional()?;
    row.ok_or_else(|| Refusal::not_found("ticket"))?.show()
}

/// Tickets of these statuses, or all, newest booking first.
pub fn list(db: &mut Db, page: &Page<String>, statuses: &[i32]) -> Result<Vec<Row>, Refusal> {
    let mut query = ticket::table
        .filter(ticket::status.ne(0))
        .order(ticket::booking_id.desc())
        .limit(page.limit())
        .select(Row::as_select())
        .into_boxed();
    if !statuses.is_empty() {
        query = query.filter(ticket::status.eq_any(statuses));
    }
    if let Some(after) = &page.after {
        query = query.filter(ticket::booking_id.lt(after));
    }
    Ok(query.load(db)?)
}

/// What a list is ordered by.
pub fn key(row: &Row) -> String {
    row.booking_id.clone()
}

/// Bookings whose ticket waits although the screening is over.
pub fn over(db: &mut Db, now: Time, limit: i64) -> Result<Vec<String>, Refusal> {
    Ok(ticket::table
        .filter(ticket::status.eq(domain::WAITING))
        .filter(ticket::ends_at.le(now.0))
        .order(ticket::ends_at)
        .limit(limit)
        .select(ticket::booking_id)
        .load(db)?)
}

/// Keeps what is printed on a booking's ticket.
pub fn know(
    tx: &mut Tx<'_>,
    booking_id: &str,
    customer_id: &str,
    seating: &Seating,
) -> Result<(), Refusal> {
    make(tx, booking_id)?;
    mesh::update(ticket::table.find(booking_id))
        .set((
            ticket::customer_id.eq(customer_id),
            ticket::seating.eq(seating.encode_to_vec()),
            ticket::ends_at.eq(seating.ends_at.map(|end| Time::from(end).0)),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Keeps whether the booking has its seats.
pub fn reserve(tx: &mut Tx<'_>, booking_id: &str, reserved: bool) -> Result<(), Refusal> {
    make(tx, booking_id)?;
    mesh::update(ticket::table.find(booking_id))
        .set(ticket::reserved.eq(reserved))
        .execute(tx.db())?;
    Ok(())
}

/// Keeps where the ticket stands.
pub fn follow(tx: &mut Tx<'_>, fulfilment: &Fulfilment) -> Result<(), Refusal> {
    mesh::update(ticket::table.find(&fulfilment.order_id))
        .set((
            ticket::status.eq(domain::status(fulfilment)),
            ticket::printed_at.eq(fulfilment.reached_at(domain::PRINTED).map(|at| at.0)),
        ))
        .execute(tx.db())?;
    Ok(())
}

fn make(tx: &mut Tx<'_>, booking_id: &str) -> Result<(), Refusal> {
    let row = (
        ticket::booking_id.eq(booking_id),
        ticket::status.eq(0),
        ticket::reserved.eq(false),
    );
    if find(tx.db(), booking_id)?.is_none() {
        diesel::insert_into(ticket::table)
            .values(row)
            .execute(tx.db())?;
    }
    Ok(())
}
