-- Schema 6: what was said, for caps. `begun` numbers the begins of a contact, the newest attempt of a message keeping its number;
-- `said_at` is its instant, absent where the channel refused the message for good. What began before is not counted.
ALTER TABLE outbox ADD COLUMN begun INTEGER;
ALTER TABLE outbox ADD COLUMN said_at INTEGER;
ALTER TABLE outbox ADD COLUMN purpose INTEGER;
CREATE INDEX outbox_said ON outbox (contact, begun, said_at, purpose, channel) WHERE begun IS NOT NULL;
