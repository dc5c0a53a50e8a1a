CREATE TABLE screen (
    screen_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    theater TEXT NOT NULL,
    name TEXT NOT NULL,
    seat_rows INTEGER NOT NULL,
    seat_columns INTEGER NOT NULL,
    home_movie_id TEXT,
    plans BIGINT NOT NULL
);
CREATE UNIQUE INDEX screen_name ON screen (theater, name);
CREATE UNIQUE INDEX screen_home ON screen (home_movie_id) WHERE home_movie_id IS NOT NULL;

CREATE TABLE home_assignment (
    id INTEGER NOT NULL PRIMARY KEY,
    rounds BIGINT NOT NULL
);
INSERT INTO home_assignment (id, rounds) VALUES (1, 0);

CREATE TABLE movie (
    movie_id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    running_minutes INTEGER NOT NULL,
    theatrical BOOLEAN NOT NULL,
    status INTEGER NOT NULL,
    registered_at BIGINT NOT NULL
);
CREATE INDEX movie_registered ON movie (registered_at, movie_id);

CREATE TABLE screening (
    screening_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    movie_id TEXT NOT NULL REFERENCES movie (movie_id),
    screen_id TEXT NOT NULL REFERENCES screen (screen_id),
    theater TEXT NOT NULL,
    screen_name TEXT NOT NULL,
    seat_rows INTEGER NOT NULL,
    seat_columns INTEGER NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    free_at BIGINT NOT NULL,
    seat_version BIGINT NOT NULL
);
CREATE INDEX screening_screen ON screening (screen_id, free_at);
CREATE INDEX screening_start ON screening (starts_at, screening_id);
CREATE INDEX screening_movie ON screening (movie_id, starts_at, screening_id);

CREATE TABLE seat_change (
    change_id TEXT NOT NULL PRIMARY KEY,
    screening_id TEXT NOT NULL
);
CREATE INDEX seat_change_screening ON seat_change (screening_id);

CREATE TABLE booking (
    order_id TEXT NOT NULL PRIMARY KEY,
    dropped INTEGER NOT NULL,
    dropped_at BIGINT,
    touched BIGINT NOT NULL
);
CREATE INDEX booking_dropped ON booking (dropped_at) WHERE dropped_at IS NOT NULL;

CREATE TABLE hold (
    claimant TEXT NOT NULL PRIMARY KEY,
    screening_id TEXT NOT NULL REFERENCES screening (screening_id),
    customer_id TEXT NOT NULL,
    slot INTEGER,
    attempt INTEGER NOT NULL,
    reserved BOOLEAN NOT NULL,
    live BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    request_id TEXT
);
CREATE UNIQUE INDEX hold_slot ON hold (customer_id, slot) WHERE live;
CREATE INDEX hold_end ON hold (expires_at) WHERE live AND expires_at IS NOT NULL;
CREATE INDEX hold_ended ON hold (expires_at) WHERE NOT live AND expires_at IS NOT NULL;

CREATE TABLE seat_claim (
    claimant TEXT NOT NULL REFERENCES hold (claimant),
    screening_id TEXT NOT NULL,
    seat TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    PRIMARY KEY (claimant, screening_id, seat)
);
CREATE UNIQUE INDEX seat_claim_live ON seat_claim (screening_id, seat) WHERE live;
