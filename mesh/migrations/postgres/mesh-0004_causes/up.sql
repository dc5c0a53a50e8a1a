ALTER TABLE outbox ADD COLUMN correlation TEXT;
ALTER TABLE outbox ADD COLUMN causation TEXT;
ALTER TABLE task ADD COLUMN correlation TEXT;
ALTER TABLE task ADD COLUMN causation TEXT;
