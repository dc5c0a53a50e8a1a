//! A movie, and how it changes.

use crate::schema;
use diesel::prelude::*;
use mesh::{Event, Refusal, Time, Tx, id};
use proto::cinema::movie::v1::{self, MovieStatus, RegisterMovieRequest};
use proto::shared::v1::Money;

/// A movie as it is stored. The enums are the contract's numbers.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = schema::movie, treat_none_as_default_value = false)]
pub struct Movie {
    pub movie_id: String,
    pub version: i64,
    pub title: String,
    pub running_minutes: i32,
    pub rating: i32,
    pub ticket_currency: Option<String>,
    pub ticket_price: Option<i64>,
    pub vod_currency: Option<String>,
    pub vod_price: Option<i64>,
    pub status: i32,
    pub home_screen_id: String,
    pub registered_at: i64,
}

impl Movie {
    /// A new movie. With a ticket price it waits for a screen; without one it is not theatrical and needs none.
    pub fn register(request: &RegisterMovieRequest, now: Time) -> Self {
        let status = match request.ticket_price {
            Some(_) => MovieStatus::PendingScreen,
            None => MovieStatus::Open,
        };
        let split = |price: &Option<Money>| {
            price
                .clone()
                .map(|price| (price.currency, price.minor_units))
                .unzip()
        };
        let (ticket_currency, ticket_price) = split(&request.ticket_price);
        let (vod_currency, vod_price) = split(&request.vod_price);
        Self {
            movie_id: id::new(),
            version: 1,
            title: request.title.clone(),
            running_minutes: request.running_minutes,
            rating: request.rating,
            ticket_currency,
            ticket_price,
            vod_currency,
            vod_price,
            status: status.into(),
            home_screen_id: String::new(),
            registered_at: now.0,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> MovieStatus {
        MovieStatus::try_from(self.status).unwrap_or_default()
    }

    /// Stops it being scheduled and booked. False when it was closed already.
    pub fn close(&mut self) -> bool {
        self.change(|movie| movie.status = MovieStatus::Closed.into())
    }

    /// These screens say that they are its home, lowest id first. The first home opens it; losing its home does not
    /// close it, and a home does not open it again. False when that changes nothing.
    pub fn lives_at(&mut self, homes: &[String]) -> bool {
        self.change(|movie| {
            if !homes.contains(&movie.home_screen_id) {
                movie.home_screen_id = homes.first().cloned().unwrap_or_default();
            }
            if movie.status() == MovieStatus::PendingScreen && !homes.is_empty() {
                movie.status = MovieStatus::Open.into();
            }
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) -> bool {
        let before = self.clone();
        change(self);
        let changed = *self != before;
        self.version += i64::from(changed);
        changed
    }

    /// Enqueues the event that states it as it is now.
    pub fn tell(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let (id, version, movie) = (&self.movie_id, self.version, Some(self.into()));
        tx.enqueue(match self.status() {
            _ if version == 1 => Event::new(id, version, &v1::MovieRegistered { movie }),
            MovieStatus::Closed => Event::new(id, version, &v1::MovieClosed { movie }),
            _ => Event::new(id, version, &v1::MovieOpened { movie }),
        })
    }
}

impl From<&Movie> for v1::Movie {
    fn from(movie: &Movie) -> Self {
        let money = |currency: &Option<String>, minor_units: Option<i64>| {
            Some(Money {
                currency: currency.clone()?,
                minor_units: minor_units?,
            })
        };
        Self {
            movie_id: movie.movie_id.clone(),
            version: movie.version,
            title: movie.title.clone(),
            running_minutes: movie.running_minutes,
            rating: movie.rating,
            ticket_price: money(&movie.ticket_currency, movie.ticket_price),
            vod_price: money(&movie.vod_currency, movie.vod_price),
            status: movie.status,
            home_screen_id: movie.home_screen_id.clone(),
            registered_at: Some(Time(movie.registered_at).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_home_opens_nothing() {
        let request = RegisterMovieRequest {
            ticket_price: Some(Money::default()),
            ..RegisterMovieRequest::default()
        };
        let mut movie = Movie::register(&request, Time(0));
        assert!(!movie.lives_at(&[]));
        assert_eq!(movie.status(), MovieStatus::PendingScreen);
    }
}
