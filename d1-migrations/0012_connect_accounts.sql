-- Members' accounts on social platforms, and how they are connected.

-- A link from /connect: whoever holds it may connect an account of their own for this member. Kept as a hash, for some minutes.
CREATE TABLE social_links (
  token_hash TEXT PRIMARY KEY,
  guild_id   TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  user_name  TEXT NOT NULL,
  guild_name TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX social_links_expiry ON social_links (expires_at);

-- A consent that began: good once, for one platform, in the browser that began it.
CREATE TABLE social_logins (
  state_hash   TEXT PRIMARY KEY,
  browser_hash TEXT NOT NULL,
  guild_id     TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  platform     TEXT NOT NULL,
  verifier     TEXT NOT NULL,
  expires_at   INTEGER NOT NULL,
  used_at      INTEGER
) WITHOUT ROWID;
CREATE INDEX social_logins_expiry ON social_logins (expires_at);

-- One account per member and platform, and one member per account. `state`: active, or lost (expired or taken back; tokens wiped).
-- `due_at`: when it is looked at next (refresh, reminder, end); `lease_until`: somebody is refreshing until then.
CREATE TABLE social_accounts (
  id               TEXT PRIMARY KEY,
  guild_id         TEXT NOT NULL,
  user_id          TEXT NOT NULL,
  platform         TEXT NOT NULL,
  account_id       TEXT NOT NULL,
  account_name     TEXT NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('active', 'lost')),
  connected_at     INTEGER NOT NULL,
  access_token     TEXT NOT NULL,
  refresh_token    TEXT NOT NULL,
  sealed_by        TEXT NOT NULL,
  token_at         INTEGER NOT NULL,
  token_expires_at INTEGER NOT NULL,
  due_at           INTEGER,
  lease_until      INTEGER NOT NULL DEFAULT 0,
  reminded_at      INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX social_accounts_member ON social_accounts (guild_id, user_id, platform);
CREATE UNIQUE INDEX social_accounts_account ON social_accounts (guild_id, platform, account_id);
CREATE INDEX social_accounts_due ON social_accounts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX social_accounts_sealed ON social_accounts (sealed_by);

-- Whose an account was last, as a hash of it: another member can take it only after `until`.
CREATE TABLE social_locks (
  guild_id     TEXT NOT NULL,
  account_hash TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  until        INTEGER NOT NULL,
  PRIMARY KEY (guild_id, account_hash)
) WITHOUT ROWID;
CREATE INDEX social_locks_until ON social_locks (until);
