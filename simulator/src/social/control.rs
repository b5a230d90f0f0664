//! Purpose: the platforms from outside: everything shown, accounts and apps changed, metrics set, posts taken down.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Event, Sim, acting::Refusal};

use super::{Account, App, Platform, Post, kept::Download, meta};

/// Changes of how the application stands with a platform; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AppChange {
    pub audited: Option<bool>,
    pub refresh: Option<bool>,
    pub analytics: Option<bool>,
    pub quota_total: Option<u64>,
    /// Dollars; a negative number means nobody counts any more.
    pub credit: Option<f64>,
    pub redirect_uris: Option<Vec<String>>,
    pub pull_prefixes: Option<Vec<String>>,
    pub oldest_version: Option<u32>,
    pub processing_ms: Option<u64>,
    pub listed_after_ms: Option<u64>,
}

/// Names under which a metric may be set, and the one it is kept by.
const METRICS: [(&str, &str); 13] = [
    ("views", "views"),
    ("impressions", "views"),
    ("impression_count", "views"),
    ("reactions", "reactions"),
    ("likes", "reactions"),
    ("like_count", "reactions"),
    ("comments", "comments"),
    ("replies", "comments"),
    ("shares", "shares"),
    ("reshares", "shares"),
    ("reposts", "shares"),
    ("retweets", "shares"),
    ("quotes", "quotes"),
];

impl Sim {
    /// Who watches is told to look again.
    pub(super) fn tell_social(&mut self) {
        self.emit(Event::bare("social", Value::Null));
    }

    /// An account that is there from now on, or the one that was. Its username is `username`.
    pub fn add_social_account(&mut self, platform: Platform, username: &str, name: &str) -> Account {
        let social = &mut self.world.social;
        if let Some(account) = social.account(platform, username) {
            return account.clone();
        }
        let at = social.add_account(platform, username, name);
        let account = social.accounts.get(at).cloned();
        self.tell_social();
        // What was just put in is there.
        account.unwrap_or_else(|| self.world.social.accounts[0].clone())
    }

    /// Makes an account private or public (TikTok), or of another kind (Instagram: `BUSINESS`, `PERSONAL` ...).
    pub fn change_social_account(
        &mut self,
        platform: Platform,
        account: &str,
        private: Option<bool>,
        account_type: Option<&str>,
    ) -> Result<(), Refusal> {
        let of =
            |known: &&mut Account| known.platform == platform && (known.id == account || known.username == account);
        let found = self.world.social.accounts.iter_mut().find(of);
        let found = found.ok_or_else(|| unknown("account", account))?;
        found.private = private.unwrap_or(found.private);
        if let Some(kind) = account_type {
            found.account_type = kind.to_owned();
        }
        self.tell_social();
        Ok(())
    }

    /// An account lets nobody comment on what it posts, or everybody (TikTok).
    pub fn close_comments(&mut self, platform: Platform, account: &str, are_off: bool) -> Result<(), Refusal> {
        let of =
            |known: &&mut Account| known.platform == platform && (known.id == account || known.username == account);
        let found = self.world.social.accounts.iter_mut().find(of);
        found.ok_or_else(|| unknown("account", account))?.comments_off = are_off;
        self.tell_social();
        Ok(())
    }

    /// Somebody on Facebook has these Pages and no others: each is linked to the Instagram account of a name, which is made where nobody
    /// has it.
    pub fn set_pages(&mut self, person: &str, instagram: &[impl AsRef<str>]) -> Result<(), Refusal> {
        let social = &mut self.world.social;
        let pages: Vec<String> = instagram.iter().map(|name| social.instagram(name.as_ref(), name.as_ref())).collect();
        let of = |known: &&mut Account| {
            known.platform == Platform::Facebook && (known.id == person || known.username == person)
        };
        let found = social.accounts.iter_mut().find(of);
        found.ok_or_else(|| unknown("account", person))?.pages = pages;
        self.tell_social();
        Ok(())
    }

    /// How the application stands with a platform now.
    pub fn social_app(&self, platform: Platform) -> App {
        self.world.social.app(platform)
    }

    /// Changes how the application stands with a platform.
    pub fn change_social_app(&mut self, platform: Platform, change: AppChange) {
        let app = self.world.social.apps.entry(platform).or_default();
        app.audited = change.audited.unwrap_or(app.audited);
        app.refresh = change.refresh.unwrap_or(app.refresh);
        app.analytics = change.analytics.unwrap_or(app.analytics);
        app.quota_total = change.quota_total.or(app.quota_total);
        app.credit = change.credit.or(app.credit).filter(|dollars| *dollars >= 0.0);
        app.oldest_version = change.oldest_version.unwrap_or(app.oldest_version);
        app.processing_ms = change.processing_ms.map_or(app.processing_ms, |ms| ms.min(7 * 24 * 3_600 * 1_000));
        app.listed_after_ms = change.listed_after_ms.unwrap_or(app.listed_after_ms);
        if let Some(uris) = change.redirect_uris {
            app.redirect_uris = uris;
        }
        if let Some(prefixes) = change.pull_prefixes {
            app.pull_prefixes = prefixes;
        }
        self.tell_social();
    }

    /// Somebody posts by themselves, without any application. Gives the post's id.
    pub fn post_by_hand(&mut self, platform: Platform, account: &str, text: &str) -> Result<String, Refusal> {
        let known = self.world.social.account(platform, account).cloned();
        let known = known.ok_or_else(|| unknown("account", account))?;
        Ok(self.add_post(&known, text, text, Vec::new(), "PUBLIC"))
    }

