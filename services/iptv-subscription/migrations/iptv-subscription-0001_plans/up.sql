CREATE TABLE plan (
    plan_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    monthly_fee BIGINT NOT NULL,
    installation_fee BIGINT NOT NULL,
    is_open BOOLEAN NOT NULL
);

CREATE TABLE premises (
    order_id TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    phone TEXT NOT NULL,
    is_stated BOOLEAN NOT NULL
);
