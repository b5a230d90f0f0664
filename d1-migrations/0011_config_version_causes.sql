-- Which line of the audit log tells who made a version of a configuration; NULL for versions older than this.

ALTER TABLE guild_config_versions ADD COLUMN cause TEXT;
