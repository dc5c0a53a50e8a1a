//! Whenever a movie is registered, it is given a home screen; none free: when one appears, until it closes.

use crate::domain::home::{self, Place};
use crate::schema::home_assignment;
use crate::{movies, screens};
use diesel::prelude::*;
use mesh::{Refusal, Tx};

/// A screen was created: it is stated, and may be what a movie waits for.
pub fn created(tx: &mut Tx<'_>, screen_id: &str) -> Result<(), Refusal> {
    settle(tx, Some(screen_id))
}

/// What the catalogue says of a movie has changed.
pub fn catalogue_changed(tx: &mut Tx<'_>) -> Result<(), Refusal> {
    settle(tx, None)
}

/// Brings homes to what they should be: none of a closed movie, one of each other as far as screens go. States each
/// screen that changed, and the new one.
fn settle(tx: &mut Tx<'_>, new: Option<&str>) -> Result<(), Refusal> {
    lock(tx)?;
    let mut screens = screens::all(tx.db())?;
    let wanting = movies::wanting_home(tx.db())?;
    let mut changed = vec![false; screens.len()];
    let mut places = Vec::new();
    for (screen, changed) in screens.iter().zip(&mut changed) {
        let home_of = screen.home_movie_id.clone();
        let kept = home_of.clone().filter(|movie| wanting.contains(movie));
        *changed = kept != home_of || new == Some(screen.screen_id.as_str());
        places.push(Place {
            theater: screen.theater.clone(),
            name: screen.name.clone(),
            home_of: kept,
        });
    }
    let has_home = |movie: &String| places.iter().any(|p| p.home_of.as_ref() == Some(movie));
    let waiting: Vec<String> = wanting.iter().filter(|m| !has_home(m)).cloned().collect();
    for place in home::assign(&mut places, &waiting) {
        changed[place] = true;
    }
    let changes = screens.iter_mut().zip(places).zip(changed);
    let mut changed: Vec<_> = changes
        .filter(|(_, changed)| *changed)
        .map(|((screen, place), _)| {
            screen.home_movie_id = place.home_of;
            &*screen
        })
        .collect();
    // A movie has one home at a time, also between two rows: what frees comes first.
    changed.sort_by_key(|screen| screen.home_movie_id.is_some());
    for screen in changed {
        screens::save_home(tx, screen)?;
    }
    Ok(())
}

/// Homes are assigned by one transaction at a time: else a screen and a movie that come at once would miss each other.
fn lock(tx: &mut Tx<'_>) -> Result<(), Refusal> {
    mesh::update(home_assignment::table.find(1))
        .set(home_assignment::rounds.eq(home_assignment::rounds + 1))
        .execute(tx.db())?;
    Ok(())
}
