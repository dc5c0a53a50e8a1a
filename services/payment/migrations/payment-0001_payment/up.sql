CREATE TABLE payment (
    payment_id TEXT NOT NULL PRIMARY KEY,
    charge_key TEXT NOT NULL UNIQUE,
    order_id TEXT NOT NULL,
    context TEXT NOT NULL,
    version BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    state TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    currency TEXT NOT NULL,
    tries BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX payment_order ON payment (order_id, payment_id);
CREATE INDEX payment_open ON payment (sent_at) WHERE state IN ('CHARGING', 'UNKNOWN');
