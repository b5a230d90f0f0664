-- What came from the gateway, what members earned by it, and the weeks and months that are over.
-- A member's row is written once per report of the gateway in which they occur, so it has few indexes.

-- The last batch that was taken of each sidecar.
CREATE TABLE gateway_sources (
  source  TEXT PRIMARY KEY,
  taken   INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The sidecar asks for documents that changed since it last asked.
CREATE INDEX guild_config_updated ON guild_config (updated_at);

CREATE TABLE levels_members (
  guild_id        TEXT NOT NULL,
  user_id         TEXT NOT NULL,
  text_xp         INTEGER NOT NULL DEFAULT 0,
  voice_xp        INTEGER NOT NULL DEFAULT 0,
  bonus_xp        INTEGER NOT NULL DEFAULT 0,
  messages        INTEGER NOT NULL DEFAULT 0,
  voice_seconds   INTEGER NOT NULL DEFAULT 0,
  week            INTEGER NOT NULL DEFAULT 0,
  week_text       INTEGER NOT NULL DEFAULT 0,
  week_voice      INTEGER NOT NULL DEFAULT 0,
  last_week       INTEGER NOT NULL DEFAULT 0,
  last_week_text  INTEGER NOT NULL DEFAULT 0,
  last_week_voice INTEGER NOT NULL DEFAULT 0,
  month            INTEGER NOT NULL DEFAULT 0,
  month_text       INTEGER NOT NULL DEFAULT 0,
  month_voice      INTEGER NOT NULL DEFAULT 0,
  last_month       INTEGER NOT NULL DEFAULT 0,
  last_month_text  INTEGER NOT NULL DEFAULT 0,
  last_month_voice INTEGER NOT NULL DEFAULT 0,
  -- The level that was last settled: announced, and its roles asked for.
  level           INTEGER NOT NULL DEFAULT 0,
  -- Counts how often a level was taken back by hand: after that it may be announced again.
  epoch           INTEGER NOT NULL DEFAULT 0,
  why             TEXT NOT NULL DEFAULT '[]',
  left_at         INTEGER,
  rewards_due     INTEGER,
  -- In which five minutes the row last changed: what the ranked index reads to follow.
  changed         INTEGER NOT NULL,
  PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;
CREATE INDEX levels_members_changed ON levels_members (guild_id, changed);
CREATE INDEX levels_members_left ON levels_members (left_at) WHERE left_at IS NOT NULL;
CREATE INDEX levels_members_rewards ON levels_members (rewards_due) WHERE rewards_due IS NOT NULL;

-- A guild that has levels: when its next week or month ends, and which making of the ranked index is valid.
CREATE TABLE levels_guilds (
  guild_id    TEXT PRIMARY KEY,
  rollover_at INTEGER NOT NULL,
  index_epoch INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX levels_guilds_rollover ON levels_guilds (rollover_at);

CREATE TABLE levels_periods (
  guild_id  TEXT NOT NULL,
  span      TEXT NOT NULL CHECK (span IN ('week', 'month')),
  period    INTEGER NOT NULL,
  closed_at INTEGER NOT NULL,
  members   INTEGER NOT NULL,
  winners   TEXT NOT NULL,
  PRIMARY KEY (guild_id, span, period)
) WITHOUT ROWID;

CREATE TABLE levels_imports (
  id         TEXT PRIMARY KEY,
  guild_id   TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('preview', 'done')),
  entries    TEXT NOT NULL
) WITHOUT ROWID;

-- Counted for later analytics: a row per channel and hour, joins and leaves under channel 0.
CREATE TABLE activity_hours (
  guild_id      TEXT NOT NULL,
  hour          INTEGER NOT NULL,
  channel_id    TEXT NOT NULL,
  messages      INTEGER NOT NULL DEFAULT 0,
  voice_seconds INTEGER NOT NULL DEFAULT 0,
  joins         INTEGER NOT NULL DEFAULT 0,
  leaves        INTEGER NOT NULL DEFAULT 0,
  commands      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (guild_id, hour, channel_id)
) WITHOUT ROWID;
