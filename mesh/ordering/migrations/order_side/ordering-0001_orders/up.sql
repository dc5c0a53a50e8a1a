CREATE TABLE intent (
    order_id TEXT NOT NULL PRIMARY KEY,
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    request_id TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    lease_until BIGINT NOT NULL,
    draft TEXT NOT NULL,
    detail BYTEA NOT NULL,
    answer BYTEA,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX intent_request ON intent (principal, method, request_id);
CREATE INDEX intent_unsettled ON intent (state, lease_until) WHERE state IN ('PENDING', 'VOIDING');
CREATE INDEX intent_refused ON intent (changed_at) WHERE state = 'REFUSED';

CREATE TABLE placed_order (
    order_id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    phase INTEGER NOT NULL,
    payment_id TEXT,
    placed_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    detail BYTEA NOT NULL
);
CREATE INDEX placed_order_customer ON placed_order (customer_id, order_id);

CREATE TABLE catalogue (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE claim (
    resource TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL
);
CREATE INDEX claim_order ON claim (order_id);
