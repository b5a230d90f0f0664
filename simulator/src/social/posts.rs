//! Purpose: what was published: pictures that are downloaded for it, posts, and metrics that grow with the clock.

use serde_json::json;

use crate::{
    Sim,
    rest::{RestResponse, plain},
    world::StoredFile,
};

use super::{
    Platform,
    kept::{Account, Container, Download, Post},
    request::{Handled, Req, Route, html},
};

/// Largest picture or video that is kept, bytes.
const MAX_MEDIA: usize = 8 * 1024 * 1024;
/// Half of what a post will ever get, it has after so long.
const HALF_MS: u64 = 6 * 3_600 * 1_000;

/// Pictures, and where the platforms' own pages of a post would be: they lead to the page of all posts.
pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/pictures/{key}", picture),
    ("GET", "/social/linkedin/feed/update/{id}", page),
    ("GET", "/social/linkedin/feed/update/{id}/", page),
    ("GET", "/social/instagram/p/{id}/", page),
    ("GET", "/social/threads/{who}/post/{id}", page),
    ("GET", "/social/x/{who}/status/{id}", page),
    ("GET", "/social/tiktok/{who}/photo/{id}", page),
    ("GET", "/social/tiktok/{who}/video/{id}", page),
];

/// What people did with a post so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metrics {
    pub views: u64,
    /// Likes, or reactions of every kind.
    pub reactions: u64,
    /// Comments, or replies.
    pub comments: u64,
    /// Shares, reshares, reposts.
    pub shares: u64,
    pub quotes: u64,
}

/// How a container stands. Nobody is told anything when it changes: it is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Working,
    /// Ready since this moment.
    Ready(u64),
    Failed(String),
}

impl Sim {
    /// A post's metrics at this moment: what was set by hand, or a curve of its own that rises fast and then slowly.
    pub(super) fn metrics(&self, post: &Post) -> Metrics {
        let age = self.world.now_ms.saturating_sub(post.published_ms);
        // Every post has its own strength: 100 to 499 views in the end.
        let seed = post.id.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_003);
        let most = if post.visibility == "SELF_ONLY" { 3 } else { 100 + seed % 400 };
        let views = most * age / (age + HALF_MS);
        let grown = |name: &str, part: u64| post.set.get(name).copied().unwrap_or(views * part / 100);
        Metrics {
            views: grown("views", 100),
            reactions: grown("reactions", 4 + seed % 7),
            comments: grown("comments", 1 + seed % 3),
            shares: grown("shares", seed % 3),
            quotes: grown("quotes", seed % 2),
        }
    }

    /// Keeps a picture or video and gives its key.
    pub(super) fn keep_picture(&mut self, content_type: &str, bytes: &[u8]) -> String {
        let key = self.world.next_id().to_string();
        let file = StoredFile { content_type: content_type.to_owned(), hex: hex::encode(bytes) };
        self.world.social.pictures.insert(key.clone(), file);
        key
    }

    /// Publishes; gives the id.
    pub(super) fn add_post(
        &mut self,
        account: &Account,
        text: &str,
        sent: &str,
        media: Vec<String>,
        visibility: &str,
    ) -> String {
        let id = self.world.next_id().to_string();
        self.world.social.posts.push(Post {
            platform: account.platform,
            id: id.clone(),
            account: account.id.clone(),
            text: text.to_owned(),
            sent: sent.to_owned(),
            media,
            visibility: visibility.to_owned(),
            info: serde_json::Value::Null,
            published_ms: self.world.now_ms,
            deleted: false,
            set: std::collections::BTreeMap::new(),
        });
        self.tell_social();
        id
    }

    /// Makes a container whose pictures are to be downloaded; gives its id.
    pub(super) fn add_container(&mut self, container: Container) -> String {
        let id = container.id.clone();
        self.world.social.containers.push(container);
        let own = format!("{}/cdn", self.options.base_url);
        // What the stand-in serves itself need not be fetched by anybody.
        for url in self.wanted_pictures() {
            if let Some(path) = url.strip_prefix(&own) {
                let (status, kind, bytes) = match self.file(path) {
                    Some((kind, bytes)) => (200, kind, bytes),
                    None => (404, String::new(), Vec::new()),
                };
                self.picture_arrived(&url, status, &kind, &bytes);
            }
        }
        id
    }

    fn wanted_pictures(&self) -> Vec<String> {
        let downloads = self.world.social.containers.iter().flat_map(|container| &container.downloads);
        let mut urls: Vec<String> = downloads
            .filter_map(|download| match download {
                Download::Wanted { url } if url.contains("://") => Some(url.clone()),
                _ => None,
            })
            .collect();
        urls.sort();
        urls.dedup();
        urls
    }

    /// Addresses that the platforms want to download; each is given once. Whoever holds the stand-in fetches them and
    /// calls `picture_arrived`, for the core has no network.
    pub fn take_downloads(&mut self) -> Vec<String> {
        let mut urls = self.wanted_pictures();
        urls.retain(|url| self.world.social.fetching.insert(url.clone()));
        urls
    }

    /// What came of a download: HTTP status (0 for no answer), media type and bytes.
    pub fn picture_arrived(&mut self, url: &str, status: u16, content_type: &str, bytes: &[u8]) {
        self.world.social.fetching.remove(url);
        let now = self.world.now_ms;
        let mut containers = std::mem::take(&mut self.world.social.containers);
        for container in &mut containers {
            let (platform, kind) = (container.platform, container.kind.clone());
            for download in &mut container.downloads {
                if !matches!(download, Download::Wanted { url: wanted } if wanted == url) {
                    continue;
                }
                *download = match trouble(platform, &kind, status, content_type, bytes) {
                    Some(why) => Download::Failed { url: url.to_owned(), why: why.to_owned() },
                    None => {
                        let key = self.keep_picture(content_type, bytes);
                        Download::Done { key, url: url.to_owned(), at_ms: now }
                    }
                };
            }
        }
        self.world.social.containers = containers;
    }

    /// How far a container is: all pictures there, and worked on long enough.
    pub(super) fn progress(&self, container: &Container) -> Progress {
        let mut since = container.created_ms;
        for download in &container.downloads {
            match download {
                Download::Wanted { .. } => return Progress::Working,
                Download::Failed { why, .. } => return Progress::Failed(why.clone()),
                Download::Done { at_ms, .. } => since = since.max(*at_ms),
            }
        }
        let ready = since + self.world.social.app(container.platform).processing_ms;
        if self.world.now_ms < ready { Progress::Working } else { Progress::Ready(ready) }
    }

    /// Keys of a container's pictures.
    pub(super) fn container_media(container: &Container) -> Vec<String> {
        let done = container.downloads.iter().filter_map(|download| match download {
            Download::Done { key, .. } => Some(key.clone()),
            _ => None,
        });
        done.collect()
    }

    /// What happens by time alone: TikTok publishes what it has worked on.
    pub(super) fn settle_social(&mut self) {
        let social = &self.world.social;
        let open = |container: &&Container| container.platform == Platform::TikTok && container.post.is_none();
        let open: Vec<Container> = social.containers.iter().filter(open).cloned().collect();
        for container in open {
            let Progress::Ready(at) = self.progress(&container) else { continue };
            let Some(account) = self.world.social.account(Platform::TikTok, &container.account).cloned() else {
                continue;
            };
            let media = Self::container_media(&container);
            let id = self.add_post(&account, &container.text, &container.text, media, &container.visibility);
            let social = &mut self.world.social;
            if let Some(post) = social.posts.iter_mut().find(|post| post.id == id) {
                post.published_ms = at;
                post.info = container.info.clone();
            }
            if let Some(kept) = social.containers.iter_mut().find(|kept| kept.id == container.id) {
                kept.post = Some(id);
            }
        }
    }
}

