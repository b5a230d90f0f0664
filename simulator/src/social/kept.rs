//! Purpose: what the stand-in keeps of the platforms: accounts, apps, grants, posts, containers. Plain data, no rules.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::StoredFile;

/// A place where people publish, or Facebook, where they only say yes to Instagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    LinkedIn,
    Instagram,
    TikTok,
    X,
    Threads,
    Facebook,
}

impl Platform {
    /// Where people publish.
    pub const ALL: [Self; 5] = [Self::LinkedIn, Self::Instagram, Self::TikTok, Self::X, Self::Threads];

    /// As it stands in addresses: `linkedin`, `x` ...
    pub fn name(self) -> &'static str {
        match self {
            Self::LinkedIn => "linkedin",
            Self::Instagram => "instagram",
            Self::TikTok => "tiktok",
            Self::X => "x",
            Self::Threads => "threads",
            Self::Facebook => "facebook",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::LinkedIn => "LinkedIn",
            Self::Instagram => "Instagram",
            Self::TikTok => "TikTok",
            Self::X => "X",
            Self::Threads => "Threads",
            Self::Facebook => "Facebook",
        }
    }

    /// The platform with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Facebook]).find(|platform| platform.name() == name)
    }

    /// `client_id` (TikTok: `client_key`) of the application there.
    pub fn client_id(self) -> String {
        format!("simulated-{}-app", self.name())
    }

    /// The application's secret there.
    pub fn client_secret(self) -> String {
        format!("the-simulated-secret-for-{}", self.name())
    }

    /// What parts scopes in an address: Meta and TikTok take commas, OAuth2 itself a space.
    pub(crate) fn scope_mark(self) -> char {
        match self {
            Self::LinkedIn | Self::X => ' ',
            _ => ',',
        }
    }
}

/// Somebody's account on a platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub platform: Platform,
    pub id: String,
    pub username: String,
    pub name: String,
    /// Only TikTok asks: an application that is not audited can only publish to private accounts.
    pub private: bool,
    /// Only TikTok says: nobody may comment on what this account posts.
    #[serde(default)]
    pub comments_off: bool,
    /// Only Instagram says: `BUSINESS`, `MEDIA_CREATOR`, or `PERSONAL`, which cannot be connected.
    pub account_type: String,
    /// Only Facebook has Pages: the Instagram accounts that they are linked to, by id, one to a Page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<String>,
}

/// How the application stands with a platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct App {
    /// TikTok: whether the client passed the audit.
    pub audited: bool,
    /// LinkedIn: whether refresh tokens are given, as only approved partners get.
    pub refresh: bool,
    /// LinkedIn: whether members' post analytics may be read.
    pub analytics: bool,
    /// Instagram, Threads: `quota_total` of the publishing limit; nothing is the platform's own.
    pub quota_total: Option<u64>,
    /// X: dollars that were bought; nothing means nobody counts.
    pub credit: Option<f64>,
    /// X: what all calls cost so far, in millionths of a dollar.
    pub spent_micros: u64,
    /// Exactly these redirect addresses; empty means loopback ones and those that were registered with the stand-in.
    pub redirect_uris: Vec<String>,
    /// TikTok: prefixes of addresses whose ownership was verified; empty means all.
    pub pull_prefixes: Vec<String>,
    /// LinkedIn: the oldest `Linkedin-Version` still served, such as 202507; 0 means all.
    pub oldest_version: u32,
    /// How long a picture or video is worked on after it was downloaded, milliseconds.
    pub processing_ms: u64,
    /// Instagram, Threads, X: how long after it was published a post is among an account's posts, milliseconds.
    pub listed_after_ms: u64,
}

impl Default for App {
    fn default() -> Self {
        Self {
            audited: false,
            refresh: false,
            analytics: false,
            quota_total: None,
            credit: None,
            spent_micros: 0,
            redirect_uris: Vec::new(),
            pull_prefixes: Vec::new(),
            oldest_version: 0,
            processing_ms: 5_000,
            listed_after_ms: 0,
        }
    }
}

/// A code waiting to be exchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub platform: Platform,
    pub code: String,
    pub account: String,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub expires_ms: u64,
    pub used: bool,
}

/// What a person granted, and its present tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub platform: Platform,
    pub account: String,
    pub scopes: Vec<String>,
    pub access: String,
    pub issued_ms: u64,
    pub expires_ms: u64,
    /// Meta: an hour's token that can be exchanged for a long-lived one.
    pub short: bool,
    pub refresh: Option<String>,
    pub refresh_expires_ms: u64,
    /// The person took the permission back, or the application did.
    pub revoked: bool,
}

/// A picture or video on its way in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Download {
    Wanted {
        url: String,
    },
    /// Kept under this key of `pictures`.
    Done {
        key: String,
        url: String,
        at_ms: u64,
    },
    Failed {
        url: String,
        why: String,
    },
}

/// Something being prepared: a container of Meta's, a publish of TikTok's, an upload of LinkedIn's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Container {
    pub platform: Platform,
    pub id: String,
    pub account: String,
    pub text: String,
    /// `TEXT`, `IMAGE`, `PHOTO` or `VIDEO`.
    pub kind: String,
    /// TikTok's `privacy_level`; `PUBLIC` elsewhere.
    pub visibility: String,
    /// TikTok's `post_info` as it was sent.
    #[serde(default)]
    pub info: Value,
    pub downloads: Vec<Download>,
    pub created_ms: u64,
    pub post: Option<String>,
}

