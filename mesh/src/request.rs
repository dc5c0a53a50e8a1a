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
        && let Some(answer) = bound(tx, key)?
    {
        return R::decode(answer.as_slice()).map_err(Refusal::internal);
    }
    let answer = create(tx)?;
    crate::store::update(request::table.find((&key.method, &key.principal, &key.id)))
        .set(request::answer.eq(Some(answer.encode_to_vec())))
        .execute(tx.db())?;
    Ok(answer)
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

/// Forgets which ids refused requests had before `before`.
pub(crate) fn forget_refused(db: &mut Db, before: Time) -> QueryResult<usize> {
    let old = request::table
        .filter(request::answer.is_null())
        .filter(request::at.lt(before.0));
    diesel::delete(old).execute(db)
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
mod tests {
    use super::*;
    use crate::call::{Call, Caller, Service, User};
    use crate::refusal::text;
    use crate::store::{Setup, Url};
    use crate::{Clock, Contracts};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    fn store() -> Store {
        let url = Url(":memory:".to_owned());
        let mut db = Db::open(&url).unwrap();
        db.migrate(Vec::new()).unwrap();
        let setup = Setup {
            context: "test".to_owned(),
            url,
            clock: Clock::manual(Time(1)).0,
            contracts: Arc::new(Contracts::load(&[]).unwrap()),
        };
        Store::inline(setup, Arc::new(Mutex::new(db)), Arc::new(|_| false))
    }

    fn by_user(subject: &str) -> Caller {
        let user = User {
            subject: subject.to_owned(),
            roles: Vec::new(),
        };
        Caller {
            user: Some(user),
            service: None,
        }
    }

    fn by_service(context: &str) -> Caller {
        let service = Service {
            context: context.to_owned(),
            scopes: Vec::new(),
        };
        Caller {
            service: Some(service),
            ..by_user("ann")
        }
    }

    /// Counts up for each request that is new to it.
    struct Counter(Store, Arc<AtomicU32>);

    impl Counter {
        async fn call(
            &self,
            method: &str,
            caller: Caller,
            id: &str,
            body: &str,
        ) -> Result<String, Refusal> {
            let call = Call {
                context: "test".to_owned(),
                method: method.to_owned(),
                deadline: None,
                locale: "en".to_owned(),
                caller,
                user_token: None,
                is_retry: false,
            };
            let (counter, refuses) = (self.1.clone(), body == "refused");
            let (id, body) = (id.to_owned(), body.to_owned());
            call::scope(Arc::new(call), async {
                let key = Key::new(&id, &body)?;
                let made = once(&self.0, key.lane(), key, move |_| {
                    let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
                    if refuses && count < 3 {
                        return Err(Refusal::precondition("NO", text("no", "아니요")));
                    }
                    Ok(count.to_string())
                });
                made.await
            })
            .await
        }
    }

    #[tokio::test]
    async fn a_repeat_answers_what_was_made() {
        let counter = Counter(store(), Arc::default());
        let first = counter.call("/a", by_user("ann"), "1", "body").await;
        assert_eq!(first, Ok("1".to_owned()));
        assert_eq!(counter.call("/a", by_user("ann"), "1", "body").await, first);
        assert_eq!(counter.1.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_id_is_the_callers_and_the_methods_own() {
        let counter = Counter(store(), Arc::default());
        let calls = [
            ("/a", by_user("ann")),
            ("/b", by_user("ann")),
            ("/a", by_user("bob")),
            ("/a", by_service("ann")),
            ("/a", by_service("bob")),
        ];
        for (n, (method, caller)) in calls.into_iter().enumerate() {
            let made = counter.call(method, caller, "1", "body").await;
            assert_eq!(made, Ok((n + 1).to_string()));
        }
    }

    #[tokio::test]
    async fn another_body_is_refused() {
        let counter = Counter(store(), Arc::default());
        counter
            .call("/a", by_user("ann"), "1", "body")
            .await
            .unwrap();
        let other = counter.call("/a", by_user("ann"), "1", "other").await;
        let refusal = other.unwrap_err();
        assert_eq!(refusal.kind, Kind::Invalid);
        assert_eq!(refusal.violations[0].field, "request_id");
    }

    #[tokio::test]
    async fn a_refusal_is_not_remembered() {
        let counter = Counter(store(), Arc::default());
        for _ in 0..2 {
            let refused = counter.call("/a", by_user("ann"), "1", "refused").await;
            assert_eq!(refused.unwrap_err().kind, Kind::Precondition);
        }
        let made = counter.call("/a", by_user("ann"), "1", "refused").await;
        assert_eq!(made, Ok("3".to_owned()));
    }

    #[tokio::test]
    async fn a_refused_request_keeps_its_id_for_a_while() {
        let counter = Counter(store(), Arc::default());
        let refused = counter.call("/a", by_user("ann"), "1", "refused").await;
        assert_eq!(refused.unwrap_err().kind, Kind::Precondition);
        let other = counter.call("/a", by_user("ann"), "1", "other").await;
        assert_eq!(other.unwrap_err().violations[0].field, "request_id");
        let forget = |tx: &mut Tx<'_>| Ok(forget_refused(tx.db(), Time(2))?);
        assert_eq!(counter.0.write((), forget).await, Ok(1));
        let other = counter.call("/a", by_user("ann"), "1", "other").await;
        assert_eq!(other, Ok("2".to_owned()));
        assert_eq!(counter.0.write((), forget).await, Ok(0));
    }
}
