//! Purpose: what admins type about levels, read into settings or answered with a sentence; pure.

use crate::{
    guild_config::limits::{COOLDOWN_MAX, LEAVERS_MAX, LENGTH_MAX, QUIET_MAX, WORDS_MAX, XP_MAX},
    text::{clean_line, escape_markdown},
    xp::{Curve, LevelSettings, curve},
};

/// What may stand in a guild's words.
pub const VARIABLES: [&str; 5] = ["{user}", "{level}", "{previous}", "{xp}", "{reward}"];

fn quoted(text: &str) -> String {
    escape_markdown(&clean_line(text, 40))
}

fn number(text: &str, what: &str, min: u32, max: u32) -> Result<u32, String> {
    let number = text.trim().parse::<u32>().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| format!("{what} is a whole number from {min} to {max}, not “{}”.", quoted(text)))
}

/// The numbers of the form, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    pub min_xp: u32,
    pub max_xp: u32,
    pub cooldown_seconds: u32,
    pub min_length: u32,
    pub voice_xp: u32,
}

impl Numbers {
    pub fn of(settings: &LevelSettings) -> Self {
        let text = &settings.text;
        Self {
            min_xp: text.min_xp,
            max_xp: text.max_xp,
            cooldown_seconds: text.cooldown_seconds,
            min_length: text.min_length,
            voice_xp: settings.voice_xp,
        }
    }

    pub fn all(self) -> [u32; 5] {
        [self.min_xp, self.max_xp, self.cooldown_seconds, self.min_length, self.voice_xp]
    }

    pub fn from_all([min_xp, max_xp, cooldown_seconds, min_length, voice_xp]: [u32; 5]) -> Self {
        Self { min_xp, max_xp, cooldown_seconds, min_length, voice_xp }
    }

    /// # Errors
    /// A sentence about the first field that makes no sense.
    pub fn parse(fields: [&str; 5]) -> Result<Self, String> {
        let [first, second, third, fourth, fifth] = Self::parse_each(fields);
        Ok(Self::from_all([first?, second?, third?, fourth?, fifth?]))
    }

    /// The same with each field's own sentence.
    pub fn parse_each([min_xp, max_xp, cooldown, min_length, voice_xp]: [&str; 5]) -> [Result<u32, String>; 5] {
        [
            number(min_xp, "The least XP for a message", 0, XP_MAX),
            number(max_xp, "The most XP for a message", 1, XP_MAX),
            number(cooldown, "The pause between two messages that count", 0, COOLDOWN_MAX),
            number(min_length, "The shortest message that counts", 0, LENGTH_MAX),
            number(voice_xp, "The XP for a minute in voice", 0, XP_MAX),
        ]
    }

    /// These numbers where somebody changed what they were `shown`, and `now` in force where they did not: another admin may have
    /// changed those meanwhile.
    ///
    /// # Errors
    /// A sentence when what comes out makes no sense.
    pub fn merged(self, shown: Self, now: Self) -> Result<Self, String> {
        let (typed, shown, mut merged) = (self.all(), shown.all(), now.all());
        for (index, value) in merged.iter_mut().enumerate() {
            if typed[index] != shown[index] {
                *value = typed[index];
            }
        }
        let merged = Self::from_all(merged);
        merged.check()?;
        Ok(merged)
    }

    /// # Errors
    /// A sentence when they do not go together.
    pub fn check(self) -> Result<(), String> {
        if self.min_xp > self.max_xp {
            return Err(format!(
                "A message would earn at least {} and at most {} XP. The least must not be above the most.",
                self.min_xp, self.max_xp
            ));
        }
        Ok(())
    }

    pub fn put_into(self, settings: &mut LevelSettings) {
        settings.text.min_xp = self.min_xp;
        settings.text.max_xp = self.max_xp;
        settings.text.cooldown_seconds = self.cooldown_seconds;
        settings.text.min_length = self.min_length;
        settings.voice_xp = self.voice_xp;
    }
}

