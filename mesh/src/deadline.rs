//! Until when a caller waits, as gRPC spells it on the wire.

use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// The header that carries it.
pub const HEADER: &str = "grpc-timeout";

/// How long the caller of this request waits, if it says so in a form that gRPC allows: at most 8 digits and a unit.
pub fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(n * 3600)),
        "M" => Some(Duration::from_secs(n * 60)),
        "S" => Some(Duration::from_secs(n)),
        "m" => Some(Duration::from_millis(n)),
        "u" => Some(Duration::from_micros(n)),
        "n" => Some(Duration::from_nanos(n)),
        _ => None,
    }
}

/// `left` as the header says it, in the finest unit that 8 digits hold.
pub fn write(left: Duration) -> HeaderValue {
    let micros = left.as_micros();
    let (n, unit) = if micros < 100_000_000 {
        (micros, 'u')
    } else if micros < 100_000_000_000 {
        (micros / 1000, 'm')
    } else {
        (micros / 1_000_000, 'S')
    };
    HeaderValue::try_from(format!("{}{unit}", n.min(99_999_999)))
        .unwrap_or(HeaderValue::from_static("1S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(HEADER),
            HeaderValue::from_static(text),
        )])
    }

    #[test]
    fn what_is_written_is_read() {
        for left in [
            Duration::from_micros(1),
            Duration::from_millis(1234),
            Duration::from_secs(3600),
        ] {
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), write(left))]);
            assert_eq!(read(&headers), Some(left));
        }
    }

    #[test]
    fn other_spellings_are_no_deadline() {
        for text in ["", "S", "-1S", "1", "1s", "123456789S", "1.5S", "९S"] {
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                let headers =
                    HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), value)]);
                assert_eq!(read(&headers), None, "{text}");
            }
        }
        assert_eq!(read(&header("2M")), Some(Duration::from_secs(120)));
    }
}
