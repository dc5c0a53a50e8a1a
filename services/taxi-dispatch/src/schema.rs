//! Dispatch's own tables, beside its fulfilments.

diesel::table! {
    driver (driver_id) {
        driver_id -> Text,
        name -> Text,
        car -> Text,
        phone -> Text,
        latitude -> Integer,
        longitude -> Integer,
        is_free -> Bool,
        reported_at -> BigInt,
    }
}

diesel::table! {
    drive (ride_id) {
        ride_id -> Text,
        version -> BigInt,
        driver_id -> Nullable<Text>,
        status -> Integer,
        trip -> Binary,
        called_at -> BigInt,
        heard_at -> BigInt,
        written_at -> BigInt,
    }
}

diesel::table! {
    declined (ride_id, driver_id) {
        ride_id -> Text,
        driver_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(driver, drive, declined);
