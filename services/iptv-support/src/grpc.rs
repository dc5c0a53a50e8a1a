//! The rep's desk and the plans, as they are called.

mod desk;
mod plans;

pub use desk::Desk;
pub use plans::Plans;
