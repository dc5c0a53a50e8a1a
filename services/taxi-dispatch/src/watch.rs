//! What a driver watches: the rides that are his.

use crate::drives::{self, Row};
use mesh::watch::{Since, Watched, Written};
use mesh::{Db, Refusal};
use proto::taxi::dispatch::v1::DriverRide;

/// The rides of one driver.
#[derive(Clone)]
pub struct Mine {
    /// The driver.
    pub driver_id: String,
    /// What was over before this is left out, µs: a new watch begins with what is to be driven.
    pub over_since: i64,
}

impl Watched for Mine {
    type Entry = DriverRide;

    fn changed(&self, db: &mut Db, since: Since) -> Result<(i64, Vec<Written>), Refusal> {
        let rows = drives::written_since(db, &self.driver_id, since.of(0), self.over_since)?;
        Ok((0, rows.iter().map(Row::written).collect()))
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
