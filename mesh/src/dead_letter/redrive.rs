//! Handling a dead letter again.

use super::{DeadLetter, delete, find, unknown};
use crate::bus::{process, wire};
use crate::policy::{self, Policy};
use crate::refusal::{Refusal, text};
use crate::schema::dead_letter;
use crate::store::Store;
use async_nats::HeaderMap;
use diesel::prelude::*;

/// Handles a dead letter again by the context's `policies`, as if the stream had brought it. Once they have taken it,
/// it is gone, in the same transaction; what is no news to them any more counts as taken. Errors: NOT_FOUND; NOT_TAKEN
/// when a policy refused it again: then it stays, with the new reason and one more try; and those of [`Store::write`],
/// which change nothing.
pub async fn redrive(store: &Store, policies: &[Policy], id: &str) -> Result<(), Refusal> {
    let wanted = id.to_owned();
    let (letter, content) = store.read(move |db| find(db, &wanted)).await?;
    let headers = wire::header_map(&content.headers);
    // Part of the trace of what was told, not of who has it told again.
    let span = process::processing(store.context(), &letter.subject, Some(&headers));
    let redriving = redrive_within(store, policies, id, letter, &headers, &content.body);
    let done = span.run(redriving).await;
    if let Err(refusal) = &done {
        span.fail(refusal.kind.name());
    }
    done
}

async fn redrive_within(
    store: &Store,
    policies: &[Policy],
    id: &str,
    letter: DeadLetter,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Refusal> {
    let refusal = match wire::read(&letter.subject, Some(headers), body) {
        Err(malformed) => malformed,
        Ok(delivery) => {
            let (act, id) = (policy::act(policies, &delivery), id.to_owned());
            // In line behind what else is told of the entity.
            let taken = store.write(wire::lane(&letter.subject), move |tx| {
                // First, so that of two who redrive it at once one waits, and finds nothing.
                if !delete(tx.db(), &id)? {
                    return Ok(Err(unknown()));
                }
                act.as_ref().map_or(Ok(()), |act| act(tx)).map(Ok)
            });
            match taken.await {
                Ok(done) => return done,
                Err(refusal) if refusal.is_passing() => return Err(refusal),
                Err(refusal) => refusal,
            }
        }
    };
    refused_again(store, &letter.subject, id.to_owned(), &refusal).await?;
    Err(Refusal::precondition(
        "NOT_TAKEN",
        text(
            format!(
                "no policy could take it this time either: {}",
                refusal.why()
            ),
            "이번에도 처리하지 못했습니다.",
        ),
    ))
}

async fn refused_again(
    store: &Store,
    subject: &str,
    id: String,
    refusal: &Refusal,
) -> Result<(), Refusal> {
    let reason = refusal.why().replace('\0', "\u{fffd}");
    let noted = store.write_regardless(wire::lane(subject), move |tx| {
        crate::store::update(dead_letter::table.find(&id))
            .set((
                dead_letter::reason.eq(&reason),
                dead_letter::tries.eq(dead_letter::tries + 1),
            ))
            .execute(tx.db())?;
        Ok(())
    });
    noted.await
}
