//! Purpose: the form of a guild's rules of points: what stands in it, how it is read, and rules in words. Pure.

use crate::{
    access::parse_id,
    error::FieldError,
    points::rules::{BUDGET_MAX, POINTS_MAX, RANK_MAX, Rank, Rules, Tier, WORDS_MAX, counted_name},
    social::Kind,
    text::clean_line,
    web::Form,
};
use twilight_model::id::{Id, marker::ChannelMarker};

pub const RANKS_MAX: usize = 10;
const TIERS_MAX: usize = 10;
const PLACES_MAX: usize = 10;
const COUNT_MAX: u64 = 1_000_000_000;

/// Name, label, help and the largest number of each plain number.
pub const NUMBERS: [(&str, &str, &str, i64); 7] = [
    ("publish", "Points for publishing", "", POINTS_MAX),
    ("on_time", "More points in time", "", POINTS_MAX),
    ("on_time_hours", "Hours that are in time", "After the push.", 720),
    ("clicks_per_point", "Clicks for one point", "Of different people; 0 for none.", 100_000),
    ("cooldown", "Minutes between two posts", "Of one member.", 10_080),
    ("per_day", "Posts in 24 hours", "Of one member; 0 for any number.", 1_000),
    ("min_caption", "Letters that a post needs", "", 1_000),
];

pub fn numbers(rules: &Rules) -> [i64; 7] {
    [
        rules.publish,
        rules.on_time,
        rules.on_time_hours.into(),
        rules.clicks_per_point.into(),
        rules.cooldown_minutes.into(),
        rules.posts_per_day.into(),
        rules.min_caption.into(),
    ]
}

fn put_numbers(rules: &mut Rules, numbers: [i64; 7]) {
    let [publish, on_time, rest @ ..] = numbers;
    let [hours, clicks, cooldown, per_day, caption] = rest.map(|number| u32::try_from(number).unwrap_or(0));
    (rules.publish, rules.on_time) = (publish, on_time);
    (rules.on_time_hours, rules.clicks_per_point) = (hours, clicks);
    (rules.cooldown_minutes, rules.posts_per_day, rules.min_caption) = (cooldown, per_day, caption);
}

/// The names of a rank's three fields.
pub fn rank_fields(place: usize) -> [String; 3] {
    ["name", "at", "role"].map(|part| format!("rank_{part}_{place}"))
}

