//! The tables, as the migrations leave them.

diesel::table! {
    payment (payment_id) {
        payment_id -> Text,
        charge_key -> Text,
        order_id -> Text,
        context -> Text,
        version -> BigInt,
        revision -> BigInt,
        state -> Text,
        minor_units -> BigInt,
        currency -> Text,
        tries -> BigInt,
        asked_at -> BigInt,
        changed_at -> BigInt,
        sent_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    simulator_ledger (charge_key) {
        charge_key -> Text,
        minor_units -> BigInt,
        currency -> Text,
        captured -> Bool,
        reversed -> Bool,
        at -> BigInt,
    }
}

diesel::table! {
    simulator_refund (refund_key) {
        refund_key -> Text,
        charge_key -> Text,
        minor_units -> BigInt,
        currency -> Text,
        at -> BigInt,
    }
}
