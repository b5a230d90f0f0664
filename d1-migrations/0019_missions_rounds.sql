-- What months, readings of counts and roles need to get right by themselves again.

-- A month ends by the guild's zone. `look_at`: the zone was changed then, and the clock may stand wrong.
ALTER TABLE mission_clocks ADD COLUMN look_at INTEGER;
CREATE INDEX mission_clocks_look ON mission_clocks (look_at) WHERE look_at IS NOT NULL;

CREATE TRIGGER mission_clocks_zone AFTER UPDATE OF settings ON guild_config
WHEN json_extract(NEW.settings, '$.time_zone') IS NOT json_extract(OLD.settings, '$.time_zone') BEGIN
  UPDATE mission_clocks SET look_at = NEW.updated_at WHERE guild_id = NEW.guild_id;
END;
CREATE TRIGGER mission_clocks_first_zone AFTER INSERT ON guild_config
WHEN json_extract(NEW.settings, '$.time_zone') IS NOT NULL BEGIN
  UPDATE mission_clocks SET look_at = NEW.updated_at WHERE guild_id = NEW.guild_id;
END;

-- How often in a row a platform did not give a post's counts, and when it is asked about again; `reason` says why.
ALTER TABLE mission_posts ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mission_posts ADD COLUMN ask_after INTEGER NOT NULL DEFAULT 0;

-- Posts whose counts were read where reading costs money, by day (days since 1970, UTC).
CREATE TABLE mission_reads (
  guild_id TEXT NOT NULL,
  platform TEXT NOT NULL,
  day      INTEGER NOT NULL,
  posts    INTEGER NOT NULL,
  PRIMARY KEY (guild_id, platform, day)
) WITHOUT ROWID;

-- The last look at everybody's roles, one after the other: it goes on after `after_id`; `due_at` is null once it is through.
CREATE TABLE mission_syncs (
  guild_id   TEXT PRIMARY KEY,
  after_id   TEXT NOT NULL DEFAULT '',
  started_at INTEGER NOT NULL,
  members    INTEGER NOT NULL,
  looked     INTEGER NOT NULL DEFAULT 0,
  given      INTEGER NOT NULL DEFAULT 0,
  taken      INTEGER NOT NULL DEFAULT 0,
  gone       INTEGER NOT NULL DEFAULT 0,
  refused    INTEGER NOT NULL DEFAULT 0,
  due_at     INTEGER
) WITHOUT ROWID;
CREATE INDEX mission_syncs_due ON mission_syncs (due_at) WHERE due_at IS NOT NULL;
