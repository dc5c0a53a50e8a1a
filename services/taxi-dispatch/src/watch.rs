//! What a driver watches: the rides that are his.

use crate::domain::DRIVEN;
use crate::drives;
use crate::schema::drive;
use diesel::prelude::*;
use mesh::watch::{Changed, Since, Watched, Written};
use mesh::{Db, Refusal};
use proto::taxi::dispatch::v1::DriverRide;

/// The rides of one driver.
#[derive(Clone)]
pub struct Mine {
    /// The driver.
    pub driver_id: String,
}

impl Watched for Mine {
    type Entry = DriverRide;

    fn changed(&self, db: &mut Db, since: &Since) -> Result<Changed, Refusal> {
        let newest = drives::newest(db, Some(&self.driver_id))?;
        // A watch begins with what is to be driven.
        let is_driven = drive::status.eq_any(DRIVEN);
        let rides = drive::table
            .filter(drive::driver_id.eq(&self.driver_id))
            .filter(is_driven.or(drive::written_at.ge(since.began())))
            .select((drive::ride_id, drive::version, drive::written_at))
            .into_boxed();
        let wanted = since.page(0, rides, drive::written_at, drive::ride_id);
        Ok(Changed {
            generation: 0,
            rows: wanted.load(db)?,
            newest,
        })
    }

    fn read(&self, db: &mut Db, ride_id: &str) -> Result<Option<(DriverRide, Written)>, Refusal> {
        let row = drives::find(db, ride_id)?;
        let own = row.filter(|row| row.driver_id.as_ref() == Some(&self.driver_id));
        own.map(|row| {
            let written = row.written();
            Ok((row.show()?, written))
        })
        .transpose()
    }
}
