//! The readers: connections beside the writers, so that a query never waits for a commit.

use super::trouble::store_unavailable;
use super::{Backend, Db, Url, thread};
use crate::refusal::Refusal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;

type Query = Box<dyn FnOnce(&mut Db) -> bool + Send>;

pub(super) enum Readers {
    Threads(mpsc::Sender<Query>),
    Inline(Arc<Mutex<Db>>),
}

impl Readers {
    pub(super) fn threads(url: &Url) -> Self {
        let threads = match url.backend() {
            Backend::Sqlite => 2,
            Backend::Postgres => 4,
        };
        let (queue, queries) = mpsc::channel();
        let queries = Arc::new(Mutex::new(queries));
        for _ in 0..threads {
            let (url, queries) = (url.clone(), queries.clone());
            thread("yemae-reader".to_owned(), move || work(&url, &queries));
        }
        Self::Threads(queue)
    }

    pub(super) fn inline(db: Arc<Mutex<Db>>) -> Self {
        Self::Inline(db)
    }

    pub(super) async fn run<T, F>(&self, query: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, Refusal> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let query: Query = Box::new(move |db| {
            // Its caller has left. After a stall there are many such, and who still waits would wait behind them.
            if tell.is_closed() {
                return true;
            }
            let result = catch_unwind(AssertUnwindSafe(|| query(db)));
            let panicked = result.is_err();
            let result = result.unwrap_or_else(|_| Err(Refusal::internal("a query panicked")));
            let away = matches!(&result, Err(refusal) if refusal.reason == "STORE_UNAVAILABLE");
            let _ = tell.send(result);
            // Nor is a connection of use in which a query has left a transaction open.
            !panicked && !away && db.depth() == 0
        });
        match self {
            Self::Threads(queue) => queue
                .send(query)
                .map_err(|_| store_unavailable("the readers have stopped"))?,
            Self::Inline(db) => {
                query(&mut db.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
        told.await
            .map_err(|_| store_unavailable("the reader has no connection"))?
    }
}

fn work(url: &Url, queries: &Mutex<mpsc::Receiver<Query>>) {
    let mut connection = None;
    loop {
        let next = queries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(query) = next else { return };
        if connection.is_none() {
            connection = Db::open(url)
                .map_err(|why| tracing::warn!(%why, "reader has no connection"))
                .ok();
        }
        // Without a connection the query is dropped, and so its caller hears UNAVAILABLE.
        let Some(db) = connection.as_mut() else {
            continue;
        };
        if !query(db) {
            connection = None;
        }
    }
}
