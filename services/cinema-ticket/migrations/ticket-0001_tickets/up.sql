CREATE TABLE ticket (
    booking_id TEXT NOT NULL PRIMARY KEY,
    status INTEGER NOT NULL,
    reserved BOOLEAN NOT NULL,
    customer_id TEXT,
    seating BYTEA,
    ends_at BIGINT,
    printed_at BIGINT
);
CREATE INDEX ticket_waiting ON ticket (ends_at) WHERE status = 1;
