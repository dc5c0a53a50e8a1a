//! The tables of an order side and of a fulfilling side.
#![expect(
    missing_docs,
    reason = "the columns are explained by the types they are read into"
)]

diesel::table! {
    intent (order_id) {
        order_id -> Text,
        principal -> Text,
        method -> Text,
        request_id -> Text,
        body_hash -> Binary,
        state -> Text,
        attempt -> Integer,
        lease_until -> BigInt,
        draft -> Text,
        detail -> Binary,
        answer -> Nullable<Binary>,
        created_at -> BigInt,
        changed_at -> BigInt,
    }
}

diesel::table! {
    placed_order (order_id) {
        order_id -> Text,
        customer_id -> Text,
        version -> BigInt,
        phase -> Integer,
        payment_id -> Nullable<Text>,
        placed_at -> BigInt,
        state -> Text,
        detail -> Binary,
    }
}

diesel::table! {
    catalogue (kind, id) {
        kind -> Text,
        id -> Text,
        body -> Binary,
    }
}

diesel::table! {
    claim (resource) {
        resource -> Text,
        order_id -> Text,
    }
}

diesel::table! {
    fulfilment (order_id) {
        order_id -> Text,
        version -> BigInt,
        irrevocable -> Bool,
        voided -> Bool,
        seen_version -> BigInt,
        state -> Text,
    }
}
