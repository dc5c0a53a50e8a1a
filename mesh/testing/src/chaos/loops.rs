//! What a process does by itself: its relay, its tasks, its jobs.

use super::process::Life;
use super::{Chaos, lock};
use diesel::prelude::*;
use mesh::policy::Delivery;
use mesh::schema::task;
use mesh::{Db, Task, outbox, tasks};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

pub(super) fn start(life: &Arc<Life>, world: &Chaos) {
    life.fate.spawn(relay(life.clone(), world.clone()));
    life.fate.spawn(work(life.clone(), world.clone()));
    for (name, period, job) in life.jobs.clone() {
        let (site, world) = (life.site.clone(), world.clone());
        life.fate.spawn(async move {
            loop {
                // Now and then a process is too busy for its clock.
                let most = if world.dice().chance(0.1) { 8 } else { 1 };
                sleep(world.dice().millis(1, most * period.as_millis() as u64)).await;
                if let Err(refusal) = job(site.clone()).await.map_err(|no| no.to_string()) {
                    world.say(|| format!("job {name}: {refusal}"));
                }
            }
        });
    }
}

async fn relay(life: Arc<Life>, world: Chaos) {
    loop {
        let rows = life
            .site
            .store
            .read(|db| Ok(outbox::unpublished(db, 100)?))
            .await;
        let rows = rows.unwrap_or_default();
        if rows.is_empty() {
            life.site.store.enqueued().await;
            continue;
        }
        let mut marks = Vec::new();
        for row in rows {
            marks.push(outbox::Published {
                seq: row.seq,
                stream_created: "chaos".to_owned(),
                stream_seq: Some(row.seq),
            });
            world.publish(Delivery::from(row));
        }
        // Whoever dies here publishes again.
        sleep(world.dice().millis(1, 20)).await;
        let marked = life.site.store.write((), move |tx| {
            let now = tx.now();
            Ok(outbox::mark(tx.db(), &marks, now)?)
        });
        if let Err(refusal) = marked.await {
            world.is_wrong(format!("{} can't mark: {refusal}", life.site.context));
            return;
        }
    }
}

async fn work(life: Arc<Life>, world: Chaos) {
    let busy: Arc<Mutex<HashSet<(String, String)>>> = Arc::default();
    loop {
        let all = life.site.store.read(|db| {
            let rows = task::table
                .order((task::due_at, task::kind))
                .select((Task::as_select(), task::due_at));
            Ok(rows.load::<(Task, i64)>(db)?)
        });
        let now = world.now().0;
        let mut next = Duration::from_secs(3600);
        for (task, due_at) in all.await.unwrap_or_default() {
            let id = (task.kind.clone(), task.key.clone());
            if lock(&busy).contains(&id) {
                continue;
            }
            if due_at > now {
                next = next.min(Duration::from_micros((due_at - now) as u64));
                continue;
            }
            lock(&busy).insert(id.clone());
            let (of, world, busy) = (life.clone(), world.clone(), busy.clone());
            life.fate.spawn(async move {
                world.say(|| format!("{} works {} {}", of.site.context, task.kind, task.key));
                tasks::work(&of.site, &of.tasks, task).await;
                of.site
                    .store
                    .read(move |db| Ok(jitter(db, &world, &id, &busy)?))
                    .await
                    .ok();
                of.fate.worked.notify_one();
            });
        }
        tokio::select! {
            biased;
            () = life.site.store.started_task() => {}
            () = life.fate.worked.notified() => {}
            () = sleep(next) => {}
        }
    }
}

/// A task that was put off was given its jitter by the machine's chance: the seed gives another.
fn jitter(
    db: &mut Db,
    world: &Chaos,
    id: &(String, String),
    busy: &Mutex<HashSet<(String, String)>>,
) -> QueryResult<()> {
    lock(busy).remove(id);
    let row = task::table
        .find((&id.0, &id.1))
        .filter(task::last_error.ne(""));
    let tries: Option<i32> = row.select(task::tries).first(db).optional()?;
    if let Some(tries) = tries {
        let backoff = (100 << tries.clamp(0, 8)).min(30_000);
        let due_at = world.now().plus(world.dice().millis(backoff / 2, backoff));
        mesh::update(row)
            .set(task::due_at.eq(due_at.0))
            .execute(db)?;
    }
    Ok(())
}
