-- Schema 5: how many contacts are in each segment, changed by the transactions that move them. Files of before have moved nobody.
CREATE TABLE segment_size (
  segment TEXT PRIMARY KEY,
  size INTEGER NOT NULL
) WITHOUT ROWID;
