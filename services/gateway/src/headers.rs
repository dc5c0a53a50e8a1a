//! What a caller says of its request in headers, as far as it is believed.

use crate::transcode::{REQUEST_ID, TRACEPARENT};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, Version};
use mesh::client::Request;

/// The caller's own name for its request, if it is one that may stand in a log; else one of ours.
pub(crate) fn request_id(request: &Request) -> String {
    let named = request.headers().get(REQUEST_ID);
    let named = named.and_then(|id| id.to_str().ok()).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    match (1..=64).contains(&named.len()) && named.bytes().all(is_plain) {
        true => named.to_owned(),
        false => mesh::id::new(),
    }
}

/// A request that may have come over HTTP/1.1 goes on over HTTP/2.
pub(crate) fn over_http2(request: &mut Request) {
    let headers = request.headers_mut();
    let hop_by_hop = [CONNECTION, TRANSFER_ENCODING, UPGRADE, HOST, CONTENT_LENGTH];
    let more = ["keep-alive", "proxy-connection"].map(HeaderName::from_static);
    for name in hop_by_hop.into_iter().chain(more) {
        headers.remove(name);
    }
    headers.insert(TE, HeaderValue::from_static("trailers"));
    *request.version_mut() = Version::HTTP_2;
}

/// A caller's trace goes on behind the door, if it is one that can be read. One that is recorded, and would be here because
/// the caller says so, only if `may_be_recorded`: else whoever sent many would fill what traces are kept in. What is not gone
/// on with is taken off, and another trace begins here, as the door itself finds right.
pub(crate) fn join_trace(request: &mut Request, may_be_recorded: impl FnOnce() -> bool) {
    let headers = request.headers_mut();
    let mut all = headers.get_all(TRACEPARENT).iter();
    let joined = match (all.next(), all.next()) {
        (Some(parent), None) => match is_recorded(parent.as_bytes()) {
            Some(is_recorded) => !is_recorded || may_be_recorded(),
            None => false,
        },
        _ => false,
    };
    if !joined {
        headers.remove(TRACEPARENT);
    }
}

/// Whether a trace is recorded by whoever is in it: the lowest bit of the flags of W3C's `traceparent`. None: it is none, or of
/// a version that is not known here.
fn is_recorded(parent: &[u8]) -> Option<bool> {
    let parent = parent.strip_prefix(b"00-")?;
    let mut parts = parent.split(|byte| *byte == b'-');
    let (trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &[u8]| {
        part.iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &[u8]| is_hex(part) && part.iter().any(|byte| *byte != b'0');
    let fits = (trace.len(), span.len(), flags.len()) == (32, 16, 2) && parts.next().is_none();
    let last = char::from(*flags.last()?).to_digit(16)?;
    (fits && is_id(trace) && is_id(span) && is_hex(flags)).then_some(last & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_a_trace_is() {
        assert_eq!(is_recorded(PARENT.as_bytes()), Some(true));
        for (end, is) in [("00", false), ("03", true), ("fe", false)] {
            let parent = PARENT.replace("-01", &format!("-{end}"));
            assert_eq!(is_recorded(parent.as_bytes()), Some(is), "{end}");
        }
        for wrong in [
            "",
            "00",
            "00--",
            "00---",
            &PARENT.replace("00-4", "01-4"),
            &PARENT.replace("4bf", "4BF"),
            &PARENT.replace("-01", "-0"),
            &PARENT.replace("-01", "-01-"),
            &PARENT.replace("00f067aa0ba902b7", "0000000000000000"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(is_recorded(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn only_so_many_are_recorded_because_a_caller_says_so() {
        let joins = |parents: &[&str], may: bool| {
            let mut request = Request::default();
            for parent in parents {
                let parent = HeaderValue::try_from(*parent).unwrap();
                request.headers_mut().append(TRACEPARENT, parent);
            }
            join_trace(&mut request, || may);
            request.headers().contains_key(TRACEPARENT)
        };
        let unrecorded = PARENT.replace("-01", "-00");
        assert!(joins(&[PARENT], true) && !joins(&[PARENT], false));
        assert!(joins(&[&unrecorded], false));
        assert!(!joins(&[], true) && !joins(&["x"], true) && !joins(&[PARENT, PARENT], true));
    }
}
