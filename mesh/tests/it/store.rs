//! The store on both databases: what is answered is there, and what is refused is not.

mod breaking;
mod ending;
mod grouping;
mod keeping;

use crate::rig::{Database, item};
use diesel::prelude::*;
use futures::FutureExt;
use futures::future::BoxFuture;
use mesh::store::Backend;
use mesh::{Refusal, Store, Tx};
use std::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub const CONTEXT: &str = "cinema-booking";

/// Each database this machine has.
pub fn databases() -> Vec<(Backend, Database)> {
    [Backend::Sqlite, Backend::Postgres]
        .into_iter()
        .filter_map(|backend| Some((backend, Database::new(backend)?)))
        .collect()
}

/// Puts an item in a place; only one live item may be there.
pub fn put(tx: &mut Tx<'_>, id: &str, place: &str) -> Result<(), Refusal> {
    diesel::insert_into(item::table)
        .values((
            item::id.eq(id),
            item::place.eq(place),
            item::n.eq(0),
            item::live.eq(true),
        ))
        .execute(tx.db())?;
    Ok(())
}

pub async fn items(store: &Store) -> Vec<String> {
    let items = store.read(|db| Ok(item::table.order(item::id).select(item::id).load(db)?));
    items.await.unwrap()
}

/// The writer inside a command, so that whatever is sent to it meanwhile shares its transaction.
pub struct Held<'a> {
    store: &'a Store,
    go: mpsc::Sender<()>,
    holding: JoinHandle<Result<(), Refusal>>,
    sent: Vec<BoxFuture<'static, Result<(), Refusal>>>,
}

impl<'a> Held<'a> {
    pub async fn new(store: &'a Store) -> Self {
        let (go, wait) = mpsc::channel();
        let (tell, inside) = tokio::sync::oneshot::channel();
        let (wait, tell) = (Mutex::new(wait), Mutex::new(Some(tell)));
        let holder = store.clone();
        let holding = mesh::task::detach(async move {
            let held = holder.write("lane", move |_| {
                if let Some(tell) = tell.lock().unwrap().take() {
                    tell.send(()).unwrap();
                    wait.lock().unwrap().recv().unwrap();
                }
                Ok(())
            });
            held.await
        });
        inside.await.unwrap();
        Self {
            store,
            go,
            holding,
            sent: Vec::new(),
        }
    }

    /// Sends a command to the writer that is held.
    pub fn send<F>(&mut self, command: F)
    where
        F: Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        let store = self.store.clone();
        let mut sent = async move { store.write("lane", command).await }.boxed();
        assert!(
            sent.as_mut().now_or_never().is_none(),
            "answered before its commit"
        );
        self.sent.push(sent);
    }

    /// Lets the writer go on, and answers what it answered to each.
    pub async fn answers(self) -> Vec<Result<(), Refusal>> {
        self.go.send(()).unwrap();
        let answers = futures::future::join_all(self.sent).await;
        let _ = self.holding.await.unwrap();
        answers
    }
}

/// The reason of each answer; "" where it was a yes.
pub fn reasons(answers: &[Result<(), Refusal>]) -> Vec<&str> {
    answers
        .iter()
        .map(|answer| answer.as_ref().err().map_or("", |why| &why.reason))
        .collect()
}
