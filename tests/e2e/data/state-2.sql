-- What schema version 2 added to version 1, and what it wrote there. The token is "an old token".
ALTER TABLE zones ADD COLUMN flatten_alias INTEGER NOT NULL DEFAULT 1;
ALTER TABLE history ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE TABLE tokens (
  name TEXT PRIMARY KEY, hash BLOB NOT NULL, scopes INTEGER NOT NULL, created INTEGER NOT NULL,
  created_by TEXT NOT NULL
) WITHOUT ROWID;
UPDATE zones SET flatten_alias = 0 WHERE name = 'held.example';
INSERT INTO history VALUES (3, 1795500500, 'held.example', 'token:old', 'synthesis', '', 'no ALIAS here');
INSERT INTO tokens VALUES ('old', X'@HASH@', 2, 1795500450, 'uid:0');
PRAGMA user_version = 2;
