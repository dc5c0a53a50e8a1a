//! Ticket's own table, beside its fulfilments.

diesel::table! {
    ticket (booking_id) {
        booking_id -> Text,
        status -> Integer,
        reserved -> Bool,
        customer_id -> Nullable<Text>,
        seating -> Nullable<Binary>,
        ends_at -> Nullable<BigInt>,
        printed_at -> Nullable<BigInt>,
    }
}
