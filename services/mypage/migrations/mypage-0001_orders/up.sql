CREATE TABLE my_order (
    order_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    context TEXT NOT NULL,
    system TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    phase INTEGER NOT NULL,
    placed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body BYTEA NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (order_id, generation)
);
CREATE INDEX my_order_newest ON my_order (generation, customer_id, placed_at, order_id);
CREATE INDEX my_order_changes ON my_order (generation, customer_id, written_at, order_id);

CREATE TABLE generation (
    id INTEGER NOT NULL PRIMARY KEY,
    shown BIGINT NOT NULL,
    built BIGINT
);
INSERT INTO generation (id, shown) VALUES (1, 1);

CREATE TABLE rebuild (
    rebuild_id TEXT NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    seen BIGINT NOT NULL,
    total BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    carried BIGINT NOT NULL,
    hash_before TEXT NOT NULL,
    hash_after TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    finished_at BIGINT,
    worker TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);
