-- The step for what operators do: parked messages are found by their contact, so that the end of a run reaches them.
CREATE INDEX outbox_parked ON outbox (contact) WHERE status = 4;

-- Events that violate their schema. `contact` is its text, for it may be unknown; `event` is the host's id of it, absent
-- where it has none and once somebody has decided. Numbers never come twice.
CREATE TABLE aside (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  contact TEXT NOT NULL,
  event TEXT,
  open INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX aside_event ON aside (contact, event) WHERE event IS NOT NULL;
CREATE INDEX aside_contact ON aside (contact);
CREATE INDEX aside_open ON aside (id) WHERE open = 1;