    /// All posts that stand, oldest first.
    pub fn social_posts(&self, platform: Platform) -> Vec<Post> {
        let of = |post: &&Post| post.platform == platform && !post.deleted;
        self.world.social.posts.iter().filter(of).cloned().collect()
    }

    /// Sets a metric of a post for good: `views`, `reactions`, `comments`, `shares`, `quotes`, or a platform's own name
    /// for one of them.
    pub fn set_social_metric(&mut self, platform: Platform, post: &str, name: &str, value: u64) -> Result<(), Refusal> {
        let found = METRICS.iter().find(|(known, _)| *known == name);
        let (_, kept) = found.ok_or_else(|| unknown("metric", name))?;
        let of = |known: &&mut Post| known.platform == platform && known.id == bare_id(post);
        let post = self.world.social.posts.iter_mut().find(of).ok_or_else(|| unknown("post", post))?;
        post.set.insert((*kept).to_owned(), value);
        self.tell_social();
        Ok(())
    }

    /// Takes a post down; false when there is none of that id.
    pub fn delete_post(&mut self, id: &str) -> bool {
        let id = bare_id(id);
        let post = self.world.social.posts.iter_mut().find(|post| post.id == id && !post.deleted);
        let found = post.map(|post| post.deleted = true).is_some();
        self.tell_social();
        found
    }

    /// The person takes the application's permission back in the platform's settings.
    pub fn revoke_social_account(&mut self, platform: Platform, account: &str) -> Result<(), Refusal> {
        let id = self.world.social.account(platform, account).map(|account| account.id.clone());
        let id = id.ok_or_else(|| unknown("account", account))?;
        self.revoke_social(platform, &id);
        self.tell_social();
        Ok(())
    }

    /// Everything: accounts, apps, posts with their metrics at this moment, containers, and what X has cost.
    pub fn social_state(&mut self) -> Value {
        self.settle_social();
        let social = &self.world.social;
        let apps: serde_json::Map<String, Value> =
            Platform::ALL.iter().map(|one| (one.name().to_owned(), json!(social.app(*one)))).collect();
        #[expect(clippy::cast_precision_loss, reason = "dollars to look at")]
        let spent = social.app(Platform::X).spent_micros as f64 / 1e6;
        let accounts: Vec<Value> = social.accounts.iter().map(|account| self.account_json(account)).collect();
        let posts: Vec<Value> =
            social.posts.iter().filter(|post| !post.deleted).map(|post| self.post_json(post)).collect();
        let containers: Vec<Value> = social
            .containers
            .iter()
            .map(|container| {
                let (status, why) = meta::status_of(self, container);
                json!({
                    "platform": container.platform,
                    "id": container.id,
                    "account": container.account,
                    "kind": container.kind,
                    "text": container.text,
                    "visibility": container.visibility,
                    "status": status,
                    "why": why,
                    "urls": container.downloads.iter().map(url_of).collect::<Vec<_>>(),
                    "created_ms": container.created_ms,
                    "post": container.post,
                })
            })
            .collect();
        json!({
            "now": self.world.now_ms,
            "accounts": accounts,
            "apps": apps,
            "posts": posts,
            "containers": containers,
            "spending": {"x_dollars": spent},
        })
    }

    fn account_json(&self, account: &Account) -> Value {
        let mut json = json!(account);
        let now = self.world.now_ms;
        let lives = self.world.social.grants.iter().any(|grant| {
            let refreshes = grant.refresh.is_some() && now < grant.refresh_expires_ms;
            let of = grant.platform == account.platform && grant.account == account.id;
            of && !grant.revoked && (now < grant.expires_ms || refreshes)
        });
        json["connected"] = json!(lives);
        json["posts"] = json!(self.world.social.posts_of(account).count());
        json
    }

    fn post_json(&self, post: &Post) -> Value {
        let m = self.metrics(post);
        let author = self.world.social.account(post.platform, &post.account);
        let media: Vec<String> = post.media.iter().map(|key| format!("/social/pictures/{key}")).collect();
        json!({
            "platform": post.platform,
            "id": post.id,
            "account": post.account,
            "username": author.map(|account| &account.username),
            "name": author.map(|account| &account.name),
            "text": post.text,
            "sent": post.sent,
            "media": media,
            "video": post.media.iter().any(|key| self.is_video(key)),
            "visibility": post.visibility,
            "published_ms": post.published_ms,
            "published_at": crate::ids::timestamp(post.published_ms),
            "metrics": {"views": m.views, "reactions": m.reactions, "comments": m.comments, "shares": m.shares, "quotes": m.quotes},
        })
    }

    fn is_video(&self, key: &str) -> bool {
        self.world.social.pictures.get(key).is_some_and(|file| file.content_type.starts_with("video/"))
    }
}

fn url_of(download: &Download) -> &str {
    match download {
        Download::Wanted { url } | Download::Done { url, .. } | Download::Failed { url, .. } => url,
    }
}

/// A post's number, also out of LinkedIn's `urn:li:share:1`.
fn bare_id(id: &str) -> &str {
    id.rsplit(':').next().unwrap_or(id)
}

fn unknown(what: &'static str, name: &str) -> Refusal {
    let code = match what {
        "account" => "unknown_account",
        "post" => "unknown_post",
        _ => "unknown_metric",
    };
    Refusal::new(code, format!("There is no {what} {name:?} here"))
}
