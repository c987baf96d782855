-- Schema 2: contacts whose work failed. `failures` counts at one revision, so that a commit ends the row; `parked` is the
-- reason for which no claim hands the contact out.
CREATE TABLE failing (
  contact INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  parked TEXT
);
