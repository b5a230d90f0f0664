//! Purpose: the social platforms behind one interface: every platform says how its calls look and what their answers mean.
//!
//! Pure: a platform builds requests and reads answers, the callers send them. Tables: social_links, social_logins,
//! social_accounts, social_locks. Not here: missions and points.

pub mod accounts;
mod apps;
pub mod caption;
mod choice;
mod facebook;
mod instagram;
mod linkedin;
mod meta;
pub mod store;
mod threads;
mod tiktok;
pub mod tokens;
pub mod versions;
pub mod wire;
mod x;

pub use apps::{App, Apps, uncounted};
pub use choice::{Choice, Promotion};

use crate::{
    media::{
        Kept,
        image::{Format, Image},
    },
    ports::{HttpRequest, HttpResponse},
    text::count,
};

/// Milliseconds that a platform may take for an answer.
const TIMEOUT_MS: u64 = 10_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    LinkedIn,
    Instagram,
    TikTok,
    X,
    Threads,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::LinkedIn, Self::Instagram, Self::TikTok, Self::X, Self::Threads];

    /// As it stands in addresses, rows and settings.
    pub fn key(self) -> &'static str {
        match self {
            Self::LinkedIn => "linkedin",
            Self::Instagram => "instagram",
            Self::TikTok => "tiktok",
            Self::X => "x",
            Self::Threads => "threads",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::LinkedIn => "LinkedIn",
            Self::Instagram => "Instagram",
            Self::TikTok => "TikTok",
            Self::X => "X",
            Self::Threads => "Threads",
        }
    }

    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    pub fn platform(self) -> &'static dyn Platform {
        match self {
            Self::LinkedIn => &linkedin::LinkedIn,
            Self::Instagram => &instagram::Instagram,
            Self::TikTok => &tiktok::TikTok,
            Self::X => &x::X,
            Self::Threads => &threads::Threads,
        }
    }
}

/// A consent that is about to begin.
pub struct Consent<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    /// 64 characters, of which PKCE's challenge is made where the platform takes one (RFC 7636).
    pub verifier: &'a str,
}

/// Tokens in the clear, for the length of one call. Not `Debug`.
#[derive(Clone, PartialEq)]
pub struct Tokens {
    pub access: String,
    /// Empty where the platform gives none.
    pub refresh: String,
    /// Unix milliseconds.
    pub expires_at: i64,
    /// What the person allowed; empty where the platform does not say.
    pub scopes: Vec<String>,
}

/// Who an account is on its platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: String,
    pub name: String,
}

/// An account with the token to act for it.
pub struct Acting<'a> {
    pub app: &'a App,
    pub account: &'a str,
    pub access: &'a str,
}

/// What appears, fixed when the member confirmed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub text: String,
    /// A public address of a picture.
    pub image: Option<String>,
    /// The picture itself, for platforms that take its bytes, where it has to be sent before anything is published.
    pub picture: Option<Vec<u8>>,
    /// What the member chose where the platform leaves it to them.
    pub choice: Choice,
}

/// As whom a post appears, and who may see it, in the platform's words and in ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Creator {
    pub name: String,
    pub privacy: Vec<(String, &'static str)>,
    /// Whether the account lets anybody comment at all.
    pub may_comment: bool,
}

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The token is no longer good: the member has to connect again.
    Token,
    /// Not now; again after so many milliseconds.
    Later(i64),
    /// For good; the platform's reason, cleaned of markup and shortened.
    Rejected(String),
    /// It may have taken effect or not.
    Unknown(String),
    /// The person has no account that could be connected; what they can do, in our words.
    Nobody(&'static str),
}

pub type Told<T> = Result<T, Refusal>;

/// What came of the call that publishes.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// There, with its id.
    Post(String),
    /// Taken, and there later: asked for under this id.
    Processing(String),
}

/// Whether something prepared or taken is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    NotYet,
    /// Prepared and not published.
    Ready,
    /// Published; the id where the platform says it here.
    Post(Option<String>),
    Failed(String),
}

