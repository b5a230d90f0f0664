//! Purpose: which requests for a short link are no person's: they are sent on like everybody, and not counted.
//!
//! Sources: the user agents that the services publish (Discord, Slack, X, Meta, LinkedIn, Telegram, WhatsApp, Google, Bing, Apple), and
//! the list of the npm package `isbot` 5. Every browser in use begins with `Mozilla/` (Opera Mini with `Opera/`); libraries, curl,
//! WhatsApp's and Facebook's unfurlers and an empty user agent do not, so the list holds those that pretend.

/// Parts of user agents in lower case, in the order of their letters ([`begins_with`]). The two old Firefoxes, which nobody uses any more,
/// are Discord's media proxies.
const MACHINES: [&str; 47] = [
    "apis-google",
    "archive.org",
    "baidu.com/search",
    "bingpreview",
    "bytedance",
    "chatgpt-user",
    "claude-",
    "crawl",
    "embedly",
    "facebookcatalog",
    "facebookexternalhit",
    "feedfetcher",
    "google-",
    "googleother",
    "gtmetrix",
    "headless",
    "ia_archiver",
    "iframely",
    "lighthouse",
    "mac os x 11.6; rv:92.0) gecko/20100101 firefox/92.0",
    "mastodon",
    "mediapartners",
    "meta-external",
    "misskey",
    "monitor",
    "pagespeed",
    "perplexity",
    "phantomjs",
    "pingdom",
    "pinterest/",
    "playwright",
    "pleroma",
    "preview",
    "puppeteer",
    "rv:38.0) gecko/20100101 firefox/38.0",
    "scanner",
    "scrap",
    "selenium",
    "skypeuripreview",
    "slack-imgproxy",
    "slurp",
    "spider",
    "uptime",
    "validator",
    "vkshare",
    "whatsapp/",
    "yandex.com/",
];

/// What a request says about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Said<'a> {
    pub method: &'a str,
    pub user_agent: &'a str,
    /// `Purpose`, `Sec-Purpose`, `X-Purpose` and `X-Moz`, whichever came.
    pub purpose: &'a str,
}

/// Whether a text begins with one of the machines' parts.
fn begins_with(text: &[u8]) -> bool {
    let first = text.first();
    let from = MACHINES.partition_point(|part| part.as_bytes().first() < first);
    let same = MACHINES.get(from..).unwrap_or_default().iter().take_while(|part| part.as_bytes().first() == first);
    same.into_iter().any(|part| text.starts_with(part.as_bytes()))
}

/// Whether it is a crawler, an unfurler, a prefetch or a HEAD.
pub fn is_machine(said: Said<'_>) -> bool {
    if said.method != "GET" {
        return true;
    }
    let purpose = said.purpose.to_ascii_lowercase();
    if ["prefetch", "prerender", "preview"].iter().any(|word| purpose.contains(word)) {
        return true;
    }
    let agent = said.user_agent.to_ascii_lowercase();
    if !agent.starts_with("mozilla/") && !agent.starts_with("opera/") {
        return true;
    }
    // Cubot is a telephone.
    let is_bot =
        agent.match_indices("bot").any(|(at, _)| !agent.get(..at).is_some_and(|before| before.ends_with("cu")));
    // One pass: this runs for every click, and looking for each part by itself is most of what a click costs.
    let agent = agent.as_bytes();
    is_bot || (0..agent.len()).any(|at| agent.get(at..).is_some_and(begins_with))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

    #[test]
    fn parts_are_in_the_order_of_their_letters() {
        assert!(MACHINES.is_sorted() && MACHINES.iter().all(|part| !part.is_empty()));
    }

    fn says(user_agent: &str) -> Said<'_> {
        Said { method: "GET", user_agent, purpose: "" }
    }

    #[rstest]
    #[case("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)")]
    #[case("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.10; rv:38.0) Gecko/20100101 Firefox/38.0")]
    #[case("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")]
    #[case("Slackbot 1.0 (+https://api.slack.com/robots)")]
    #[case("Twitterbot/1.0")]
    #[case("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)")]
    #[case("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)")]
    #[case("TelegramBot (like TwitterBot)")]
    #[case("WhatsApp/2.23.20.0")]
    #[case("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")]
    #[case(
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/W.X.Y.Z Mobile Safari/537.36 (compatible; Googlebot/2.1)"
    )]
    #[case("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)")]
    #[case(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
    )]
    #[case(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36"
    )]
    #[case("curl/8.5.0")]
    #[case("Wget/1.21.4")]
    #[case("python-requests/2.32.3")]
    #[case("Go-http-client/2.0")]
    #[case("")]
    fn machines_are_known(#[case] user_agent: &str) {
        assert!(is_machine(says(user_agent)));
    }

    #[rstest]
    #[case(CHROME)]
    #[case(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
    )]
    #[case("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0")]
    #[case(
        "Mozilla/5.0 (Linux; Android 11; CUBOT P50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
    )]
    #[case(
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0]"
    )]
    #[case("Opera/9.80 (J2ME/MIDP; Opera Mini/9.80) Presto/2.12.423 Version/12.16")]
    fn people_are_people(#[case] user_agent: &str) {
        assert!(!is_machine(says(user_agent)));
    }

    #[rstest]
    #[case("HEAD", "")]
    #[case("GET", "prefetch")]
    #[case("GET", "prefetch;prerender")]
    #[case("GET", "Preview")]
    fn a_browser_that_only_looks_ahead_is_none(#[case] method: &str, #[case] purpose: &str) {
        assert!(is_machine(Said { method, user_agent: CHROME, purpose }));
    }
}
