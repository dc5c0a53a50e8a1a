//! What follows from what other contexts state.

use crate::store;
use mesh::{Change, Refusal, Tx};
use proto::cinema::theater::v1::Screen;
use std::collections::BTreeSet;

/// Whenever a screen has changed, the movies whose home it is, or was, know their home.
pub fn screen_changed(tx: &mut Tx<'_>, change: &Change<Screen>) -> Result<(), Refusal> {
    let home_of = &change.entity.home_movie_id;
    let before = store::move_home(tx.db(), &change.id, home_of)?;
    // In one order, so that two screens that swap their movies cannot lock each other out.
    let movies: BTreeSet<_> = before.iter().chain([home_of]).collect();
    for movie_id in movies {
        // The homes are read behind the lock: another screen's news about the same movie is then in them, or waits.
        let Some(mut movie) = store::lock(tx.db(), movie_id)? else {
            continue;
        };
        let homes = store::homes(tx.db(), movie_id)?;
        if movie.lives_at(&homes) {
            store::save(tx.db(), &movie)?;
            movie.tell(tx)?;
        }
    }
    Ok(())
}
