CREATE TABLE caught_up (
    context TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
