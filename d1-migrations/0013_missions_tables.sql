-- Brand missions, what members publish for them, and the ledger of points.

-- What a guild's missions go by: points, safeguards, roles. Every version is kept; entries of the ledger name theirs.
CREATE TABLE mission_rules (
  guild_id   TEXT NOT NULL,
  version    INTEGER NOT NULL,
  rules      TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  cause      TEXT NOT NULL,
  PRIMARY KEY (guild_id, version)
) WITHOUT ROWID;
CREATE UNIQUE INDEX mission_rules_cause ON mission_rules (guild_id, cause);

-- `platforms`: keys between commas. `assigned`: everyone, role:<id>, or members (mission_assignees).
CREATE TABLE missions (
  id         TEXT PRIMARY KEY,
  guild_id   TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('draft', 'live', 'closed')),
  title      TEXT NOT NULL,
  copy       TEXT NOT NULL,
  target_url TEXT NOT NULL,
  image_url  TEXT NOT NULL,
  platforms  TEXT NOT NULL,
  campaign   TEXT NOT NULL,
  starts_at  INTEGER NOT NULL,
  ends_at    INTEGER NOT NULL,
  assigned   TEXT NOT NULL,
  max_posts  INTEGER NOT NULL,
  channel_id TEXT NOT NULL,
  message_id TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  pushed_at  INTEGER,
  closed_at  INTEGER,
  due_at     INTEGER,
  version    INTEGER NOT NULL,
  cause      TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX missions_cause ON missions (guild_id, cause);
CREATE INDEX missions_guild ON missions (guild_id, state, created_at);
CREATE INDEX missions_due ON missions (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE mission_assignees (
  guild_id   TEXT NOT NULL,
  mission_id TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  PRIMARY KEY (guild_id, mission_id, user_id)
) WITHOUT ROWID;

-- One post per member, mission and platform, ever. `sent_at`: written before the call after which the post is there, so that a death
-- in between is seen. `due_at`: when the row is looked at next; `lease_until`: somebody is at it until then.
CREATE TABLE mission_posts (
  id           TEXT PRIMARY KEY,
  guild_id     TEXT NOT NULL,
  mission_id   TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  platform     TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN
    ('scheduled', 'queued', 'container', 'publishing', 'processing', 'unknown', 'published', 'failed', 'held', 'cancelled')),
  text         TEXT NOT NULL,
  essence      TEXT NOT NULL,
  image_url    TEXT NOT NULL,
  privacy      TEXT NOT NULL,
  container    TEXT NOT NULL DEFAULT '',
  post_ref     TEXT NOT NULL DEFAULT '',
  url          TEXT NOT NULL DEFAULT '',
  reason       TEXT NOT NULL DEFAULT '',
  tries        INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  step_at      INTEGER NOT NULL,
  sent_at      INTEGER,
  published_at INTEGER,
  due_at       INTEGER,
  lease_until  INTEGER NOT NULL DEFAULT 0,
  version      INTEGER NOT NULL DEFAULT 1,
  views        INTEGER,
  reactions    INTEGER,
  comments     INTEGER,
  shares       INTEGER,
  metrics_at   INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX mission_posts_once ON mission_posts (mission_id, user_id, platform);
CREATE INDEX mission_posts_member ON mission_posts (guild_id, user_id, created_at);
CREATE INDEX mission_posts_state ON mission_posts (guild_id, state, created_at);
CREATE INDEX mission_posts_essence ON mission_posts (guild_id, user_id, essence);
CREATE INDEX mission_posts_due ON mission_posts (due_at) WHERE due_at IS NOT NULL;

-- The ledger: append-only. `cause` names what earned it, once. `units`: how many of what was counted it
-- pays for (clicks), or 1.
CREATE TABLE points (
  id           TEXT PRIMARY KEY,
  guild_id     TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  mission_id   TEXT NOT NULL,
  post_id      TEXT NOT NULL,
  kind         TEXT NOT NULL,
  units        INTEGER NOT NULL,
  points       INTEGER NOT NULL,
  rule_version INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  month        TEXT NOT NULL,
  at           INTEGER NOT NULL,
  cause        TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX points_cause ON points (guild_id, cause);
CREATE INDEX points_member ON points (guild_id, user_id, at);
CREATE INDEX points_mission ON points (guild_id, mission_id, kind, user_id);

-- Sums of the ledger, by month (`2026-11`) and for ever (`all`).
CREATE TABLE points_totals (
  guild_id TEXT NOT NULL,
  month    TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  points   INTEGER NOT NULL,
  PRIMARY KEY (guild_id, month, user_id)
) WITHOUT ROWID;
CREATE INDEX points_totals_rank ON points_totals (guild_id, month, points);

-- Members whose role may no longer be that of their points.
CREATE TABLE points_roles (
  guild_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  role_id  TEXT NOT NULL DEFAULT '',
  due_at   INTEGER,
  PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;
CREATE INDEX points_roles_due ON points_roles (due_at) WHERE due_at IS NOT NULL;

CREATE TRIGGER points_inserted AFTER INSERT ON points BEGIN
  INSERT INTO points_totals (guild_id, month, user_id, points) VALUES (NEW.guild_id, NEW.month, NEW.user_id, NEW.points)
  ON CONFLICT (guild_id, month, user_id) DO UPDATE SET points = points + NEW.points;
  INSERT INTO points_totals (guild_id, month, user_id, points) VALUES (NEW.guild_id, 'all', NEW.user_id, NEW.points)
  ON CONFLICT (guild_id, month, user_id) DO UPDATE SET points = points + NEW.points;
  INSERT INTO points_roles (guild_id, user_id, due_at) VALUES (NEW.guild_id, NEW.user_id, NEW.at)
  ON CONFLICT (guild_id, user_id) DO UPDATE SET due_at = NEW.at;
END;

-- Whose counts are read when: one row per member and platform with posts young enough to be asked about. `after_id`: the post at
-- which the round goes on.
CREATE TABLE mission_polls (
  guild_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  platform TEXT NOT NULL,
  after_id TEXT NOT NULL DEFAULT '',
  failures INTEGER NOT NULL DEFAULT 0,
  due_at   INTEGER NOT NULL,
  PRIMARY KEY (guild_id, user_id, platform)
) WITHOUT ROWID;
CREATE INDEX mission_polls_due ON mission_polls (due_at);
CREATE INDEX mission_posts_polled ON mission_posts (guild_id, user_id, platform, id);

-- The month that runs in a guild, and when it ends (the 1st, 00:05 in the guild's zone).
CREATE TABLE mission_clocks (
  guild_id TEXT PRIMARY KEY,
  month    TEXT NOT NULL,
  due_at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX mission_clocks_due ON mission_clocks (due_at);

-- Months that ended, with their first ten as JSON.
CREATE TABLE mission_months (
  guild_id  TEXT NOT NULL,
  month     TEXT NOT NULL,
  closed_at INTEGER NOT NULL,
  members   INTEGER NOT NULL,
  winners   TEXT NOT NULL,
  PRIMARY KEY (guild_id, month)
) WITHOUT ROWID;
