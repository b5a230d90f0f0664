-- Whether a platform's account is connected in another server too: taking its access back there would end it here.
CREATE INDEX social_accounts_platform ON social_accounts (platform, account_id);
