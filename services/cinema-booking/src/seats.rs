//! Seats as people write them: row number, column letter: "1A".

use std::collections::BTreeSet;

/// A seat, ordered by row, then column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seat {
    row: u32,
    column: u8,
}

impl Seat {
    /// A seat of a request, whose spelling the contract has let through.
    fn parse(text: &str) -> Option<Self> {
        let (column, row) = text.as_bytes().split_last()?;
        let row = std::str::from_utf8(row).ok()?.parse().ok()?;
        let column = Some(*column).filter(u8::is_ascii_uppercase)?;
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

/// The seats of a request by row, then column; those that are none are left out.
pub(crate) fn sorted(seats: &[String]) -> BTreeSet<Seat> {
    seats.iter().filter_map(|seat| Seat::parse(seat)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_row_and_column() {
        for text in ["1A", "12Z"] {
            assert_eq!(Seat::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "A", "A1", "1a", "1가"] {
            assert_eq!(Seat::parse(text), None, "{text}");
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
}