/// Why a platform does not take what it downloaded.
fn trouble(platform: Platform, kind: &str, status: u16, content_type: &str, bytes: &[u8]) -> Option<&'static str> {
    if status != 200 || bytes.is_empty() {
        return Some("The media could not be fetched from this uri");
    }
    if bytes.len() > MAX_MEDIA {
        return Some("The media is too large");
    }
    let is = |name: &str, magic: &[u8]| content_type.starts_with(name) && bytes.starts_with(magic);
    let jpeg = is("image/jpeg", &[0xFF, 0xD8, 0xFF]);
    let good = match (platform, kind) {
        (_, "VIDEO") => content_type.starts_with("video/"),
        // JPEG is the only image format (Instagram docs, "Content Publishing").
        (Platform::Instagram, _) => jpeg,
        // JPEG and PNG (Threads docs, "Posts").
        (Platform::Threads, _) => jpeg || is("image/png", &[0x89, b'P', b'N', b'G']),
        // WebP and JPEG (TikTok docs, "Media Transfer Guide").
        _ => jpeg || is("image/webp", b"RIFF"),
    };
    (!good).then_some("The media format is not supported")
}

fn page(sim: &mut Sim, req: &Req) -> Handled {
    let id = req.param("id").rsplit(':').next().unwrap_or_default();
    if sim.world.social.post(req.platform, id).is_none() {
        return Err(html(404, "<h1>This post is not available</h1><p>It may have been taken down.".to_owned()));
    }
    let headers = vec![("location".to_owned(), format!("/social#post-{id}"))];
    Ok(RestResponse { status: 303, headers, body: Vec::new(), delay_ms: 0 })
}

fn picture(sim: &mut Sim, req: &Req) -> Handled {
    let file = sim.world.social.pictures.get(req.param("key"));
    let file = file.ok_or_else(|| plain(404, json!({"error": "There is no such picture"})))?;
    let shown = file.content_type.starts_with("image/") && !file.content_type.contains("svg");
    let kind =
        if shown || file.content_type.starts_with("video/") { &file.content_type } else { "application/octet-stream" };
    let headers = vec![
        ("content-type".to_owned(), kind.to_owned()),
        ("x-content-type-options".to_owned(), "nosniff".to_owned()),
        ("cache-control".to_owned(), "public, max-age=31536000".to_owned()),
    ];
    let body = hex::decode(&file.hex).unwrap_or_default();
    Ok(RestResponse { status: 200, headers, body, delay_ms: 0 })
}
