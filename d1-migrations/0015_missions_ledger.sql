-- The ledger of a guild, the newest first.
CREATE INDEX points_newest ON points (guild_id, at, id);
