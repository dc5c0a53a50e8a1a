//! The context's tables, beside its fulfilments.

diesel::table! {
    job (order_id) {
        order_id -> Text,
        version -> BigInt,
        status -> Integer,
        installer_id -> Nullable<Text>,
        plan_name -> Text,
        region -> Text,
        wished_on -> Text,
        waiting_since -> BigInt,
        state -> Text,
    }
}

// Personal data: gone once the order is over.
diesel::table! {
    home (order_id) {
        order_id -> Text,
        address -> Text,
        phone -> Text,
    }
}
