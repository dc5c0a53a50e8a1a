//! Taxi's stage: drivers in town.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::taxi::dispatch::v1::ReportDriverRequest;
use proto::taxi::dispatch::v1::dispatch_service_client::DispatchServiceClient;

/// Seoul Station: millionths of a degree north and east.
const STATION: (i32, i32) = (37_554_722, 126_970_833);
/// Who is there: the name, what customers call him, his car, his telephone, and so many millionths of a degree north of
/// [`STATION`] he waits.
const DRIVERS: [(&str, &str, &str, &str, i32); 2] = [
    (
        "demo-kang",
        "강 (Kang)",
        "쏘나타 12가 3456",
        "010-0000-0001",
        5_000,
    ),
    (
        "demo-lim",
        "임 (Lim)",
        "그랜저 34나 5678",
        "010-0000-0002",
        20_000,
    ),
];

/// Lets drivers report that they are free. They are there already if that was said before: it is said again.
pub(crate) async fn set(mesh: &Mesh) -> Result<(), Fault> {
    for (subject, name, car, phone, away) in DRIVERS {
        let driver = mesh.acting_as(subject, &["driver"])?;
        report(&driver, &driver_at(STATION, (name, car, phone), away)).await?;
    }
    Ok(())
}

/// A driver says where he is, and whether he takes rides.
pub(crate) async fn report(driver: &Mesh, said: &ReportDriverRequest) -> Result<(), Fault> {
    let reported = DispatchServiceClient::new(driver.channel())
        .report_driver(said.clone())
        .await;
    reported.map(drop).map_err(|status| rpc::fault(&status))
}

/// A free driver, his car and his telephone, so many millionths of a degree north of a place.
pub(crate) fn driver_at(
    (latitude, longitude): (i32, i32),
    (name, car, phone): (&str, &str, &str),
    away: i32,
) -> ReportDriverRequest {
    ReportDriverRequest {
        name: name.to_owned(),
        car: car.to_owned(),
        phone: phone.to_owned(),
        latitude: latitude + away,
        longitude,
        free: true,
    }
}
