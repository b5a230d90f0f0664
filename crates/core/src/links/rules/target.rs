//! Purpose: where a short link may lead: an ordinary web address that everybody could open, written so that people see where it goes.
//!
//! Muster never opens it itself, the visitor's browser does. Hosts are kept as browsers send them (punycode): a host that could be
//! read as another one is refused.

use std::{collections::HashSet, fmt};

/// Characters, UTM included. Browsers and proxies take at least so many.
pub const TARGET_MAX: usize = 2_000;
/// Bytes of a host and of one of its labels (RFC 1035, 2.3.4).
const HOST_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// Names that lead nowhere, or somewhere else for everybody (RFC 6761, RFC 6762, RFC 8375, and ICANN's reserved `internal`).
const PRIVATE: [&str; 12] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "invalid",
    "onion",
];

/// Why an address is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    TooLong,
    Scheme,
    Password,
    Odd,
    Ip,
    Private,
    Own,
    Port,
    Unicode,
    Lookalike,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "That address is longer than 2,000 characters, UTM included. Use a shorter one.",
            Self::Scheme => "A link leads to an address that starts with `https://` or `http://`, like `https://example.com/spring`.",
            Self::Password => "That address has a name or password before an `@`. Leave that out.",
            Self::Odd => "That is no web address. Copy it from your browser's address bar, like `https://example.com/spring`.",
            Self::Ip => "That address is a number instead of a name. Use the site's name.",
            Self::Private => "That address exists only inside a network. Use one that everybody can open.",
            Self::Own => "A short link cannot lead to Muster's own address.",
            Self::Port => "Use an address without a port; only 80 and 443 are possible.",
            Self::Unicode => "Write the site's name the way your browser copies it from its address bar, starting with `xn--`.",
            Self::Lookalike => "That site's name has letters that look like others. It could be taken for another site, so it is not possible here.",
        })
    }
}

/// The address as it is kept and sent to browsers: ASCII, host in lower case.
///
/// # Errors
/// Why it is no target; shown to whoever typed it.
pub fn check(address: &str, own_host: &str) -> Result<String, Refused> {
    let address = address.trim();
    if address.chars().count() > TARGET_MAX {
        return Err(Refused::TooLong);
    }
    if address.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(if address.contains("://") { Refused::Odd } else { Refused::Scheme });
    }
    let (scheme, rest) = address.split_once("://").ok_or(Refused::Scheme)?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(Refused::Scheme);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).ok_or(Refused::Odd)?;
    if authority.contains('@') {
        return Err(Refused::Password);
    }
    if authority.starts_with('[') {
        return Err(Refused::Ip);
    }
    let (host, port) = authority.split_once(':').map_or((authority, ""), |(host, port)| (host, port));
    if authority.contains(':') && !matches!(port, "" | "80" | "443") {
        return Err(Refused::Port);
    }
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    check_host(host, own_host)?;
    let port = if port.is_empty() { String::new() } else { format!(":{port}") };
    let slash = if tail.starts_with('/') { "" } else { "/" };
    let target = format!("{scheme}://{host}{port}{slash}{}", ascii(tail));
    if target.len() > TARGET_MAX { Err(Refused::TooLong) } else { Ok(target) }
}

fn check_host(host: &str, own_host: &str) -> Result<(), Refused> {
    if !host.is_ascii() {
        return Err(Refused::Unicode);
    }
    let is_plain = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    if host.len() > HOST_MAX || !labels.iter().all(|label| is_plain(label)) {
        return Err(Refused::Odd);
    }
    let last = labels.last().copied().unwrap_or_default();
    // Browsers take a host whose last part is a number, in any notation, for an IPv4 address (WHATWG URL, "ends in a number").
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Err(Refused::Ip);
    }
    if labels.len() < 2 || PRIVATE.contains(&last) {
        return Err(Refused::Private);
    }
    if host == own_host.split(':').next().unwrap_or_default() {
        return Err(Refused::Own);
    }
    let is_clear = |label: &&str| match label.strip_prefix("xn--") {
        Some(code) => punycode(code).is_some_and(|text| !looks_like_others(&text)),
        None => true,
    };
    if labels.iter().all(is_clear) { Ok(()) } else { Err(Refused::Lookalike) }
}

