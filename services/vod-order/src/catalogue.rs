//! The order side's own copy of what is on demand: the price at the moment of ordering is the one written here.

use diesel::prelude::*;
use mesh::{Change, Refusal, Tx};
use proto::cinema::movie::v1::{Movie, MovieStatus};

diesel::table! {
    movie (movie_id) {
        movie_id -> Text,
        title -> Text,
        is_open -> Bool,
        price -> Nullable<BigInt>,
        currency -> Text,
    }
}

/// A movie as it is sold here.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = movie, treat_none_as_null = true)]
pub(crate) struct KnownMovie {
    pub(crate) movie_id: String,
    pub(crate) title: String,
    pub(crate) is_open: bool,
    pub(crate) price: Option<i64>,
    pub(crate) currency: String,
}

/// Whenever a movie has changed, remember its title, its price and whether it is sold.
pub(crate) fn movie(tx: &mut Tx<'_>, change: &Change<Movie>) -> Result<(), Refusal> {
    let told = change.entity.clone();
    let is_open = told.status() == MovieStatus::Open;
    let (price, currency) = told
        .vod_price
        .map(|price| (price.minor_units, price.currency))
        .unzip();
    let row = KnownMovie {
        movie_id: told.movie_id,
        title: told.title,
        is_open,
        price,
        currency: currency.unwrap_or_default(),
    };
    let known = mesh::update(movie::table.find(&row.movie_id)).set(&row);
    if known.execute(tx.db())? == 0 {
        diesel::insert_into(movie::table)
            .values(&row)
            .execute(tx.db())?;
    }
    Ok(())
}

/// The movie of an id.
pub(crate) fn find(tx: &mut Tx<'_>, movie_id: &str) -> Result<Option<KnownMovie>, Refusal> {
    Ok(movie::table
        .find(movie_id)
        .select(KnownMovie::as_select())
        .first(tx.db())
        .optional()?)
}
