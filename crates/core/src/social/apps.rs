//! Purpose: the applications of this deployment on the platforms: read from settings, where they call, what was granted to them.

use super::{Kind, facebook};

/// What this deployment holds of a platform. Not `Debug`: it holds the secret.
#[derive(Clone)]
pub struct App {
    pub client_id: String,
    pub client_secret: String,
    /// What the platform granted the application, as words after its secret: `audited` (TikTok), `refresh` and `analytics` (LinkedIn),
    /// `facebook` (Instagram: the application has Facebook Login, not Instagram Login).
    pub grants: Vec<String>,
    /// Where people are sent to consent.
    pub web: String,
    /// Where a code becomes a token; only Instagram has a host of its own for it.
    pub tokens: String,
    pub api: String,
}

impl App {
    pub fn has(&self, grant: &str) -> bool {
        self.grants.iter().any(|one| one == grant)
    }
}

/// The applications of this deployment, by platform; a platform without one is not set up.
pub type Apps = Vec<(Kind, App)>;

/// What brings no points for views and reactions on this deployment, a sentence for each platform.
pub fn uncounted(apps: &Apps) -> Vec<&'static str> {
    apps.iter().filter_map(|(kind, app)| kind.uncounted(app)).collect()
}

impl Kind {
    /// Why posts of this application bring nothing for views and reactions, where their counts cannot be read.
    pub fn uncounted(self, app: &App) -> Option<&'static str> {
        (!self.platform().capabilities(app).has_metrics).then_some(match self {
            Self::TikTok => {
                "Views and reactions of posts on TikTok are not counted and bring no points: they are for their author only until TikTok has audited this application."
            }
            _ => {
                "Views and reactions of posts on LinkedIn are not counted and bring no points: LinkedIn has not granted this application to read them."
            }
        })
    }

    /// The real bases (web, tokens, api) of an application with these grants, and the settings that replace them.
    fn bases(self, grants: &[String]) -> [(&'static str, &'static str); 3] {
        match self {
            Self::Instagram if grants.iter().any(|grant| grant == facebook::GRANT) => [
                ("FACEBOOK_WEB", "https://www.facebook.com"),
                ("FACEBOOK_API", "https://graph.facebook.com"),
                ("FACEBOOK_API", "https://graph.facebook.com"),
            ],
            Self::LinkedIn => [
                ("LINKEDIN_WEB", "https://www.linkedin.com"),
                ("LINKEDIN_WEB", "https://www.linkedin.com"),
                ("LINKEDIN_API", "https://api.linkedin.com"),
            ],
            Self::Instagram => [
                ("INSTAGRAM_WEB", "https://www.instagram.com"),
                ("INSTAGRAM_TOKENS", "https://api.instagram.com"),
                ("INSTAGRAM_API", "https://graph.instagram.com"),
            ],
            Self::TikTok => [
                ("TIKTOK_WEB", "https://www.tiktok.com"),
                ("TIKTOK_API", "https://open.tiktokapis.com"),
                ("TIKTOK_API", "https://open.tiktokapis.com"),
            ],
            Self::X => [("X_WEB", "https://x.com"), ("X_API", "https://api.x.com"), ("X_API", "https://api.x.com")],
            Self::Threads => [
                ("THREADS_WEB", "https://threads.net"),
                ("THREADS_API", "https://graph.threads.net"),
                ("THREADS_API", "https://graph.threads.net"),
            ],
        }
    }

    /// The application out of its setting, `client_id:client_secret[:grant...]`; `base` reads the settings of the bases.
    pub fn app(self, setting: &str, base: impl Fn(&str, &str) -> String) -> Option<App> {
        let mut parts = setting.trim().split(':');
        let client_id = parts.next().filter(|part| !part.is_empty())?.to_owned();
        let client_secret = parts.next().filter(|part| !part.is_empty())?.to_owned();
        let grants: Vec<String> = parts.map(str::to_owned).collect();
        let [web, tokens, api] = self.bases(&grants).map(|(name, default)| base(name, default));
        Some(App { client_id, client_secret, grants, web, tokens, api })
    }
}