/// `1-4, 6` as ranges from and to included, in order, those that touch joined. Nothing for none.
///
/// # Errors
/// A sentence that says what to write.
pub fn parse_quiet(text: &str) -> Result<Vec<(u32, u32)>, String> {
    let level = |text: &str| text.trim().parse::<u32>().ok().filter(|level| (1..=curve::LEVEL_MAX).contains(level));
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > QUIET_MAX {
        return Err(format!("At most {QUIET_MAX} quiet ranges are kept."));
    }
    let mut ranges = Vec::new();
    for part in parts {
        let (from, to) = part.split_once(['-', '–']).unwrap_or((part, part));
        let range = level(from).zip(level(to)).filter(|(from, to)| from <= to).ok_or_else(|| {
            format!(
                "“{}” is no level or range of levels. Write them like `1-4, 6`, up to {}.",
                quoted(part),
                curve::LEVEL_MAX
            )
        })?;
        ranges.push(range);
    }
    ranges.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::new();
    for (from, to) in ranges {
        match joined.last_mut().filter(|(_, last)| from <= *last + 1) {
            Some((_, last)) => *last = (*last).max(to),
            None => joined.push((from, to)),
        }
    }
    Ok(joined)
}

/// Ranges as they are typed: `1-4, 6`; "" for none.
pub fn show_quiet(ranges: &[(u32, u32)]) -> String {
    let one = |(from, to): &(u32, u32)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    ranges.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// # Errors
/// A sentence that says what to write.
pub fn parse_leavers(text: &str) -> Result<u32, String> {
    number(text, "The number of days that Muster remembers who left", 0, LEAVERS_MAX)
}

/// # Errors
/// A sentence that says what to write.
pub fn parse_curve(base: &str, exponent: &str) -> Result<Curve, String> {
    let base = number(base, "The base", *curve::BASES.start(), *curve::BASES.end())?;
    let bad =
        || format!("The exponent is a number from 1 to 3 in steps of 0.25, like 1.5 or 2, not “{}”.", quoted(exponent));
    // By digits, not as a float: 0.1 + 0.2 has no place in a setting.
    let typed = exponent.trim().replace(',', ".");
    let (whole, part) = typed.split_once('.').unwrap_or((&typed, ""));
    let quarters = match part.trim_end_matches('0') {
        "" => 0,
        "25" => 1,
        "5" => 2,
        "75" => 3,
        _ => return Err(bad()),
    };
    let whole = whole.parse::<u32>().ok().filter(|whole| *whole <= 3).ok_or_else(bad)?;
    let exponent_quarters = whole * 4 + quarters;
    if !curve::QUARTERS.contains(&exponent_quarters) {
        return Err(bad());
    }
    Ok(Curve { base, exponent_quarters })
}

/// `2.00`.
pub fn show_exponent(curve: Curve) -> String {
    format!("{}.{:02}", curve.exponent_quarters / 4, curve.exponent_quarters % 4 * 25)
}

const DAYS: [(&str, &str); 7] = [
    ("mon", "monday"),
    ("tue", "tuesday"),
    ("wed", "wednesday"),
    ("thu", "thursday"),
    ("fri", "friday"),
    ("sat", "saturday"),
    ("sun", "sunday"),
];
const EVERY_DAY: u8 = 0b111_1111;

fn parse_days(text: &str) -> Option<u8> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "" | "every day" | "daily" | "all" => return Some(EVERY_DAY),
        "weekend" | "weekends" => return Some(0b110_0000),
        "weekday" | "weekdays" => return Some(0b001_1111),
        _ => {}
    }
    let day = |text: &str| DAYS.iter().position(|(short, long)| [*short, *long].contains(&text.trim()));
    let mut days = 0;
    for part in text.split([',', ' ', ';']).filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once(['-', '–']).unwrap_or((part, part));
        let (mut from, to) = (day(from)?, day(to)?);
        days |= 1 << to;
        while from != to {
            days |= 1 << from;
            from = (from + 1) % 7;
        }
    }
    (days != 0).then_some(days)
}

