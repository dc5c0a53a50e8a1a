//! Why a driver can't do that.

use mesh::Refusal;

/// The customer is not in the car yet.
pub const NOT_PICKED_UP: Refusal = Refusal::cannot(
    "RIDE_NOT_PICKED_UP",
    "the customer was not picked up yet",
    "아직 탑승 전입니다.",
);
/// The customer is in the car already.
pub const PICKED_UP: Refusal = Refusal::cannot(
    "RIDE_PICKED_UP",
    "the customer was picked up",
    "이미 탑승한 호출입니다.",
);
/// It was cancelled.
pub const CANCELLED: Refusal = Refusal::cannot(
    "RIDE_CANCELLED",
    "the ride was cancelled",
    "취소된 호출입니다.",
);
