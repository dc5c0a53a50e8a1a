//! Screens, screenings and their seats.
