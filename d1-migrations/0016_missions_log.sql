-- The log of missions in a channel of the server: a row per guild that has one. `due_at`: when what was noted is posted.
CREATE TABLE mission_logs (
  guild_id   TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL,
  due_at     INTEGER
) WITHOUT ROWID;
CREATE INDEX mission_logs_due ON mission_logs (due_at) WHERE due_at IS NOT NULL;

-- What waits to be posted there. Noted by triggers, so that nothing that writes points or posts can forget it.
-- `detail`: of a post its platform, state and address or reason; of counts the platform and the numbers; of points the number and why.
CREATE TABLE mission_notes (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  kind     TEXT NOT NULL CHECK (kind IN ('post', 'counts', 'points')),
  detail   TEXT NOT NULL,
  at       INTEGER NOT NULL
);
CREATE INDEX mission_notes_guild ON mission_notes (guild_id, id);

-- A minute gathers what belongs together into one message.
CREATE TRIGGER mission_notes_inserted AFTER INSERT ON mission_notes BEGIN
  UPDATE mission_logs SET due_at = NEW.at + 60000 WHERE guild_id = NEW.guild_id AND due_at IS NULL;
END;

CREATE TRIGGER points_noted AFTER INSERT ON points
WHEN EXISTS (SELECT 1 FROM mission_logs WHERE guild_id = NEW.guild_id) BEGIN
  INSERT INTO mission_notes (guild_id, user_id, kind, detail, at)
  VALUES (NEW.guild_id, NEW.user_id, 'points', printf('%+d %s', NEW.points, NEW.reason), NEW.at);
END;

CREATE TRIGGER mission_posts_noted AFTER UPDATE OF state ON mission_posts
WHEN NEW.state <> OLD.state AND NEW.state IN ('published', 'failed', 'held', 'cancelled')
  AND EXISTS (SELECT 1 FROM mission_logs WHERE guild_id = NEW.guild_id) BEGIN
  INSERT INTO mission_notes (guild_id, user_id, kind, detail, at)
  VALUES (NEW.guild_id, NEW.user_id, 'post',
    printf('%s %s %s', NEW.platform, NEW.state, CASE NEW.state WHEN 'published' THEN NEW.url ELSE NEW.reason END), NEW.step_at);
END;

CREATE TRIGGER mission_counts_noted AFTER UPDATE OF views, reactions, comments, shares ON mission_posts
WHEN (NEW.views IS NOT OLD.views OR NEW.reactions IS NOT OLD.reactions OR NEW.comments IS NOT OLD.comments OR NEW.shares IS NOT OLD.shares)
  AND EXISTS (SELECT 1 FROM mission_logs WHERE guild_id = NEW.guild_id) BEGIN
  INSERT INTO mission_notes (guild_id, user_id, kind, detail, at)
  VALUES (NEW.guild_id, NEW.user_id, 'counts',
    printf('%s %d views, %d reactions, %d comments, %d shares', NEW.platform, NEW.views, NEW.reactions, NEW.comments, NEW.shares),
    COALESCE(NEW.metrics_at, NEW.step_at));
END;
