//! The context's tables, beside its fulfilments.

diesel::table! {
    plan (plan_id) {
        plan_id -> Text,
        version -> BigInt,
        name -> Text,
        currency -> Text,
        monthly_fee -> BigInt,
        installation_fee -> Nullable<BigInt>,
        is_open -> Bool,
        registered_at -> BigInt,
    }
}

diesel::table! {
    installer (installer_id) {
        installer_id -> Text,
        name -> Text,
        region -> Text,
    }
}

diesel::table! {
    support_case (order_id) {
        order_id -> Text,
        version -> BigInt,
        status -> Integer,
        plan_name -> Text,
        region -> Text,
        wished_on -> Text,
        installer_id -> Nullable<Text>,
        waiting_since -> BigInt,
        asked_at -> Nullable<BigInt>,
        state -> Text,
    }
}
