//! The context's queries.

use crate::movie::Movie;
use crate::schema::{home, movie};
use diesel::prelude::*;
use mesh::{Db, Page, Refusal};

/// Adds a movie.
pub fn insert(db: &mut Db, row: &Movie) -> QueryResult<()> {
    diesel::insert_into(movie::table)
        .values(row)
        .execute(db)
        .map(drop)
}

/// A movie.
pub fn find(db: &mut Db, movie_id: &str) -> QueryResult<Option<Movie>> {
    movie::table
        .find(movie_id)
        .select(Movie::as_select())
        .first(db)
        .optional()
}

/// A movie that nobody else changes before this transaction ends.
pub fn lock(db: &mut Db, movie_id: &str) -> QueryResult<Option<Movie>> {
    // SQLite has no FOR UPDATE. An update that changes nothing takes the row in both.
    mesh::update(movie::table.find(movie_id))
        .set(movie::version.eq(movie::version))
        .execute(db)?;
    find(db, movie_id)
}

/// Writes a movie that was changed since [`lock`].
pub fn save(db: &mut Db, row: &Movie) -> QueryResult<()> {
    mesh::update(movie::table.find(&row.movie_id))
        .set(row)
        .execute(db)
        .map(drop)
}

/// Movies of these statuses (none: all), newest first.
pub fn list(db: &mut Db, page: &Page, statuses: &[i32]) -> Result<Vec<Movie>, Refusal> {
    let mut query = movie::table.select(Movie::as_select()).into_boxed();
    if !statuses.is_empty() {
        query = query.filter(movie::status.eq_any(statuses.to_vec()));
    }
    let listed = page.newest_first(query, movie::registered_at, movie::movie_id);
    Ok(listed.load(db)?)
}

/// Writes down that a screen is the home of `movie_id`, or of none when that is empty. Answers of which it was before.
pub fn move_home(db: &mut Db, screen_id: &str, movie_id: &str) -> QueryResult<Option<String>> {
    let before: Option<String> = home::table
        .find(screen_id)
        .select(home::movie_id)
        .first(db)
        .optional()?;
    match before {
        Some(_) => mesh::update(home::table.find(screen_id))
            .set(home::movie_id.eq(movie_id))
            .execute(db)?,
        None => diesel::insert_into(home::table)
            .values((home::screen_id.eq(screen_id), home::movie_id.eq(movie_id)))
            .execute(db)?,
    };
    Ok(before)
}

/// The screens that are this movie's home, lowest id first.
pub fn homes(db: &mut Db, movie_id: &str) -> QueryResult<Vec<String>> {
    home::table
        .filter(home::movie_id.eq(movie_id))
        .order(home::screen_id)
        .select(home::screen_id)
        .load(db)
}
