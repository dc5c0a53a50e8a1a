CREATE TABLE charge (
    charge_key TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    context TEXT NOT NULL,
    amount BIGINT NOT NULL,
    state INTEGER NOT NULL,
    version BIGINT NOT NULL
);
