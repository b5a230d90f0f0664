-- Pictures that a guild keeps in R2, under `guild_id/name`. The row is there before the object and goes after it, so that no object
-- is without one. `due_at`: when it is looked at whether anything still uses it; `is_going`: nothing may any more.
CREATE TABLE media (
  guild_id   TEXT NOT NULL,
  name       TEXT NOT NULL,
  bytes      INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  is_going   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (guild_id, name)
) WITHOUT ROWID;
CREATE INDEX media_due ON media (due_at);
CREATE INDEX missions_image ON missions (guild_id, image_url) WHERE image_url <> '';
CREATE INDEX mission_posts_image ON mission_posts (guild_id, image_url) WHERE due_at IS NOT NULL AND image_url <> '';
