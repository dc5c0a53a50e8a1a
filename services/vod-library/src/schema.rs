//! The library's own tables, beside its fulfilments; and the simulated studio's.

diesel::table! {
    licence (order_id) {
        order_id -> Text,
        revision -> BigInt,
        customer_id -> Text,
        movie_id -> Text,
        refusals -> Integer,
        sent_at -> Nullable<BigInt>,
        not_before -> Nullable<BigInt>,
        returned -> Bool,
    }
}

diesel::table! {
    simulator_book (licence_key) {
        licence_key -> Text,
        state -> Text,
        purchases -> Integer,
        refused_attempt -> Integer,
    }
}
