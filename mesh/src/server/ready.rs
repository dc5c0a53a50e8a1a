//! Whether a process is of use to callers: it is while its own stores answer. Without the broker it is all the same.

use super::{Health, READY};
use crate::refusal::Refusal;
use crate::store::Store;
use diesel::connection::SimpleConnection;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long a store is waited for. A busy one takes its time, and turning callers away would only make another busier.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so many looks in a row without an answer it is away.
const MISSED: u32 = 2;

/// Says of the service [`READY`] whether all of these stores answer, until `stop`. The server as a whole serves on: to start
/// it again would bring no database back.
pub async fn keep_ready(health: Health, stores: Vec<Store>, stop: CancellationToken) {
    let mut missed = 0;
    let looking = async {
        loop {
            let answers = stores.iter().map(answers);
            let all = futures::future::join_all(answers).await;
            let was_ready = missed < MISSED;
            missed = match all.iter().all(|answers| *answers) {
                true => 0,
                false => missed + 1,
            };
            let is_ready = missed < MISSED;
            if is_ready != was_ready {
                match is_ready {
                    true => tracing::info!("the stores answer again: ready"),
                    false => tracing::warn!("a store does not answer: not ready"),
                }
                health.set(READY, is_ready).await;
            }
            sleep(LOOK).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}

async fn answers(store: &Store) -> bool {
    let asked = store.read(|db| db.batch_execute("SELECT 1").map_err(Refusal::from));
    matches!(timeout(PATIENCE, asked).await, Ok(Ok(())))
}
