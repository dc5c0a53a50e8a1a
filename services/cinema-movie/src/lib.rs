//! The catalogue of movies.
