CREATE TABLE my_order (
    order_id TEXT NOT NULL PRIMARY KEY,
    context TEXT NOT NULL,
    system TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    phase INTEGER NOT NULL,
    placed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body BYTEA NOT NULL,
    written_at BIGINT NOT NULL
);
CREATE INDEX my_order_newest ON my_order (customer_id, placed_at, order_id);
CREATE INDEX my_order_changes ON my_order (customer_id, written_at, order_id);
