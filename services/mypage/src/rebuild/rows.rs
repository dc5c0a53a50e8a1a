//! Rebuilds in their table. Whoever works on one writes there only as long as it is theirs.

use super::LEASE;
use crate::schema::{generation, my_order, rebuild};
use crate::store;
use diesel::prelude::*;
use mesh::{Db, Refusal, Site, Time, Tx, id, text};
use proto::mypage::v1::{Rebuild, RebuildState};

/// So many rows of an old generation go in one transaction.
const AT_ONCE: i64 = 500;

/// A rebuild as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rebuild, treat_none_as_default_value = false)]
pub struct Row {
    rebuild_id: String,
    generation: i64,
    state: i32,
    seen: i64,
    total: i64,
    refused: i64,
    carried: i64,
    hash_before: String,
    hash_after: String,
    asked_at: i64,
    finished_at: Option<i64>,
    worker: String,
    lease_until: i64,
}

impl From<Row> for Rebuild {
    fn from(row: Row) -> Self {
        Self {
            rebuild_id: row.rebuild_id,
            state: row.state,
            seen: row.seen,
            total: row.total,
            refused: row.refused,
            carried: row.carried,
            hash_before: row.hash_before,
            hash_after: row.hash_after,
            asked_at: Some(Time(row.asked_at).into()),
            finished_at: row.finished_at.map(|at| Time(at).into()),
        }
    }
}

/// A rebuild that this process works on.
pub struct Claimed {
    pub rebuild_id: String,
    pub worker: String,
    /// The generation that it builds.
    pub generation: i64,
    /// How far it had come when it was claimed.
    pub state: RebuildState,
}

/// Puts a rebuild down. From its commit on, changes go to the new generation too. FAILED_PRECONDITION
/// REBUILD_UNDER_WAY.
pub fn ask(tx: &mut Tx<'_>) -> Result<Rebuild, Refusal> {
    let next = generation::shown + 1;
    let built: Option<Option<i64>> = mesh::update(
        generation::table
            .find(1)
            .filter(generation::built.is_null()),
    )
    .set(generation::built.eq(next.nullable()))
    .with(|update| update.returning(generation::built))
    .get_result(tx.db())
    .optional()?;
    let Some(Some(generation)) = built else {
        return Err(under_way());
    };
    let row = Row {
        rebuild_id: id::new(),
        generation,
        state: RebuildState::Asked.into(),
        seen: 0,
        total: 0,
        refused: 0,
        carried: 0,
        hash_before: String::new(),
        hash_after: String::new(),
        asked_at: tx.now().0,
        finished_at: None,
        worker: String::new(),
        lease_until: 0,
    };
    diesel::insert_into(rebuild::table)
        .values(&row)
        .execute(tx.db())?;
    Ok(row.into())
}

fn under_way() -> Refusal {
    Refusal::precondition(
        "REBUILD_UNDER_WAY",
        text(
            "the page is being rebuilt already",
            "이미 재구성하고 있습니다.",
        ),
    )
}

/// The rebuild of this id, or the newest.
pub fn find(db: &mut Db, rebuild_id: Option<&str>) -> Result<Option<Rebuild>, Refusal> {
    let mut query = rebuild::table.select(Row::as_select()).into_boxed();
    if let Some(rebuild_id) = rebuild_id {
        query = query.filter(rebuild::rebuild_id.eq(rebuild_id));
    }
    let found = query.order(rebuild::generation.desc()).first(db);
    Ok(found.optional()?.map(Row::into))
}

/// One that is not done and that nobody else works on.
#[diesel::dsl::auto_type]
fn free<'a>(now: Time, worker: &'a str) -> _ {
    let done: i32 = RebuildState::Done as i32;
    let lease: i64 = now.0;
    let is_free = rebuild::lease_until
        .le(lease)
        .or(rebuild::worker.eq(worker));
    rebuild::table
        .filter(rebuild::state.ne(done))
        .filter(is_free)
}

/// Takes a rebuild that nobody works on, if there is one.
pub async fn claim(site: &Site, worker: &str) -> Result<Option<Claimed>, Refusal> {
    let (now, own) = (site.clock.now(), worker.to_owned());
    let open = site.store.read(move |db| {
        let open = diesel::select(diesel::dsl::exists(free(now, &own)));
        Ok(open.get_result(db)?)
    });
    if !open.await? {
        return Ok(None);
    }
    let worker = worker.to_owned();
    site.store
        .write("rebuild", move |tx| {
            let now = tx.now();
            let free = free(now, &worker);
            let taken: Option<(String, i64, i32)> = mesh::update(free)
                .set((
                    rebuild::worker.eq(&worker),
                    rebuild::lease_until.eq(now.plus(LEASE).0),
                ))
                .with(|update| {
                    update.returning((rebuild::rebuild_id, rebuild::generation, rebuild::state))
                })
                .get_result(tx.db())
                .optional()?;
            let claimed = |(rebuild_id, generation, state)| Claimed {
                rebuild_id,
                worker: worker.clone(),
                generation,
                state: RebuildState::try_from(state).unwrap_or_default(),
            };
            Ok(taken.map(claimed))
        })
        .await
}

