//! Screens in their table.

use crate::homes;
use crate::schema::screen;
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Tx, id, text};
use ordering::rows;
use proto::cinema::theater::v1 as wire;

/// A screen's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = screen, treat_none_as_default_value = false)]
pub struct Screen {
    /// UUIDv7.
    pub screen_id: String,
    /// From 1; 0 when it has not been stated yet.
    pub version: i64,
    /// The theater's name.
    pub theater: String,
    /// Its own, unique in the theater.
    pub name: String,
    /// Rows of seats.
    pub seat_rows: i32,
    /// Seats in a row.
    pub seat_columns: i32,
    /// The open movie whose home it is.
    pub home_movie_id: Option<String>,
    /// How often somebody planned a screening on it: who changes this first plans first.
    pub plans: i64,
}

/// What a new screen is like.
#[derive(Clone, Debug)]
pub struct New {
    /// The theater's name.
    pub theater: String,
    /// Its own.
    pub name: String,
    /// Rows of seats.
    pub seat_rows: i32,
    /// Seats in a row.
    pub seat_columns: i32,
}

/// A list's order: by theater and name.
pub type Key = (String, String);

impl Screen {
    /// Its place in a list.
    pub fn key(&self) -> Key {
        (self.theater.clone(), self.name.clone())
    }
}

impl From<Screen> for wire::Screen {
    fn from(screen: Screen) -> Self {
        Self {
            screen_id: screen.screen_id,
            version: screen.version,
            theater: screen.theater,
            name: screen.name,
            rows: screen.seat_rows,
            columns: screen.seat_columns,
            home_movie_id: screen.home_movie_id.unwrap_or_default(),
        }
    }
}

/// Creates a screen, which becomes the longest waiting movie's home at once. FAILED_PRECONDITION SCREEN_EXISTS when the
/// theater has one of this name.
pub fn create(tx: &mut Tx<'_>, new: &New) -> Result<Screen, Refusal> {
    let same = screen::table
        .filter(screen::theater.eq(&new.theater))
        .filter(screen::name.eq(&new.name));
    let exists: bool = diesel::select(diesel::dsl::exists(same)).get_result(tx.db())?;
    if exists {
        return Err(Refusal::precondition(
            "SCREEN_EXISTS",
            text(
                "the theater has a screen of this name",
                "같은 이름의 상영관이 이미 있습니다.",
            ),
        ));
    }
    let screen = Screen {
        screen_id: id::new(),
        version: 0,
        theater: new.theater.clone(),
        name: new.name.clone(),
        seat_rows: new.seat_rows,
        seat_columns: new.seat_columns,
        home_movie_id: None,
        plans: 0,
    };
    let inserted = diesel::insert_into(screen::table)
        .values(&screen)
        .execute(tx.db());
    crate::unless_taken(inserted)?;
    homes::created(tx, &screen.screen_id)?;
    Ok(screen::table
        .find(&screen.screen_id)
        .select(Screen::as_select())
        .first(tx.db())?)
}

/// Every screen.
pub fn all(db: &mut Db) -> QueryResult<Vec<Screen>> {
    screen::table
        .order((screen::theater, screen::name))
        .select(Screen::as_select())
        .load(db)
}

/// Screens by theater and name, of one theater if it is named.
pub fn list(db: &mut Db, page: &Page<Key>, theater: Option<String>) -> QueryResult<Vec<Screen>> {
    let mut screens = screen::table.into_boxed();
    if let Some(theater) = theater {
        screens = screens.filter(screen::theater.eq(theater));
    }
    if let Some((theater, name)) = page.after.clone() {
        let behind = screen::theater
            .eq(theater.clone())
            .and(screen::name.gt(name));
        screens = screens.filter(screen::theater.gt(theater).or(behind));
    }
    screens
        .order((screen::theater, screen::name))
        .limit(page.limit())
        .select(Screen::as_select())
        .load(db)
}

/// Takes the right to plan on a screen until the transaction ends: whoever else plans on it waits, and then sees what
/// was planned here.
pub fn lock_plans(tx: &mut Tx<'_>, screen_id: &str) -> Result<Option<Screen>, Refusal> {
    Ok(mesh::update(screen::table.find(screen_id))
        .set(screen::plans.eq(screen::plans + 1))
        .with(|update| update.returning(screen::all_columns))
        .get_result(tx.db())
        .optional()?)
}

/// Whether a screen is this movie's home.
pub fn is_home(db: &mut Db, movie_id: &str) -> QueryResult<bool> {
    let home = screen::table.filter(screen::home_movie_id.eq(movie_id));
    diesel::select(diesel::dsl::exists(home)).get_result(db)
}

/// Saves a screen's home and states the screen.
pub fn save_home(tx: &mut Tx<'_>, screen: &Screen) -> Result<(), Refusal> {
    let version = screen.version + 1;
    let own = screen::table
        .find(&screen.screen_id)
        .filter(screen::version.eq(screen.version));
    let saved = mesh::update(own)
        .set((
            screen::version.eq(version),
            screen::home_movie_id.eq(&screen.home_movie_id),
        ))
        .execute(tx.db());
    rows::written(saved)?;
    let mut stated = wire::Screen::from(screen.clone());
    stated.version = version;
    tx.enqueue(Event::new(
        &screen.screen_id,
        version,
        &wire::ScreenChanged {
            screen: Some(stated),
        },
    ))
}
