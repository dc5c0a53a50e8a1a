//! Drivers: who they are, where, and whether they take rides.

use crate::domain::{self, DRIVEN, Spot};
use crate::drives;
use crate::schema::{declined, drive, driver};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use mesh::{Db, Refusal, Time, Tx};
use ordering::rows;
use proto::taxi::dispatch::v1::{Driver, ReportDriverRequest};

/// Writes down what a driver says of himself, in the place of what he said before. Whose customer waits for him is told.
pub fn report(
    tx: &mut Tx<'_>,
    driver_id: &str,
    said: &ReportDriverRequest,
) -> Result<Driver, Refusal> {
    let now = tx.now();
    let report = (
        driver::name.eq(&said.name),
        driver::car.eq(&said.car),
        driver::phone.eq(&said.phone),
        driver::latitude.eq(said.latitude),
        driver::longitude.eq(said.longitude),
        driver::is_free.eq(said.free),
        driver::reported_at.eq(now.0),
    );
    let update = mesh::update(driver::table.find(driver_id)).set(report);
    let new = (driver::driver_id.eq(driver_id), report);
    rows::put(tx, update, diesel::insert_into(driver::table).values(new))?;
    let said = said.clone();
    if let Some(row) = drives::awaiting(tx.db(), driver_id)? {
        let driver = domain::Driver {
            id: driver_id.to_owned(),
            name: said.name.clone(),
            car: said.car.clone(),
            phone: said.phone.clone(),
        };
        drives::decide(
            tx,
            row,
            None,
            |drive, now| Ok(drive.introduce(&driver, now)),
        )?;
    }
    Ok(Driver {
        driver_id: driver_id.to_owned(),
        name: said.name,
        car: said.car,
        phone: said.phone,
        latitude: said.latitude,
        longitude: said.longitude,
        free: said.free,
        reported_at: Some(Time(now.0).into()),
    })
}

/// The nearest driver who takes rides, has none, and has not declined this one.
pub fn nearest(db: &mut Db, ride_id: &str, from: Spot) -> Result<Option<domain::Driver>, Refusal> {
    let drives = drive::table
        .filter(drive::driver_id.eq(driver::driver_id.nullable()))
        .filter(drive::status.eq_any(DRIVEN.to_vec()));
    let has_declined = declined::table
        .filter(declined::ride_id.eq(ride_id))
        .filter(declined::driver_id.eq(driver::driver_id));
    let free: Vec<(String, i32, i32)> = driver::table
        .filter(driver::is_free.eq(true))
        .filter(not(exists(drives)))
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
    let (name, car, phone) = driver::table
        .find(&id)
        .select((driver::name, driver::car, driver::phone))
        .first(db)?;
    Ok(Some(domain::Driver {
        id,
        name,
        car,
        phone,
    }))
}

/// Whether anybody takes rides and has none.
pub fn is_any_free(db: &mut Db) -> Result<bool, Refusal> {
    let drives = drive::table
        .filter(drive::driver_id.eq(driver::driver_id.nullable()))
        .filter(drive::status.eq_any(DRIVEN.to_vec()));
    let free = driver::table
        .filter(driver::is_free.eq(true))
        .filter(not(exists(drives)));
    Ok(diesel::select(exists(free)).get_result(db)?)
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
