//! Purpose: people at the platforms' consent pages, what stands there afterwards, and the pictures the platforms download.

use crate::World;
use muster_sim::{Platform, Post, Sim, SocialChoice};
use std::collections::BTreeMap;

/// Where the platforms are in a story.
pub const PLATFORMS: &str = "http://discord.test";

impl World {
    /// The Worker's settings for the platforms: `SOCIAL_X`, `X_WEB`, `X_API` and the like, by name.
    pub fn social_env() -> BTreeMap<String, String> {
        Sim::social_env(PLATFORMS).into_iter().collect()
    }

    /// Somebody allows everything at a platform's page, with this account (made if nobody has it). `url` is where Muster
    /// sent the browser. Gives where the browser goes next, with `code` and `state`.
    #[track_caller]
    pub fn consent(&self, url: &str, account: &str) -> String {
        let choice = SocialChoice { account: account.to_owned(), ..SocialChoice::default() };
        self.consent_with(url, &choice)
    }

    /// Somebody says no at a platform's page. Gives where the browser goes next.
    #[track_caller]
    pub fn decline(&self, url: &str) -> String {
        self.consent_with(url, &SocialChoice { deny: true, ..SocialChoice::default() })
    }

    /// The same with a choice of scopes.
    #[track_caller]
    pub fn consent_with(&self, url: &str, choice: &SocialChoice) -> String {
        self.tell_sim_the_time();
        let target = self.sim.borrow_mut().social_consent(url, choice);
        target.unwrap_or_else(|refusal| panic!("the consent page says: {refusal}\n{url}"))
    }

    /// What stands on a platform, oldest first.
    pub fn posted(&self, platform: Platform) -> Vec<Post> {
        self.tell_sim_the_time();
        self.sim.borrow_mut().social_state();
        self.sim.borrow().social_posts(platform)
    }

    /// A picture somewhere on the web, for platforms to download. Instagram takes JPEG only, and looks at the first bytes.
    pub fn host_picture(&self, url: &str, content_type: &str, bytes: &[u8]) {
        self.pictures.borrow_mut().insert(url.to_owned(), (content_type.to_owned(), bytes.to_vec()));
    }

    /// The bytes of a picture that a platform shows with a post.
    pub fn picture(&self, key: &str) -> Vec<u8> {
        let request = muster_sim::RestRequest {
            method: "GET".to_owned(),
            path_and_query: format!("/social/pictures/{key}"),
            headers: Vec::new(),
            body: Vec::new(),
        };
        match self.sim.borrow_mut().rest(request) {
            muster_sim::RestOutcome::Answer(answer) => answer.body,
            muster_sim::RestOutcome::NoAnswer { .. } => Vec::new(),
        }
    }

    /// The platforms download the pictures they were told of: those of Muster's own pages come from Muster, others from
    /// `host_picture`; what is in neither is not there. Happens by itself whenever time passes.
    pub async fn fetch_pictures(&self) {
        let urls = self.sim.borrow_mut().take_downloads();
        for url in urls {
            let (status, kind, bytes) = match url.strip_prefix("https://muster.test") {
                Some(target) => match self.live(self.get(target)).await {
                    Some(response) => {
                        let bytes = if response.bytes.is_empty() { response.body.into_bytes() } else { response.bytes };
                        (response.status, response.content_type.to_owned(), bytes)
                    }
                    // Muster died over it.
                    None => (0, String::new(), Vec::new()),
                },
                None => match self.pictures.borrow().get(&url).cloned() {
                    Some((kind, bytes)) => (200, kind, bytes),
                    None => (404, String::new(), Vec::new()),
                },
            };
            self.tell_sim_the_time();
            self.sim.borrow_mut().picture_arrived(&url, status, &kind, &bytes);
        }
    }
}
