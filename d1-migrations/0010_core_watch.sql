-- What the dashboard's pages for watching read, each by an index that holds few rows: nothing here is written while all goes well.

-- Messages of a guild that wait, were refused, or whose fate is unknown.
CREATE INDEX outbox_open ON outbox (guild_id, state, created_at) WHERE state IN ('pending', 'failed', 'held');
CREATE INDEX outbox_troubles ON outbox (guild_id, created_at) WHERE state IN ('pending', 'failed', 'held');

CREATE INDEX audit_log_changes ON audit_log (guild_id, id) WHERE action <> 'denied';
CREATE INDEX audit_log_attempts ON audit_log (guild_id, id) WHERE action = 'denied';
CREATE INDEX audit_log_actor ON audit_log (guild_id, actor_id, id);

-- The steps of a guild's giveaways without the entries: those are many, and written while a crowd presses.
CREATE INDEX giveaway_log_steps ON giveaway_log (guild_id, id) WHERE action NOT IN ('entered', 'left');
