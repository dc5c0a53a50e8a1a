//! Sells seats of a screening; owns the booking.
