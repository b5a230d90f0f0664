-- Long work on levels, done in steps: giving everybody their roles, and taking over another bot's totals.

-- The last sync of a guild: the member id up to which members are marked (NULL once all are), and what came of it.
ALTER TABLE levels_guilds ADD COLUMN sync_at INTEGER;
ALTER TABLE levels_guilds ADD COLUMN sync_after TEXT;
ALTER TABLE levels_guilds ADD COLUMN sync_members INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_guilds ADD COLUMN sync_looked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_guilds ADD COLUMN sync_given INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_guilds ADD COLUMN sync_taken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_guilds ADD COLUMN sync_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_guilds ADD COLUMN sync_done_at INTEGER;
CREATE INDEX levels_guilds_sync ON levels_guilds (sync_at) WHERE sync_at IS NOT NULL AND sync_done_at IS NULL;

-- An import is 'preview' until its last entry is written; it runs from started_at on, and position entries are written.
ALTER TABLE levels_imports ADD COLUMN mode TEXT NOT NULL DEFAULT 'higher' CHECK (mode IN ('add', 'higher', 'replace'));
ALTER TABLE levels_imports ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE levels_imports ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_imports ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_imports ADD COLUMN started_at INTEGER;
ALTER TABLE levels_imports ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE levels_imports ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX levels_imports_running ON levels_imports (started_at) WHERE started_at IS NOT NULL AND state = 'preview';
