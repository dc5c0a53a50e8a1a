//! The context's tables.

diesel::table! {
    my_order (order_id, generation) {
        order_id -> Text,
        // Which of the tables it belongs to: they lie in one, so that another one is shown by changing a number.
        generation -> BigInt,
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

diesel::table! {
    // One row.
    generation (id) {
        id -> Integer,
        // What everybody reads.
        shown -> BigInt,
        // What a rebuild builds, if there is one: changes go to both.
        built -> Nullable<BigInt>,
    }
}

diesel::table! {
    rebuild (rebuild_id) {
        rebuild_id -> Text,
        generation -> BigInt,
        // The contract's number.
        state -> Integer,
        seen -> BigInt,
        total -> BigInt,
        refused -> BigInt,
        carried -> BigInt,
        hash_before -> Text,
        hash_after -> Text,
        asked_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        // Who works on it, and until when nobody else does.
        worker -> Text,
        lease_until -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(my_order, generation);
