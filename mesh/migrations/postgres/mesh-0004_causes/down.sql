ALTER TABLE task DROP COLUMN causation;
ALTER TABLE task DROP COLUMN correlation;
ALTER TABLE outbox DROP COLUMN causation;
ALTER TABLE outbox DROP COLUMN correlation;
