//! Requests repeated, changed and refused.

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
            locale: "en".to_owned(),
            caller,
            ..Call::default()
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
    let forget = |tx: &mut Tx<'_>| {
        let ids = super::refused(tx.db(), Time(2), 10)?;
        let gone = ids.iter().map(|id| forget_refused(tx.db(), id));
        Ok(gone.sum::<QueryResult<usize>>()?)
    };
    assert_eq!(counter.0.write((), forget).await, Ok(1));
    let other = counter.call("/a", by_user("ann"), "1", "other").await;
    assert_eq!(other, Ok("2".to_owned()));
    assert_eq!(counter.0.write((), forget).await, Ok(0));
}
