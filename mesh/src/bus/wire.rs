//! How an event travels: a CloudEvent 1.0 in binary mode, its attributes in the headers of a message, with the extensions
//! Distributed Tracing and Correlation.

use crate::clock::Time;
use crate::outbox::Row;
use crate::policy::Delivery;
use crate::refusal::{Kind, Refusal, text};
use crate::telemetry::trace::TRACEPARENT;
use async_nats::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

const ID: &str = "ce-id";
const TYPE: &str = "ce-type";
const TIME: &str = "ce-time";
const SEQUENCE: &str = "ce-sequence";
const CORRELATION: &str = "ce-correlationid";
const CAUSATION: &str = "ce-causationid";
const TTL: &str = "Nats-TTL";
const MESSAGE: &str = "Nats-Msg-Id";
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
/// A TTL has whole seconds.
const SHORTEST_TTL: Duration = Duration::from_secs(1);

/// `<context>/<Entity>/<id>/<version>`: names the state for ever, wherever and how often it is published.
pub(crate) fn id(subject: &str, version: i64) -> String {
    let (context, entity, id) = parts(subject).unwrap_or(("", "", subject));
    format!("{context}/{entity}/{id}/{version}")
}

/// The context, the entity's name and its id in `yemae.<context>.<Entity>.<id>`.
pub(crate) fn parts(subject: &str) -> Option<(&str, &str, &str)> {
    let mut parts = subject.strip_prefix("yemae.")?.splitn(3, '.');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// The key of commands about the entity of `subject`: its id, whoever states something about it. Two contexts' words on one
/// order, and what its customer asks for, so go one after another, and wait in no two transactions for each other.
pub(crate) fn lane(subject: &str) -> &str {
    parts(subject).map_or(subject, |(_, _, id)| id)
}

/// The headers of a row that is published after the message at `last` of its subject (0: after none). The same row
/// has the same message id however often it is tried; `renewal` makes another one, for a message that the server
/// lost and whose id it remembers.
pub(crate) fn headers(row: &Row, last: u64, renewal: u32, now: Time) -> HeaderMap {
    let (context, _, id_of_entity) = parts(&row.subject).unwrap_or_default();
    let id = id(&row.subject, row.version);
    let mut headers = HeaderMap::new();
    headers.insert(MESSAGE, format!("{}{renewal}", try_of(row)));
    headers.insert(EXPECTED, last.to_string());
    headers.insert("ce-specversion", "1.0");
    headers.insert(CORRELATION, row.correlation.as_deref().unwrap_or(&id));
    headers.insert(ID, id);
    if let Some(causation) = &row.causation {
        headers.insert(CAUSATION, causation.as_str());
    }
    headers.insert("ce-source", format!("/yemae/{context}"));
    headers.insert(TYPE, row.name.as_str());
    headers.insert(TIME, Time(row.at).to_string());
    headers.insert(SEQUENCE, row.version.to_string());
    headers.insert("ce-subject", id_of_entity);
    headers.insert("content-type", "application/protobuf");
    if let Some(trace) = &row.trace {
        headers.insert(TRACEPARENT, trace.as_str());
    }
    if let Some(expires_at) = row.expires_at {
        // What has expired is still told, for a moment: somebody may be waiting for just this.
        let left = Time(expires_at).since(now).max(SHORTEST_TTL);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        headers.insert(TTL, seconds.to_string());
    }
    headers
}

/// Whether a stored message is a try of this very row, not of another that says the same.
pub(crate) fn is_from(headers: &HeaderMap, row: &Row) -> bool {
    let found = headers.get(MESSAGE).map(|value| value.as_str());
    found.is_some_and(|found| found.starts_with(&try_of(row)))
}

/// What the message ids of a row's tries begin with.
fn try_of(row: &Row) -> String {
    format!("{}#{}.", id(&row.subject, row.version), row.seq)
}

/// What the headers of a stored message say of it: its `ce-id` and version. Neither when it is no event of ours.
pub(crate) fn stored(headers: &HeaderMap) -> (String, Option<i64>) {
    let get = |name: &str| headers.get(name).map(|value| value.as_str());
    (
        get(ID).unwrap_or_default().to_owned(),
        get(SEQUENCE).and_then(|version| version.parse().ok()),
    )
}

/// Whether a stored message goes by itself some day.
pub(crate) fn expires(headers: &HeaderMap) -> bool {
    headers.get(TTL).is_some()
}

/// What `yemae.<context>.<Entity>.<id>` is without the id: of these there are few.
pub(crate) fn destination(subject: &str) -> String {
    let (context, entity, _) = parts(subject).unwrap_or(("_OTHER", "_OTHER", ""));
    format!("yemae.{context}.{entity}")
}

/// The headers of a message, as they can be written down.
pub(crate) fn header_pairs(headers: Option<&HeaderMap>) -> Vec<(String, String)> {
    let all = headers.into_iter().flat_map(HeaderMap::iter);
    all.flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// The headers that were written down as `pairs`.
pub(crate) fn header_map(pairs: &[(String, String)]) -> HeaderMap {
    let parsed = pairs
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?)));
    parsed.fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append::<_, HeaderValue>(name, value);
        headers
    })
}

