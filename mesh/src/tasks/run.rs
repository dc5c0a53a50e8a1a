//! Working what is due, many at once.

use super::{Handler, Task, due, work};
use crate::context::Site;
use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How many tasks of a context are worked at once.
const AT_ONCE: usize = 64;
/// How many are read at once: beside those that are under way, which are read too, as many again.
const PAGE: usize = AT_ONCE * 2;
/// Also the time until a task that became due by itself is noticed.
const POLL: Duration = Duration::from_millis(250);
/// How long what is under way may go on when the site stops. What a handler has written down that it is about to do is so
/// done, and not found half done: a purchase that was never sent, and is asked about in vain.
const FAREWELL: Duration = Duration::from_secs(3);

/// Works tasks as they come due, until the site stops. What is due is read when somebody says that there is more, when it
/// is time to look, and when what was read is under way and was not all: not whenever one is done.
pub(crate) async fn run(site: Site, handlers: HashMap<&'static str, Handler>) {
    let mut under_way = FuturesUnordered::new();
    let mut keys: HashSet<(String, String)> = HashSet::new();
    let mut read: VecDeque<Task> = VecDeque::new();
    let mut is_more = true;
    let mut polls = tokio::time::interval(POLL);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if is_more && read.is_empty() && under_way.len() < AT_ONCE {
            let now = site.clock.now();
            let found = site.store.read(move |db| Ok(due(db, now, PAGE as i64)?));
            let found = found.await.unwrap_or_default();
            is_more = found.len() == PAGE;
            read.extend(found);
            read.retain(|task| !keys.contains(&id(task)));
        }
        while under_way.len() < AT_ONCE
            && let Some(task) = read.pop_front()
        {
            let id = id(&task);
            keys.insert(id.clone());
            let (site, handlers) = (site.clone(), &handlers);
            under_way.push(async move {
                work(&site, handlers, task).await;
                id
            });
        }
        tokio::select! {
            () = site.stop.cancelled() => {
                let _ = tokio::time::timeout(FAREWELL, under_way.count()).await;
                return;
            }
            Some(done) = under_way.next() => {
                keys.remove(&done);
                while let Some(Some(done)) = under_way.next().now_or_never() {
                    keys.remove(&done);
                }
            }
            () = site.store.signals().tasks.notified() => is_more = true,
            _ = polls.tick() => {
                // What was read and not yet begun may be done with by other means.
                read.clear();
                is_more = true;
            }
        }
    }
}

fn id(task: &Task) -> (String, String) {
    (task.kind.clone(), task.key.clone())
}

#[cfg(test)]
mod tests;
