//! How far a ride is, and what it costs. In whole numbers: the same everywhere.

use mesh::Fields;
use ordering::Money;
use proto::taxi::ride::v1::{Place, Trip};

/// The start of a ride: this many won for the first 1,600 m. This and what follows is Seoul's fare of a medium-sized taxi by
/// day, for distance alone, since 1 February 2023 (서울특별시 택시요금).
const START: i64 = 4_800;
/// Meters that are in [`START`].
const START_METERS: i64 = 1_600;
/// Won for each step begun after them.
const STEP: i64 = 100;
/// Meters of a step.
const STEP_METERS: i64 = 131;

/// The longest ride, m: Korea's mainland from end to end.
const LONGEST: i64 = 500_000;
/// Meters of a degree on the earth's mean radius, 6,371.009 km (IUGG).
const DEGREE: i128 = 111_195;
/// What a degree is counted in.
const MICRO: i128 = 1_000_000;

/// Reads where a ride begins and ends together.
pub(crate) fn check(fields: &mut Fields, from: Option<&Place>, to: Option<&Place>) {
    if let (Some(from), Some(to)) = (from, to) {
        let rule = "must be at most 500 km from where the ride begins";
        fields.check(meters(from, to) <= LONGEST, "to", rule);
    }
}

/// From where to where, and how far that is.
pub(crate) fn trip(from: Option<&Place>, to: Option<&Place>) -> Trip {
    let (from, to) = (
        from.cloned().unwrap_or_default(),
        to.cloned().unwrap_or_default(),
    );
    Trip {
        meters: meters(&from, &to),
        from: Some(from),
        to: Some(to),
    }
}

/// What a ride of so many meters costs.
pub(crate) fn fare(meters: i64) -> Money {
    let beyond = (meters - START_METERS).max(0);
    let steps = (beyond + STEP_METERS - 1) / STEP_METERS;
    Money {
        currency: "KRW".to_owned(),
        minor_units: START + STEP * steps,
    }
}

/// As the crow flies, on a plane that touches the earth halfway: good to 1 % within a country. The cosine that narrows a
/// degree of longitude is Bhaskara's, (4·90² − 4x²) / (4·90² + x²), which is good to 0.002.
fn meters(from: &Place, to: &Place) -> i64 {
    let [south, north, west, east] =
        [from.latitude, to.latitude, from.longitude, to.longitude].map(i128::from);
    let around = (east - west).abs();
    let around = around.min(360 * MICRO - around);
    let halfway = ((south + north) / 2).pow(2);
    let quarter = 4 * (90 * MICRO).pow(2);
    let across = around * (quarter - 4 * halfway) / (quarter + halfway);
    let degrees = ((north - south).pow(2) + across.pow(2)).isqrt();
    i64::try_from(degrees * DEGREE / MICRO).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: i32, longitude: i32) -> Place {
        Place {
            name: "here".to_owned(),
            latitude,
            longitude,
        }
    }

    #[test]
    fn it_is_as_far_as_a_map_says() {
        let seoul = place(37_554_722, 126_970_833);
        // By haversine on the same earth.
        let known = [
            (place(37_497_950, 127_027_621), 8_058),
            (place(35_115_278, 129_041_944), 328_605),
            (place(35_681_111, 139_766_944), 1_159_916),
        ];
        for (there, expected) in known {
            let told = meters(&seoul, &there);
            assert!(
                (told - expected).abs() * 100 <= expected,
                "{told} {expected}"
            );
            assert_eq!(told, meters(&there, &seoul), "and back");
        }
        assert_eq!(meters(&seoul, &seoul), 0);
    }

    #[test]
    fn nobody_drives_around_the_earth_to_cross_a_line() {
        let (west, east) = (place(0, 179_999_000), place(0, -179_999_000));
        assert_eq!(meters(&west, &east), 222);
        // Nor does anything overflow where no place is.
        assert!(meters(&place(i32::MIN, i32::MIN), &place(i32::MAX, i32::MAX)) > 0);
    }

    #[test]
    fn each_step_begun_after_the_start_costs_the_same() {
        let fares = [0, 1_600, 1_601, 1_731, 1_732, 500_000].map(|far| fare(far).minor_units);
        assert_eq!(fares, [4_800, 4_800, 4_900, 4_900, 5_000, 385_300]);
        assert_eq!(fare(0).currency, "KRW");
    }
}
