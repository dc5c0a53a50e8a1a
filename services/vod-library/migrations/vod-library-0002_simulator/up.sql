CREATE TABLE simulator_book (
    licence_key TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    purchases INTEGER NOT NULL,
    refused_attempt INTEGER NOT NULL
);
