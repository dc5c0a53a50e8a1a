//! The lifecycle every order shares.
