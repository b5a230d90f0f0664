-- Giveaways that are not over are listed without reading those that are.
CREATE INDEX giveaways_open ON giveaways (guild_id, created_at) WHERE state NOT IN ('finished', 'cancelled');
