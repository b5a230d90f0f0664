-- Giveaways: the row is the schedule (due_at), the log is the lock (one row per version), entries are toggled by
-- interactions that are newer than the last one, and triggers keep count and log of them.

CREATE TABLE giveaways (
  id                   TEXT PRIMARY KEY,
  guild_id             TEXT NOT NULL,
  channel_id           TEXT NOT NULL,
  message_id           TEXT,
  host_id              TEXT NOT NULL,
  interaction_id       TEXT NOT NULL UNIQUE,
  prize                TEXT NOT NULL,
  description          TEXT NOT NULL,
  image_url            TEXT,
  mention_role         TEXT,
  winners              INTEGER NOT NULL,
  requirements         TEXT NOT NULL,
  min_entrants         INTEGER NOT NULL,
  too_few              TEXT NOT NULL CHECK (too_few IN ('extend', 'cancel')),
  extensions           INTEGER NOT NULL,
  claim_seconds        INTEGER NOT NULL,
  reroll_limit         INTEGER NOT NULL,
  rerolls_used         INTEGER NOT NULL,
  winner_cooldown_days INTEGER NOT NULL,
  state                TEXT NOT NULL CHECK (state IN ('active', 'paused', 'drawing', 'claiming', 'finished', 'cancelled')),
  created_at           INTEGER NOT NULL,
  duration_ms          INTEGER NOT NULL,
  ends_at              INTEGER NOT NULL,
  paused_left_ms       INTEGER,
  due_at               INTEGER,
  version              INTEGER NOT NULL,
  seed                 TEXT NOT NULL,
  commitment           TEXT NOT NULL,
  entrant_count        INTEGER NOT NULL,
  entrants_hash        TEXT,
  open_slots           TEXT NOT NULL,
  picks_drawn          INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX giveaways_due ON giveaways (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX giveaways_guild ON giveaways (guild_id, created_at);

CREATE TABLE giveaway_entries (
  giveaway_id      TEXT NOT NULL REFERENCES giveaways (id),
  user_id          TEXT NOT NULL,
  weight           INTEGER NOT NULL,
  entered_at       INTEGER NOT NULL,
  left_at          INTEGER,
  last_interaction TEXT NOT NULL,
  PRIMARY KEY (giveaway_id, user_id)
) WITHOUT ROWID;

CREATE TABLE giveaway_picks (
  giveaway_id TEXT NOT NULL REFERENCES giveaways (id),
  pick        INTEGER NOT NULL,
  slot        INTEGER NOT NULL,
  user_id     TEXT NOT NULL,
  outcome     TEXT NOT NULL CHECK (outcome IN ('passed', 'won', 'claimed', 'lapsed', 'replaced')),
  reason      TEXT,
  at          INTEGER NOT NULL,
  claim_by    INTEGER,
  PRIMARY KEY (giveaway_id, pick)
) WITHOUT ROWID;
CREATE UNIQUE INDEX giveaway_picks_once ON giveaway_picks (giveaway_id, user_id);
CREATE INDEX giveaway_picks_user ON giveaway_picks (user_id) WHERE outcome = 'claimed';

CREATE TABLE giveaway_log (
  id          INTEGER PRIMARY KEY,
  giveaway_id TEXT NOT NULL,
  guild_id    TEXT NOT NULL,
  version     INTEGER,
  at          INTEGER NOT NULL,
  actor_id    TEXT,
  action      TEXT NOT NULL,
  detail      TEXT NOT NULL,
  cause       TEXT
);
CREATE INDEX giveaway_log_giveaway ON giveaway_log (giveaway_id, id);
CREATE UNIQUE INDEX giveaway_log_version ON giveaway_log (giveaway_id, version) WHERE version IS NOT NULL;
CREATE UNIQUE INDEX giveaway_log_cause ON giveaway_log (cause) WHERE cause IS NOT NULL;

CREATE TABLE giveaway_blacklist (
  guild_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  reason   TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;

CREATE TRIGGER giveaway_entries_entered AFTER INSERT ON giveaway_entries
BEGIN
  UPDATE giveaways SET entrant_count = entrant_count + 1 WHERE id = NEW.giveaway_id;
  INSERT INTO giveaway_log (giveaway_id, guild_id, at, actor_id, action, detail)
    SELECT id, guild_id, NEW.entered_at, NEW.user_id, 'entered', CAST(NEW.weight AS TEXT) FROM giveaways WHERE id = NEW.giveaway_id;
END;

CREATE TRIGGER giveaway_entries_left AFTER UPDATE OF left_at ON giveaway_entries
WHEN OLD.left_at IS NULL AND NEW.left_at IS NOT NULL
BEGIN
  UPDATE giveaways SET entrant_count = entrant_count - 1 WHERE id = NEW.giveaway_id;
  INSERT INTO giveaway_log (giveaway_id, guild_id, at, actor_id, action, detail)
    SELECT id, guild_id, NEW.left_at, NEW.user_id, 'left', '' FROM giveaways WHERE id = NEW.giveaway_id;
END;

CREATE TRIGGER giveaway_entries_returned AFTER UPDATE OF left_at ON giveaway_entries
WHEN OLD.left_at IS NOT NULL AND NEW.left_at IS NULL
BEGIN
  UPDATE giveaways SET entrant_count = entrant_count + 1 WHERE id = NEW.giveaway_id;
  INSERT INTO giveaway_log (giveaway_id, guild_id, at, actor_id, action, detail)
    SELECT id, guild_id, NEW.entered_at, NEW.user_id, 'entered', CAST(NEW.weight AS TEXT) FROM giveaways WHERE id = NEW.giveaway_id;
END;
