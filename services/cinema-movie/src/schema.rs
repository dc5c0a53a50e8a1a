//! The context's tables.

diesel::table! {
    movie (movie_id) {
        movie_id -> Text,
        version -> BigInt,
        title -> Text,
        running_minutes -> Integer,
        rating -> Integer,
        ticket_currency -> Nullable<Text>,
        ticket_price -> Nullable<BigInt>,
        vod_currency -> Nullable<Text>,
        vod_price -> Nullable<BigInt>,
        status -> Integer,
        home_screen_id -> Text,
        registered_at -> BigInt,
    }
}

// Which movie a screen is the home of, as theater said last. Kept apart from the movies, because screens tell of
// themselves in any order: a movie's home is worked out from all of them.
diesel::table! {
    home (screen_id) {
        screen_id -> Text,
        movie_id -> Text,
    }
}
