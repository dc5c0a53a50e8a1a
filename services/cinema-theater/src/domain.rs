//! What theater decides, without anything it decides with: no request, no table, no clock of its own.

pub mod contest;
pub mod home;
pub mod plan;
pub mod seat;
