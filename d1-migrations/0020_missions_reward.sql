-- What publishing a mission brings, where it is not what the server's rules say; -1: the rules.
ALTER TABLE missions ADD COLUMN publish_points INTEGER NOT NULL DEFAULT -1;
