CREATE TABLE driver (
    driver_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    car TEXT NOT NULL,
    phone TEXT NOT NULL,
    latitude INTEGER NOT NULL,
    longitude INTEGER NOT NULL,
    is_free BOOLEAN NOT NULL,
    reported_at BIGINT NOT NULL
);

CREATE TABLE drive (
    ride_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    driver_id TEXT REFERENCES driver (driver_id),
    status INTEGER NOT NULL,
    trip BYTEA NOT NULL,
    called_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    written_at BIGINT NOT NULL
);
-- One driver, one ride: ASSIGNED or PICKED_UP.
CREATE UNIQUE INDEX drive_one_each ON drive (driver_id) WHERE status IN (2, 3);
CREATE INDEX drive_newest ON drive (driver_id, called_at, ride_id);
CREATE INDEX drive_changes ON drive (driver_id, written_at, ride_id);
CREATE INDEX drive_waiting ON drive (heard_at, ride_id) WHERE status = 1;

CREATE TABLE declined (
    ride_id TEXT NOT NULL REFERENCES drive (ride_id),
    driver_id TEXT NOT NULL REFERENCES driver (driver_id),
    PRIMARY KEY (ride_id, driver_id)
);
