//! Seats as people write them: row number, column letter: "1A".

use mesh::Fields;
use std::collections::BTreeSet;

/// The most seats one booking takes.
pub(crate) const MOST: usize = 8;

/// A seat, ordered by row, then column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seat {
    row: u32,
    column: u8,
}

impl Seat {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (row, column) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let column = column.bytes().next().filter(u8::is_ascii_uppercase)?;
        let plain = !row.starts_with('0') && row.bytes().all(|byte| byte.is_ascii_digit());
        let row = row.parse().ok().filter(|row| plain && *row >= 1)?;
        Some(Self { row, column })
    }

    /// Whether a room of so many rows and columns has it.
    pub(crate) fn is_in(self, rows: i32, columns: i32) -> bool {
        i64::from(self.row) <= i64::from(rows) && i32::from(self.column - b'A') < columns
    }
}

impl std::fmt::Display for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.row, char::from(self.column))
    }
}

/// Checks the seats of a request, whatever the screening.
pub(crate) fn check(fields: &mut Fields, seats: &[String]) {
    let seats = fields.list("seats", seats, 1..=MOST, |fields, at, seat| {
        let rule = "must be a row number and a column letter: \"1A\"";
        fields.check(Seat::parse(seat).is_some(), at, rule);
    });
    let different = seats.iter().collect::<BTreeSet<_>>().len() == seats.len();
    fields.check(different, "seats", "must not name a seat twice");
}

/// The seats of a request by row, then column; those that are none are left out.
pub(crate) fn sorted(seats: &[String]) -> BTreeSet<Seat> {
    seats.iter().filter_map(|seat| Seat::parse(seat)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_row_and_column() {
        for (text, fine) in [
            ("1A", true),
            ("12Z", true),
            ("A1", false),
            ("0A", false),
            ("01A", false),
            ("1a", false),
            ("", false),
            ("A", false),
            ("1가", false),
        ] {
            assert_eq!(Seat::parse(text).is_some(), fine, "{text}");
            assert_eq!(
                Seat::parse(text)
                    .map(|seat| seat.to_string())
                    .as_deref()
                    .unwrap_or(text),
                text
            );
        }
        assert!(Seat::parse("5C").unwrap().is_in(5, 3));
        assert!(!Seat::parse("6C").unwrap().is_in(5, 3));
        assert!(!Seat::parse("5D").unwrap().is_in(5, 3));
    }

    #[test]
    fn rows_sort_as_numbers() {
        let seats = sorted(&["10A".to_owned(), "2B".to_owned(), "2A".to_owned()]);
        assert_eq!(
            seats.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["2A", "2B", "10A"]
        );
    }

    #[test]
    fn every_wrong_seat_is_named() {
        let seats = ["1A".to_owned(), "x".to_owned(), "1A".to_owned()];
        let no = mesh::fields::read(|fields| check(fields, &seats)).unwrap_err();
        let fields: Vec<_> = no.violations.into_iter().map(|v| v.field).collect();
        assert_eq!(fields, ["seats[1]", "seats"]);
        let many = vec!["x".to_owned(); 40_000];
        let no = mesh::fields::read(|fields| check(fields, &many)).unwrap_err();
        let fields: Vec<_> = no.violations.into_iter().map(|v| v.field).collect();
        assert_eq!(fields, ["seats"]);
    }
}
