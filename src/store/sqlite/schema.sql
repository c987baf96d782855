-- Schema 1 of a journeyman store. Texts that people choose stand in `contact` and `term` once; all else uses integers.
-- Instants are whole milliseconds since 1970. Blobs are JSON behind the version of its form, unless said otherwise.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- One row that every transaction reads: the catalog's revision, the last place in the log, the latest instant seen.
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  high_water INTEGER
);
INSERT INTO head VALUES (1, 0, 0, NULL);

-- Names of journeys, channels and purposes (text), and hashes of programs (32 bytes).
CREATE TABLE term (
  id INTEGER PRIMARY KEY,
  word NOT NULL UNIQUE
);

-- What rarely changes. `cold` is absent until something is known, and after an erasure.
CREATE TABLE contact (
  id INTEGER PRIMARY KEY,
  external TEXT NOT NULL UNIQUE,
  shard INTEGER NOT NULL,
  erased INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  cold BLOB
);

-- What every step changes. `hot` is absent after an erasure alone.
CREATE TABLE state (
  id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL DEFAULT 0,
  read_seq INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,
  hot BLOB
);
CREATE INDEX state_due ON state (due_at) WHERE due_at IS NOT NULL;

-- Contacts with unread mail: the places of the oldest and the newest.
CREATE TABLE unread (
  contact INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
);
CREATE INDEX unread_first ON unread (first);

-- Mailboxes, each in one place of the file.
CREATE TABLE input (
  contact INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (contact, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX input_id ON input (contact, id);

-- One row per commit. `messages` of its own stand in the outbox from `first_message` on. An erasure takes `program` away.
CREATE TABLE commit_log (
  seq INTEGER PRIMARY KEY,
  contact INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  now INTEGER NOT NULL,
  read_seq INTEGER NOT NULL,
  program INTEGER,
  first_message INTEGER,
  messages INTEGER NOT NULL,
  steps BLOB
);
CREATE INDEX commit_contact ON commit_log (contact);

-- `body` holds what the columns do not say. status: 0 pending, 1 begun, 2 accepted, 3 refused, 4 parked, 5 cancelled.
-- `cancelled` says that its enrollment ended after it had begun: it is not repeated.
-- `ready_at` is when it can be taken: absent once it is settled or cancelled, or its contact erased.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  contact INTEGER NOT NULL,
  enrollment BLOB NOT NULL,
  journey INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  status INTEGER NOT NULL DEFAULT 0,
  ready_at INTEGER,
  not_before INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  answers INTEGER NOT NULL DEFAULT 0,
  not_after INTEGER,
  deadline INTEGER,
  answered_at INTEGER,
  policy TEXT,
  cancelled INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL,
  content BLOB,
  answer BLOB
);
CREATE INDEX outbox_ready ON outbox (ready_at, channel, journey) WHERE ready_at IS NOT NULL;
CREATE INDEX outbox_open ON outbox (contact) WHERE status <= 1;

CREATE TABLE consent (
  contact INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (contact, seq)
) WITHOUT ROWID;

-- The gate row of an address; an absent one has epoch 0.
CREATE TABLE address (
  channel INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  suppressed INTEGER NOT NULL,
  PRIMARY KEY (channel, fingerprint)
) WITHOUT ROWID;

-- The gate row of a journey (kind 0) or a channel (kind 1); an absent one has epoch 0.
CREATE TABLE switch (
  kind INTEGER NOT NULL,
  term INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  paused INTEGER NOT NULL,
  PRIMARY KEY (kind, term)
) WITHOUT ROWID;

-- scope: (0, row of a contact) or (channel, fingerprint). A channel or purpose of 0 means every one.
CREATE TABLE denial (
  scope INTEGER NOT NULL,
  key NOT NULL,
  contact INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  purpose INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL,
  granted INTEGER NOT NULL,
  PRIMARY KEY (scope, key, contact, channel, purpose)
) WITHOUT ROWID;
CREATE INDEX denial_contact ON denial (contact);

-- kind: 0 a journey version, 1 a template (version 0).
CREATE TABLE definition (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (kind, name, version)
);

CREATE TABLE pause (
  id INTEGER PRIMARY KEY,
  journey INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER
);

-- Ended jobs stay, so that no number comes twice.
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  kind BLOB NOT NULL,
  cursor INTEGER NOT NULL,
  done INTEGER NOT NULL
);