/// Path, query and fragment as browsers send them: everything that is not plain ASCII is percent-encoded.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A label of an international name in its letters (RFC 3492, 6.2); `None` for what is none.
fn punycode(code: &str) -> Option<String> {
    const BASE: u32 = 36;
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    const SKEW: u32 = 38;
    const DAMP: u32 = 700;
    let (basic, extended) = code.rsplit_once('-').unwrap_or(("", code));
    let mut letters: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes().peekable();
    while digits.peek().is_some() {
        let (before, mut weight, mut k) = (i, 1_u32, BASE);
        loop {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let count = u32::try_from(letters.len()).ok()? + 1;
        let mut delta = if before == 0 { i / DAMP } else { (i - before) / 2 };
        delta += delta / count;
        let mut steps = 0;
        while delta > ((BASE - T_MIN) * T_MAX) / 2 {
            delta /= BASE - T_MIN;
            steps += BASE;
        }
        bias = steps + (BASE - T_MIN + 1) * delta / (delta + SKEW);
        n = n.checked_add(i / count)?;
        i %= count;
        letters.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(letters.into_iter().collect())
}

/// Letters of other scripts that are drawn like Latin ones (from Unicode's confusables, UTS 39).
const LIKE_LATIN: &str = "аеорсухіјѕԁһӏьѡвнкмтгпԛԝүқәαβγικνορτυχωղոսցհյօՏզք";

/// Whether somebody could read the name as another one: letters of several alphabets in one label, a word of another alphabet made of
/// letters like Latin ones alone, or letters that are Latin ones in another shape.
fn looks_like_others(label: &str) -> bool {
    let alphabet = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => Some("Latin"),
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Some("Greek"),
        '\u{400}'..='\u{52F}' => Some("Cyrillic"),
        '\u{530}'..='\u{58F}' => Some("Armenian"),
        '\u{13A0}'..='\u{13FF}' | '\u{AB70}'..='\u{ABBF}' => Some("Cherokee"),
        _ => None,
    };
    // Dotless i, phonetic letters, marks that are put over letters, ligatures, wide and mathematical letters.
    let is_shape = |c: char| {
        matches!(c, '\u{131}' | '\u{250}'..='\u{2AF}' | '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{206F}' | '\u{FB00}'..='\u{FB4F}'
            | '\u{FF00}'..='\u{FFEF}' | '\u{1D400}'..='\u{1D7FF}')
    };
    let alphabets: HashSet<&str> = label.chars().filter_map(alphabet).collect();
    let letters = || label.chars().filter(|c| c.is_alphabetic());
    let is_other = !alphabets.contains("Latin") && !alphabets.is_empty();
    alphabets.len() > 1
        || label.chars().any(is_shape)
        || (is_other && letters().all(|c| LIKE_LATIN.contains(c)))
        || alphabets.contains("Cherokee")
}

/// UTM parameters; empty ones are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Utm {
    pub source: String,
    pub medium: String,
    pub campaign: String,
    pub content: String,
}

/// The target with UTM parameters in its query, before the fragment. One that is there already is left as it is.
///
/// # Errors
/// `TooLong`.
pub fn with_utm(target: &str, utm: &Utm) -> Result<String, Refused> {
    let (address, fragment) = target.split_once('#').map_or((target, None), |(address, rest)| (address, Some(rest)));
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let there: HashSet<String> = form_urlencoded::parse(query.as_bytes()).map(|(key, _)| key.into_owned()).collect();
    let mut query = query.trim_end_matches('&').to_owned();
    let pairs = [
        ("utm_source", &utm.source),
        ("utm_medium", &utm.medium),
        ("utm_campaign", &utm.campaign),
        ("utm_content", &utm.content),
    ];
    for (key, value) in pairs {
        if value.is_empty() || there.contains(key) {
            continue;
        }
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(key);
        query.push('=');
        query.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    }
    let mut full = path.to_owned();
    if !query.is_empty() {
        full.push('?');
        full.push_str(&query);
    }
    if let Some(fragment) = fragment {
        full.push('#');
        full.push_str(fragment);
    }
    if full.len() > TARGET_MAX { Err(Refused::TooLong) } else { Ok(full) }
}

