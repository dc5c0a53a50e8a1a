//! Which replica of a context publishes and does its jobs: the one that holds an advisory lock of the context's
//! database. The lock dies with its connection, so a replica that is gone is replaced. A context on SQLite has one
//! replica, and that leads.

use crate::store::{Backend, Db, Url, thread};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::watch;

/// Between two tries to be elected, and between two looks whether the lock is still held.
const LOOK: Duration = Duration::from_secs(1);
/// The first half of the lock's key; the second is the context. Any number, for ever the same.
const LEADING: i32 = 0x79_65_6d_61;
/// So that the server, too, gives up a replica that was cut off, after 11 s.
const KEEPALIVE: &str = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; \
     SET tcp_keepalives_count = 3";

/// Stands for election for as long as it is held.
pub(crate) struct Candidacy {
    leads: watch::Receiver<bool>,
    _told: Arc<watch::Sender<bool>>,
    /// Its end ends the thread, and with it the connection and the lock.
    _end: mpsc::Sender<()>,
}

impl Candidacy {
    /// Stands for the replicas of `context` that share the database at `url`.
    pub(crate) fn stand(url: &Url, context: &str) -> Self {
        let alone = url.backend() == Backend::Sqlite;
        let told = Arc::new(watch::Sender::new(alone));
        let (end, ended) = mpsc::channel();
        if !alone {
            let candidate = Candidate {
                url: url.clone(),
                context: context.to_owned(),
                db: None,
                leads: false,
            };
            let told = told.clone();
            thread("yemae-leader".to_owned(), move || {
                candidate.work(&told, &ended)
            });
        }
        Self {
            leads: told.subscribe(),
            _told: told,
            _end: end,
        }
    }

    /// Waits until this replica leads.
    pub(crate) async fn won(&mut self) {
        let _ = self.leads.wait_for(|leads| *leads).await;
    }

    /// Waits until it does not lead any more. Another may do so a moment before it is noticed here.
    pub(crate) async fn lost(&mut self) {
        let _ = self.leads.wait_for(|leads| !*leads).await;
    }
}

struct Candidate {
    url: Url,
    context: String,
    db: Option<Db>,
    leads: bool,
}

impl Candidate {
    fn work(mut self, told: &watch::Sender<bool>, ended: &mpsc::Receiver<()>) {
        loop {
            self.look();
            let changed =
                told.send_if_modified(|leads| std::mem::replace(leads, self.leads) != self.leads);
            if changed {
                tracing::info!(
                    context = self.context,
                    leads = self.leads,
                    "who publishes has changed"
                );
            }
            if ended.recv_timeout(LOOK) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn look(&mut self) {
        let asked = self.ask();
        // Whatever it held is free now, or will be as soon as the server has noticed.
        if let Err(why) = &asked
            && self.db.take().is_some()
        {
            tracing::warn!(
                context = self.context,
                why,
                "who publishes cannot be told now"
            );
        }
        self.leads = asked.unwrap_or(false);
    }

    /// Whether the lock is held, taking it if it is free.
    fn ask(&mut self) -> Result<bool, String> {
        let told = |why: diesel::result::Error| why.to_string();
        let db = match &mut self.db {
            Some(db) => db,
            None => {
                let mut db = Db::open(&self.url).map_err(|why| why.to_string())?;
                db.batch_execute(KEEPALIVE).map_err(told)?;
                self.db.insert(db)
            }
        };
        // Taken once: taken again it would have to be given back twice.
        if self.leads {
            return db.batch_execute("SELECT 1").map(|()| true).map_err(told);
        }
        let lock = sql::<Bool>("pg_try_advisory_lock(")
            .bind::<Integer, _>(LEADING)
            .sql(", hashtext(")
            .bind::<Text, _>(&self.context)
            .sql("))");
        diesel::select(lock).get_result(db).map_err(told)
    }
}
