//! Screenings in their table: planned once, and from then on only their seats change.

use crate::domain::plan::Slot;
use crate::domain::seat::{self, Seat};
use crate::schema::screening;
use crate::{movies, screens};
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Time, Tx, Violation, id, page, text};
use proto::cinema::theater::v1 as wire;
use std::time::Duration;

/// How long a screening that is over stays in the stream.
const KEPT_AFTER_END: Duration = Duration::from_secs(90 * 24 * 3600);

/// A screening's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = screening, treat_none_as_default_value = false)]
pub struct Screening {
    /// UUIDv7.
    pub screening_id: String,
    /// From 1.
    pub version: i64,
    /// The movie.
    pub movie_id: String,
    /// The screen.
    pub screen_id: String,
    /// The theater's name.
    pub theater: String,
    /// The screen's name.
    pub screen_name: String,
    /// Rows of seats.
    pub seat_rows: i32,
    /// Seats in a row.
    pub seat_columns: i32,
    /// When it starts, µs.
    pub starts_at: i64,
    /// When the movie is over, µs.
    pub ends_at: i64,
    /// When the next may start on that screen, µs.
    pub free_at: i64,
    /// How many changes its seats have had, and one, but for those that are not counted yet.
    pub seat_version: i64,
}

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The movie.
    pub movie_id: String,
    /// The screen.
    pub screen_id: String,
    /// When it starts.
    pub starts_at: Time,
}

impl Screening {
    /// Its place in a list: by start.
    pub fn key(&self) -> page::Key {
        (self.starts_at, self.screening_id.clone())
    }

    /// When it takes its screen.
    pub fn slot(&self) -> Slot {
        Slot {
            starts_at: Time(self.starts_at),
            ends_at: Time(self.ends_at),
            free_at: Time(self.free_at),
        }
    }

    /// All seats must be its own: INVALID_ARGUMENT names those that are not.
    pub fn must_have(&self, seats: &[Seat]) -> Result<(), Refusal> {
        let outside = seat::outside(seats, self.seat_rows, self.seat_columns);
        if outside.is_empty() {
            Ok(())
        } else {
            Err(Refusal::invalid(outside))
        }
    }

    /// FAILED_PRECONDITION SCREENING_STARTED from its start on.
    pub fn must_be_ahead(&self, now: Time) -> Result<(), Refusal> {
        if now.0 < self.starts_at {
            return Ok(());
        }
        Err(Refusal::precondition(
            "SCREENING_STARTED",
            text("the screening has started", "이미 상영이 시작되었습니다."),
        ))
    }
}

impl From<Screening> for wire::Screening {
    fn from(screening: Screening) -> Self {
        Self {
            screening_id: screening.screening_id,
            version: screening.version,
            movie_id: screening.movie_id,
            screen_id: screening.screen_id,
            theater: screening.theater,
            screen_name: screening.screen_name,
            starts_at: Some(Time(screening.starts_at).into()),
            ends_at: Some(Time(screening.ends_at).into()),
            rows: screening.seat_rows,
            columns: screening.seat_columns,
        }
    }
}

/// Plans a screening. FAILED_PRECONDITION MOVIE_NOT_OPEN, SCREEN_BUSY.
pub fn schedule(tx: &mut Tx<'_>, plan: &Plan) -> Result<Screening, Refusal> {
    if plan.starts_at <= tx.now() {
        let rule = Violation::new("starts_at", "must be in the future");
        return Err(Refusal::invalid(vec![rule]));
    }
    let movie =
        movies::find(tx.db(), &plan.movie_id)?.ok_or_else(|| Refusal::not_found("movie"))?;
    let screen =
        screens::lock_plans(tx, &plan.screen_id)?.ok_or_else(|| Refusal::not_found("screen"))?;
    if !movie.is_showable(screens::is_home(tx.db(), &movie.movie_id)?) {
        return Err(Refusal::precondition(
            "MOVIE_NOT_OPEN",
            text("the movie can't be shown", "상영할 수 없는 영화입니다."),
        ));
    }
    let slot = Slot::new(plan.starts_at, movie.running_minutes);
    must_be_free(tx.db(), &screen.screen_id, &slot)?;
    let screening = Screening {
        screening_id: id::new(),
        version: 1,
        movie_id: movie.movie_id,
        screen_id: screen.screen_id,
        theater: screen.theater,
        screen_name: screen.name,
        seat_rows: screen.seat_rows,
        seat_columns: screen.seat_columns,
        starts_at: slot.starts_at.0,
        ends_at: slot.ends_at.0,
        free_at: slot.free_at.0,
        seat_version: 1,
    };
    diesel::insert_into(screening::table)
        .values(&screening)
        .execute(tx.db())?;
    let stated = wire::ScreeningScheduled {
        screening: Some(screening.clone().into()),
    };
    tx.enqueue(
        Event::new(&screening.screening_id, 1, &stated)
            .expires(Some(slot.ends_at.plus(KEPT_AFTER_END))),
    )?;
    Ok(screening)
}

fn must_be_free(db: &mut Db, screen_id: &str, slot: &Slot) -> Result<(), Refusal> {
    let later: Vec<Screening> = screening::table
        .filter(screening::screen_id.eq(screen_id))
        .filter(screening::free_at.gt(slot.starts_at.0))
        .select(Screening::as_select())
        .load(db)?;
    match later.iter().find(|other| other.slot().overlaps(slot)) {
        None => Ok(()),
        Some(other) => Err(Refusal::precondition(
            "SCREEN_BUSY",
            text(
                "another screening takes the screen at that time",
                "해당 시간에 이미 다른 상영이 있습니다.",
            ),
        )
        .with("screening_id", &other.screening_id)),
    }
}

/// There is no such screening.
pub fn not_found() -> Refusal {
    Refusal::not_found("screening")
}

/// Reads a screening.
pub fn find(db: &mut Db, screening_id: &str) -> Result<Option<Screening>, Refusal> {
    Ok(screening::table
        .find(screening_id)
        .select(Screening::as_select())
        .first(db)
        .optional()?)
}

/// Screenings from `from` on by start, of one movie if it is named.
pub fn list(
    db: &mut Db,
    page: &Page,
    movie_id: Option<String>,
    from: Time,
) -> QueryResult<Vec<Screening>> {
    let mut screenings = screening::table
        .filter(screening::starts_at.ge(from.0))
        .select(Screening::as_select())
        .into_boxed();
    if let Some(movie_id) = movie_id {
        screenings = screenings.filter(screening::movie_id.eq(movie_id));
    }
    let listed = page.oldest_first(screenings, screening::starts_at, screening::screening_id);
    listed.load(db)
}
