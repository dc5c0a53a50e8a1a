CREATE TABLE plan (
    plan_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    monthly_fee BIGINT NOT NULL,
    installation_fee BIGINT,
    is_open BOOLEAN NOT NULL,
    registered_at BIGINT NOT NULL
);
CREATE INDEX plan_newest ON plan (registered_at, plan_id);

CREATE TABLE installer (
    installer_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    region TEXT NOT NULL
);
CREATE INDEX installer_region ON installer (region, installer_id);

CREATE TABLE support_case (
    order_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    status INTEGER NOT NULL,
    plan_name TEXT NOT NULL,
    region TEXT NOT NULL,
    wished_on TEXT NOT NULL,
    installer_id TEXT,
    waiting_since BIGINT NOT NULL,
    asked_at BIGINT,
    state TEXT NOT NULL
);
CREATE INDEX support_case_queue ON support_case (status, waiting_since, order_id);
CREATE INDEX support_case_installer ON support_case (installer_id, status);
