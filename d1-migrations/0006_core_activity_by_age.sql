-- Counts of commands exist in guilds without levels too, whose clock never deletes them: the cron finds the old ones by hour.
CREATE INDEX activity_hours_hour ON activity_hours (hour);
