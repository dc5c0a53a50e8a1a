//! Drivers: who they are, where, and whether they take rides.

use crate::domain::{self, DRIVEN, Spot};
use crate::drives;
use crate::schema::{declined, drive, driver};
use diesel::dsl::{auto_type, exists, not};
use diesel::prelude::*;
use mesh::{Db, Refusal, Time, Tx};
use ordering::rows;
use proto::taxi::dispatch::v1::{Driver, ReportDriverRequest};

/// What a driver says of himself.
#[derive(Clone, Debug, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = driver, treat_none_as_default_value = false, primary_key(driver_id))]
struct Row {
    driver_id: String,
    name: String,
    car: String,
    phone: String,
    latitude: i32,
    longitude: i32,
    is_free: bool,
    reported_at: i64,
}

impl Row {
    /// As a ride knows him.
    fn driver(&self) -> domain::Driver {
        domain::Driver {
            id: self.driver_id.clone(),
            name: self.name.clone(),
            car: self.car.clone(),
            phone: self.phone.clone(),
        }
    }
}

/// Writes down what a driver says of himself, in the place of what he said before. Whose customer waits for him is told.
pub fn report(
    tx: &mut Tx<'_>,
    driver_id: &str,
    said: &ReportDriverRequest,
) -> Result<Driver, Refusal> {
    let row = Row {
        driver_id: driver_id.to_owned(),
        name: said.name.clone(),
        car: said.car.clone(),
        phone: said.phone.clone(),
        latitude: said.latitude,
        longitude: said.longitude,
        is_free: said.free,
        reported_at: tx.now().0,
    };
    let update = mesh::update(driver::table.find(driver_id)).set(&row);
    let insert = diesel::insert_into(driver::table).values(&row);
    rows::put(tx, update, insert)?;
    if let Some(ride) = drives::awaiting(tx.db(), driver_id)? {
        let driver = row.driver();
        drives::decide(tx, ride, None, |drive, now| {
            Ok(drive.introduce(&driver, now))
        })?;
    }
    Ok(Driver {
        driver_id: row.driver_id,
        name: row.name,
        car: row.car,
        phone: row.phone,
        latitude: row.latitude,
        longitude: row.longitude,
        free: row.is_free,
        reported_at: Some(Time(row.reported_at).into()),
    })
}

/// Drivers who take rides and have none.
#[auto_type]
fn free() -> _ {
    let driven: Vec<i32> = DRIVEN.to_vec();
    let drives = drive::table
        .filter(drive::driver_id.eq(driver::driver_id.nullable()))
        .filter(drive::status.eq_any(driven));
    driver::table
        .filter(driver::is_free.eq(true))
        .filter(not(exists(drives)))
}

/// The nearest driver who takes rides, has none, and has not declined this one.
pub fn nearest(db: &mut Db, ride_id: &str, from: Spot) -> Result<Option<domain::Driver>, Refusal> {
    let has_declined = declined::table
        .filter(declined::ride_id.eq(ride_id))
        .filter(declined::driver_id.eq(driver::driver_id));
    let free: Vec<(String, i32, i32)> = free()
        .filter(not(exists(has_declined)))
        .select((driver::driver_id, driver::latitude, driver::longitude))
        .load(db)?;
    let spot = |(id, latitude, longitude)| {
        let spot = Spot {
            latitude,
            longitude,
        };
        (id, spot)
    };
    let Some(id) = domain::nearest(from, free.into_iter().map(spot).collect()) else {
        return Ok(None);
    };
    let nearest: Row = Row::query().find(&id).first(db)?;
    Ok(Some(nearest.driver()))
}

/// Whether anybody takes rides and has none.
pub fn is_any_free(db: &mut Db) -> Result<bool, Refusal> {
    Ok(diesel::select(exists(free())).get_result(db)?)
}

/// A driver has declined a ride, and is never given it again.
pub fn has_declined(tx: &mut Tx<'_>, ride_id: &str, driver_id: &str) -> Result<(), Refusal> {
    diesel::insert_into(declined::table)
        .values((
            declined::ride_id.eq(ride_id),
            declined::driver_id.eq(driver_id),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Whether a driver has declined a ride.
pub fn is_declined(db: &mut Db, ride_id: &str, driver_id: &str) -> Result<bool, Refusal> {
    let own = declined::table.find((ride_id, driver_id));
    Ok(diesel::select(exists(own)).get_result(db)?)
}
