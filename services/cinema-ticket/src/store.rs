//! Tickets in their table: what is printed on each, and where it stands for whoever lists them.

use crate::domain;
use crate::schema::ticket;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mesh::{Db, Page, Refusal, Time, Tx};
use ordering::audit::FulfilmentFact;
use ordering::domain::fulfilment::Fulfilment;
use ordering::schema::fulfilment;
use ordering::{fulfilments, rows};
use prost::Message;
use proto::cinema::booking::v1::Seating;
use proto::cinema::ticket::v1::Ticket;

/// A ticket's row. Whichever message about the booking comes first makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = ticket)]
pub struct Row {
    booking_id: String,
    /// One more with each change; 0 when it has not been written yet.
    revision: i64,
    status: i32,
    /// Its seats are reserved.
    pub reserved: bool,
    customer_id: Option<String>,
    seating: Option<Vec<u8>>,
    ends_at: Option<i64>,
    printed_at: Option<i64>,
    /// The newest version of the booking that changed anything here.
    seen_version: i64,
}

impl Row {
    fn new(booking_id: &str) -> Self {
        Self {
            booking_id: booking_id.to_owned(),
            ..Self::default()
        }
    }

    /// Keeps what is printed on the ticket, as version `version` of the booking says it, unless a newer one has.
    pub fn know(&mut self, version: i64, customer_id: &str, seating: &Seating) {
        if version < self.seen_version {
            return;
        }
        self.customer_id = Some(customer_id.to_owned());
        self.seating = Some(seating.encode_to_vec());
        self.ends_at = seating.ends_at.map(|end| Time::from(end).0);
        self.seen_version = version;
    }

    /// Keeps where the ticket stands.
    pub fn follow(&mut self, ticket: &Fulfilment) {
        self.status = domain::status(ticket);
        self.printed_at = ticket.reached_at(domain::PRINTED).map(|at| at.0);
    }

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

/// What is known of a booking, and what was done about it: in one statement, because every message needs both. A row that
/// there is not is a new one.
pub fn find(db: &mut Db, booking_id: &str) -> Result<(Row, Option<Fulfilment>), Refusal> {
    let found: Option<(Row, Option<String>)> = ticket::table
        .find(booking_id)
        .left_join(fulfilment::table.on(fulfilment::order_id.eq(ticket::booking_id)))
        .select((Row::as_select(), fulfilment::state.nullable()))
        .first(db)
        .optional()?;
    let Some((row, state)) = found else {
        return Ok((Row::new(booking_id), None));
    };
    let done = state.as_deref().map(fulfilments::read).transpose()?;
    Ok((row, done))
}

/// Writes what has become of the row `before`, unless it is the same but for a newer version of its booking. ABORTED
/// when it is another by now: all that concerns a booking here changes its row.
pub fn save(tx: &mut Tx<'_>, before: &Row, row: &Row) -> Result<(), Refusal> {
    let same = Row {
        seen_version: row.seen_version,
        ..before.clone()
    };
    if *row == same && (before.seen_version > 0 || row.seen_version == 0) {
        return Ok(());
    }
    let news = (
        ticket::revision.eq(before.revision + 1),
        ticket::status.eq(row.status),
        ticket::reserved.eq(row.reserved),
        ticket::customer_id.eq(&row.customer_id),
        ticket::seating.eq(&row.seating),
        ticket::ends_at.eq(row.ends_at),
        ticket::printed_at.eq(row.printed_at),
        ticket::seen_version.eq(row.seen_version),
    );
    let written = if before.revision == 0 {
        diesel::insert_into(ticket::table)
            .values((ticket::booking_id.eq(&row.booking_id), news))
            .execute(tx.db())
    } else {
        let unchanged = ticket::table
            .find(&row.booking_id)
            .filter(ticket::revision.eq(before.revision));
        mesh::update(unchanged).set(news).execute(tx.db())
    };
    rows::written(written)
}

/// What ticket tells the audit of each booking it has heard of. A ticket that says of itself what no fulfilment says has
/// lost what was done about its booking, and is not told.
pub fn facts(db: &mut Db, context: &str) -> Result<Vec<FulfilmentFact>, Refusal> {
    let rows: Vec<(Row, Option<String>)> = ticket::table
        .left_join(fulfilment::table.on(fulfilment::order_id.eq(ticket::booking_id)))
        .select((Row::as_select(), fulfilment::state.nullable()))
        .load(db)?;
    let whole = |(row, state): &(Row, Option<String>)| row.status == 0 || state.is_some();
    let fact = |(row, state): (Row, Option<String>)| {
        let done = state.as_deref().map(fulfilments::read).transpose()?;
        Ok(FulfilmentFact {
            order_id: row.booking_id,
            context: context.to_owned(),
            seen_version: row.seen_version,
            irrevocable: done.is_some_and(|done| done.irrevocable),
        })
    };
    rows.into_iter().filter(whole).map(fact).collect()
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
    let row: Row = mesh::found(query.first(db), "ticket")?;
    row.show()
}

/// WAITING as its indexes say it, word by word: of a value that is bound SQLite does not know whether they have it.
const WAITS: &str = "status = 1";

/// Tickets of these statuses, or all, newest booking first.
pub fn list(db: &mut Db, page: &Page<String>, statuses: &[i32]) -> Result<Vec<Row>, Refusal> {
    let mut query = ticket::table
        .filter(ticket::status.ne(0))
        .order(ticket::booking_id.desc())
        .limit(page.limit())
        .select(Row::as_select())
        .into_boxed();
    // What a counter asks for: few, among all that there ever were.
    if statuses == [domain::WAITING] {
        query = query.filter(sql::<Bool>(WAITS));
    } else if !statuses.is_empty() {
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
        .filter(sql::<Bool>(WAITS))
        .filter(ticket::ends_at.le(now.0))
        .order(ticket::ends_at)
        .limit(limit)
        .select(ticket::booking_id)
        .load(db)?)
}

#[cfg(test)]
mod tests;
