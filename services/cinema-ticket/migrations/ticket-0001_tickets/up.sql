CREATE TABLE ticket (
    booking_id TEXT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    status INTEGER NOT NULL,
    reserved BOOLEAN NOT NULL,
    customer_id TEXT,
    seating BYTEA,
    ends_at BIGINT,
    printed_at BIGINT,
    seen_version BIGINT NOT NULL
);
CREATE INDEX ticket_waiting ON ticket (ends_at) WHERE status = 1;
CREATE INDEX ticket_counter ON ticket (booking_id) WHERE status = 1;
