CREATE TABLE request (
    method TEXT NOT NULL,
    principal TEXT NOT NULL,
    request_id TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    answer BLOB,
    at BIGINT NOT NULL,
    PRIMARY KEY (method, principal, request_id)
);