/// `100: 5, 500: 10`, as the same field is read.
pub fn say_tiers(tiers: &[Tier]) -> String {
    tiers.iter().map(|tier| format!("{}: {}", tier.at, tier.points)).collect::<Vec<_>>().join(", ")
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn parse_tiers(text: &str) -> Option<Vec<Tier>> {
    let tier = |part: &str| {
        let (at, points) = part.split_once(':')?;
        let at = at.trim().parse().ok().filter(|at| (1..=COUNT_MAX).contains(at))?;
        let points = points.trim().parse().ok().filter(|points| (0..=POINTS_MAX).contains(points))?;
        Some(Tier { at, points })
    };
    let tiers: Vec<Tier> = parts(text).map(tier).collect::<Option<_>>()?;
    let is_rising = tiers.windows(2).all(|pair| matches!(pair, [a, b] if a.at < b.at));
    (is_rising && tiers.len() <= TIERS_MAX).then_some(tiers)
}

pub fn say_places(places: &[i64]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn parse_places(text: &str) -> Option<Vec<i64>> {
    let place = |part: &str| part.parse().ok().filter(|points| (0..=POINTS_MAX).contains(points));
    let places: Vec<i64> = parts(text).map(place).collect::<Option<_>>()?;
    (places.len() <= PLACES_MAX).then_some(places)
}

/// The ranks of the form; a row without a name is none.
fn read_ranks(form: &Form, errors: &mut Vec<FieldError>) -> Vec<Rank> {
    let mut ranks: Vec<Rank> = Vec::new();
    for place in 0..RANKS_MAX {
        let [name_field, at_field, role_field] = rank_fields(place);
        let name = clean_line(form.get(&name_field), 40);
        if name.is_empty() {
            continue;
        }
        let at = form.get(&at_field).parse().ok().filter(|at| (0..=RANK_MAX).contains(at));
        if at.is_none() {
            errors.push(FieldError::new(&at_field, format!("Write a number from 0 to {RANK_MAX}.")));
        }
        let at = at.unwrap_or(-1);
        if ranks.iter().any(|rank| rank.name.to_lowercase() == name.to_lowercase()) {
            errors.push(FieldError::new(&name_field, "Another rank has this name already."));
        } else if at >= 0 && ranks.iter().any(|rank| rank.at == at) {
            errors.push(FieldError::new(&at_field, "Another rank begins there already."));
        }
        ranks.push(Rank { name, at, role: parse_id(form.get(&role_field)) });
    }
    ranks.sort_by_key(|rank| rank.at);
    ranks
}

/// The rules that a form makes of those that are, with everything that is wrong with it.
pub fn read(form: &Form, was: &Rules) -> (Rules, Vec<FieldError>) {
    let mut rules = was.clone();
    let mut errors = Vec::new();
    let mut all = numbers(was);
    for ((name, _, _, max), number) in NUMBERS.into_iter().zip(&mut all) {
        match form.get(name).parse().ok().filter(|number| (0..=max).contains(number)) {
            Some(typed) => *number = typed,
            None => errors.push(FieldError::new(name, format!("Write a number from 0 to {max}."))),
        }
    }
    put_numbers(&mut rules, all);
    for kind in Kind::ALL {
        let field = format!("tiers_{}", kind.key());
        match parse_tiers(form.get(&field)) {
            Some(tiers) => *rules.tiers_mut(kind) = tiers,
            None => errors.push(FieldError::new(&field, "Write it as in 100: 5, 500: 10, with rising counts.")),
        }
    }
    match parse_places(form.get("top_clicks")) {
        Some(places) => rules.top_clicks = places,
        None => errors.push(FieldError::new("top_clicks", "Write it as in 25, 15, 10.")),
    }
    rules.ranks = read_ranks(form, &mut errors);
    let words = form.get("banned").replace(['\r', '\n'], ",");
    rules.banned_words = parts(&words).map(|word| clean_line(word, 60)).take(WORDS_MAX).collect();
    match form.get("x_budget").parse::<f64>().ok().filter(|dollars| (0.0..=BUDGET_MAX).contains(dollars)) {
        Some(dollars) => rules.x_budget = (dollars * 1_000.0).round() as u32,
        None => errors.push(FieldError::new("x_budget", format!("Write US dollars from 0 to {BUDGET_MAX}."))),
    }
    rules.rewards_on_x = form.has("rewards_on_x");
    (rules.channel, rules.log_channel) = (parse_id(form.get("channel")), parse_id(form.get("log_channel")));
    (rules, errors)
}

/// The form that says these rules.
pub fn form_of(rules: &Rules) -> Form {
    let mut all: Vec<(String, String)> = Vec::new();
    for ((name, ..), number) in NUMBERS.into_iter().zip(numbers(rules)) {
        all.push((name.to_owned(), number.to_string()));
    }
    for kind in Kind::ALL {
        all.push((format!("tiers_{}", kind.key()), say_tiers(rules.tiers(kind))));
    }
    for (place, rank) in rules.ranks.iter().enumerate() {
        let [name, at, role] = rank_fields(place);
        let id = rank.role.map(|id| id.to_string()).unwrap_or_default();
        all.extend([(name, rank.name.clone()), (at, rank.at.to_string()), (role, id)]);
    }
    let id = |id: Option<Id<ChannelMarker>>| id.map(|id| id.to_string()).unwrap_or_default();
    let mut add = |name: &str, value: String| all.push((name.to_owned(), value));
    add("top_clicks", say_places(&rules.top_clicks));
    add("banned", rules.banned_words.join(", "));
    add("x_budget", dollars(rules));
    add("channel", id(rules.channel));
    add("log_channel", id(rules.log_channel));
    if rules.rewards_on_x {
        add("rewards_on_x", "yes".to_owned());
    }
    Form::of(all.iter().map(|(name, value)| (name.as_str(), value.clone())).collect())
}

/// `2.50`
pub fn dollars(rules: &Rules) -> String {
    format!("{:.2}", f64::from(rules.x_budget) / 1_000.0)
}

/// Everything about rules that people can change, by name. `role` and `channel` give names of ids.
pub fn say(rules: &Rules, role: impl Fn(&Rank) -> String, channel: impl Fn(u64) -> String) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> = Vec::new();
    for ((_, label, ..), number) in NUMBERS.into_iter().zip(numbers(rules)) {
        said.push((label.to_owned(), number.to_string()));
    }
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    for kind in Kind::ALL {
        said.push((format!("{} on {}", counted_name(kind), kind.name()), or_none(say_tiers(rules.tiers(kind)))));
    }
    said.push(("First places by clicks".to_owned(), or_none(say_places(&rules.top_clicks))));
    let ranks: Vec<String> =
        rules.ranks.iter().map(|rank| format!("{} from {}{}", rank.name, rank.at, role(rank))).collect();
    said.push(("Ranks".to_owned(), or_none(ranks.join(", "))));
    said.push(("Words that are not published".to_owned(), or_none(rules.banned_words.join(", "))));
    said.push(("Dollars for X in 30 days".to_owned(), dollars(rules)));
    said.push(("Points for posts on X".to_owned(), if rules.rewards_on_x { "on" } else { "off" }.to_owned()));
    let own = "each mission's own channel; the month's first where the newest is";
    for (label, id, none) in
        [("Cards and the month's first in", rules.channel, own), ("Log in", rules.log_channel, "none")]
    {
        said.push((label.to_owned(), id.map_or_else(|| none.to_owned(), |id| channel(id.get()))));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_read_as_they_are_written() {
        let tiers = parse_tiers("100: 5, 500:10 ,2000: 20").unwrap();
        assert_eq!(say_tiers(&tiers), "100: 5, 500: 10, 2000: 20");
        assert_eq!(parse_tiers(""), Some(Vec::new()));
        for wrong in ["100", "500: 5, 100: 10", "0: 5", "100: -5", "100: 5, 100: 6", "a: b"] {
            assert_eq!(parse_tiers(wrong), None, "{wrong}");
        }
        assert_eq!(parse_places("25, 15,10"), Some(vec![25, 15, 10]));
        assert_eq!(parse_places("25 15"), None);
    }

    #[test]
    fn a_form_says_its_rules_whole() {
        let rules = Rules {
            publish: 12,
            top_clicks: vec![9],
            x_budget: 2_500,
            banned_words: vec!["free money".to_owned()],
            channel: Some(Id::new(7)),
            rewards_on_x: true,
            ..Rules::default()
        };
        assert_eq!(read(&form_of(&rules), &Rules::default()), (rules, Vec::new()));
    }
}
