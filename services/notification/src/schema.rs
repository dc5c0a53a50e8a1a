//! The context's tables. The enums are the contract's numbers.

diesel::table! {
    notification (notification_id) {
        notification_id -> Text,
        order_id -> Text,
        seq -> Integer,
        customer_id -> Text,
        status -> Integer,
        text -> Text,
        channel -> Integer,
        created_at -> BigInt,
        sent_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    contact (customer_id) {
        customer_id -> Text,
        locale -> Text,
        channel -> Integer,
        address -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(notification, contact);
