CREATE TABLE fulfilment (
    order_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    irrevocable BOOLEAN NOT NULL,
    voided BOOLEAN NOT NULL,
    seen_version BIGINT NOT NULL,
    state TEXT NOT NULL
);
