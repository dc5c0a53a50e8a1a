//! Publishing the rows of one subject, in order, so that the subject's last message is never a stale one.

use super::{Published, Row};
use crate::bus::process::sending;
use crate::bus::{Bus, wire};
use crate::clock::Clock;
use async_nats::jetstream;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often somebody else may come between before the row is put off.
const ROUNDS: usize = 8;
const WRONG_LAST_SEQUENCE: u64 = 10071;
/// Store failed (its bytes are used up), and no more storage for the server, the account, the stream.
const FULL: [u64; 4] = [10077, 10047, 10002, 10023];

/// The last message of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) sequence: u64,
    /// Lower than any when the message is no event.
    pub(super) version: i64,
    /// It goes by itself some day, so that one day it proves nothing that it is gone.
    pub(super) expires: bool,
}

/// Why a row is not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No row can be.
    Stream(String),
    /// No row can be until somebody makes room.
    Full(String),
    /// This one cannot.
    Row(String),
    /// The stream has not what it acknowledged; of this subject nothing newer than the version, if that is told.
    Lost(Option<i64>),
}

impl Trouble {
    /// Its class, for a trace and a metric.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Stream(_) => "stream",
            Self::Full(_) => "full",
            Self::Row(_) => "row",
            Self::Lost(_) => "lost",
        }
    }

    pub(super) fn stream(why: impl std::fmt::Display) -> Self {
        Self::Stream(why.to_string())
    }
}

/// What became of the rows of one subject.
pub(super) struct Sent {
    pub(super) subject: String,
    pub(super) published: Vec<Published>,
    pub(super) last: Option<Last>,
    pub(super) trouble: Option<Trouble>,
}

/// Publishes to one stream.
#[derive(Clone)]
pub(super) struct Publisher {
    pub(super) bus: Bus,
    pub(super) clock: Clock,
    pub(super) stream_created: Arc<str>,
    /// The highest sequence the stream gave to this context.
    pub(super) highest: Arc<AtomicU64>,
}

impl Publisher {
    /// Publishes rows of one subject, oldest first, up to the first that cannot be. `last` is what is known of the
    /// subject's last message; it need not be true.
    pub(super) async fn all(self, subject: String, rows: Vec<Row>, last: Option<Last>) -> Sent {
        let mut sent = Sent {
            subject,
            published: Vec::new(),
            last,
            trouble: None,
        };
        for row in rows {
            let span = sending(&row);
            match span.run(self.one(&row, &mut sent.last)).await {
                Ok(sequence) => sent.published.push(Published {
                    seq: row.seq,
                    stream_created: self.stream_created.to_string(),
                    stream_seq: sequence.and_then(|sequence| i64::try_from(sequence).ok()),
                }),
                Err(trouble) => {
                    span.fail(trouble.name());
                    sent.trouble = Some(trouble);
                    break;
                }
            }
        }
        sent
    }

    /// Publishes one row and answers its sequence; none when the subject is beyond its version.
    async fn one(&self, row: &Row, last: &mut Option<Last>) -> Result<Option<u64>, Trouble> {
        // Rows may commit late, and an older one after a newer one was published.
        if last.is_some_and(|last| last.version >= row.version)
            && let Some(settled) = self.settled(row, last).await?
        {
            return Ok(settled);
        }
        let mut renewal = 0;
        for _ in 0..ROUNDS {
            let expected = last.map_or(0, |last| last.sequence);
            match self.send(row, expected, renewal).await? {
                Reply::Stored(sequence) => {
                    *last = Some(Last {
                        sequence,
                        version: row.version,
                        expires: row.expires_at.is_some(),
                    });
                    return Ok(Some(sequence));
                }
                // Somebody else published, or what is known of the subject is not true.
                Reply::NotLast => {
                    if let Some(settled) = self.settled(row, last).await? {
                        return Ok(settled);
                    }
                }
                // An earlier try was stored and its answer lost. Then it is the last message or has made room for it, or it has
                // expired; or the server has lost it and remembers the id.
                Reply::Duplicate(sequence) => {
                    if let Some(settled) = self.settled(row, last).await? {
                        return Ok(settled);
                    }
                    if row.expires_at.is_some_and(|at| at <= self.clock.now().0) {
                        return Ok(Some(sequence));
                    }
                    renewal += 1;
                }
            }
        }
        Err(Trouble::Row(
            "somebody else publishes to its subject all the time".to_owned(),
        ))
    }

