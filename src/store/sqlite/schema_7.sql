-- Schema 7: addresses that have another fingerprint since the host's key changed. `current` is where the rows of `address` and
-- `denial` stand; it is never itself a `fingerprint` here.
CREATE TABLE alias (
  channel INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  current BLOB NOT NULL,
  PRIMARY KEY (channel, fingerprint)
) WITHOUT ROWID;
CREATE INDEX alias_current ON alias (channel, current);
