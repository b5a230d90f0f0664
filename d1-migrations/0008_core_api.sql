-- Keys for the JSON API, and what was already answered to requests that carry an idempotency key.

-- `key_hash` is SHA-256 of the secret, which has 256 random bits: nothing slower is needed for those.
CREATE TABLE api_keys (
  id           TEXT PRIMARY KEY,
  guild_id     TEXT NOT NULL,
  name         TEXT NOT NULL,
  key_hash     TEXT NOT NULL,
  scopes       TEXT NOT NULL,
  created_by   TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at   INTEGER
) WITHOUT ROWID;
CREATE INDEX api_keys_guild ON api_keys (guild_id, created_at);

-- `status` is null while the first request is being carried out.
CREATE TABLE api_answers (
  guild_id     TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  key          TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  began_at     INTEGER NOT NULL,
  status       INTEGER,
  body         TEXT,
  PRIMARY KEY (guild_id, user_id, key)
) WITHOUT ROWID;
CREATE INDEX api_answers_age ON api_answers (began_at);
