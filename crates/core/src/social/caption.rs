//! Purpose: how long a text is for a platform, counted as the platform counts.

/// How much of a platform's room a text takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub used: usize,
    pub limit: usize,
    /// A second limit that is broken, in words.
    pub also: Option<&'static str>,
}

impl Count {
    pub fn of(used: usize, limit: usize) -> Self {
        Self { used, limit, also: None }
    }

    pub fn is_fitting(&self) -> bool {
        self.used <= self.limit && self.also.is_none()
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn is_address(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

/// Characters; at most 30 hashtags and 20 mentions (Instagram's content publishing guide).
pub fn instagram(text: &str) -> Count {
    let tags = text.chars().filter(|c| *c == '#').count();
    let mentions = text.chars().filter(|c| *c == '@').count();
    let also = if tags > 30 {
        Some("at most 30 hashtags")
    } else if mentions > 20 {
        Some("at most 20 mentions")
    } else {
        None
    };
    Count { also, ..Count::of(text.chars().count(), 2_200) }
}

/// What an address counts at X, however long it is (developer documentation, "Counting characters").
const X_ADDRESS: usize = 23;

/// X counts an address as 23 and most of what is not Latin as 2 (developer documentation, "Counting characters").
pub fn x(text: &str) -> Count {
    let counted = |used: usize, (letters, most): (usize, usize)| (used + most).saturating_sub(letters);
    Count::of(x_addresses(text).into_iter().fold(weights(text), counted), 280)
}

/// Whether X may see an address in a text.
pub fn leads_somewhere(text: &str) -> bool {
    text.contains("://") || !x_addresses(text).is_empty()
}

/// What X may take for addresses: what their letters count, and what X counts at most. X looks for addresses without `https://` too, by a
/// list of all endings that there are (`twitter-text`, "extractUrlsWithIndices"). Without that list the larger number counts, so that X
/// refuses nothing that fits here.
fn x_addresses(text: &str) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut before = ' ';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = address_part(rest);
        let (part, after) = rest.split_at_checked(length.max(first.len_utf8())).unwrap_or((rest, ""));
        // Behind these stand a mail address, a name, a hashtag, a cashtag.
        if length > 0 && !"@＠#＃$".contains(before) && !part.starts_with('#') {
            all.extend(x_address(part));
        }
        before = part.chars().next_back().unwrap_or(' ');
        rest = after;
    }
    all
}

/// How much of a text's beginning could be an address, in bytes. Behind `://` a host may have any letters, and a path more signs.
fn address_part(text: &str) -> usize {
    #[derive(Clone, Copy)]
    enum At {
        Word,
        Colon,
        Slash,
        Host,
        Path,
    }
    let mut at = At::Word;
    for (index, c) in text.char_indices() {
        let belongs = c.is_ascii_alphanumeric()
            || "/-_.~%+&=?#:".contains(c)
            || match at {
                At::Host => c.is_alphanumeric(),
                At::Path => c.is_alphanumeric() && weight(c) == 1 || "@!$'*,;|()[]".contains(c),
                _ => false,
            };
        if !belongs {
            return index;
        }
        at = match (at, c) {
            (At::Path, _) | (At::Host, '/') => At::Path,
            (At::Host, _) | (At::Slash, '/') => At::Host,
            (At::Colon, '/') => At::Slash,
            (_, ':') => At::Colon,
            _ => At::Word,
        };
    }
    text.len()
}

/// Of a part of a text: what it counts as letters, and as an address.
fn x_address(part: &str) -> Option<(usize, usize)> {
    let word = part.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric() && !"/-_=".contains(c));
    let (start, rest) = word.split_once("://").unwrap_or(("", word));
    let host = rest.split(['/', '?', '#', ':']).next()?;
    let is_ending = |label: &str| {
        label.len() > 1 && (label.bytes().all(|byte| byte.is_ascii_alphabetic()) || label.starts_with("xn--"))
    };
    let letters = weights(word);
    if host.split('.').skip(1).any(is_ending) {
        let is_sure = start.eq_ignore_ascii_case("https") || start.eq_ignore_ascii_case("http");
        return Some((letters, if is_sure { X_ADDRESS } else { letters.max(start.len() + X_ADDRESS) }));
    }
    // Where such a host ends is X's to say: what is not Latin in it may follow the address.
    let foreign: String = host.chars().filter(|c| !c.is_ascii()).collect();
    (!foreign.is_empty()).then(|| (letters, letters.max(X_ADDRESS + weights(&foreign))))
}