/// Minutes of the day: `18:00`, `18`, `6pm`.
fn parse_minute(text: &str) -> Option<u16> {
    let text = text.trim().to_lowercase().replace(' ', "");
    let (clock, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (text.as_str(), None),
    };
    let (hour, minute) = clock.split_once([':', '.']).unwrap_or((clock, "0"));
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    match (hour, minute) {
        (24, 0) => Some(0),
        (0..=23, 0..=59) => Some(hour * 60 + minute),
        _ => None,
    }
}

/// Days (Monday is bit 0), and from and to in minutes of the day; empty texts mean every day and all day.
///
/// # Errors
/// A sentence that says what to write.
pub fn parse_window(days: &str, from: &str, to: &str) -> Result<(u8, u16, u16), String> {
    let on = parse_days(days).ok_or_else(|| {
        format!("“{}” are no days. Write them like `sat, sun`, `mon-fri` or `weekend`.", quoted(days))
    })?;
    if from.trim().is_empty() != to.trim().is_empty() {
        return Err("Say both `from` and `to`, like 18:00 and 23:00, or neither for whole days.".to_owned());
    }
    let minute = |text: &str| match text.trim() {
        "" => Ok(0),
        text => {
            parse_minute(text).ok_or_else(|| format!("“{}” is no time of day. Write it like `18:00`.", quoted(text)))
        }
    };
    let (from, to) = (minute(from)?, minute(to)?);
    if from == 0 && to == 0 && on == EVERY_DAY {
        return Err("That is always. Change what a message earns in `/levels config` instead.".to_owned());
    }
    Ok((on, from, to))
}