/// What reading back says about a post whose call had no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Post(String),
    Absent,
    /// Nothing tells the post apart from others.
    Unsure,
}

/// What an account's posts are compared with to find one of Muster's.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    pub text: &'a str,
    /// When its decisive call was made; whatever is older is another post.
    pub since: i64,
    /// Its address as a person gave it; empty for none.
    pub url: &'a str,
}

/// Counts of a post; `None` where the platform does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metrics {
    pub views: Option<u64>,
    /// Likes, or LinkedIn's reactions.
    pub reactions: Option<u64>,
    pub comments: Option<u64>,
    pub shares: Option<u64>,
}

/// Posts of an account that a platform took in the last 24 hours, and how many it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub used: u64,
    pub total: u64,
}

impl Quota {
    /// Why nothing more is published for now.
    pub fn refusal(self, kind: Kind) -> Option<String> {
        let posts = count(self.total, "post", "posts");
        let why =
            || format!("{} takes {posts} of an account in 24 hours, and this account has published them", kind.name());
        (self.used >= self.total).then(why)
    }
}

/// What Instagram and TikTok say of a picture that is no JPEG.
const JPEG_ONLY: &str = "it takes JPEG pictures only";

fn jpeg_only(image: Image) -> Option<&'static str> {
    (image.format != Format::Jpeg).then_some(JPEG_ONLY)
}

/// What a platform lets a member do, for showing before anything is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// A picture has to be sent to the platform, which downloads none: only one that Muster keeps can be part of a post.
    pub uploads: bool,
    /// A post has to have a picture.
    pub needs_image: bool,
    /// An unanswered post can be looked for.
    pub reads_back: bool,
    /// Counts can be read.
    pub has_metrics: bool,
    /// How many posts of an account are still taken can be asked.
    pub has_quota: bool,
    /// The platform's rules allow rewards for posts; where they do not, why.
    pub forbids_rewards: Option<&'static str>,
    /// What else an admin should know, as things are with this application.
    pub caution: Option<&'static str>,
}

impl Capabilities {
    /// Whether this picture of a mission is part of a post.
    pub fn takes(&self, image: &str) -> bool {
        !image.is_empty() && (!self.uploads || Kept::of(image).is_some())
    }
}

