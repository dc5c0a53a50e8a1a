CREATE TABLE simulator_ledger (
    charge_key TEXT NOT NULL PRIMARY KEY,
    minor_units BIGINT NOT NULL,
    currency TEXT NOT NULL,
    captured BOOLEAN NOT NULL,
    reversed BOOLEAN NOT NULL,
    at BIGINT NOT NULL
);
CREATE TABLE simulator_refund (
    refund_key TEXT NOT NULL PRIMARY KEY,
    charge_key TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    currency TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX simulator_refund_charge ON simulator_refund (charge_key);
