-- Schema 8: contacts that were merged into others, by row, each to the one that goes on in the end. `place` is where what was left
-- lies in the mailbox of that one. A merged contact has `erased` = 2: its row stays, and nobody works on it.
CREATE TABLE merged (
  loser INTEGER PRIMARY KEY,
  winner INTEGER NOT NULL,
  place INTEGER NOT NULL
);
CREATE INDEX merged_winner ON merged (winner, place);
