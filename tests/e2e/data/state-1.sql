-- A store as schema version 1 left it. @FORWARD@ and @FILE@ stand for a test's own backend and zone file.
CREATE TABLE zones (
  name TEXT PRIMARY KEY, id INTEGER NOT NULL, backend TEXT NOT NULL, policy TEXT NOT NULL,
  revision INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
  dnssec INTEGER NOT NULL, status TEXT NOT NULL, status_since INTEGER NOT NULL,
  problem TEXT NOT NULL, parent TEXT NOT NULL, ds_last_seen INTEGER NOT NULL,
  ds_ttl_max INTEGER NOT NULL, signing_until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE keys (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE history (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone TEXT NOT NULL, who TEXT NOT NULL,
  what TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX history_of_zone ON history (zone, id);
CREATE TABLE operations (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, enabled INTEGER NOT NULL, names TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO zones VALUES ('held.example', 1, '{"file":"@FILE@"}', 'default', 3, 1795500000, 1795500100, 0, 'disabled', 1795500000, '',
  '{"answered":2,"checked_at":1795500050,"detail":"","ds_ttl":0,"hold":0,"servers":2,"state":"missing","with_ds":0}', 0, 0, 0);
INSERT INTO zones VALUES ('asked.example', 2, '{"forward":["@FORWARD@"]}', 'default', 5, 1795500200, 1795500200, 0, 'disabled', 1795500200, '', '', 0, 0, 0);
INSERT INTO zones VALUES ('wished.example', 4, '{"file":"@FILE@"}', 'default', 7, 1795500300, 1795500400, 1, 'deploying', 1795500400, '', '', 0, 0, 0);
INSERT INTO history VALUES (1, 1795500000, 'held.example', 'api', 'zone-added', '@FILE@');
INSERT INTO history VALUES (2, 1795500400, 'wished.example', 'api', 'dnssec-on', '');
INSERT INTO operations VALUES ('0123456789abcdef01234567', 1795500400, 1, '["wished.example"]');
INSERT INTO counters VALUES ('revision', 7);
INSERT INTO counters VALUES ('zone_id', 4);
PRAGMA user_version = 1;
