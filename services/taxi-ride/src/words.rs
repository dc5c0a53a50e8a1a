//! What a ride says about itself.

use ordering::{Progress, Status, System};
use proto::taxi::dispatch::v1::DriveStatus;
use proto::taxi::ride::v1::RideStatus;

/// The context that finds the driver, and decides.
const DISPATCH: &str = "taxi-dispatch";

/// The words and wiring of rides.
pub static SYSTEM: System = System {
    context: "taxi-ride",
    name: "taxi",
    events: "yemae.taxi.ride.v1.Ride",
    detail: "yemae.taxi.ride.v1.Trip",
    noun: "ride",
    progress: &[
        Progress::placed(word(RideStatus::Called, "CALLED", "Called", "호출")),
        Progress::by(
            DISPATCH,
            DriveStatus::Assigned as i32,
            word(
                RideStatus::Assigned,
                "ASSIGNED",
                "Driver assigned",
                "배차완료",
            ),
        ),
        Progress::by(
            DISPATCH,
            DriveStatus::PickedUp as i32,
            word(RideStatus::PickedUp, "PICKED_UP", "Picked up", "탑승"),
        ),
        Progress::by(
            DISPATCH,
            DriveStatus::Arrived as i32,
            word(RideStatus::Arrived, "ARRIVED", "Arrived", "도착"),
        )
        .last(),
    ],
    cancelling: word(
        RideStatus::Cancelling,
        "CANCELLING",
        "Cancellation requested",
        "취소접수",
    ),
    cancelled: word(RideStatus::Cancelled, "CANCELLED", "Cancelled", "호출취소"),
    fulfilled_by: &[DISPATCH],
    decider: DISPATCH,
};

const fn word(of: RideStatus, name: &'static str, en: &'static str, ko: &'static str) -> Status {
    Status::new(of as i32, name, en, ko)
}
