//! mesh's own tables.
#![expect(
    missing_docs,
    reason = "the columns are explained where the rows are written"
)]

diesel::table! {
    outbox (seq) {
        seq -> BigInt,
        subject -> Text,
        version -> BigInt,
        name -> Text,
        body -> Binary,
        at -> BigInt,
        expires_at -> Nullable<BigInt>,
        trace -> Nullable<Text>,
        correlation -> Nullable<Text>,
        causation -> Nullable<Text>,
        stream_created -> Nullable<Text>,
        stream_seq -> Nullable<BigInt>,
        published_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    inbox (policy, subject) {
        policy -> Text,
        subject -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    task (kind, key) {
        kind -> Text,
        key -> Text,
        payload -> Text,
        tries -> Integer,
        due_at -> BigInt,
        created_at -> BigInt,
        last_error -> Text,
        trace -> Nullable<Text>,
        correlation -> Nullable<Text>,
        causation -> Nullable<Text>,
    }
}

diesel::table! {
    delivery (message) {
        message -> Text,
        tries -> Integer,
        at -> BigInt,
    }
}

diesel::table! {
    dead_letter (id) {
        id -> Text,
        subject -> Text,
        version -> BigInt,
        name -> Text,
        headers -> Text,
        body -> Binary,
        reason -> Text,
        tries -> Integer,
        at -> BigInt,
    }
}

diesel::table! {
    request (method, principal, request_id) {
        method -> Text,
        principal -> Text,
        request_id -> Text,
        body_hash -> Binary,
        answer -> Nullable<Binary>,
        at -> BigInt,
    }
}

diesel::table! {
    caught_up (context) {
        context -> Text,
        at -> BigInt,
    }
}
