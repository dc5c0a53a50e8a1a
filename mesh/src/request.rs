//! Creating commands that are safe to repeat: a request id, chosen by the client, is bound to its body at first sight
//! and to its answer for ever.

use crate::call;
use crate::clock::Time;
use crate::fields;
use crate::refusal::{Kind, Refusal, Violation};
use crate::schema::request;
use crate::store::{Db, Store, Tx};
use diesel::prelude::*;
use prost::Message;
use sha2::{Digest, Sha256};
use std::hash::Hash;

/// Which request it is: an id means the same only to one caller of one method.
#[derive(Clone, Debug)]
pub struct Key {
    method: String,
    principal: String,
    id: String,
    body_hash: Vec<u8>,
}

/// The request id in `text`: 1 to 64 printable ASCII characters.
pub fn id(text: &str) -> Result<String, Violation> {
    fields::word("request_id", text, 64)
}

impl Key {
    /// The key of the call being served, whose body is `body` and whose id `request_id` is.
    pub fn new(request_id: &str, body: &impl Message) -> Result<Self, Refusal> {
        let unserved = || Refusal::internal("a request id outside a call");
        let call = call::current().ok_or_else(unserved)?;
        // A service is the principal also when it serves a person.
        let principal = match (&call.caller.service, &call.caller.user) {
            (Some(service), _) => format!("service:{}", service.context),
            (None, Some(user)) => format!("user:{}", user.subject),
            (None, None) => return Err(unserved()),
        };
        Ok(Self {
            method: call.method.clone(),
            principal,
            id: request_id.to_owned(),
            body_hash: Sha256::digest(body.encode_to_vec()).to_vec(),
        })
    }

    /// The hash of the body, for who keeps it beside what the request made.
    pub fn body_hash(&self) -> &[u8] {
        &self.body_hash
    }

    /// What to key [`crate::Store::write`] by, so that repeats wait for each other instead of racing.
    pub fn lane(&self) -> (String, String) {
        (self.principal.clone(), self.id.clone())
    }

    /// INVALID_ARGUMENT unless the body this id came with before is this one.
    pub fn is_of(&self, body_hash: &[u8]) -> Result<(), Refusal> {
        if body_hash == self.body_hash {
            return Ok(());
        }
        let rule = "was used for another request before; choose a new one";
        Err(Refusal::invalid(vec![Violation::new("request_id", rule)]))
    }
}

/// Creates what `key` asks for, in one transaction keyed by `lane`, or answers what it made before, in equal bytes. A
/// refusal is not remembered, the same request may try again; but the id stays bound to its body. INVALID_ARGUMENT when
/// the id came with another one before.
pub async fn once<R, F>(store: &Store, lane: impl Hash, key: Key, create: F) -> Result<R, Refusal>
where
    R: Message + Default + 'static,
    F: Fn(&mut Tx<'_>) -> Result<R, Refusal> + Send + Sync + 'static,
{
    let asked = key.clone();
    let created = store.write(lane, move |tx| made(tx, &asked, &create)).await;
    if created.as_ref().is_err_and(was_looked_at) {
        // The refusal undid the transaction, the binding with it.
        let bind = store.write_regardless(key.lane(), move |tx| bind(tx, &key));
        bind.await?;
    }
    created
}

fn made<R: Message + Default>(
    tx: &mut Tx<'_>,
    key: &Key,
    create: impl Fn(&mut Tx<'_>) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    // The id is taken first: another replica's repeat then waits here, before it makes anything.
    if !take(tx, key)?
        && let Some(answer) = held(tx, key)?
    {
        return R::decode(answer.as_slice()).map_err(Refusal::internal);
    }
    let answer = create(tx)?;
    crate::store::update(request::table.find((&key.method, &key.principal, &key.id)))
        .set(request::answer.eq(Some(answer.encode_to_vec())))
        .execute(tx.db())?;
    Ok(answer)
}

/// [`bound`], once no other replica's repeat is at work on it: a row that was left by a refusal makes nobody wait by itself.
fn held(tx: &mut Tx<'_>, key: &Key) -> Result<Option<Vec<u8>>, Refusal> {
    crate::store::update(request::table.find((&key.method, &key.principal, &key.id)))
        .set(request::at.eq(request::at))
        .execute(tx.db())?;
    bound(tx, key)
}

/// What the id of `key` was bound to before, if it was: its answer, none for a request that was refused.
/// INVALID_ARGUMENT when that was another body.
pub fn bound(tx: &mut Tx<'_>, key: &Key) -> Result<Option<Vec<u8>>, Refusal> {
    let found: Option<(Vec<u8>, Option<Vec<u8>>)> = request::table
        .find((&key.method, &key.principal, &key.id))
        .select((request::body_hash, request::answer))
        .first(tx.db())
        .optional()?;
    let Some((body_hash, answer)) = found else {
        return Ok(None);
    };
    key.is_of(&body_hash)?;
    Ok(answer)
}

/// Binds the id of a request that was refused, so that no other body may follow under it. INVALID_ARGUMENT when another
/// one was there first.
pub fn bind(tx: &mut Tx<'_>, key: &Key) -> Result<(), Refusal> {
    if take(tx, key)? {
        return Ok(());
    }
    bound(tx, key).map(drop)
}

/// Whether who got this refusal had been looked at, so that the id of the request is to be bound: not if the caller's
/// time was up, it kept losing races, or it is our bug.
pub fn was_looked_at(refusal: &Refusal) -> bool {
    !matches!(
        refusal.kind,
        Kind::Deadline | Kind::Aborted | Kind::Internal
    )
}

/// The ids that refused requests had before `before`, so many of them: method, principal, id.
pub(crate) fn refused(
    db: &mut Db,
    before: Time,
    limit: i64,
) -> QueryResult<Vec<(String, String, String)>> {
    request::table
        .filter(request::answer.is_null())
        .filter(request::at.lt(before.0))
        .select((request::method, request::principal, request::request_id))
        .limit(limit)
        .load(db)
}

/// Forgets one of [`refused`], if it still is.
pub(crate) fn forget_refused(db: &mut Db, id: &(String, String, String)) -> QueryResult<usize> {
    let refused = request::table
        .find((&id.0, &id.1, &id.2))
        .filter(request::answer.is_null());
    diesel::delete(refused).execute(db)
}

fn take(tx: &mut Tx<'_>, key: &Key) -> QueryResult<bool> {
    let row = (
        request::method.eq(&key.method),
        request::principal.eq(&key.principal),
        request::request_id.eq(&key.id),
        request::body_hash.eq(&key.body_hash),
        request::at.eq(tx.now().0),
    );
    let taken = match tx.db() {
        Db::Sqlite(db) => diesel::insert_into(request::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(request::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    Ok(taken > 0)
}

#[cfg(test)]
mod tests;
