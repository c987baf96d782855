-- Schema 3: every edition of every template. A template replaces the one of its name in `definition`; here each stays.
-- Those that stood before have no hash of their own (it is that of `body`), and the latest instant that was known.
CREATE TABLE edition (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,
  published_at INTEGER NOT NULL,
  hash BLOB,
  body BLOB NOT NULL,
  who TEXT,
  why TEXT
);
CREATE INDEX edition_name ON edition (name, id);
INSERT INTO edition (name, revision, published_at, body)
  SELECT name, head.revision, coalesce(head.high_water, 0), body FROM definition, head WHERE definition.kind = 1 ORDER BY definition.id;
