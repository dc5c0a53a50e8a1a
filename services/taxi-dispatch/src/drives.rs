//! Rides as dispatch sees them: whose each is, and where it stands.

use crate::domain::{Drive, Driver, PATIENCE, Spot};
use crate::drivers;
use crate::schema::drive;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mesh::watch::{self, Written};
use mesh::{Db, Page, Refusal, Time, Tx, page};
use ordering::domain::fulfilment::Decided;
use ordering::{fulfilments, rows, wire};
use prost::Message;
use proto::ordering::v1::Order;
use proto::taxi::dispatch::v1::DriverRide;
use proto::taxi::ride::v1::Trip;

/// A ride. The first message about it makes its row.
#[derive(Clone, Debug, Default, PartialEq, Eq, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = drive, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Row {
    pub ride_id: String,
    /// One more with each change; 0 when it has not been written yet.
    version: i64,
    pub driver_id: Option<String>,
    status: i32,
    trip: Vec<u8>,
    called_at: i64,
    heard_at: i64,
    written_at: i64,
}

impl Row {
    /// A ride that was not heard of before `now`.
    pub fn new(order: &Order, now: Time) -> Result<Self, Refusal> {
        Ok(Self {
            ride_id: order.order_id.clone(),
            trip: wire::detail::<Trip>(order)?.encode_to_vec(),
            called_at: wire::placed_at(order).0,
            heard_at: now.0,
            ..Self::default()
        })
    }

    /// When it was heard of.
    pub fn heard_at(&self) -> Time {
        Time(self.heard_at)
    }

    /// What it is listed by.
    pub fn key(&self) -> page::Key {
        (self.called_at, self.ride_id.clone())
    }

    /// Where its newest change lies.
    pub fn written(&self) -> Written {
        Written {
            id: self.ride_id.clone(),
            version: self.version,
            written_at: self.written_at,
        }
    }

    /// The nearest driver who could have it.
    pub fn nearest(&self, db: &mut Db) -> Result<Option<Driver>, Refusal> {
        let from = self.trip()?.from.unwrap_or_default();
        let spot = Spot {
            latitude: from.latitude,
            longitude: from.longitude,
        };
        drivers::nearest(db, &self.ride_id, spot)
    }

    /// The ride as its driver sees it now.
    pub fn show(self) -> Result<DriverRide, Refusal> {
        Ok(DriverRide {
            trip: Some(self.trip()?),
            ride_id: self.ride_id,
            version: self.version,
            status: self.status,
            called_at: Some(Time(self.called_at).into()),
        })
    }

    fn trip(&self) -> Result<Trip, Refusal> {
        Trip::decode(&*self.trip).map_err(Refusal::internal)
    }
}

/// Takes a decision on a ride: what was done about it, which is stated, and who drives it. `seen` is the order's version that
/// led to it, if an order did. Answers the ride's row as it is then. ABORTED when it is another by now, or its driver has
/// another ride.
pub fn decide(
    tx: &mut Tx<'_>,
    before: Row,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Drive<'_>, Time) -> Decided,
) -> Result<Row, Refusal> {
    let mut row = before.clone();
    fulfilments::decide(tx, &before.ride_id, seen, |ride, now| {
        let mut drive = Drive {
            ride,
            driver: &mut row.driver_id,
        };
        let decided = decision(&mut drive, now)?;
        row.status = drive.status();
        Ok(decided)
    })?;
    if row == before && before.version > 0 {
        return Ok(row);
    }
    row.version += 1;
    let newest = newest(tx.db(), row.driver_id.as_deref())?;
    row.written_at = watch::written_at(tx.now(), newest);
    let insert = diesel::insert_into(drive::table).values(&row);
    let unchanged = drive::table
        .find(&row.ride_id)
        .filter(drive::version.eq(before.version));
    let update = mesh::update(unchanged).set(&row);
    rows::save(tx, before.version == 0, insert, update)?;
    Ok(row)
}

/// A ride that was heard of.
pub fn find(db: &mut Db, ride_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(Row::query().find(ride_id).first(db).optional()?)
}

/// A driver's own ride. Another's is NOT_FOUND.
pub fn own(db: &mut Db, ride_id: &str, driver_id: &str) -> Result<Row, Refusal> {
    let own = Row::query()
        .find(ride_id)
        .filter(drive::driver_id.eq(driver_id));
    mesh::found(own.first(db), "ride")
}

/// The ride whose customer waits for this driver.
pub fn awaiting(db: &mut Db, driver_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(Row::query()
        .filter(drive::driver_id.eq(driver_id))
        // ASSIGNED, and what its index says: of a value that is bound SQLite does not know whether that index has it.
        .filter(sql::<Bool>("status IN (2, 3) AND status = 2"))
        .first(db)
        .optional()?)
}

/// A driver's rides, newest first.
pub fn list(db: &mut Db, driver_id: &str, page: &Page) -> Result<Vec<Row>, Refusal> {
    let rides = Row::query()
        .filter(drive::driver_id.eq(driver_id))
        .into_boxed();
    let listed = page.newest_first(rides, drive::called_at, drive::ride_id);
    Ok(listed.load(db)?)
}

/// When a driver's newest change was written.
pub fn newest(db: &mut Db, driver_id: Option<&str>) -> Result<Option<i64>, Refusal> {
    Ok(drive::table
        .filter(drive::driver_id.eq(driver_id))
        .select(diesel::dsl::max(drive::written_at))
        .first(db)?)
}

/// Rides without a driver about which there is something to do, who has waited longest first: if nobody is free, only those
/// that have waited too long.
pub fn waiting(db: &mut Db, now: Time, limit: i64) -> Result<Vec<String>, Refusal> {
    let heard_until = match drivers::is_any_free(db)? {
        true => now,
        false => now.minus(PATIENCE),
    };
    Ok(drive::table
        // WAITING as its index says it: of a value that is bound SQLite does not know whether that index has it.
        .filter(sql::<Bool>("status = 1"))
        .filter(drive::heard_at.le(heard_until.0))
        .order((drive::heard_at, drive::ride_id))
        .limit(limit)
        .select(drive::ride_id)
        .load(db)?)
}
