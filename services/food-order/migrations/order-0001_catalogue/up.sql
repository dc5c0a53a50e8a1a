CREATE TABLE store (
    store_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE menu (
    store_id TEXT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);