/// The host of a target, for people.
pub fn host(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const OWN: &str = "go.example.org:8787";

    #[rstest]
    #[case("javascript:alert(1)", Refused::Scheme)]
    #[case("data:text/html,hi", Refused::Scheme)]
    #[case("file:///etc/passwd", Refused::Scheme)]
    #[case("gopher://example.com", Refused::Scheme)]
    #[case("ftp://example.com", Refused::Scheme)]
    #[case("//example.com", Refused::Scheme)]
    #[case("example.com", Refused::Scheme)]
    #[case("", Refused::Scheme)]
    #[case("java\nscript:alert(1)", Refused::Scheme)]
    #[case("http://169.254.169.254/latest/meta-data", Refused::Ip)]
    #[case("http://2852039166/", Refused::Ip)]
    #[case("http://0xA9FEA9FE/", Refused::Ip)]
    #[case("http://0251.0376.0251.0376/", Refused::Ip)]
    #[case("http://127.1/", Refused::Ip)]
    #[case("http://1.2.3.0x4", Refused::Ip)]
    #[case("http://127.0.0.1./", Refused::Ip)]
    #[case("http://[::1]/", Refused::Ip)]
    #[case("http://[::ffff:10.0.0.1]/", Refused::Ip)]
    #[case("http://localhost/", Refused::Private)]
    #[case("http://LOCALHOST./", Refused::Private)]
    #[case("http://a.localhost/", Refused::Private)]
    #[case("http://metadata.google.internal/", Refused::Private)]
    #[case("http://printer.local/", Refused::Private)]
    #[case("http://1.0.0.127.in-addr.arpa/", Refused::Private)]
    #[case("http://intranet/", Refused::Private)]
    #[case("https://go.example.org/l/abc", Refused::Own)]
    #[case("https://GO.example.org./", Refused::Own)]
    #[case("https://user:password@example.com/", Refused::Password)]
    #[case("https://example.com@evil.example.net/", Refused::Password)]
    #[case("https://example.com:22/", Refused::Port)]
    #[case("https://example.com:8080/", Refused::Port)]
    #[case("https://example.com:443:443/", Refused::Port)]
    #[case("https://exa mple.com/", Refused::Odd)]
    #[case("https://example.com\\@evil.example.net/", Refused::Odd)]
    #[case("https://example%2ecom/", Refused::Odd)]
    #[case("https:///path", Refused::Odd)]
    #[case("https://-a.example.com/", Refused::Odd)]
    #[case("https://a..example.com/", Refused::Odd)]
    #[case("https://пример.com/", Refused::Unicode)]
    #[case("https://ⓔxample.com/", Refused::Unicode)]
    #[case::paypal_with_a_cyrillic_a("https://xn--pypal-4ve.com/", Refused::Lookalike)]
    #[case::apple_all_in_cyrillic("https://xn--80ak6aa92e.com/", Refused::Lookalike)]
    #[case::no_punycode("https://xn--99999999999.com/", Refused::Lookalike)]
    fn what_is_no_target(#[case] address: &str, #[case] why: Refused) {
        assert_eq!(check(address, OWN), Err(why));
        assert!(why.to_string().ends_with('.'));
    }

    #[test]
    fn ten_thousand_characters_are_too_long() {
        let long = format!("https://example.com/{}", "a".repeat(10_000));
        assert_eq!(check(&long, OWN), Err(Refused::TooLong));
        let grows = format!("https://example.com/{}", "é".repeat(1_000));
        assert_eq!(check(&grows, OWN), Err(Refused::TooLong));
        let full = format!("https://example.com/{}", "a".repeat(1_975));
        let utm = Utm { source: "discord".to_owned(), ..Utm::default() };
        assert_eq!(with_utm(&check(&full, OWN).unwrap(), &utm), Err(Refused::TooLong));
    }

    #[rstest]
    #[case("HTTPS://Example.COM", "https://example.com/")]
    #[case("https://example.com:443/a?b=c#d", "https://example.com:443/a?b=c#d")]
    #[case("http://example.com?x=1", "http://example.com/?x=1")]
    #[case("https://example.com/größe \u{201C}".trim_end_matches([' ', '\u{201C}']), "https://example.com/gr%C3%B6%C3%9Fe")]
    #[case("https://example.com/\"<x>", "https://example.com/%22%3Cx%3E")]
    #[case::munich("https://xn--mnchen-3ya.de/", "https://xn--mnchen-3ya.de/")]
    #[case::japan("https://xn--eckwd4c7c.xn--zckzah.jp/", "https://xn--eckwd4c7c.xn--zckzah.jp/")]
    #[case::russia("https://xn--e1afmkfd.xn--p1ai/", "https://xn--e1afmkfd.xn--p1ai/")]
    #[case("https://1.example.com/", "https://1.example.com/")]
    fn what_is_a_target(#[case] address: &str, #[case] kept: &str) {
        assert_eq!(check(address, OWN).as_deref(), Ok(kept));
    }

    #[rstest]
    #[case("mnchen-3ya", "münchen")]
    #[case("e1afmkfd", "пример")]
    #[case("80ak6aa92e", "аррӏе")]
    fn punycode_is_read(#[case] code: &str, #[case] letters: &str) {
        assert_eq!(punycode(code).as_deref(), Some(letters));
    }

    #[rstest]
    #[case("https://e.com/", "https://e.com/?utm_source=dis+cord&utm_campaign=a%26b")]
    #[case("https://e.com/?a=b", "https://e.com/?a=b&utm_source=dis+cord&utm_campaign=a%26b")]
    #[case("https://e.com/?utm_source=mine#top", "https://e.com/?utm_source=mine&utm_campaign=a%26b#top")]
    #[case("https://e.com/?&#/route?x", "https://e.com/?utm_source=dis+cord&utm_campaign=a%26b#/route?x")]
    fn utm_goes_where_it_belongs(#[case] target: &str, #[case] full: &str) {
        let utm = Utm { source: "dis cord".to_owned(), campaign: "a&b".to_owned(), ..Utm::default() };
        assert_eq!(with_utm(target, &utm).as_deref(), Ok(full));
        assert_eq!(with_utm(full, &utm).as_deref(), Ok(full), "not twice");
    }
}
