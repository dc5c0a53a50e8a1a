//! Ticket's own table, beside its fulfilments.

use diesel::query_source::TableNotEqual;
use ordering::schema::fulfilment;

diesel::table! {
    ticket (booking_id) {
        booking_id -> Text,
        revision -> BigInt,
        status -> Integer,
        reserved -> Bool,
        customer_id -> Nullable<Text>,
        seating -> Nullable<Binary>,
        ends_at -> Nullable<BigInt>,
        printed_at -> Nullable<BigInt>,
        seen_version -> BigInt,
    }
}

// What `allow_tables_to_appear_in_same_query!` says, which it cannot say of another crate's table.
impl TableNotEqual<fulfilment::table> for ticket::table {}
impl TableNotEqual<ticket::table> for fulfilment::table {}
