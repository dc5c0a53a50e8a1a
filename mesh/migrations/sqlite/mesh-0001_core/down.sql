DROP TABLE dead_letter;
DROP TABLE delivery;
DROP TABLE task;
DROP TABLE inbox;
DROP TABLE outbox;
