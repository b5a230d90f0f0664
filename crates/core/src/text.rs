//! Purpose: making any text fit where it goes: Discord's limits, grapheme boundaries, no stray markup.

use unicode_segmentation::UnicodeSegmentation;

/// Discord's limits, in characters (Unicode scalar values). Source: Discord's API reference, 2026-08.
pub mod limits {
    pub const CONTENT: usize = 2_000;
    pub const EMBED_TITLE: usize = 256;
    pub const EMBED_DESCRIPTION: usize = 4_096;
    pub const EMBED_FIELD_NAME: usize = 256;
    pub const EMBED_FIELD_VALUE: usize = 1_024;
    pub const EMBED_FIELDS: usize = 25;
    pub const EMBED_FOOTER: usize = 2_048;
    pub const EMBED_AUTHOR: usize = 256;
    /// Over all embeds of one message.
    pub const EMBED_TOTAL: usize = 6_000;
    pub const EMBEDS: usize = 10;
    pub const BUTTON_LABEL: usize = 80;
    pub const CHOICES: usize = 25;
    pub const CHOICE_NAME: usize = 100;
    pub const CHOICE_VALUE: usize = 100;
    pub const MODAL_TITLE: usize = 45;
    pub const AUDIT_REASON: usize = 512;
}

/// At most `max` characters, cut between graphemes, with `…` where something was left out.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    if max == 0 {
        return String::new();
    }
    let mut kept = String::new();
    let mut left = max - 1;
    for grapheme in text.graphemes(true) {
        let size = grapheme.chars().count();
        if size > left {
            break;
        }
        left -= size;
        kept.push_str(grapheme);
    }
    kept.push('…');
    kept
}

/// Makes user text plain: no control characters, no bidirectional overrides, trimmed, single spaces between lines.
pub fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .collect();
    kept.trim().to_owned()
}

/// Cleaned, on one line, at most `max` characters.
pub fn clean_line(text: &str, max: usize) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&line, max)
}

/// User text inside our own sentence: Discord's markdown is shown, not obeyed.
pub fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '[' | ']' | '(' | ')' | '#' | '<' | '@') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A sentence of ours that was written for Discord, for programs: without markup, times as RFC 3339.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((inside, after)) = after.split_once('>') else {
            plain.push('<');
            rest = after;
            continue;
        };
        let seconds = inside.strip_prefix("t:").and_then(|time| time.split(':').next()?.parse::<i64>().ok());
        match (seconds, inside.get(..1)) {
            (Some(seconds), _) => plain.push_str(&crate::time::rfc3339(seconds.saturating_mul(1_000))),
            (None, Some("#")) => plain.push_str("that channel"),
            (None, Some("@")) => plain.push_str("that member or role"),
            _ => plain.push_str(inside),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain.replace("**", "").replace(['`', '\\'], "")
}

/// A cell of a CSV file. Text that a spreadsheet would run as a formula is made plain.
pub fn csv_cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// `12,345`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 winner`, `2 winners`, `1,200 winners`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", number(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences_for_discord_become_plain() {
        for (text, expected) in [
            ("This mission starts <t:1700000000:R>.", "This mission starts 2023-11-14T22:13:20Z."),
            ("Muster is missing **Send Messages** in <#12>.", "Muster is missing Send Messages in that channel."),
            ("Use `/mission new`, or ask <@34>.", "Use /mission new, or ask that member or role."),
            ("a < b > c <", "a  b  c <"),
            ("<é> <t:x:R>", "é t:x:R"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn a_family_emoji_is_never_cut_in_half() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(shorten(&format!("ab{family}"), 8), "ab…");
        assert_eq!(shorten(&format!("ab{family}"), 9), format!("ab{family}"));
        assert_eq!(shorten("e\u{301}e\u{301}e\u{301}", 5), "e\u{301}e\u{301}…");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn cells_are_quoted_and_never_run_as_formulas() {
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv_cell("=1+1"), "'=1+1");
    }

    proptest! {
        #[test]
        fn shortened_text_always_fits(text in "\\PC{0,60}", max in 0usize..40) {
            prop_assert!(shorten(&text, max).chars().count() <= max);
        }

        #[test]
        fn cleaned_text_is_one_plain_line(text in any::<String>()) {
            let line = clean_line(&text, 50);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(line.chars().count() <= 50);
        }
    }
}
