//! Identifiers: UUIDv7 in their hyphenated text form, so that they sort by age and read the same everywhere.

use crate::refusal::Violation;

/// A fresh id.
pub fn new() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The id in the one spelling it is stored in, of a request's field that the contract has let through as a UUID.
pub fn canonical(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// The id in `text`, in its canonical spelling, or what is wrong with the field that carried it.
pub fn parse(field: &str, text: &str) -> Result<String, Violation> {
    uuid::Uuid::try_parse(text)
        .map(|id| id.to_string())
        .map_err(|_| Violation::new(field, "must be a UUID"))
}
