//! Theater's own copy of the catalogue.

use crate::schema::movie;
use diesel::prelude::*;
use mesh::{Db, Refusal, Time};
use proto::cinema::movie::v1::{self as wire, MovieStatus};

/// A movie's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = movie, treat_none_as_default_value = false)]
pub struct Movie {
    /// The movie.
    pub movie_id: String,
    /// Its title.
    pub title: String,
    /// How long it runs.
    pub running_minutes: i32,
    /// It is shown in theaters: it has a ticket price.
    pub theatrical: bool,
    /// Where it stands, by the number in the catalogue's enum.
    pub status: i32,
    /// When it was registered, µs.
    pub registered_at: i64,
}

impl From<&wire::Movie> for Movie {
    fn from(movie: &wire::Movie) -> Self {
        Self {
            movie_id: movie.movie_id.clone(),
            title: movie.title.clone(),
            running_minutes: movie.running_minutes,
            theatrical: movie.ticket_price.is_some(),
            status: movie.status,
            registered_at: movie.registered_at.map_or(0, |at| Time::from(at).0),
        }
    }
}

impl Movie {
    /// Whether it is to have a home.
    pub fn wants_home(&self) -> bool {
        self.theatrical && self.status != MovieStatus::Closed as i32
    }

    /// Whether it can be scheduled. One that has a home is about to open.
    pub fn is_showable(&self, has_home: bool) -> bool {
        self.wants_home() && (has_home || self.status == MovieStatus::Open as i32)
    }
}

/// Writes what the catalogue says.
pub fn save(db: &mut Db, movie: &Movie) -> Result<(), Refusal> {
    let known = mesh::update(movie::table.find(&movie.movie_id))
        .set(movie)
        .execute(db)?;
    if known == 0 {
        let inserted = diesel::insert_into(movie::table).values(movie).execute(db);
        crate::unless_taken(inserted)?;
    }
    Ok(())
}

/// Reads a movie.
pub fn find(db: &mut Db, movie_id: &str) -> QueryResult<Option<Movie>> {
    movie::table
        .find(movie_id)
        .select(Movie::as_select())
        .first(db)
        .optional()
}

/// The movies that are to have a home, the oldest first.
pub fn wanting_home(db: &mut Db) -> QueryResult<Vec<String>> {
    movie::table
        .filter(movie::theatrical)
        .filter(movie::status.ne(MovieStatus::Closed as i32))
        .order((movie::registered_at, movie::movie_id))
        .select(movie::movie_id)
        .load(db)
}
