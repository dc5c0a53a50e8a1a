CREATE TABLE movie (
    movie_id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    is_open BOOLEAN NOT NULL,
    price BIGINT,
    currency TEXT NOT NULL
);

CREATE TABLE screening (
    screening_id TEXT NOT NULL PRIMARY KEY,
    movie_id TEXT NOT NULL,
    theater TEXT NOT NULL,
    screen_name TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    seat_rows INTEGER NOT NULL,
    seat_columns INTEGER NOT NULL
);
