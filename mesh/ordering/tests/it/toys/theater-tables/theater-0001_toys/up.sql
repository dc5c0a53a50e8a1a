CREATE TABLE seat (
    resource TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    standing BOOLEAN NOT NULL
);
CREATE TABLE dropped (
    order_id TEXT NOT NULL PRIMARY KEY,
    attempt INTEGER NOT NULL
);
