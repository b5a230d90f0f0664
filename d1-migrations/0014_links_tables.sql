-- Short links, what was clicked and what it comes to.

-- `mission` and `owner` are null for links that somebody made by hand. `target` is where it leads, with UTM, fixed when it was
-- made; `created_by` is null once they are forgotten. `ended_as` is 'disabled' or 'closed'. `stale_at` says since when KV may not know: null once it does.
CREATE TABLE links (
  slug       TEXT PRIMARY KEY,
  guild_id   TEXT NOT NULL,
  mission    TEXT,
  owner_id   TEXT,
  name       TEXT NOT NULL,
  target     TEXT NOT NULL,
  created_by TEXT,
  cause      TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  ended_at   INTEGER,
  ended_as   TEXT,
  stale_at   INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX links_mission ON links (guild_id, mission, owner_id) WHERE mission IS NOT NULL;
CREATE INDEX links_newest ON links (guild_id, created_at) WHERE mission IS NULL;
CREATE INDEX links_owner ON links (guild_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX links_stale ON links (stale_at) WHERE stale_at IS NOT NULL;

-- Clicks as they came, one line each, of one guild and one slot of five minutes; kept some days, so that one that comes again is
-- known. The first `counted` characters are counted. Text is only ever appended, so a batch is one written row.
CREATE TABLE link_clicks (
  slot     INTEGER NOT NULL,
  guild_id TEXT NOT NULL,
  part     INTEGER NOT NULL,
  clicks   TEXT NOT NULL,
  size     INTEGER NOT NULL,
  counted  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (slot, guild_id, part)
) WITHOUT ROWID;

-- Slots with clicks that are not counted.
CREATE TABLE link_slots (
  slot     INTEGER NOT NULL,
  guild_id TEXT NOT NULL,
  PRIMARY KEY (slot, guild_id)
) WITHOUT ROWID;

-- What clicks come to, for all links of a mission (`pack`; empty for links made by hand) on a day (days since 1970, UTC), and over all
-- time as day -1. `numbers` is JSON by slug: a row for many links costs one write.
CREATE TABLE link_counts (
  guild_id   TEXT NOT NULL,
  pack       TEXT NOT NULL,
  day        INTEGER NOT NULL,
  numbers    TEXT NOT NULL,
  version    INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (guild_id, pack, day)
) WITHOUT ROWID;
CREATE INDEX link_counts_changed ON link_counts (changed_at, guild_id, pack) WHERE day = -1 AND pack <> '';

-- Who was there on a day, as hashes that only that day can make, each behind a letter for what became of them; kept two weeks.
CREATE TABLE link_visitors (
  day      INTEGER NOT NULL,
  guild_id TEXT NOT NULL,
  pack     TEXT NOT NULL,
  visitors TEXT NOT NULL,
  version  INTEGER NOT NULL,
  PRIMARY KEY (day, guild_id, pack)
) WITHOUT ROWID;

-- Devices that a member was seen with while signed in, as hashes of one day: their clicks on their own links are held.
CREATE TABLE link_devices (
  day      INTEGER NOT NULL,
  guild_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  device   TEXT NOT NULL,
  PRIMARY KEY (day, guild_id, user_id, device)
) WITHOUT ROWID;
