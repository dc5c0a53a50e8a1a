//! Theater's tables. The columns are explained by the types they are read into.

diesel::table! {
    screen (screen_id) {
        screen_id -> Text,
        version -> BigInt,
        theater -> Text,
        name -> Text,
        seat_rows -> Integer,
        seat_columns -> Integer,
        home_movie_id -> Nullable<Text>,
        plans -> BigInt,
    }
}

diesel::table! {
    home_assignment (id) {
        id -> Integer,
        rounds -> BigInt,
    }
}

diesel::table! {
    movie (movie_id) {
        movie_id -> Text,
        title -> Text,
        running_minutes -> Integer,
        theatrical -> Bool,
        status -> Integer,
        registered_at -> BigInt,
    }
}

diesel::table! {
    screening (screening_id) {
        screening_id -> Text,
        version -> BigInt,
        movie_id -> Text,
        screen_id -> Text,
        theater -> Text,
        screen_name -> Text,
        seat_rows -> Integer,
        seat_columns -> Integer,
        starts_at -> BigInt,
        ends_at -> BigInt,
        free_at -> BigInt,
        seat_version -> BigInt,
    }
}

diesel::table! {
    seat_change (change_id) {
        change_id -> Text,
        screening_id -> Text,
    }
}

diesel::table! {
    booking (order_id) {
        order_id -> Text,
        dropped -> Integer,
        dropped_at -> Nullable<BigInt>,
        touched -> BigInt,
    }
}

diesel::table! {
    hold (claimant) {
        claimant -> Text,
        screening_id -> Text,
        customer_id -> Text,
        slot -> Nullable<Integer>,
        attempt -> Integer,
        reserved -> Bool,
        live -> Bool,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    seat_claim (claimant, screening_id, seat) {
        claimant -> Text,
        screening_id -> Text,
        seat -> Text,
        live -> Bool,
    }
}

diesel::joinable!(seat_claim -> hold (claimant));
diesel::allow_tables_to_appear_in_same_query!(seat_claim, hold, screening);
diesel::allow_tables_to_appear_in_same_query!(seat_change, screening);
