-- What every feature stands on: settings, audit trail, outbox, and a few values of the deployment itself.
-- Ids of Discord are TEXT: an integer above 2^53 loses digits on its way through JavaScript. Times are Unix milliseconds.

CREATE TABLE guild_config (
  guild_id   TEXT PRIMARY KEY,
  version    INTEGER NOT NULL,
  settings   TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit_log (
  id       INTEGER PRIMARY KEY,
  guild_id TEXT NOT NULL,
  at       INTEGER NOT NULL,
  actor_id TEXT NOT NULL,
  source   TEXT NOT NULL,
  action   TEXT NOT NULL,
  target   TEXT NOT NULL,
  before   TEXT,
  after    TEXT,
  cause    TEXT NOT NULL
);
CREATE UNIQUE INDEX audit_log_cause ON audit_log (cause, action);
CREATE INDEX audit_log_guild ON audit_log (guild_id, id);
CREATE INDEX audit_log_denied ON audit_log (at) WHERE action = 'denied';

CREATE TABLE outbox (
  id            TEXT PRIMARY KEY,
  guild_id      TEXT NOT NULL,
  feature       TEXT NOT NULL,
  effect        TEXT NOT NULL UNIQUE,
  reference     TEXT NOT NULL,
  channel_id    TEXT NOT NULL,
  body          TEXT,
  marker        TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('sending', 'pending', 'sent', 'failed', 'held')),
  attempts      INTEGER NOT NULL,
  next_at       INTEGER NOT NULL,
  lease_until   INTEGER NOT NULL,
  first_sent_at INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  message_id    TEXT,
  error         TEXT
) WITHOUT ROWID;
CREATE INDEX outbox_state ON outbox (state, next_at);

CREATE TABLE deployment (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
