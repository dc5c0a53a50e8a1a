//! Store's own tables, beside its fulfilments.

diesel::table! {
    store (store_id) {
        store_id -> Text,
        version -> BigInt,
        owner_id -> Text,
        name -> Text,
        is_auto -> Bool,
        is_open -> Bool,
        registered_at -> BigInt,
    }
}

diesel::table! {
    menu (store_id) {
        store_id -> Text,
        version -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    queued_order (order_id) {
        order_id -> Text,
        version -> BigInt,
        store_id -> Text,
        status -> Integer,
        by_itself -> Bool,
        meal -> Binary,
        rejection -> Nullable<Binary>,
        placed_at -> BigInt,
        written_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(store, queued_order);
