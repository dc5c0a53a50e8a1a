//! Whether the stream still has what it once acknowledged. JetStream acknowledges before fsync, so it may not.

use super::publish::Trouble;
use super::{Acked, heal};
use crate::bus::{Bus, Standing, wire};
use crate::clock::Time;
use crate::store::Store;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{LastRawMessageError, LastRawMessageErrorKind, Stream};

/// What a look at the stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing was lost, as far as one row can tell: the one with the highest sequence.
    Intact,
    /// That row has expired, and proves nothing any more.
    Unproven,
    /// The end of the stream is gone, or all of it.
    Lost(&'static str),
    /// It is another stream.
    Another,
}

/// Looks at the message of the row with the highest sequence.
pub(super) async fn look(bus: &Bus, store: &Store) -> Result<(Standing, Finding), Trouble> {
    let stream = bus.stream().map_err(Trouble::stream)?;
    let standing = bus.standing().await.map_err(Trouble::stream)?;
    let created = standing.created.clone();
    // A write that writes nothing: it stands in line behind what the relay before this one may still be marking.
    let known = store.write_regardless(heal::LANE, move |tx| {
        let elsewhere = heal::acked_elsewhere(tx.db(), &created)?;
        Ok((
            elsewhere,
            heal::acked_up_to(tx.db(), &created, i64::MAX, 1)?,
        ))
    });
    let (elsewhere, highest) = known.await.map_err(Trouble::stream)?;
    let finding = match highest.first() {
        _ if elsewhere => Finding::Another,
        None => Finding::Intact,
        Some(row) => judge(&stream, row, store.clock().now()).await?,
    };
    Ok((standing, finding))
}

async fn judge(stream: &Stream<()>, row: &Acked, now: Time) -> Result<Finding, Trouble> {
    match at(stream, row.stream_seq).await? {
        Some(message) if is_of(&message, row) => return Ok(Finding::Intact),
        Some(_) => return Ok(Finding::Lost("another message has its sequence")),
        None if row.expires_at.is_some_and(|at| at <= now.0) => return Ok(Finding::Unproven),
        None => {}
    }
    // It may have made room for newer ones of its entity.
    let last = stream.get_last_raw_message_by_subject(&row.subject).await;
    let last = found(last)?.and_then(|message| wire::stored(&message.headers).1);
    Ok(match last {
        Some(version) if version >= row.version => Finding::Intact,
        _ => Finding::Lost("its last message is gone"),
    })
}

/// Whether the stream has the message of `row` where it said it had put it.
pub(super) async fn survives(stream: &Stream<()>, row: &Acked) -> Result<bool, Trouble> {
    let message = at(stream, row.stream_seq).await?;
    Ok(message.is_some_and(|message| is_of(&message, row)))
}

fn is_of(message: &StreamMessage, row: &Acked) -> bool {
    wire::stored(&message.headers).0 == wire::id(&row.subject, row.version)
}

async fn at(stream: &Stream<()>, sequence: i64) -> Result<Option<StreamMessage>, Trouble> {
    found(stream.get_raw_message(sequence.unsigned_abs()).await)
}

/// Asked of the leader, as everything here: a replica may not know the last messages yet.
fn found(
    answer: Result<StreamMessage, LastRawMessageError>,
) -> Result<Option<StreamMessage>, Trouble> {
    match answer {
        Ok(message) => Ok(Some(message)),
        Err(why) if why.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(why) => Err(Trouble::stream(why)),
    }
}
