CREATE TABLE movie (
    movie_id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    is_open BOOLEAN NOT NULL,
    price BIGINT,
    currency TEXT NOT NULL
);
