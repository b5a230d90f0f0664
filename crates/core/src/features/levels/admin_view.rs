//! Purpose: every sentence, card and form of `/levels` that admins read.

use super::{NAME, input, sync::store::Row as SyncRow, view};
use crate::{
    custom_id::CustomId,
    guild_config::GuildConfig,
    health::{self, GatewayHealth},
    reply::{self, Input, Message, Modal, Reply, button, text_input},
    text::{self, escape_markdown},
    xp::{AnnounceIn, Curve, LevelSettings, Multiplier, Reward, Scope},
};
use twilight_model::{
    channel::{
        ChannelType,
        message::component::{
            ButtonStyle, Component, SelectDefaultValue, SelectMenu, SelectMenuOption, SelectMenuType,
        },
    },
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, UserMarker},
    },
};

/// The levels of a curve's preview.
pub const PREVIEWED: [u32; 7] = [1, 5, 10, 20, 30, 50, 100];

/// What one act of `/levels config` is called in custom ids.
pub fn config_id(what: &str) -> CustomId {
    CustomId::new(NAME, "config").arg(what)
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

pub fn show_numbers(settings: &LevelSettings) -> String {
    let rules = &settings.text;
    let pause = match rules.cooldown_seconds {
        0 => "every one counts".to_owned(),
        seconds => format!("once in {}", crate::time::say_duration(i64::from(seconds) * 1_000)),
    };
    let length = match rules.min_length {
        0 => "of any length".to_owned(),
        length => format!("from {}", text::count(length.into(), "character", "characters")),
    };
    let voice = match settings.voice_xp {
        0 => "nothing for voice".to_owned(),
        xp => format!("{xp} XP a minute in voice"),
    };
    format!("{} to {} XP a message, {pause}, {length}; {voice}", rules.min_xp, rules.max_xp)
}

pub fn show_curve(settings: &LevelSettings) -> String {
    format!("base {}, exponent {}", settings.curve.base, input::show_exponent(settings.curve))
}

pub fn show_place(settings: &LevelSettings) -> String {
    match settings.announce.place {
        AnnounceIn::Same => "where the level was reached".to_owned(),
        AnnounceIn::Channel(channel) => format!("in <#{channel}>"),
        AnnounceIn::Direct => "by direct message".to_owned(),
        AnnounceIn::Off => "nowhere".to_owned(),
    }
}

pub fn show_words(settings: &LevelSettings) -> String {
    settings.announce.text.as_deref().map_or("Muster's own words".to_owned(), |words| {
        format!("“{}”", escape_markdown(&text::clean_line(words, 120)))
    })
}

pub fn show_winners(settings: &LevelSettings) -> String {
    settings.announce.winners.map_or("nowhere".to_owned(), |channel| format!("in <#{channel}>"))
}

pub fn show_stack(settings: &LevelSettings) -> String {
    if settings.stack_rewards { "all that were reached are kept" } else { "only the highest is kept" }.to_owned()
}

pub fn show_public(settings: &LevelSettings) -> String {
    if settings.public { "anyone on the web may read it" } else { "only this server" }.to_owned()
}

pub fn show_enabled(settings: &LevelSettings) -> String {
    on_off(settings.enabled).to_owned()
}

pub fn show_quiet(settings: &LevelSettings) -> String {
    match input::show_quiet(&settings.announce.quiet) {
        ranges if ranges.is_empty() => "no quiet levels".to_owned(),
        ranges => format!("quiet at levels {ranges}"),
    }
}

pub fn show_leavers(settings: &LevelSettings) -> String {
    match settings.keep_leavers_days {
        0 => "forgotten the same night".to_owned(),
        days => format!("remembered for {}", text::count(days.into(), "day", "days")),
    }
}

pub fn show_more(settings: &LevelSettings) -> String {
    format!("{}; who leaves is {}", show_quiet(settings), show_leavers(settings))
}

/// An announcement as it would look for this person now.
fn words_preview(settings: &LevelSettings, guild: Id<GuildMarker>, user: Id<UserMarker>) -> String {
    let shown = view::sample(settings, guild, user);
    let lines: Vec<String> = shown.lines().map(|line| format!("> {line}")).collect();
    let unknown = input::unknown_variables(settings.announce.text.as_deref().unwrap_or_default());
    let warning = match unknown.len() {
        0 => String::new(),
        _ => format!(
            "\n-# ⚠️ {} is nothing that Muster fills in; it stays as it is.",
            escape_markdown(&unknown.join(", "))
        ),
    };
    format!("{}{warning}", lines.join("\n"))
}

/// All settings with everything to change them.
pub fn card(
    config: &GuildConfig,
    sidecar: Option<&GatewayHealth>,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    note: &str,
) -> Message {
    let settings = &config.levels;
    let title = if settings.enabled { "Levels are on" } else { "Levels are off" };
    let (connected, sidecar) = health::say_sidecar(sidecar);
    let mut about = vec![format!("{} {sidecar}", if connected { "✅" } else { "⚠️" })];
    if !settings.enabled {
        about.push("Nothing is counted until you switch them on.".to_owned());
    }
    let mut embed = reply::embed(title, about.join("\n"), config.color);
    let ten = view::number(settings.curve.total_for(10));
    let rewards = text::count(settings.rewards.len() as u64, "role", "roles");
    let ignored = settings.text.no_xp_channels.len() + settings.text.no_xp_roles.len();
    let multipliers = text::count(settings.text.multipliers.len() as u64, "multiplier", "multipliers");
    for (name, value) in [
        ("XP", show_numbers(settings)),
        ("Curve", format!("{} (level 10 at {ten} XP)", show_curve(settings))),
        ("New levels are said", format!("{}; {}", show_place(settings), show_quiet(settings))),
        ("In these words", words_preview(settings, guild, user)),
        ("Winners of weeks and months", show_winners(settings)),
        ("Roles for levels", format!("{rewards} (`/levels rewards`), {}", show_stack(settings))),
        ("Exceptions", format!("{multipliers} (`/levels multipliers`), {ignored} ignored (`/levels ignore`)")),
        ("Leaderboard", show_public(settings)),
        ("Who leaves", show_leavers(settings)),
    ] {
        reply::field(&mut embed, name, value, false);
    }
    let buttons = vec![
        toggle("enabled", settings.enabled, "Switch on", "Switch off", ButtonStyle::Success),
        button(&config_id("numbers"), "XP and pauses", ButtonStyle::Secondary, Some("🔢")),
        button(&config_id("curve"), "Curve", ButtonStyle::Secondary, Some("📈")),
        button(&config_id("words"), "Words", ButtonStyle::Secondary, Some("💬")),
        button(&config_id("more"), "Quiet levels, leavers", ButtonStyle::Secondary, Some("🔕")),
    ];
    let switches = vec![
        toggle(
            "stack",
            settings.stack_rewards,
            "Keep all reward roles",
            "Keep only the highest role",
            ButtonStyle::Secondary,
        ),
        toggle(
            "public",
            settings.public,
            "Show the board on the web",
            "Hide the board from the web",
            ButtonStyle::Secondary,
        ),
    ];
    let announced = match settings.announce.place {
        AnnounceIn::Channel(channel) => Some(channel),
        _ => None,
    };
    Message::text(note)
        .embed(embed)
        .row(buttons)
        .row(vec![place_select(settings.announce.place)])
        .row(vec![channel_select("channel", "New levels in one channel: choose it", announced, 1)])
        .row(vec![channel_select(
            "winners",
            "Winners of weeks and months: choose a channel",
            settings.announce.winners,
            0,
        )])
        .row(switches)
}

/// The button says what it will do, so that two people who press at once want the same.
fn toggle(what: &str, is_on: bool, on: &str, off: &str, style: ButtonStyle) -> Component {
    let (label, style) = if is_on { (off, ButtonStyle::Secondary) } else { (on, style) };
    button(&config_id(what).arg(on_off(!is_on)), label, style, None)
}

fn place_select(place: AnnounceIn) -> Component {
    let options = [
        ("same", "New levels: where they were reached", place == AnnounceIn::Same),
        ("direct", "New levels: by direct message", place == AnnounceIn::Direct),
        ("off", "New levels: say nothing", place == AnnounceIn::Off),
    ];
    let option = |(value, label, default): (&str, &str, bool)| SelectMenuOption {
        default,
        description: None,
        emoji: None,
        label: label.to_owned(),
        value: value.to_owned(),
    };
    let options = options.map(option).to_vec();
    Component::SelectMenu(SelectMenu {
        kind: SelectMenuType::Text,
        options: Some(options),
        ..select("place", "New levels: in one channel, or choose here")
    })
}

fn channel_select(what: &str, placeholder: &str, chosen: Option<Id<ChannelMarker>>, min: u8) -> Component {
    Component::SelectMenu(SelectMenu {
        channel_types: Some(vec![ChannelType::GuildText, ChannelType::GuildAnnouncement]),
        default_values: chosen.map(|channel| vec![SelectDefaultValue::Channel(channel)]),
        kind: SelectMenuType::Channel,
        min_values: Some(min),
        max_values: Some(1),
        ..select(what, placeholder)
    })
}

fn select(what: &str, placeholder: &str) -> SelectMenu {
    SelectMenu {
        channel_types: None,
        custom_id: config_id(what).encode().unwrap_or_default(),
        default_values: None,
        disabled: false,
        id: None,
        kind: SelectMenuType::Text,
        max_values: None,
        min_values: None,
        options: None,
        placeholder: Some(placeholder.to_owned()),
        required: None,
    }
}

fn field(id: &str, label: &str, hint: &str, value: &str, max: u16) -> Component {
    text_input(&Input { id, label, hint, placeholder: "", value, paragraph: false, required: true, max })
}

fn form(id: CustomId, title: &str, components: Vec<Component>) -> Reply {
    Reply::Modal(Modal { id, title: title.to_owned(), components })
}

/// `shown`: what is in force, by which the answer is compared; `typed`: what stands in the fields.
pub fn numbers_form(shown: input::Numbers, typed: &[String]) -> Reply {
    let value = |index: usize| typed.get(index).map_or("", String::as_str);
    let shown = shown.all().map(|number| number.to_string()).join(".");
    form(
        config_id("numbers").arg(shown),
        "What earns how much",
        vec![
            field("min_xp", "A message earns at least", "XP, 0 to 1000", value(0), 4),
            field("max_xp", "A message earns at most", "XP, 1 to 1000", value(1), 4),
            field("cooldown", "Pause between messages that count", "Seconds, 0 to 86400", value(2), 5),
            field(
                "min_length",
                "Shortest message that counts",
                "Characters, 0 to 2000; 0 counts pictures too",
                value(3),
                4,
            ),
            field("voice_xp", "A minute in voice with others earns", "XP, 0 to 1000; 0 for nothing", value(4), 4),
        ],
    )
}

pub fn curve_form(base: &str, exponent: &str) -> Reply {
    form(
        config_id("curve"),
        "How much each level takes",
        vec![
            field("base", "Base", "What level 1 takes, 10 to 10000; MEE6 has 100", base, 5),
            field(
                "exponent",
                "Exponent",
                "1 to 3 in steps of 0.25; higher makes high levels rarer, MEE6 has 2",
                exponent,
                5,
            ),
        ],
    )
}

pub fn words_form(words: &str) -> Reply {
    let words = text_input(&Input {
        id: "words",
        label: "What is said about a new level",
        hint: "{user} {level} {previous} {xp} {reward} are filled in; empty for Muster's own words",
        placeholder: view::LEVEL_UP,
        value: words,
        paragraph: true,
        required: false,
        max: crate::guild_config::limits::WORDS_MAX,
    });
    form(config_id("words"), "New levels in your words", vec![words])
}

/// `shown` tells what is in force, by which the answer is compared.
pub fn more_form(shown: &str, quiet: &str, days: &str) -> Reply {
    let quiet = text_input(&Input {
        id: "quiet",
        label: "Levels about which nothing is said",
        hint: "Like 1-4, 6; empty to say them all",
        placeholder: "1-4, 6",
        value: quiet,
        paragraph: false,
        required: false,
        max: 200,
    });
    let days = field("days", "Days after which who left is forgotten", "0 to 365", days, 3);
    form(config_id("more").arg(shown), "Quiet levels and leavers", vec![quiet, days])
}

/// A form that made no sense: why, and the same form as it was left.
pub fn refused(why: &str, again: &CustomId, fallback: &str) -> Message {
    let id = if again.encode().is_ok() { again.clone() } else { config_id(fallback) };
    Message::text(format!("{why} Nothing was changed.")).row(vec![button(
        &id,
        "Fill it in again",
        ButtonStyle::Primary,
        Some("✏️"),
    )])
}

/// What a curve means before it is saved.
pub fn curve_preview(config: &GuildConfig, curve: Curve, note: &str) -> Message {
    let settings = &config.levels;
    let mut lines = vec![table_row("level", "XP", "now", "messages", "talk")];
    let average = u64::from(settings.text.min_xp + settings.text.max_xp).max(1);
    for level in PREVIEWED {
        let (total, now) = (curve.total_for(level), settings.curve.total_for(level));
        let messages = (total * 2).div_ceil(average);
        let change = match now {
            now if now == total => "same".to_owned(),
            now => view::number(now),
        };
        let talk = rough(messages.saturating_mul(settings.text.cooldown_seconds.max(1).into()));
        let (total, messages) = (view::number(total), view::number(messages));
        lines.push(table_row(&level.to_string(), &total, &change, &messages, &talk));
    }
    let shape = LevelSettings { curve, ..LevelSettings::default() };
    let about = format!(
        "{note}With {} the levels take:\n```\n{}\n```\n-# Messages that count, at {} to {} XP each; talk is writing one in every pause without a break. \
         Nobody loses XP: levels are counted anew from it. Press Save to put it in force, then `/levels sync` to set the reward roles.",
        show_curve(&shape),
        lines.join("\n"),
        settings.text.min_xp,
        settings.text.max_xp,
    );
    let embed = reply::embed("Curve, not saved yet", about, config.color);
    let known = settings.curve;
    let save =
        config_id("save").arg(curve.base).arg(curve.exponent_quarters).arg(known.base).arg(known.exponent_quarters);
    let again = config_id("curve").arg(curve.base).arg(curve.exponent_quarters);
    Message::default().embed(embed).row(vec![
        button(&save, "Save", ButtonStyle::Success, None),
        button(&again, "Change", ButtonStyle::Secondary, Some("✏️")),
        button(&config_id("card"), "Back", ButtonStyle::Secondary, None),
    ])
}

fn table_row(level: &str, xp: &str, now: &str, messages: &str, talk: &str) -> String {
    format!("{level:>5}  {xp:>9}  {now:>9}  {messages:>8}  {talk}")
}

/// `5 h`, `66 days`: one unit is enough for a guess.
pub fn rough(seconds: u64) -> String {
    match seconds {
        ..=5_399 => format!("{} min", seconds.div_ceil(60)),
        5_400..=129_599 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

pub const NO_MANAGE_ROLES: &str =
    "Muster lacks **Manage Roles**. Allow it for Muster's role in Server Settings, Roles, then try again.";

/// For the history.
pub fn show_rewards(settings: &LevelSettings) -> String {
    let all = settings.rewards.iter().map(|reward| format!("{} <@&{}>", reward.level, reward.role));
    let all: Vec<String> = all.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn sync_button() -> Component {
    button(&CustomId::new(NAME, "sync").arg("start"), "Sync now", ButtonStyle::Primary, Some("🔁"))
}

pub fn reward_added(reward: Reward, powers: Option<String>) -> Message {
    let warning = match powers {
        Some(powers) => {
            format!("\n⚠️ Whoever has this role may do: **{powers}**. Make sure that you want this for talking.")
        }
        None => String::new(),
    };
    Message::text(format!(
        "<@&{}> comes with level {} from now on. Who is there already gets it by a sync.{warning}",
        reward.role, reward.level
    ))
    .row(vec![sync_button()])
}

/// Each reward with why it cannot be given, and what it allows.
pub fn rewards(
    config: &GuildConfig,
    rows: &[(Reward, Option<&'static str>, Option<String>)],
    manages_roles: bool,
    last: &SyncRow,
) -> Message {
    if rows.is_empty() {
        return Message::text("There are no roles for levels yet. Add one with `/levels rewards add`.");
    }
    let mut lines = Vec::new();
    for (reward, obstacle, powers) in rows {
        lines.push(format!("Level **{}** · <@&{}>", reward.level, reward.role));
        lines.extend(obstacle.map(|obstacle| format!("-# ⚠️ It {obstacle}.")));
        lines.extend(powers.as_ref().map(|powers| format!("-# ⚠️ It may do: {powers}.")));
    }
    if !manages_roles {
        lines.push(format!("⚠️ {NO_MANAGE_ROLES}"));
    }
    match (last.sync_at, last.sync_done_at) {
        (_, Some(done_at)) => {
            let when = crate::time::relative(done_at);
            lines.push(format!("-# The last sync ended {when}: {}", sync_counts(last)));
        }
        (Some(_), None) => lines.push(format!("-# A sync is running: {}", sync_counts(last))),
        (None, None) => {}
    }
    let mut embed = reply::embed("Roles for levels", lines.join("\n"), config.color);
    let stack = show_stack(&config.levels);
    reply::footer(&mut embed, format!("Of these roles {stack}: change that in /levels config."));
    Message::default().embed(embed).row(vec![sync_button()])
}

pub fn sync_counts(row: &SyncRow) -> String {
    let roles = |n: u64| text::count(n, "role", "roles");
    format!(
        "{} looked at, {} given, {} taken.",
        text::count(row.sync_looked, "member", "members"),
        roles(row.sync_given),
        roles(row.sync_taken)
    )
}

/// How far a sync is, or what came of it.
pub fn sync(config: &GuildConfig, row: &SyncRow) -> Message {
    let looked = text::count(row.sync_looked, "member", "members");
    let mut lines = vec![format!(
        "{} given, {} taken.",
        text::count(row.sync_given, "role", "roles"),
        text::count(row.sync_taken, "role", "roles")
    )];
    if row.sync_failed > 0 {
        lines.push(format!(
            "⚠️ {} could not be set. `/levels rewards list` says which and why.",
            text::count(row.sync_failed, "role", "roles")
        ));
    }
    let title = match row.sync_done_at {
        Some(_) => format!("The sync is done: {looked} looked at"),
        None if row.sync_at.is_none() => "There was no sync yet".to_owned(),
        None => {
            lines.push("It goes on by itself, a few members per second.".to_owned());
            format!("Sync: {} of {} members looked at", row.sync_looked.min(row.sync_members), row.sync_members)
        }
    };
    let embed = reply::embed(title, lines.join("\n"), config.color);
    let buttons = if row.is_running() {
        vec![button(&CustomId::new(NAME, "sync").arg("look"), "Refresh", ButtonStyle::Secondary, None)]
    } else {
        vec![sync_button()]
    };
    Message::default().embed(embed).row(buttons)
}

pub fn rebuilt(answer: &crate::leaderboard::Answer, stored: u64) -> Message {
    let first = answer.page.first().map_or(String::new(), |first| {
        format!(" First is <@{}> with **{}** XP.", first.user, view::number(first.score.into()))
    });
    let on_it = text::count(answer.members as u64, "member", "members");
    let fits = if answer.members as u64 == stored {
        "as many as the database has".to_owned()
    } else {
        format!("the database has {stored}; what arrives at this moment is counted in a few seconds")
    };
    Message::text(format!("The leaderboard was made anew: {on_it}, {fits}.{first}"))
}

fn scope(config: &GuildConfig, scope: &Scope) -> String {
    match scope {
        Scope::Role { id } => format!("with <@&{id}>"),
        Scope::Channel { id } => format!("in <#{id}>"),
        Scope::Window { days, from, to } => {
            format!("{} ({})", input::show_window(*days, *from, *to), config.time_zone)
        }
    }
}

/// For the history.
pub fn show_multipliers(settings: &LevelSettings) -> String {
    let plain = GuildConfig { time_zone: "server time".to_owned(), ..GuildConfig::default() };
    let all =
        settings.text.multipliers.iter().map(|known| format!("{} % {}", known.percent, scope(&plain, &known.scope)));
    let all: Vec<String> = all.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

const STACKING: &str = "-# Of each kind one counts: the highest role, the nearest place (a channel before its category), and the \
    highest time that is open. The kinds are multiplied with each other, up to 1000 %. They hold for messages and voice.";

pub fn multiplier_added(config: &GuildConfig, multiplier: &Multiplier) -> Message {
    let place = scope(config, &multiplier.scope);
    Message::text(format!("XP {place} now counts **{} %**.\n{STACKING}", multiplier.percent))
}

pub fn multipliers(config: &GuildConfig) -> Message {
    let all = &config.levels.text.multipliers;
    if all.is_empty() {
        return Message::text(
            "There are no multipliers: everything counts 100 %. Add one with `/levels multipliers add`.",
        );
    }
    let mut lines: Vec<String> =
        all.iter().map(|known| format!("**{} %** {}", known.percent, scope(config, &known.scope))).collect();
    lines.push(STACKING.to_owned());
    Message::default().embed(reply::embed("Multipliers", lines.join("\n"), config.color))
}

/// For the history.
pub fn show_ignored(settings: &LevelSettings) -> String {
    let rules = &settings.text;
    let channels = rules.no_xp_channels.iter().map(|id| format!("<#{id}>"));
    let all: Vec<String> = channels.chain(rules.no_xp_roles.iter().map(|id| format!("<@&{id}>"))).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}

pub fn ignored(config: &GuildConfig) -> Message {
    let rules = &config.levels.text;
    if rules.no_xp_channels.is_empty() && rules.no_xp_roles.is_empty() {
        return Message::text(
            "Nothing is ignored: XP is earned everywhere. Add a channel, category or role with `/levels ignore add`.",
        );
    }
    let list = |marks: Vec<String>| if marks.is_empty() { "none".to_owned() } else { marks.join(" ") };
    let mut embed = reply::embed("Nobody earns XP here", "", config.color);
    let channels = rules.no_xp_channels.iter().map(|id| format!("<#{id}>")).collect();
    let roles = rules.no_xp_roles.iter().map(|id| format!("<@&{id}>")).collect();
    reply::field(&mut embed, "Channels and categories, with all in them", list(channels), false);
    reply::field(&mut embed, "Roles", list(roles), false);
    Message::default().embed(embed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_roughly() {
        assert_eq!(
            [300, 5_399, 5_400, 86_400, 129_600, 5_697_750].map(rough),
            ["5 min", "90 min", "2 h", "24 h", "2 days", "66 days"]
        );
    }
}