/// An emoji is 2 whatever it is put together from (X's configuration of `twitter-text`, version 3, "emojiParsingEnabled").
fn weights(text: &str) -> usize {
    const JOINER: char = '\u{200d}';
    let mut used = 0;
    let mut before = None;
    // Of a flag's two letters, whether the next one is the second.
    let mut is_half_flag = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_flag = matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
        let belongs = match c {
            // How the emoji before it is drawn, its skin, and the rest of a flag of a region.
            '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}' => before.is_some(),
            JOINER => before.is_some_and(is_emoji) && chars.peek().copied().is_some_and(is_emoji),
            _ if is_flag => is_half_flag,
            _ => before == Some(JOINER) && is_emoji(c),
        };
        is_half_flag = is_flag && !is_half_flag;
        if !belongs {
            used += if c.is_ascii_digit() && is_keycap(&chars) { 2 } else { weight(c) };
        }
        if !matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}') {
            before = Some(c);
        }
    }
    used
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Whether a keycap is drawn around the digit before these.
fn is_keycap(rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut rest = rest.clone();
    rest.next() == Some('\u{fe0f}') && rest.next() == Some('\u{20e3}')
}

/// The ranges of weight 1 in X's configuration of `twitter-text`, version 3.
fn weight(c: char) -> usize {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

/// Characters, an emoji as the bytes of its UTF-8 form (Threads' documentation, "Posts").
pub fn threads(text: &str) -> Count {
    let of = |c: char| if u32::from(c) >= 0x1_F000 { c.len_utf8() } else { 1 };
    Count::of(text.chars().map(of).sum(), 500)
}

/// UTF-16 units, as TikTok's reference of Direct Post counts.
pub fn tiktok(text: &str) -> Count {
    Count::of(text.encode_utf16().count(), 2_200)
}

pub fn linkedin(text: &str) -> Count {
    Count::of(text.chars().count(), 3_000)
}

/// The addresses in a text.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|word| is_address(word))
}

/// Letters and digits only, in lower case and without addresses: what two texts are compared by. Empty for a text of emoji or of a link alone,
/// which tells nothing apart.
pub fn essence(text: &str) -> String {
    let mut essence = String::new();
    for word in words(text).filter(|word| !is_address(word)) {
        essence.extend(word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    }
    essence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_counts_in_its_own_way() {
        assert_eq!(x("See https://example.com/a/very/long/path?with=much now").used, 4 + 23 + 4);
        assert_eq!(x("日本").used, 4);
        assert_eq!(x("https://example.com/a?b=c#d").used, 23);
        assert_eq!(x("(https://example.com/a).").used, 1 + 23 + 2);
        assert_eq!(x("HTTP://example.com, then").used, 23 + 6);
        assert_eq!(x("https://localhost/a").used, 19, "no address for X");
        assert_eq!(x("https://www.youtube.com/@ada/videos").used, 23);
        assert_eq!(x("https://de.example/wiki/Köln_(Stadt)").used, 23 + 1);
        assert_eq!(x("https://日本.jp").used, 23);
        assert_eq!(x("https://ü.de/straße and on").used, 23 + 7);
        assert_eq!(x("https://example.com/aです").used, 23 + 4);
        assert_eq!(x("https://example.comです").used, 23 + 4);
        for emoji in ["🎉", "👨‍👩‍👧", "👍🏽", "🇩🇪", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "❤️‍🔥"]
        {
            assert_eq!(x(emoji).used, 2, "{emoji}");
        }
        assert_eq!(x("🎉🎉").used, 4);
        assert_eq!(x("🇩🇪🇫🇷").used, 4);
        assert_eq!(x("a\u{200d}b").used, 3, "a joiner between letters is a character");
        assert_eq!(threads("Hi 🎉").used, 3 + 4);
        assert_eq!(tiktok("🎉").used, 2);
        assert!(!instagram(&"#a ".repeat(31)).is_fitting());
        assert!(instagram(&"#a ".repeat(30)).is_fitting());
        assert!(!linkedin(&"a".repeat(3_001)).is_fitting());
    }

    #[test]
    fn what_x_may_take_for_an_address_counts_as_one_or_as_its_letters_whichever_is_more() {
        for (text, used) in [
            ("See example.com now", 4 + 23 + 4),
            ("See example.com.", 4 + 23 + 1),
            ("shop.example.co.uk/path", 23),
            ("example.com/a,example.org/b", 23 + 1 + 23),
            ("日本example.comです", 4 + 23 + 4),
            ("xn--e1afmkfd.xn--p1ai", 23),
            ("a.example/with/a/way/that/is/longer/than/that", 45),
            ("Look:https://a.example/1", 10 + 23),
            // Mail, tags and numbers are no addresses, nor are letters with points.
            ("ada@example.com", 15),
            ("#example.com", 12),
            ("z.B. e.g. 3.50 v1.2 ...", 23),
            ("1️⃣ example.com", 3 + 23),
        ] {
            assert_eq!(x(text).used, used, "{text}");
        }
        assert!(
            leads_somewhere("at example.com") && leads_somewhere("https://localhost") && !leads_somewhere("at 3.50")
        );
    }

    #[test]
    fn the_same_words_are_the_same_text() {
        assert_eq!(essence("Come & see! https://a.example/1"), essence("come, see https://b.example/2"));
        assert_ne!(essence("come and see"), essence("come and go"));
    }
}
