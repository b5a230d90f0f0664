-- What a mission's posts gained in views, reactions, comments and shares on each day (days since 1970, UTC), for its chart. Kept by the
-- change of a post's counts itself, so that a count that is read twice is added once.
CREATE TABLE mission_engagement (
  guild_id   TEXT NOT NULL,
  mission_id TEXT NOT NULL,
  day        INTEGER NOT NULL,
  views      INTEGER NOT NULL,
  reactions  INTEGER NOT NULL,
  comments   INTEGER NOT NULL,
  shares     INTEGER NOT NULL,
  PRIMARY KEY (mission_id, day)
) WITHOUT ROWID;

CREATE TRIGGER mission_engagement_gained AFTER UPDATE OF views, reactions, comments, shares ON mission_posts
WHEN NEW.metrics_at IS NOT NULL
  AND (COALESCE(NEW.views, 0) > COALESCE(OLD.views, 0) OR COALESCE(NEW.reactions, 0) > COALESCE(OLD.reactions, 0)
    OR COALESCE(NEW.comments, 0) > COALESCE(OLD.comments, 0) OR COALESCE(NEW.shares, 0) > COALESCE(OLD.shares, 0)) BEGIN
  INSERT INTO mission_engagement (guild_id, mission_id, day, views, reactions, comments, shares)
  VALUES (NEW.guild_id, NEW.mission_id, NEW.metrics_at / 86400000, COALESCE(NEW.views, 0) - COALESCE(OLD.views, 0),
    COALESCE(NEW.reactions, 0) - COALESCE(OLD.reactions, 0), COALESCE(NEW.comments, 0) - COALESCE(OLD.comments, 0),
    COALESCE(NEW.shares, 0) - COALESCE(OLD.shares, 0))
  ON CONFLICT (mission_id, day) DO UPDATE SET views = views + excluded.views, reactions = reactions + excluded.reactions,
    comments = comments + excluded.comments, shares = shares + excluded.shares;
END;

-- What was counted before this table: on the day on which it was last read.
INSERT INTO mission_engagement (guild_id, mission_id, day, views, reactions, comments, shares)
SELECT guild_id, mission_id, metrics_at / 86400000, SUM(COALESCE(views, 0)), SUM(COALESCE(reactions, 0)), SUM(COALESCE(comments, 0)), SUM(COALESCE(shares, 0))
FROM mission_posts WHERE metrics_at IS NOT NULL AND views IS NOT NULL GROUP BY mission_id, metrics_at / 86400000;
