CREATE TABLE premises (
    order_id TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    phone TEXT NOT NULL,
    is_stated BOOLEAN NOT NULL
);
