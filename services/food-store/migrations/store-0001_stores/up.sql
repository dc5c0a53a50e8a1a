CREATE TABLE store (
    store_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    is_auto BOOLEAN NOT NULL,
    is_open BOOLEAN NOT NULL,
    registered_at BIGINT NOT NULL
);

CREATE TABLE menu (
    store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (store_id),
    version BIGINT NOT NULL,
    body BYTEA NOT NULL
);

CREATE TABLE queued_order (
    order_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    store_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    by_itself BOOLEAN NOT NULL,
    meal BYTEA NOT NULL,
    rejection BYTEA,
    placed_at BIGINT NOT NULL,
    written_at BIGINT NOT NULL
);
CREATE INDEX queued_order_oldest ON queued_order (store_id, status, placed_at, order_id);
CREATE INDEX queued_order_changes ON queued_order (store_id, written_at, order_id, status, version);
CREATE INDEX queued_order_received ON queued_order (store_id) WHERE status = 1;