/// An event that was delivered; a refusal when the message is none.
pub(crate) fn read(
    subject: &str,
    headers: Option<&HeaderMap>,
    body: &[u8],
) -> Result<Delivery, Refusal> {
    let get = |name: &str| {
        let value = headers.and_then(|headers| headers.get(name));
        value
            .map(|value| value.as_str())
            .ok_or_else(|| malformed(format!("it has no header {name}")))
    };
    let wrong = |name: &str| malformed(format!("its header {name} cannot be read"));
    parts(subject).ok_or_else(|| malformed("its subject is not yemae.<context>.<Entity>.<id>"))?;
    let version: i64 = get(SEQUENCE)?.parse().map_err(|_| wrong(SEQUENCE))?;
    let at: prost_types::Timestamp = get(TIME)?.parse().map_err(|_| wrong(TIME))?;
    Ok(Delivery {
        subject: subject.to_owned(),
        name: get(TYPE)?.to_owned(),
        version,
        at: at.into(),
        body: body.to_vec(),
        // Events of before 0.2.0 say none.
        correlation: get(CORRELATION).ok().map(str::to_owned),
    })
}

/// A message that is no event.
pub(crate) fn malformed(why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        Kind::Invalid,
        "MALFORMED_EVENT",
        text(
            format!("the message is no event: {why}"),
            "이벤트 형식이 아닙니다.",
        ),
    )
}

/// A moment in nanoseconds since the epoch, as RFC 3339 spells it.
pub(crate) fn rfc3339(nanos: i128) -> String {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
    let nanos = i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default();
    prost_types::Timestamp { seconds, nanos }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Cause;

    const NOW: Time = Time(1_750_000_000_123_456);

    fn row(expires_at: Option<Time>) -> Row {
        Row {
            seq: 7,
            subject: "yemae.cinema-booking.Order.0197-a".to_owned(),
            version: 3,
            name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
            body: vec![1, 2],
            at: NOW.0,
            expires_at: expires_at.map(|at| at.0),
            trace: None,
            correlation: None,
            causation: None,
        }
    }

    fn header(headers: &HeaderMap, name: &str) -> Option<String> {
        headers.get(name).map(ToString::to_string)
    }

    #[test]
    fn what_is_published_is_read() {
        let row = row(None);
        let headers = headers(&row, 0, 0, NOW);
        let read = read(&row.subject, Some(&headers), &row.body).unwrap();
        assert_eq!(
            (&read.subject, &read.name, read.version, read.at, &read.body),
            (&row.subject, &row.name, 3, NOW, &row.body)
        );
        assert_eq!(
            stored(&headers),
            ("cinema-booking/Order/0197-a/3".to_owned(), Some(3))
        );
        assert_eq!(header(&headers, TTL), None);
    }

    #[test]
    fn what_began_by_itself_names_itself_and_what_was_caused_its_cause() {
        let told = |row: &Row| {
            let headers = headers(row, 0, 0, NOW);
            let read = read(&row.subject, Some(&headers), &[]).unwrap();
            let of = |name| header(&headers, name);
            assert_eq!(of(CORRELATION), read.correlation);
            (of(CORRELATION), of(CAUSATION), read.cause())
        };
        let own = "cinema-booking/Order/0197-a/3".to_owned();
        let cause = |correlation: &str| Cause {
            correlation: correlation.to_owned(),
            causation: own.clone(),
        };
        let first = row(None);
        assert_eq!(told(&first), (Some(own.clone()), None, cause(&own)));
        let caused = Row {
            correlation: Some("a/B/c/1".to_owned()),
            causation: Some("d/E/f/2".to_owned()),
            ..first
        };
        let [correlation, causation] = ["a/B/c/1", "d/E/f/2"].map(|id| Some(id.to_owned()));
        assert_eq!(told(&caused), (correlation, causation, cause("a/B/c/1")));
    }

    #[test]
    fn every_attempt_has_the_same_message_id_and_a_renewal_another() {
        let id = |last, renewal| header(&headers(&row(None), last, renewal, NOW), "Nats-Msg-Id");
        assert_eq!(id(0, 0), id(9, 0));
        assert_ne!(id(0, 0), id(0, 1));
    }

    #[test]
    fn what_expires_is_kept_so_many_whole_seconds_and_at_least_one() {
        let ttl = |left: Time| header(&headers(&row(Some(left)), 0, 0, NOW), "Nats-TTL");
        assert_eq!(ttl(NOW.plus(Duration::from_millis(89_001))).unwrap(), "90");
        assert_eq!(ttl(NOW.plus(Duration::from_secs(90))).unwrap(), "90");
        assert_eq!(ttl(NOW).unwrap(), "1");
        assert_eq!(ttl(NOW.minus(Duration::from_secs(5))).unwrap(), "1");
    }

    #[test]
    fn what_lacks_a_header_or_has_another_subject_is_no_event() {
        let row = row(None);
        let complete = headers(&row, 0, 0, NOW);
        for missing in [TYPE, TIME, SEQUENCE] {
            let mut fewer = HeaderMap::new();
            for (name, values) in complete.iter() {
                if name.to_string() != missing {
                    fewer.insert(name.clone(), values[0].clone());
                }
            }
            let why = read(&row.subject, Some(&fewer), &[]).unwrap_err();
            assert!(why.text.en.contains(missing), "{why}");
        }
        for subject in ["yemae.cinema-booking.Order", "elsewhere.a.B.c", ""] {
            assert!(read(subject, Some(&complete), &[]).is_err(), "{subject}");
        }
        assert!(read(&row.subject, None, &[]).is_err());
    }
}
