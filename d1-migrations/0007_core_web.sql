-- Signing in on the web, who may see what there, and every version of a guild's configuration.

-- A sign-in that began: good once, for some minutes, in the browser that began it. State and browser are kept as hashes.
CREATE TABLE web_logins (
  state_hash   TEXT PRIMARY KEY,
  browser_hash TEXT NOT NULL,
  verifier     TEXT NOT NULL,
  return_to    TEXT NOT NULL,
  expires_at   INTEGER NOT NULL,
  used_at      INTEGER
) WITHOUT ROWID;
CREATE INDEX web_logins_expiry ON web_logins (expires_at);

-- Somebody who is signed in. Discord's tokens are sealed (`vault`); `sealed_by` is the id of the key that did it.
CREATE TABLE web_sessions (
  id               TEXT PRIMARY KEY,
  user_id          TEXT NOT NULL,
  name             TEXT NOT NULL,
  device           TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  last_seen_at     INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  revoked_at       INTEGER,
  access_token     TEXT NOT NULL,
  refresh_token    TEXT NOT NULL,
  token_expires_at INTEGER NOT NULL,
  sealed_by        TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX web_sessions_user ON web_sessions (user_id, created_at);
CREATE INDEX web_sessions_expiry ON web_sessions (expires_at);
CREATE INDEX web_sessions_sealed ON web_sessions (sealed_by);

-- What a role may see and change on the dashboard beyond what Discord's permissions give.
CREATE TABLE dashboard_grants (
  guild_id TEXT NOT NULL,
  role_id  TEXT NOT NULL,
  area     TEXT NOT NULL,
  may      TEXT NOT NULL CHECK (may IN ('view', 'manage')),
  PRIMARY KEY (guild_id, role_id, area)
) WITHOUT ROWID;

-- The newest 200 versions of each configuration. Triggers, so that no way of changing it can be forgotten.
CREATE TABLE guild_config_versions (
  guild_id TEXT NOT NULL,
  version  INTEGER NOT NULL,
  settings TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (guild_id, version)
) WITHOUT ROWID;

CREATE TRIGGER guild_config_inserted AFTER INSERT ON guild_config BEGIN
  INSERT OR REPLACE INTO guild_config_versions (guild_id, version, settings, at)
  VALUES (NEW.guild_id, NEW.version, NEW.settings, NEW.updated_at);
END;

CREATE TRIGGER guild_config_updated AFTER UPDATE OF settings ON guild_config BEGIN
  INSERT OR REPLACE INTO guild_config_versions (guild_id, version, settings, at)
  VALUES (NEW.guild_id, NEW.version, NEW.settings, NEW.updated_at);
  DELETE FROM guild_config_versions WHERE guild_id = NEW.guild_id AND version <= NEW.version - 200;
END;

INSERT INTO guild_config_versions (guild_id, version, settings, at)
SELECT guild_id, version, settings, updated_at FROM guild_config;