/// A social platform. Every method is pure.
pub trait Platform {
    /// The address at which the person consents.
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String;
    /// The code that came back, for tokens.
    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest;
    /// Short tokens for long ones, where the platform has both.
    fn extend(&self, _app: &App, _tokens: &Tokens) -> Option<HttpRequest> {
        None
    }
    /// New tokens for old; `None` where there is no way but to connect again.
    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest>;
    /// Tells the platform that the tokens are no longer needed; `None` where only the person can.
    fn revoke(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest>;
    /// Reads what `exchange`, `extend` and `refresh` gave, at `now`.
    fn read_tokens(&self, answer: &HttpResponse, now: i64) -> Told<Tokens> {
        wire::read_tokens(answer, now, wire::DEFAULT_LIFE_S)
    }
    /// What a person has to allow for anything to be published; they may untick it.
    fn publish_scope(&self) -> &'static str;
    /// Asks whose token it is.
    fn identify(&self, app: &App, access: &str) -> HttpRequest;
    fn read_person(&self, answer: &HttpResponse) -> Told<Person>;

    fn capabilities(&self, app: &App) -> Capabilities;
    /// Whether a post's text may lead somewhere; where not, the member's link goes into their profile.
    fn takes_links(&self) -> bool {
        true
    }
    /// What a member agrees to by publishing, by what they say that the post promotes, where a platform wants that said.
    fn agreement(&self, _promotion: Option<Promotion>) -> Option<&'static str> {
        None
    }
    /// The words for who may see a post, where the member has to choose that and what it promotes; the narrowest, for its author only, last.
    fn privacy_levels(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    fn for_author_only(&self) -> &'static str {
        self.privacy_levels().last().map_or("", |(word, _)| word)
    }
    /// The only word for who may see a post that this application can use; `None` where the member has the choice.
    fn only_privacy(&self, _app: &App) -> Option<&'static str> {
        None
    }
    /// Asks who may see a post of this account, where the member has to choose that before every post (TikTok's guidelines).
    fn ask_privacy(&self, _acting: &Acting<'_>) -> Option<HttpRequest> {
        None
    }
    fn read_privacy(&self, _answer: &HttpResponse) -> Told<Creator> {
        Err(Refusal::Unknown("nothing was asked".to_owned()))
    }
    /// Asks how many posts of this account the platform still takes, where it says so.
    fn ask_quota(&self, _acting: &Acting<'_>) -> Option<HttpRequest> {
        None
    }
    fn read_quota(&self, _answer: &HttpResponse) -> Told<Quota> {
        Err(Refusal::Unknown("nothing was asked".to_owned()))
    }
    /// What the platform counts of a text, and how much it takes.
    fn count(&self, text: &str) -> caption::Count;

    /// Why this platform does not take a picture like that.
    fn refuses(&self, _image: Image) -> Option<&'static str> {
        None
    }

    /// Makes something that is published later: nothing appears yet, and making it twice harms nobody.
    fn prepare(&self, _acting: &Acting<'_>, _draft: &Draft) -> Option<HttpRequest> {
        None
    }
    fn read_prepared(&self, answer: &HttpResponse) -> Told<String> {
        wire::read_id(answer, "id")
    }
    /// Sends the draft's picture to where the answer of `prepare` says; sending it twice harms nobody.
    fn upload(&self, _acting: &Acting<'_>, _draft: &Draft, _prepared: &HttpResponse) -> Told<Option<HttpRequest>> {
        Ok(None)
    }
    /// Milliseconds after which something prepared is asked about first, and between two such looks.
    fn looks(&self) -> (i64, i64) {
        (0, wire::LOOK_AGAIN_MS)
    }
    /// Asks about what was prepared, or what publishing left processing.
    fn check(&self, _acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        None
    }
    fn read_progress(&self, answer: &HttpResponse) -> Told<Progress> {
        wire::ok(answer).map(|_| Progress::Ready)
    }
    /// The call after which the post is there. Never repeated without knowing that the one before had no effect.
    fn publish(&self, acting: &Acting<'_>, draft: &Draft, container: &str) -> HttpRequest;
    fn read_published(&self, answer: &HttpResponse) -> Told<Published>;
    /// What the platform takes for publishing this text, in thousandths of a US dollar.
    fn price(&self, _text: &str) -> u32 {
        0
    }
    /// Asks for what the account posted lately.
    fn look_back(&self, _acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        None
    }
    fn read_back(&self, _answer: &HttpResponse, _sought: &Sought<'_>) -> Told<Found> {
        Err(Refusal::Unknown("this platform does not say".to_owned()))
    }
    /// Whether the id of a post that is there, and came without one, can be asked for; `privacy`: who may see it, in the platform's word.
    fn tells_id_later(&self, _container: &str, _privacy: &str) -> bool {
        false
    }
    /// Asks for it.
    fn ask_id(&self, _acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        None
    }
    /// `Absent` as long as the platform does not say.
    fn read_late_id(&self, _answer: &HttpResponse, _sought: &Sought<'_>) -> Told<Found> {
        Ok(Found::Absent)
    }
    /// The id in an address as people copy it; `None` where it holds none, or leads elsewhere.
    fn id_in(&self, _app: &App, _address: &str) -> Option<String> {
        None
    }
    /// The post's public address, where it follows from its id.
    fn address(&self, app: &App, person: &str, id: &str) -> Option<String>;
    /// Asks for the public address otherwise.
    fn locate(&self, _acting: &Acting<'_>, _id: &str) -> Option<HttpRequest> {
        None
    }

    /// How many posts one call of `metrics` asks about.
    fn metrics_at_once(&self) -> usize {
        1
    }
    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest;
    /// Counts by id, in no order; a post that is not named is gone.
    fn read_metrics(&self, answer: &HttpResponse, ids: &[&str]) -> Told<Vec<(String, Metrics)>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        App {
            client_id: "id".to_owned(),
            client_secret: "secret".to_owned(),
            grants: Vec::new(),
            web: "https://web.example".to_owned(),
            tokens: "https://tokens.example".to_owned(),
            api: "https://api.example".to_owned(),
        }
    }

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    /// RFC 7636, appendix B: its verifier, whose challenge TikTok wants in hexadecimal and X in base64url.
    #[test]
    fn challenges_are_written_as_each_platform_reads_them() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let consent = Consent { redirect_uri: "https://here.example/cb", state: "s", verifier };
        let hex = "code_challenge=13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3";
        assert!(Kind::TikTok.platform().authorize(&app(), &consent).contains(hex));
        let base64 = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(Kind::X.platform().authorize(&app(), &consent).contains(base64));
    }

    #[test]
    fn what_linkedin_would_cut_off_is_escaped() {
        let draft = Draft {
            text: "Half (price) #news @ 5* # 1".to_owned(),
            image: None,
            picture: None,
            choice: Choice::default(),
        };
        let acting = Acting { app: &app(), account: "p1", access: "t" };
        let request = Kind::LinkedIn.platform().publish(&acting, &draft, "");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["commentary"], r"Half \(price\) #news \@ 5\* \# 1");
        assert!(request.headers.iter().any(|(name, value)| name == "linkedin-version" && value.len() == 6));
    }

    #[test]
    fn refusals_are_told_apart() {
        let person = |kind: Kind, status, body| kind.platform().read_person(&answer(status, body)).map(|_| ());
        assert_eq!(person(Kind::LinkedIn, 401, "{}"), Err(Refusal::Token));
        assert_eq!(person(Kind::Threads, 400, r#"{"error":{"code":190,"message":"expired"}}"#), Err(Refusal::Token));
        assert_eq!(
            person(Kind::X, 403, r#"{"detail":"Duplicate <b>content</b>"}"#),
            Err(Refusal::Rejected("Duplicate <b>content</b>".to_owned()))
        );
        assert!(matches!(person(Kind::X, 429, "{}"), Err(Refusal::Later(_))));
        assert!(matches!(person(Kind::Instagram, 502, "<html>"), Err(Refusal::Unknown(_))));
        let tiktok = r#"{"data":{},"error":{"code":"access_token_invalid","message":"no"}}"#;
        assert_eq!(person(Kind::TikTok, 200, tiktok), Err(Refusal::Token));
        assert!(matches!(person(Kind::LinkedIn, 200, r#"{"sub":"a/../b"}"#), Err(Refusal::Unknown(_))));
    }

    #[test]
    fn addresses_give_the_ids_of_their_posts() {
        let id = |kind: Kind, address: &str| kind.platform().id_in(&app(), address);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(id(Kind::X, "https://x.com/ada_l/status/1345364?s=20"), some("1345364"));
        assert_eq!(id(Kind::X, "https://mobile.twitter.com/i/web/status/1345364"), some("1345364"));
        assert_eq!(id(Kind::X, "https://web.example/ada/status/7"), some("7"), "where this deployment's X is");
        assert_eq!(id(Kind::X, "https://x.com.evil.example/ada/status/7"), None);
        assert_eq!(id(Kind::X, "https://evil.example/x.com/status/7"), None);
        assert_eq!(id(Kind::X, "https://x.com/ada/status/7a"), None);
        assert_eq!(id(Kind::TikTok, "https://www.tiktok.com/@ada/photo/7345?lang=de"), some("7345"));
        assert_eq!(id(Kind::TikTok, "https://vm.tiktok.com/ZM8abc/"), None, "a short link says nothing");
        let share = some("urn:li:share:7123");
        assert_eq!(id(Kind::LinkedIn, "https://www.linkedin.com/feed/update/urn:li:share:7123/"), share);
        assert_eq!(id(Kind::LinkedIn, "https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A7123?x=1"), share);
        assert_eq!(id(Kind::LinkedIn, "https://de.linkedin.com/posts/ada_our-menu-share-7123-Ab_c"), share);
        let post = some("urn:li:ugcPost:7123");
        assert_eq!(id(Kind::LinkedIn, "https://www.linkedin.com/posts/ada_menu-ugcPost-7123-Ab"), post);
        assert_eq!(id(Kind::LinkedIn, "https://www.linkedin.com/feed/update/urn:li:activity:7123/"), None);
        assert_eq!(id(Kind::Threads, "https://www.threads.net/@ada/post/Cabc"), None, "a code of the page, not an id");
    }

    #[test]
    fn a_post_is_found_by_its_text_since_it_was_sent() {
        let timeline = r#"{"data":[
            {"id":"3","text":"🎉","created_at":"2026-11-22T12:00:00.000Z"},
            {"id":"2","text":"Come & see! https://t.co/b","created_at":"2026-11-22T12:00:00.000Z"},
            {"id":"1","text":"come, see","created_at":"2026-11-22T11:00:00.000Z"}]}"#;
        let noon = 1_795_348_800_000;
        let back = |body: &str, text: &str, since: i64| {
            Kind::X.platform().read_back(&answer(200, body), &Sought { text, since, url: "" })
        };
        let found = |id: &str| Ok(Found::Post(id.to_owned()));
        assert_eq!(back(timeline, "Come, see https://muster.test/l/1", noon), found("2"));
        assert_eq!(back(timeline, "Come, see https://muster.test/l/1", noon + 300_000), Ok(Found::Absent));
        assert_eq!(back(timeline, "🎉", noon), Ok(Found::Unsure), "no letter, no link");
        assert_eq!(back(timeline, "🌷 https://muster.test/l/1", noon), Ok(Found::Absent), "a text without any link");
        let shortened = r#"{"data":[{"id":"4","text":"🌷 https://t.co/b","created_at":"2026-11-22T12:00:00.000Z"}]}"#;
        assert_eq!(back(shortened, "🌷 https://muster.test/l/1", noon), Ok(Found::Unsure), "X shortened a link");
        let seen_through = r#"{"data":[{"id":"4","text":"🌷 https://t.co/b","created_at":"2026-11-22T12:00:00.000Z",
            "entities":{"urls":[{"url":"https://t.co/b","expanded_url":"https://muster.test/l/1"}]}}]}"#;
        assert_eq!(back(seen_through, "🌷 https://muster.test/l/1", noon), found("4"));
        assert_eq!(back(seen_through, "🌷 https://muster.test/l/2", noon), Ok(Found::Absent));
        let timeless = r#"{"data":[{"id":"5","text":"come, see"}]}"#;
        assert!(matches!(back(timeless, "Come, see", noon), Err(Refusal::Unknown(_))), "neither there nor not");
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_a_platform_panic(status in 100_u16..600, body in "\\PC{0,200}") {
            let answer = answer(status, &body);
            let draft = Draft { text: "x".to_owned(), image: None, picture: None, choice: Choice::default() };
            for kind in Kind::ALL {
                let platform = kind.platform();
                let _ = platform.read_tokens(&answer, 0);
                let _ = platform.read_person(&answer);
                let _ = platform.read_prepared(&answer);
                let _ = platform.read_progress(&answer);
                let _ = platform.read_published(&answer);
                let sought = Sought { text: &draft.text, since: 0, url: &body };
                let _ = platform.read_back(&answer, &sought);
                let _ = platform.read_late_id(&answer, &sought);
                let _ = platform.id_in(&app(), &format!("https://x.com/{body}"));
                let _ = platform.read_metrics(&answer, &["1"]);
                let _ = platform.count(&body);
            }
        }
    }
}