/// `on Fri, Sat from 22:00 to 02:00`.
pub fn show_window(days: u8, from: u16, to: u16) -> String {
    let named = DAYS.iter().enumerate().filter(|(day, _)| days & (1 << day) != 0).map(|(_, (short, _))| {
        let (first, rest) = short.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    let on = match days & EVERY_DAY {
        EVERY_DAY => "every day".to_owned(),
        0b001_1111 => "Mon to Fri".to_owned(),
        _ => format!("on {}", named.collect::<Vec<_>>().join(", ")),
    };
    if from == 0 && to == 0 {
        return on;
    }
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{on} from {} to {}", clock(from), clock(to))
}

/// A guild's words for a new level; `None` for nothing but blanks, which puts Muster's own back.
pub fn parse_words(text: &str) -> Option<String> {
    let text = crate::text::clean(text);
    (!text.is_empty()).then(|| crate::text::shorten(&text, usize::from(WORDS_MAX)))
}

/// What looks like a variable and is none.
pub fn unknown_variables(words: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    for part in words.split('{').skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        let variable = format!("{{{name}}}");
        let is_name =
            !name.is_empty() && name.len() <= 20 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name && !VARIABLES.contains(&variable.as_str()) && !unknown.contains(&variable) {
            unknown.push(variable);
        }
    }
    unknown
}

/// Typed text inside a custom id, for a form that opens again as it was left.
pub fn pack(fields: &[&str]) -> String {
    hex::encode(fields.join("\n"))
}

pub fn unpack(packed: &str) -> Vec<String> {
    let bytes = hex::decode(packed).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.split('\n').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("", &[], "")]
    #[case("1-4, 6", &[(1, 4), (6, 6)], "1-4, 6")]
    #[case(" 6;1 – 4 ,5", &[(1, 6)], "1-6")]
    #[case("3-9,4,10-12,", &[(3, 12)], "3-12")]
    fn quiet_levels_are_read_as_people_write_them(
        #[case] typed: &str,
        #[case] ranges: &[(u32, u32)],
        #[case] shown: &str,
    ) {
        assert_eq!(parse_quiet(typed).as_deref(), Ok(ranges));
        assert_eq!(show_quiet(ranges), shown);
    }

    #[rstest]
    #[case("0-4")]
    #[case("5-2")]
    #[case("1-1001")]
    #[case("one to four")]
    #[case("1-2-3")]
    #[case("-3")]
    #[case("99999999999999999999")]
    fn quiet_levels_that_make_no_sense_get_a_sentence(#[case] typed: &str) {
        assert!(parse_quiet(typed).unwrap_err().contains("Write them like `1-4, 6`"));
    }

    #[rstest]
    #[case("100", "2", 8)]
    #[case(" 50 ", "1.50", 6)]
    #[case("10", "1", 4)]
    #[case("10000", "2,75", 11)]
    #[case("100", "3.0", 12)]
    fn curves_are_read(#[case] base: &str, #[case] exponent: &str, #[case] quarters: u32) {
        assert_eq!(parse_curve(base, exponent).unwrap().exponent_quarters, quarters);
    }

    #[rstest]
    #[case("9", "2")]
    #[case("10001", "2")]
    #[case("100", "0.75")]
    #[case("100", "3.25")]
    #[case("100", "2.1")]
    #[case("100", "99999999999")]
    #[case("100", "two")]
    #[case("100", ".")]
    #[case("", "")]
    fn curves_out_of_bounds_get_a_sentence(#[case] base: &str, #[case] exponent: &str) {
        assert!(parse_curve(base, exponent).is_err());
    }

    #[test]
    fn what_another_admin_changed_meanwhile_stays() {
        let shown = Numbers::parse(["15", "25", "60", "0", "5"]).unwrap();
        let typed = Numbers::parse(["10", "25", "60", "0", "5"]).unwrap();
        let now = Numbers::parse(["15", "25", "30", "3", "5"]).unwrap();
        assert_eq!(typed.merged(shown, now), Numbers::parse(["10", "25", "30", "3", "5"]));
        let narrow = Numbers::parse(["5", "9", "60", "0", "5"]).unwrap();
        assert!(typed.merged(shown, narrow).unwrap_err().contains("at least 10 and at most 9"));
    }

    #[rstest]
    #[case("", "18:00", "23", "every day from 18:00 to 23:00")]
    #[case("Fri, saturday", "22:30", "2:00", "on Fri, Sat from 22:30 to 02:00")]
    #[case("mon-fri", "6pm", "12 am", "Mon to Fri from 18:00 to 00:00")]
    #[case("weekend", "", "", "on Sat, Sun")]
    #[case("sat-mon", "0:00", "24:00", "on Mon, Sat, Sun")]
    fn windows_are_read_as_people_write_them(
        #[case] days: &str,
        #[case] from: &str,
        #[case] to: &str,
        #[case] shown: &str,
    ) {
        let (days, from, to) = parse_window(days, from, to).unwrap();
        assert_eq!(show_window(days, from, to), shown);
    }

    #[rstest]
    #[case("someday", "18:00", "19:00", "are no days")]
    #[case("mon-", "18:00", "19:00", "are no days")]
    #[case("", "18:00", "", "both `from` and `to`")]
    #[case("", "25:00", "26:00", "no time of day")]
    #[case("", "13pm", "1:60", "no time of day")]
    #[case("", "-1", "99999999", "no time of day")]
    #[case("daily", "0", "24", "That is always")]
    fn windows_that_make_no_sense_get_a_sentence(
        #[case] days: &str,
        #[case] from: &str,
        #[case] to: &str,
        #[case] why: &str,
    ) {
        assert!(parse_window(days, from, to).unwrap_err().contains(why));
    }

    #[test]
    fn unknown_variables_are_named_once() {
        assert_eq!(unknown_variables("{user} {level} {lvl} {lvl} { } {a b} {"), ["{lvl}"]);
        assert_eq!(parse_words("  \n "), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC{0,60}") {
            let _ = (parse_window(&text, &text, &text), parse_quiet(&text), parse_curve(&text, &text), parse_leavers(&text), unknown_variables(&text));
        }

        #[test]
        fn shown_ranges_read_the_same(ranges in prop::collection::vec((1_u32..200, 0_u32..20), 0..10)) {
            let typed: Vec<String> = ranges.iter().map(|(from, more)| format!("{from}-{}", from + more)).collect();
            let read = parse_quiet(&typed.join(",")).unwrap();
            prop_assert_eq!(parse_quiet(&show_quiet(&read)).unwrap(), read);
        }

        #[test]
        fn what_is_packed_unpacks(one in "[ -~]{0,10}", other in "[ -~]{0,10}") {
            let packed = pack(&[&one, &other]);
            prop_assert_eq!(unpack(&packed), [one, other]);
        }
    }
}
