CREATE TABLE notification (
    notification_id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    text TEXT NOT NULL,
    channel INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE UNIQUE INDEX notification_once ON notification (order_id, seq);
CREATE INDEX notification_newest ON notification (customer_id, created_at, notification_id);
CREATE TABLE contact (
    customer_id TEXT NOT NULL PRIMARY KEY,
    locale TEXT NOT NULL,
    channel INTEGER NOT NULL,
    address TEXT NOT NULL
);
