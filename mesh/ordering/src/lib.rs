//! The lifecycle every order shares, once: a write-ahead intent, a charge, an order that stands, its fulfilment by
//! others, its cancellation by the one who decides, and the refund. The one crate that knows `yemae.ordering.v1`.
//!
//! An order side implements [`Side`], calls [`order_side`] and serves its [`Orders`]; a fulfilling side calls [`fulfilling_side`] and changes
//! its rows with [`fulfilments::decide`].

mod attempt;
pub mod audit;
pub mod catalogue;
pub mod claims;
mod create;
pub mod domain;
pub mod fulfilments;
pub mod intents;
pub mod orders;
mod pay;
mod price;
mod republish;
mod requests;
pub mod rows;
pub mod schema;
mod settle;
mod side;
pub mod simulated;
pub mod wire;
mod wiring;

pub use domain::{Money, Progress, Status, System};
pub use intents::{Draft, Intent};
pub use price::not_sold;
pub use republish::{Republished, republish};
pub use side::{Orders, PAYMENT, Side};
pub use wiring::{fulfilling_side, is_own_word, order_side};
