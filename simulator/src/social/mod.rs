//! Purpose: LinkedIn, Instagram, TikTok, X and Threads on loopback under `/social/{platform}`: consent pages, tokens,
//! publishing, metrics, and each one's own refusals; and Facebook, whose login is another way to Instagram.
//!
//! Numbers stand beside the documentation page that names them. `[M]` marks what no page says and clients report.

mod consent;
mod control;
mod facebook;
mod grants;
mod instagram;
mod kept;
mod linkedin;
mod meta;
mod posts;
mod request;
mod threads;
mod tiktok;
mod x;

pub use consent::SocialChoice;
pub use control::AppChange;
pub(crate) use kept::Social;
pub use kept::{Account, App, Platform, Post};
#[cfg(test)]
pub(crate) use request::routes;

use crate::Sim;

impl Sim {
    /// The settings of a Worker that uses these platforms: credentials and base addresses. `base_url` is the stand-in's. What stands in
    /// `FACEBOOK_APP` is for `SOCIAL_INSTAGRAM` where that application is to have Facebook Login.
    pub fn social_env(base_url: &str) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for platform in Platform::ALL {
            let name = platform.name().to_uppercase();
            let base = format!("{base_url}/social/{}", platform.name());
            let credentials = format!("{}:{}", platform.client_id(), platform.client_secret());
            lines.push((format!("SOCIAL_{name}"), credentials));
            lines.push((format!("{name}_WEB"), base.clone()));
            if platform == Platform::Instagram {
                lines.push((format!("{name}_TOKENS"), base.clone()));
            }
            lines.push((format!("{name}_API"), base));
        }
        let (facebook, base) = (Platform::Facebook, format!("{base_url}/social/facebook"));
        lines.push((
            "FACEBOOK_APP".to_owned(),
            format!("{}:{}:facebook", facebook.client_id(), facebook.client_secret()),
        ));
        lines.push(("FACEBOOK_WEB".to_owned(), base.clone()));
        lines.push(("FACEBOOK_API".to_owned(), base));
        lines
    }
}
