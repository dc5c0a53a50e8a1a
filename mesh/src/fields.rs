//! The fields of a request, read so that every wrong one is told at once.

use crate::refusal::{Refusal, Violation};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// More values than any enum has that is listed by.
const MOST_KINDS: usize = 100;

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

    /// The items of a list, each read by `read` under the name of its field. Too few or too many are that one violation:
    /// then none is read, and none answered, however long the list is.
    pub fn list<'a, T>(
        &mut self,
        field: &str,
        items: &'a [T],
        amount: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Self, &str, &T),
    ) -> &'a [T] {
        if !amount.contains(&items.len()) {
            let rule = format!("must be {} to {} items", amount.start(), amount.end());
            self.check(false, field, &rule);
            return &[];
        }
        for (place, item) in items.iter().enumerate() {
            read(self, &format!("{field}[{place}]"), item);
        }
        items
    }

    /// The different ones among some values of the enum `E`: a query takes only so many. `rule` says what each must be.
    pub fn kinds<E: TryFrom<i32>>(&mut self, field: &str, values: &[i32], rule: &str) -> Vec<i32> {
        let read = |fields: &mut Self, field: &str, value: &i32| {
            fields.check(*value > 0 && E::try_from(*value).is_ok(), field, rule);
        };
        let values = self.list(field, values, 0..=MOST_KINDS, read);
        let different: BTreeSet<i32> = values.iter().copied().collect();
        different.into_iter().collect()
    }

    /// An amount of at least `least` minor units. Both its fields are checked.
    pub fn money(&mut self, field: &str, currency: &str, minor_units: i64, least: i64) {
        let iso = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        self.check(
            iso,
            &format!("{field}.currency"),
            "must be an ISO 4217 code in upper case",
        );
        self.check(
            minor_units >= least,
            &format!("{field}.minor_units"),
            &format!("must be at least {least}"),
        );
    }
}

/// A text of one line for people: 1 to `most` characters, not only spaces, no control characters.
pub fn line(field: &str, text: &str, most: usize) -> Result<String, Violation> {
    let fits = !text.trim().is_empty() && text.chars().count() <= most;
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Violation::new(
            field,
            format!("must be 1 to {most} characters on one line"),
        ))
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
            fields.take(line("title", " ", 5));
            fields.take(word("request_id", "ä", 64));
            fields.money("price", "krw", 0, 1);
            fields.check(false, "rating", "is required");
        })
        .unwrap_err();
        let fields: Vec<_> = refusal.violations.iter().map(|v| &*v.field).collect();
        assert_eq!(
            fields,
            [
                "title",
                "request_id",
                "price.currency",
                "price.minor_units",
                "rating"
            ]
        );
    }

    #[test]
    fn of_a_list_that_is_too_long_nothing_is_read() {
        let mut reads = 0;
        let mut read_list = |items: &[i32]| {
            read(|fields| {
                let read = |fields: &mut Fields, field: &str, item: &i32| {
                    reads += 1;
                    fields.check(*item > 0, field, "must be more than nothing");
                };
                fields.list("items", items, 1..=3, read).len()
            })
        };
        assert_eq!(read_list(&[1, 2, 3]), Ok(3));
        let wrong = read_list(&[1, 0, -1]).unwrap_err().violations;
        let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(fields, ["items[1]", "items[2]"]);
        for other in [&[][..], &[0; 40_000]] {
            let wrong = read_list(other).unwrap_err().violations;
            assert_eq!(wrong, [Violation::new("items", "must be 1 to 3 items")]);
        }
        assert_eq!(reads, 6);
    }

    #[test]
    fn a_kind_that_is_named_twice_is_one() {
        struct Even;
        impl TryFrom<i32> for Even {
            type Error = ();
            fn try_from(value: i32) -> Result<Self, ()> {
                if value % 2 == 0 { Ok(Self) } else { Err(()) }
            }
        }
        let kinds = |values: &[i32]| read(|f| f.kinds::<Even>("kinds", values, "must be even"));
        assert_eq!(kinds(&[4, 2, 4, 4]), Ok(vec![2, 4]));
        assert_eq!(kinds(&[]), Ok(vec![]));
        assert_eq!(kinds(&[2, 0, 3]).unwrap_err().violations.len(), 2);
        assert_eq!(kinds(&[3; 40_000]).unwrap_err().violations.len(), 1);
    }

    #[test]
    fn lines_are_counted_in_characters() {
        assert!(line("title", "기생충!", 4).is_ok());
        for wrong in ["", "   ", "기생충!!", "a\nb", "a\0b"] {
            assert!(line("title", wrong, 4).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn words_are_printable_ascii() {
        assert!(word("request_id", "a B~", 4).is_ok());
        for wrong in ["", "12345", "a\tb", "a\0", "é"] {
            assert!(word("request_id", wrong, 4).is_err(), "{wrong:?}");
        }
    }
}
