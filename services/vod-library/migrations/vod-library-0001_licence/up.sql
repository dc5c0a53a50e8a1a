CREATE TABLE licence (
    order_id TEXT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    customer_id TEXT NOT NULL,
    movie_id TEXT NOT NULL,
    refusals INTEGER NOT NULL,
    sent_at BIGINT,
    not_before BIGINT,
    returned BOOLEAN NOT NULL
);
