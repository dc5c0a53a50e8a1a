//! The seat map: read at once, or watched.

use crate::domain::seat;
use crate::{changes, holds, screenings};
use futures::Stream;
use futures::stream;
use mesh::{Db, Refusal, Store, Time};
use proto::cinema::theater::v1::{Seat, SeatMap, SeatState};
use std::collections::HashMap;
use std::time::Duration;

/// A watch looks for changes this often although none was signalled: another replica may have made them.
const POLL: Duration = Duration::from_secs(1);
/// A watch tells changes at most this often: every commit wakes every watch.
const PACE: Duration = Duration::from_millis(100);

/// Reads a screening's seats. Hold that have run out are not counted, whether or not they have been ended yet.
pub fn read(db: &mut Db, screening_id: &str, now: Time) -> Result<SeatMap, Refusal> {
    // The version first: seats that are newer than it says are told once more, older ones would never be.
    let version = changes::version(db, screening_id)?.ok_or_else(screenings::not_found)?;
    let screening = screenings::find(db, screening_id)?.ok_or_else(screenings::not_found)?;
    let claims: HashMap<_, _> = holds::live(db, screening_id)?
        .into_iter()
        .filter(|(_, hold)| !hold.holder().has_expired(now))
        .map(|(seat, hold)| (seat, hold.reserved))
        .collect();
    let seats: Vec<Seat> = seat::all(screening.seat_rows, screening.seat_columns)
        .into_iter()
        .map(|seat| Seat {
            seat: seat.to_string(),
            state: match claims.get(&seat) {
                None => SeatState::Free,
                Some(false) => SeatState::Held,
                Some(true) => SeatState::Reserved,
            }
            .into(),
        })
        .collect();
    let free = seats.iter().filter(|s| s.state() == SeatState::Free);
    Ok(SeatMap {
        screening_id: screening.screening_id,
        version,
        free: i32::try_from(free.count()).unwrap_or(i32::MAX),
        seats,
    })
}

/// The map whenever it is another than the one of version `seen`. It is read when the reader asks for the next one, so
/// a slow reader gets the latest. Ends with the first error.
pub fn watch(
    store: Store,
    screening_id: String,
    seen: i64,
) -> impl Stream<Item = Result<SeatMap, Refusal>> + Send {
    let changes = store.changes();
    let start = (store, changes, screening_id, seen);
    stream::try_unfold(
        start,
        |(store, mut changes, screening_id, mut seen)| async move {
            loop {
                changes.mark_unchanged();
                let (id, now) = (screening_id.clone(), store.clock().now());
                let news = store.read(move |db| match changes::version(db, &id)? {
                    same if same == Some(seen) => Ok(None),
                    _ => read(db, &id, now).map(Some),
                });
                if let Some(map) = news.await? {
                    seen = map.version;
                    return Ok(Some((map, (store, changes, screening_id, seen))));
                }
                let _ = tokio::time::timeout(POLL, changes.changed()).await;
                tokio::time::sleep(PACE).await;
            }
        },
    )
}
