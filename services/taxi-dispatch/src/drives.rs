//! Rides as dispatch sees them: whose each is, and where it stands.

use crate::domain::{Change, DRIVEN, Drive, Driver, PATIENCE, Spot};
use crate::drivers;
use crate::schema::drive;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mesh::watch::{self, Written};
use mesh::{Db, Page, Refusal, Time, Tx};
use ordering::{fulfilments, rows};
use prost::Message;
use proto::taxi::dispatch::v1::DriverRide;
use proto::taxi::ride::v1::Trip;

/// What rides are listed by: when they were called, then their id.
pub type Key = (i64, String);

/// A ride. The first message about it makes its row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = drive, treat_none_as_null = true)]
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
    /// A ride that was not heard of before.
    pub fn new(ride_id: &str, trip: &Trip, called_at: Time, now: Time) -> Self {
        Self {
            ride_id: ride_id.to_owned(),
            version: 0,
            driver_id: None,
            status: 0,
            trip: trip.encode_to_vec(),
            called_at: called_at.0,
            heard_at: now.0,
            written_at: 0,
        }
    }

    /// When it was heard of.
    pub fn heard_at(&self) -> Time {
        Time(self.heard_at)
    }

    /// What it is listed by.
    pub fn key(&self) -> Key {
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

/// Takes a decision on a ride: `decision` changes what was done about it, which is stated, and who drives it. `seen` is the
/// order's version that led to it, if an order did. Answers also the ride's row as it is then.
pub fn decide<T>(
    tx: &mut Tx<'_>,
    row: &Row,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Drive<'_>) -> (T, Option<Change>),
) -> Result<(T, Row), Refusal> {
    let mut after = row.clone();
    let (answer, status) = fulfilments::update(tx, &row.ride_id, seen, |ride| {
        let mut drive = Drive {
            ride,
            driver: &mut after.driver_id,
        };
        let (answer, change) = decision(&mut drive);
        let event = change.map(|change| match change {
            Change::Received => "yemae.taxi.dispatch.v1.RideReceived",
            Change::Assigned | Change::Introduced => "yemae.taxi.dispatch.v1.DriverAssigned",
            Change::Declined => "yemae.taxi.dispatch.v1.DriverDeclined",
            Change::PickedUp => "yemae.taxi.dispatch.v1.CustomerPickedUp",
            Change::Arrived => "yemae.taxi.dispatch.v1.CustomerArrived",
            Change::GivenUp => "yemae.taxi.dispatch.v1.NoDriverFound",
            Change::Answered => "yemae.taxi.dispatch.v1.CancellationAnswered",
            Change::Voided => "yemae.taxi.dispatch.v1.RideVoided",
        });
        ((answer, drive.status()), event)
    })?;
    after.status = status;
    if after != *row || row.version == 0 {
        save(tx, row.version, &mut after)?;
    }
    Ok((answer, after))
}

/// Writes what has become of a row. ABORTED when it is another by now, or its driver has another ride.
fn save(tx: &mut Tx<'_>, before: i64, row: &mut Row) -> Result<(), Refusal> {
    let last: Option<i64> = drive::table
        .filter(drive::driver_id.eq(&row.driver_id))
        .select(diesel::dsl::max(drive::written_at))
        .first(tx.db())?;
    row.version = before + 1;
    row.written_at = last.map_or(tx.now().0, |last| last.max(tx.now().0));
    let written = if before == 0 {
        diesel::insert_into(drive::table)
            .values(&*row)
            .execute(tx.db())
    } else {
        let unchanged = drive::table
            .find(&row.ride_id)
            .filter(drive::version.eq(before));
        mesh::update(unchanged).set(&*row).execute(tx.db())
    };
    rows::written(written)
}

/// A ride that was heard of.
pub fn find(db: &mut Db, ride_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(drive::table
        .find(ride_id)
        .select(Row::as_select())
        .first(db)
        .optional()?)
}

/// A driver's own ride. Another's is NOT_FOUND.
pub fn own(db: &mut Db, ride_id: &str, driver_id: &str) -> Result<Row, Refusal> {
    let row = drive::table
        .find(ride_id)
        .filter(drive::driver_id.eq(driver_id))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    row.ok_or_else(|| Refusal::not_found("ride"))
}

/// The ride whose customer waits for this driver.
pub fn awaiting(db: &mut Db, driver_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(drive::table
        .filter(drive::driver_id.eq(driver_id))
        // ASSIGNED, and what its index says: of a value that is bound SQLite does not know whether that index has it.
        .filter(sql::<Bool>("status IN (2, 3) AND status = 2"))
        .select(Row::as_select())
        .first(db)
        .optional()?)
}

/// A driver's rides, newest first.
pub fn list(db: &mut Db, driver_id: &str, page: &Page<Key>) -> Result<Vec<Row>, Refusal> {
    let mut query = drive::table
        .filter(drive::driver_id.eq(driver_id))
        .order((drive::called_at.desc(), drive::ride_id.desc()))
        .limit(page.limit())
        .select(Row::as_select())
        .into_boxed();
    if let Some((at, id)) = page.after.clone() {
        let same_time = drive::called_at.eq(at).and(drive::ride_id.lt(id));
        query = query.filter(drive::called_at.lt(at).or(same_time));
    }
    Ok(query.load(db)?)
}

/// When a driver's newest change was written.
pub fn newest(db: &mut Db, driver_id: &str) -> Result<Option<i64>, Refusal> {
    Ok(drive::table
        .filter(drive::driver_id.eq(driver_id))
        .select(diesel::dsl::max(drive::written_at))
        .first(db)?)
}

/// What was written of a driver's rides behind `at` and the ride `id`, the first of it: the one that is driven, and what is
/// over only if that was written at `over_since` or later.
pub fn written_since(
    db: &mut Db,
    driver_id: &str,
    (at, id): (i64, &str),
    over_since: i64,
) -> Result<Vec<Written>, Refusal> {
    let behind = drive::written_at.gt(at).or(drive::ride_id.gt(id));
    let is_driven = drive::status.eq_any(DRIVEN);
    let rows: Vec<(String, i64, i64)> = drive::table
        .filter(drive::driver_id.eq(driver_id))
        .filter(drive::written_at.ge(at))
        .filter(behind)
        .filter(is_driven.or(drive::written_at.ge(over_since)))
        .order((drive::written_at, drive::ride_id))
        .limit(watch::PAGE)
        .select((drive::ride_id, drive::version, drive::written_at))
        .load(db)?;
    let written = |(id, version, written_at)| Written {
        id,
        version,
        written_at,
    };
    Ok(rows.into_iter().map(written).collect())
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
