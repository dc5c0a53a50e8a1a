CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT,
    trace TEXT,
    stream_created TEXT,
    stream_seq BIGINT,
    published_at BIGINT
);
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
CREATE INDEX outbox_subject ON outbox (subject, version);
CREATE INDEX outbox_acked ON outbox (stream_created, stream_seq) WHERE stream_seq IS NOT NULL;
CREATE TABLE inbox (
    policy TEXT NOT NULL,
    subject TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (policy, subject)
);
CREATE TABLE task (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    tries INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    trace TEXT,
    PRIMARY KEY (kind, key)
);
CREATE INDEX task_due ON task (due_at);
CREATE TABLE delivery (
    message TEXT NOT NULL PRIMARY KEY,
    tries INTEGER NOT NULL,
    at BIGINT NOT NULL
);
CREATE TABLE dead_letter (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BYTEA NOT NULL,
    reason TEXT NOT NULL,
    tries INTEGER NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX dead_letter_newest ON dead_letter (at, id);