/// Something that was published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Post {
    pub platform: Platform,
    pub id: String,
    pub account: String,
    /// As people see it.
    pub text: String,
    /// As the application sent it.
    pub sent: String,
    /// Keys of pictures.
    pub media: Vec<String>,
    pub visibility: String,
    /// TikTok's `post_info` as it was sent.
    #[serde(default)]
    pub info: Value,
    pub published_ms: u64,
    pub deleted: bool,
    /// Metrics that were set by hand: `views`, `reactions`, `comments`, `shares`, `quotes`.
    pub set: BTreeMap<String, u64>,
}

/// Everything kept of the platforms.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Social {
    pub accounts: Vec<Account>,
    pub apps: BTreeMap<Platform, App>,
    pub codes: Vec<Code>,
    pub grants: Vec<Grant>,
    pub containers: Vec<Container>,
    pub posts: Vec<Post>,
    pub pictures: BTreeMap<String, StoredFile>,
    /// When calls of a kind were made, for limits per token and per user: key, then Unix milliseconds.
    pub counted: BTreeMap<String, Vec<u64>>,
    /// Addresses somebody is downloading right now.
    #[serde(skip)]
    pub fetching: BTreeSet<String>,
}

/// Who has an account everywhere from the start.
const DEMO: [(&str, &str); 4] = [("mara", "Mara"), ("jonas", "Jonas"), ("ada", "Ada"), ("emil", "Emil")];

impl Default for Social {
    fn default() -> Self {
        let mut social = Self {
            accounts: Vec::new(),
            apps: BTreeMap::new(),
            codes: Vec::new(),
            grants: Vec::new(),
            containers: Vec::new(),
            posts: Vec::new(),
            pictures: BTreeMap::new(),
            counted: BTreeMap::new(),
            fetching: BTreeSet::new(),
        };
        for platform in Platform::ALL.into_iter().chain([Platform::Facebook]) {
            for (username, name) in DEMO {
                social.add_account(platform, username, name);
            }
        }
        social
    }
}

impl Social {
    /// Makes an account and gives its place in the list. Ids have the platform's form. Who is new on Facebook has one Page there, linked
    /// to the Instagram account of the same name.
    pub fn add_account(&mut self, platform: Platform, username: &str, name: &str) -> usize {
        let pages = match platform {
            Platform::Facebook => vec![self.instagram(username, name)],
            _ => Vec::new(),
        };
        let n = self.accounts.len() + 1;
        let id = match platform {
            Platform::LinkedIn => format!("sim{n:07}"),
            Platform::Instagram => format!("1784140{n:010}"),
            Platform::TikTok => format!("-000sim{n:030}"),
            Platform::X => format!("17{n:017}"),
            Platform::Threads => format!("2611{n:012}"),
            Platform::Facebook => format!("1022{n:013}"),
        };
        self.accounts.push(Account {
            platform,
            id,
            username: username.to_owned(),
            name: name.to_owned(),
            private: platform == Platform::TikTok,
            comments_off: false,
            account_type: "BUSINESS".to_owned(),
            pages,
        });
        self.accounts.len() - 1
    }

    /// The id of the Instagram account of this name, which is made where there is none.
    pub fn instagram(&mut self, username: &str, name: &str) -> String {
        if let Some(account) = self.account(Platform::Instagram, username) {
            return account.id.clone();
        }
        let at = self.add_account(Platform::Instagram, username, name);
        self.accounts.get(at).map(|account| account.id.clone()).unwrap_or_default()
    }

    /// An account by id or username.
    pub fn account(&self, platform: Platform, name: &str) -> Option<&Account> {
        let of = |account: &&Account| account.platform == platform && (account.id == name || account.username == name);
        self.accounts.iter().find(of)
    }

    pub fn app(&self, platform: Platform) -> App {
        self.apps.get(&platform).cloned().unwrap_or_default()
    }

    /// A post that was not deleted.
    pub fn post(&self, platform: Platform, id: &str) -> Option<&Post> {
        self.posts.iter().find(|post| post.platform == platform && post.id == id && !post.deleted)
    }

    /// An account's posts, newest first.
    pub fn posts_of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Post> {
        let of = |post: &&Post| post.platform == account.platform && post.account == account.id && !post.deleted;
        self.posts.iter().rev().filter(of)
    }

    /// The same as they are listed at `now_ms`.
    pub fn listed<'a>(&'a self, account: &'a Account, now_ms: u64) -> impl Iterator<Item = &'a Post> {
        let after = self.app(account.platform).listed_after_ms;
        self.posts_of(account).filter(move |post| post.published_ms + after <= now_ms)
    }

    pub fn container(&self, platform: Platform, id: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.platform == platform && container.id == id)
    }

    /// Counts one call of a kind unless there were already `most` within `window_ms`; false then.
    pub fn count(&mut self, key: String, now_ms: u64, window_ms: u64, most: usize) -> bool {
        let times = self.counted.entry(key).or_default();
        times.retain(|at| *at <= now_ms && now_ms - at < window_ms);
        let free = times.len() < most;
        if free {
            times.push(now_ms);
        }
        free
    }
}
