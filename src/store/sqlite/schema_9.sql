-- Schema 9: every time that the gate put a message off, by the place of the message and the number of the answer. It stays after an
-- erasure; its reasons have no words.
CREATE TABLE deferral (
  message INTEGER NOT NULL,
  number INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (message, number)
) WITHOUT ROWID;
