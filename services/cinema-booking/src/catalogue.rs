//! Booking's own copy of what is showing: the price at the moment of booking is the one written here.

use diesel::prelude::*;
use mesh::{Change, Refusal, Time, Tx};
use proto::cinema::movie::v1::{Movie, MovieStatus};
use proto::cinema::theater::v1::Screening;

diesel::table! {
    movie (movie_id) {
        movie_id -> Text,
        title -> Text,
        is_open -> Bool,
        price -> Nullable<BigInt>,
        currency -> Text,
    }
}

diesel::table! {
    screening (screening_id) {
        screening_id -> Text,
        movie_id -> Text,
        theater -> Text,
        screen_name -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        seat_rows -> Integer,
        seat_columns -> Integer,
    }
}

diesel::allow_tables_to_appear_in_same_query!(movie, screening);

/// A movie as booking knows it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = movie, treat_none_as_null = true)]
pub(crate) struct KnownMovie {
    pub(crate) movie_id: String,
    pub(crate) title: String,
    pub(crate) is_open: bool,
    pub(crate) price: Option<i64>,
    pub(crate) currency: String,
}

/// A screening as booking knows it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = screening)]
pub(crate) struct KnownScreening {
    pub(crate) screening_id: String,
    pub(crate) movie_id: String,
    pub(crate) theater: String,
    pub(crate) screen_name: String,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) seat_rows: i32,
    pub(crate) seat_columns: i32,
}

/// Whenever a movie has changed, remember its title, its price and whether it is sold.
pub(crate) fn movie(tx: &mut Tx<'_>, change: &Change<Movie>) -> Result<(), Refusal> {
    let told = &change.entity;
    let row = KnownMovie {
        movie_id: told.movie_id.clone(),
        title: told.title.clone(),
        is_open: told.status() == MovieStatus::Open,
        price: told.ticket_price.as_ref().map(|price| price.minor_units),
        currency: told
            .ticket_price
            .as_ref()
            .map(|price| price.currency.clone())
            .unwrap_or_default(),
    };
    if mesh::update(movie::table.find(&row.movie_id))
        .set(&row)
        .execute(tx.db())?
        == 0
    {
        diesel::insert_into(movie::table)
            .values(&row)
            .execute(tx.db())?;
    }
    Ok(())
}

/// Whenever a screening was planned, remember it.
pub(crate) fn screening(tx: &mut Tx<'_>, change: &Change<Screening>) -> Result<(), Refusal> {
    let told = change.entity.clone();
    let row = KnownScreening {
        screening_id: told.screening_id,
        movie_id: told.movie_id,
        theater: told.theater,
        screen_name: told.screen_name,
        starts_at: Time::from(told.starts_at.unwrap_or_default()).0,
        ends_at: Time::from(told.ends_at.unwrap_or_default()).0,
        seat_rows: told.rows,
        seat_columns: told.columns,
    };
    if mesh::update(screening::table.find(&row.screening_id))
        .set(&row)
        .execute(tx.db())?
        == 0
    {
        diesel::insert_into(screening::table)
            .values(&row)
            .execute(tx.db())?;
    }
    Ok(())
}

/// What is sold as this screening.
pub(crate) fn find(
    tx: &mut Tx<'_>,
    screening_id: &str,
) -> Result<Option<(KnownScreening, KnownMovie)>, Refusal> {
    Ok(screening::table
        .find(screening_id)
        .inner_join(movie::table.on(movie::movie_id.eq(screening::movie_id)))
        .select((KnownScreening::as_select(), KnownMovie::as_select()))
        .first(tx.db())
        .optional()?)
}