    /// Looks at the subject's last message. When the row is not newer it needs no publishing: answers its sequence if
    /// it is that very message. A last message older than one that is known to have been there is a loss, and so is
    /// none: of an entity there is always the present, unless that expires. The row itself may have been that, if an
    /// earlier try was stored.
    async fn settled(
        &self,
        row: &Row,
        last: &mut Option<Last>,
    ) -> Result<Option<Option<u64>>, Trouble> {
        let stream = self.bus.stream().map_err(Trouble::stream)?;
        // Asked of the leader: a replica may not know the last one yet.
        let message = match stream.get_last_raw_message_by_subject(&row.subject).await {
            Ok(message) => message,
            Err(why) if why.kind() == LastRawMessageErrorKind::NoMessageFound => {
                let known = last.take();
                return match known.filter(|last| !last.expires) {
                    Some(_) if row.expires_at.is_none() => Err(Trouble::Lost(Some(i64::MIN))),
                    _ => Ok(None),
                };
            }
            Err(why) => return Err(Trouble::stream(why)),
        };
        let (id, version) = wire::stored(&message.headers);
        if let (Some(known), Some(found)) = (*last, version)
            && found < known.version
        {
            return Err(Trouble::Lost(Some(found)));
        }
        let version = version.unwrap_or(i64::MIN);
        let sequence = message.sequence;
        *last = Some(Last {
            sequence,
            version,
            expires: wire::expires(&message.headers),
        });
        if version == row.version && row.renews() && !wire::is_from(&message.headers, row) {
            return Ok(None);
        }
        let is_own = id == wire::id(&row.subject, row.version);
        Ok((version >= row.version).then(|| is_own.then_some(sequence)))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one room where events are published"
    )]
    async fn send(&self, row: &Row, expected: u64, renewal: u32) -> Result<Reply, Trouble> {
        let headers = wire::headers(row, expected, renewal, self.clock.now());
        let highest = self.highest.load(Ordering::SeqCst);
        let message = PublishMessage::build()
            .headers(headers)
            .payload(row.body.clone().into());
        let answer = async {
            self.bus
                .js()
                .send_publish(row.subject.clone(), message)
                .await?
                .await
        };
        match answer.await {
            Ok(ack) if ack.duplicate => Ok(Reply::Duplicate(ack.sequence)),
            Ok(ack) if ack.sequence <= highest => Err(Trouble::Lost(None)),
            Ok(ack) => {
                self.highest.fetch_max(ack.sequence, Ordering::SeqCst);
                Ok(Reply::Stored(ack.sequence))
            }
            Err(why) => match (why.kind(), code(&why)) {
                (PublishErrorKind::WrongLastSequence, _) | (_, Some(WRONG_LAST_SEQUENCE)) => {
                    Ok(Reply::NotLast)
                }
                (_, Some(code)) if FULL.contains(&code) => Err(Trouble::Full(why.to_string())),
                (PublishErrorKind::MaxPayloadExceeded | PublishErrorKind::Other, _) => {
                    Err(Trouble::Row(why.to_string()))
                }
                _ => Err(Trouble::stream(why)),
            },
        }
    }
}

enum Reply {
    Stored(u64),
    Duplicate(u64),
    NotLast,
}

fn code(why: &(dyn Error + 'static)) -> Option<u64> {
    let error = why.source()?.downcast_ref::<jetstream::Error>()?;
    Some(error.error_code().0)
}