/// How far it has come, as far as it is told.
#[derive(Clone, Default, AsChangeset)]
#[diesel(table_name = rebuild)]
pub struct Progress {
    pub state: Option<i32>,
    pub seen: Option<i64>,
    pub total: Option<i64>,
    pub refused: Option<i64>,
    pub carried: Option<i64>,
    pub hash_before: Option<String>,
    pub hash_after: Option<String>,
    pub finished_at: Option<i64>,
    pub lease_until: Option<i64>,
}

/// Tells how far it has come, and that it is still being worked on.
pub async fn tell(site: &Site, claimed: &Claimed, progress: Progress) -> Result<(), Refusal> {
    let (rebuild_id, worker) = (claimed.rebuild_id.clone(), claimed.worker.clone());
    let told = site.store.write("rebuild", move |tx| {
        let lease_until = Some(tx.now().plus(LEASE).0);
        let progress = progress.clone();
        write(
            tx,
            &rebuild_id,
            &worker,
            Progress {
                lease_until,
                ..progress
            },
        )
    });
    told.await
}

fn write(
    tx: &mut Tx<'_>,
    rebuild_id: &str,
    worker: &str,
    progress: Progress,
) -> Result<(), Refusal> {
    let own = rebuild::table
        .find(rebuild_id)
        .filter(rebuild::worker.eq(worker))
        .filter(rebuild::state.ne(RebuildState::Done as i32));
    match mesh::update(own).set(progress).execute(tx.db())? {
        0 => Err(lost()),
        _ => Ok(()),
    }
}

/// Somebody else works on it, or it is done.
pub fn lost() -> Refusal {
    Refusal::precondition(
        "REBUILD_LOST",
        text(
            "somebody else works on the rebuild",
            "다른 프로세스가 재구성하고 있습니다.",
        ),
    )
}

/// Shows what was built in the place of what was shown.
pub async fn show(site: &Site, claimed: &Claimed, last: Progress) -> Result<(), Refusal> {
    let (rebuild_id, worker) = (claimed.rebuild_id.clone(), claimed.worker.clone());
    let built = claimed.generation;
    let shown = site.store.write("rebuild", move |tx| {
        let progress = Progress {
            state: Some(RebuildState::Done.into()),
            finished_at: Some(tx.now().0),
            ..last.clone()
        };
        write(tx, &rebuild_id, &worker, progress)?;
        let swapped = mesh::update(
            generation::table
                .find(1)
                .filter(generation::built.eq(built)),
        )
        .set((
            generation::shown.eq(built),
            generation::built.eq(None::<i64>),
        ))
        .execute(tx.db())?;
        if swapped == 0 { Err(lost()) } else { Ok(()) }
    });
    shown.await
}

/// Leaves what this process works on to the next one at once.
pub async fn give_back(site: &Site, worker: &str) -> Result<(), Refusal> {
    let worker = worker.to_owned();
    let given = site.store.write_regardless("rebuild", move |tx| {
        let own = rebuild::table.filter(rebuild::worker.eq(&worker));
        mesh::update(own)
            .set(rebuild::lease_until.eq(0))
            .execute(tx.db())?;
        Ok(())
    });
    given.await
}

/// Deletes what was shown before the last rebuild.
pub async fn sweep(site: Site) -> Result<(), Refusal> {
    loop {
        let old = site.store.read(|db| {
            let shown = store::generations(db)?.shown;
            let old: Vec<(String, i64)> = my_order::table
                .filter(my_order::generation.lt(shown))
                .limit(AT_ONCE)
                .select((my_order::order_id, my_order::generation))
                .load(db)?;
            Ok(old)
        });
        let old = old.await?;
        if old.is_empty() || site.stop.is_cancelled() {
            return Ok(());
        }
        let deleted = site.store.write("rebuild", move |tx| {
            for (order_id, generation) in &old {
                diesel::delete(my_order::table.find((order_id, generation))).execute(tx.db())?;
            }
            Ok(())
        });
        deleted.await?;
    }
}
