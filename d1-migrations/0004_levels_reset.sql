-- While everybody of a guild is being reset: the member up to whom it is done, '' at the beginning.

ALTER TABLE levels_guilds ADD COLUMN reset_after TEXT;
CREATE INDEX levels_guilds_reset ON levels_guilds (guild_id) WHERE reset_after IS NOT NULL;
