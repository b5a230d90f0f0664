-- What a post goes by on its way: as whom it appears, for which text of its mission, when, and how often it was sent.

-- `account_hash`: the account that the member confirmed it for, hashed as in social_locks. `basis`: a hash of what the mission said then.
-- `appears_at`: the time it was confirmed or scheduled for, then that of the call after which it is there. `sends`: such calls whose
-- effect nobody knew. `asks`: how often its number on the platform was asked for. A row of before has NULL, and goes by what it has.
ALTER TABLE mission_posts ADD COLUMN account_hash TEXT;
ALTER TABLE mission_posts ADD COLUMN basis TEXT;
ALTER TABLE mission_posts ADD COLUMN appears_at INTEGER;
ALTER TABLE mission_posts ADD COLUMN sends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mission_posts ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;
UPDATE mission_posts SET appears_at = due_at WHERE due_at IS NOT NULL AND state = 'scheduled';
UPDATE mission_posts SET sends = MAX(tries, 1) WHERE due_at IS NOT NULL AND sent_at IS NOT NULL;

-- Posts that cost money, by when they appear: what a budget is counted by.
CREATE INDEX mission_posts_paid ON mission_posts (guild_id, COALESCE(appears_at, created_at)) WHERE platform = 'x';
