//! Seats: a row from 1 and a column from A.

use mesh::Violation;
use std::collections::BTreeSet;
use std::fmt;

/// The most seats one claim takes.
const MOST: usize = 8;
/// The most rows a screen has.
const ROWS: i32 = 50;

/// A seat. Seats sort by row, then column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    row: i32,
    column: u8,
}

impl Seat {
    /// The seat in `text`. None unless it is spelled as [`Seat`] spells itself: "1A", not "01A" or "1a".
    pub fn parse(text: &str) -> Option<Self> {
        let (column, row) = text.as_bytes().split_last()?;
        let digits = row.iter().all(u8::is_ascii_digit) && row.first() != Some(&b'0');
        let row = std::str::from_utf8(row).ok().filter(|_| digits)?;
        let seat = Self {
            row: row.parse().ok()?,
            column: *column,
        };
        (column.is_ascii_uppercase() && seat.row <= ROWS).then_some(seat)
    }

    /// Whether a room of this size has it.
    pub fn is_in(self, rows: i32, columns: i32) -> bool {
        self.row <= rows && i32::from(self.column - b'A') < columns
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.row, char::from(self.column))
    }
}

/// Every seat of a room of this size, in order.
pub fn all(rows: i32, columns: i32) -> Vec<Seat> {
    (1..=rows)
        .flat_map(|row| {
            (b'A'..=b'Z')
                .map(move |column| Seat { row, column })
                .filter(move |seat| seat.is_in(rows, columns))
        })
        .collect()
}

/// The seats that are wanted, in order. None: there are none or too many, one is there twice, or is no seat anywhere.
pub fn wanted(texts: &[String]) -> Option<Vec<Seat>> {
    let parsed = texts.iter().map(|text| Seat::parse(text));
    let seats: BTreeSet<Seat> = parsed.collect::<Option<_>>()?;
    let fit = (1..=MOST).contains(&texts.len()) && seats.len() == texts.len();
    fit.then(|| seats.into_iter().collect())
}

/// The seats that a room of this size does not have.
pub fn outside(seats: &[Seat], rows: i32, columns: i32) -> Vec<Violation> {
    let last = all(rows, columns)
        .last()
        .map(Seat::to_string)
        .unwrap_or_default();
    seats
        .iter()
        .filter(|seat| !seat.is_in(rows, columns))
        .map(|seat| Violation::new("seats", format!("{seat} must be in 1A to {last}")))
        .collect()
}

/// Seats for people and programs: "1A,1B".
pub fn list(seats: &[Seat]) -> String {
    let texts: Vec<_> = seats.iter().map(Seat::to_string).collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(seats: &[&str]) -> Vec<String> {
        seats.iter().map(|seat| (*seat).to_owned()).collect()
    }

    #[test]
    fn a_seat_has_one_spelling() {
        for text in ["1A", "9Z", "10B", "50Z"] {
            assert_eq!(Seat::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "A",
            "1",
            "0A",
            "01A",
            "1a",
            "A1",
            "1AA",
            "51A",
            "-1A",
            "+1A",
            " 1A",
            "1é",
            "99999999999A",
        ] {
            assert_eq!(Seat::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn seats_sort_by_row_then_column() {
        let seats = wanted(&texts(&["10A", "2B", "2A", "1Z"])).unwrap();
        assert_eq!(list(&seats), "1Z,2A,2B,10A");
    }

    #[test]
    fn seats_are_wanted_once_and_not_too_many() {
        for wrong in [&["1A", "x"][..], &["1A", "1A"], &[]] {
            assert_eq!(wanted(&texts(wrong)), None, "{wrong:?}");
        }
        let nine: Vec<String> = (1..=9).map(|row| format!("{row}A")).collect();
        assert_eq!(wanted(&nine), None);
        assert!(wanted(&nine[..8]).is_some());
    }

    #[test]
    fn a_room_has_its_seats_and_no_others() {
        assert_eq!(list(&all(2, 3)), "1A,1B,1C,2A,2B,2C");
        let seats = wanted(&texts(&["2C", "3A", "1D"])).unwrap();
        let wrong = outside(&seats, 2, 3);
        assert_eq!(wrong.len(), 2);
        assert_eq!(wrong[0].description, "1D must be in 1A to 2C");
    }
}
