//! The fields of a request, read so that every wrong one is told at once.

use crate::refusal::{Refusal, Violation};

/// What is wrong with the fields read so far.
#[derive(Debug, Default)]
pub struct Fields(Vec<Violation>);

/// Reads a request with `from`, which takes every field through the [`Fields`] it is given. Refused with all violations
/// that were found; the value that `from` makes is only handed out when there are none.
pub fn read<T>(from: impl FnOnce(&mut Fields) -> T) -> Result<T, Refusal> {
    let mut fields = Fields::default();
    let value = from(&mut fields);
    if fields.0.is_empty() {
        Ok(value)
    } else {
        Err(Refusal::invalid(fields.0))
    }
}

impl Fields {
    /// The value; or its violation is kept, and a stand-in goes on so that the other fields are read too.
    pub fn take<T: Default>(&mut self, value: Result<T, Violation>) -> T {
        value.unwrap_or_else(|violation| {
            self.0.push(violation);
            T::default()
        })
    }

    /// Keeps a violation of `field` unless `holds`; `rule` says what would be right.
    pub fn check(&mut self, holds: bool, field: &str, rule: &str) {
        if !holds {
            self.0.push(Violation::new(field, rule));
        }
    }
}

/// A word for programs: 1 to `most` printable ASCII characters.
pub fn word(field: &str, text: &str, most: usize) -> Result<String, Violation> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if printable && (1..=most).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(Violation::new(
            field,
            format!("must be 1 to {most} printable ASCII characters"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let refusal = read(|fields| {
            fields.take(word("request_id", "ä", 64));
            fields.check(false, "rating", "is required");
        })
        .unwrap_err();
        let fields: Vec<_> = refusal.violations.iter().map(|v| &*v.field).collect();
        assert_eq!(fields, ["request_id", "rating"]);
    }

    #[test]
    fn words_are_printable_ascii() {
        assert!(word("request_id", "a B~", 4).is_ok());
        for wrong in ["", "12345", "a\tb", "a\0", "é"] {
            assert!(word("request_id", wrong, 4).is_err(), "{wrong:?}");
        }
    }
}
