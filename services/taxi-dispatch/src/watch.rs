//! What a driver watches: the rides that are his.

use crate::drives;
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
        let newest = drives::newest(db, &self.driver_id)?;
        // A watch begins with what is to be driven.
        let over_since = since.began();
        let rows = drives::written_since(db, &self.driver_id, since.of(0), over_since)?;
        Ok(Changed {
            generation: 0,
            rows,
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
