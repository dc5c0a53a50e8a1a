//! The context's tables.

diesel::table! {
    my_order (order_id) {
        order_id -> Text,
        context -> Text,
        system -> Text,
        customer_id -> Text,
        phase -> Integer,
        placed_at -> BigInt,
        version -> BigInt,
        // The encoded Order.
        body -> Binary,
        // When this version was written here, µs: a watch's position. Never less than what its customer's other rows
        // say, even when the clock was set back.
        written_at -> BigInt,
    }
}
