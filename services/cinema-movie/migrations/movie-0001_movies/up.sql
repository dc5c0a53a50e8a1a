CREATE TABLE movie (
    movie_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    running_minutes INTEGER NOT NULL,
    rating INTEGER NOT NULL,
    ticket_currency TEXT,
    ticket_price BIGINT,
    vod_currency TEXT,
    vod_price BIGINT,
    status INTEGER NOT NULL,
    home_screen_id TEXT NOT NULL,
    registered_at BIGINT NOT NULL
);
CREATE INDEX movie_newest ON movie (registered_at, movie_id);
CREATE TABLE home (
    screen_id TEXT NOT NULL PRIMARY KEY,
    movie_id TEXT NOT NULL
);
CREATE INDEX home_movie ON home (movie_id);
