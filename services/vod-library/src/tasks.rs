//! What the studio is asked, until it is done: for a licence, what became of it, and to take it back.

use crate::domain::{self, Answer, Next, Purchase};
use crate::licences;
use crate::studio::{Licence, Silence, Studio};
use mesh::{Done, Refusal, Site, Task, Time};
use ordering::domain::fulfilment::Fulfilment;
use ordering::fulfilments;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The kind of task that buys a licence.
pub const PURCHASE: &str = "purchase";
/// The kind of task that gives it back.
pub const RETURN: &str = "return";

/// How long the studio may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Buys a licence: one step of it, and again until there is none left.
pub async fn purchase(studio: Arc<dyn Studio>, site: Site, task: Task) -> Result<Done, Refusal> {
    let order_id: String = task.payload()?;
    let begun = decide(&site, &order_id, |purchase, order, now| {
        let next = purchase.next(order, now);
        ((next, purchase.attempt()), purchase.pause(order, now))
    });
    let (((next, attempt), pause), movie_id) = begun.await?;
    let licence = Licence {
        key: task.key,
        attempt,
        movie_id,
    };
    let answer = match next {
        Next::Nothing => return Ok(later(pause)),
        Next::Ask => timeout(PATIENCE, studio.ask(&site, &licence)).await,
        Next::Buy => timeout(PATIENCE, studio.buy(&site, &licence)).await,
    };
    let answer = answer.unwrap_or(Answer::Unsure);
    let told = decide(&site, &order_id, move |purchase, order, now| {
        match next {
            // Somebody else heard of it first, and another try is on its way.
            _ if purchase.attempt() != attempt && answer != Answer::Sold => {}
            Next::Buy => purchase.answered(order, answer, now),
            Next::Ask | Next::Nothing => purchase.learned(order, answer, now),
        }
        purchase.pause(order, now)
    });
    let (pause, _) = told.await?;
    Ok(later(pause))
}

fn later(pause: Option<Duration>) -> Done {
    pause.map_or_else(Done::nothing, Done::again)
}

/// Takes a decision on how far buying is, and writes it down.
async fn decide<T: Send + 'static>(
    site: &Site,
    order_id: &str,
    decision: impl Fn(&mut Purchase, &mut Fulfilment, Time) -> T + Send + Sync + 'static,
) -> Result<(T, String), Refusal> {
    let order_id = order_id.to_owned();
    let decided = site.store.write(order_id.clone(), move |tx| {
        let now = tx.now();
        let row = licences::known(tx.db(), &order_id)?;
        let mut purchase = row.purchase();
        let decided = fulfilments::update(tx, &order_id, None, |order| {
            let decided = decision(&mut purchase, order, now);
            (decided, Some(domain::bought(order)))
        })?;
        licences::save(tx, &row, &purchase)?;
        Ok((decided, row.movie_id))
    });
    decided.await
}

/// Gives the licence of a cancelled order back, also one that may still be under way.
pub async fn give_back(studio: Arc<dyn Studio>, site: Site, task: Task) -> Result<Done, Refusal> {
    let order_id: String = task.payload()?;
    let silent = |_| Silence(format!("no answer within {PATIENCE:?}"));
    let returned = timeout(PATIENCE, studio.give_back(&site, &task.key)).await;
    returned.map_err(silent)??;
    Ok(Done::with(move |tx| licences::returned(tx, &order_id)))
}
