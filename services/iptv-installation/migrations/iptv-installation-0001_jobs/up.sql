CREATE TABLE job (
    order_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    status INTEGER NOT NULL,
    installer_id TEXT,
    plan_name TEXT NOT NULL,
    region TEXT NOT NULL,
    wished_on TEXT NOT NULL,
    waiting_since BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX job_queue ON job (installer_id, waiting_since, order_id);

CREATE TABLE home (
    order_id TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    phone TEXT NOT NULL
);
