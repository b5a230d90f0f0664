//! Purpose: every message and sentence of missions that a person reads in Discord.

use super::{
    posting::{Look, Ready},
    publish::is_unsent,
    roles::store::Sync,
    rounds::{budget, store::Note},
    store::{Mission, Post},
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    media,
    outbox::{Effect, EffectKind},
    points::{
        self,
        rules::Rules,
        store::{EntryRow, Total},
    },
    reply::{self, Message, embed, field, footer, link_button},
    social::{Choice, Kind, Promotion},
    text::{clean_line, count, escape_markdown, number, shorten},
    time,
};
use twilight_model::{
    channel::message::{Component, component::ButtonStyle},
    id::{Id, marker::ChannelMarker},
};

/// What a preview says where a platform has to be sent the picture, and Muster has only its address.
pub const WITHOUT_PICTURE: &str =
    "On {} the post appears without the mission's picture: it would have to be uploaded to Muster.";
const COPY_SHOWN: usize = 700;
/// Characters of a reason in a statement: twenty of them fit into an embed.
const REASON_SHOWN: usize = 140;
/// Characters of a line of the log: twenty of them fit into an embed.
const DETAIL_MAX: usize = 120;

fn id(action: &str, mission: &Mission) -> CustomId {
    CustomId::new(super::NAME, action).arg(&mission.id)
}

pub fn card_key(mission: &str) -> String {
    format!("missions:card:{mission}")
}

/// Posts the card to the mission's channel. `key`: what is posted once.
pub fn card_post(ctx: &Ctx, mission: &Mission, rules: &Rules, color: u32, key: &str) -> Effect {
    Effect {
        guild_id: mission.guild_id,
        feature: super::NAME,
        key: key.to_owned(),
        reference: format!("pushed:{}", mission.id),
        kind: EffectKind::Post {
            channel: mission.channel_id,
            body: card(ctx, mission, rules, color).create_body(),
            marker: marker(mission),
        },
    }
}

/// Has a card that is in another channel by now say where the mission went.
pub fn card_moved(mission: &Mission, channel: Id<ChannelMarker>, message: &str) -> Effect {
    Effect {
        guild_id: mission.guild_id,
        feature: super::NAME,
        key: format!("missions:moved:{}:{message}", mission.id),
        reference: format!("moved:{}:{channel}:{message}", mission.id),
        kind: EffectKind::Render,
    }
}

/// What is left where a card was.
pub fn moved(mission: &Mission) -> Message {
    Message::text(format!("**{}** is in <#{}> now.", escape_markdown(&mission.title), mission.channel_id))
}

/// Has the card show the mission as it is at delivery.
pub fn card_edit(mission: &Mission) -> Effect {
    Effect {
        guild_id: mission.guild_id,
        feature: super::NAME,
        key: card_key(&mission.id),
        reference: format!("card:{}", mission.id),
        kind: EffectKind::Render,
    }
}

/// What is in it for whoever publishes.
fn worth(mission: &Mission, rules: &Rules) -> String {
    let mut parts = Vec::new();
    let points = mission.points(rules);
    if points != 0 {
        parts.push(format!("+{points} for publishing"));
    }
    if rules.on_time != 0 {
        parts.push(format!("+{} in the first {} hours", rules.on_time, rules.on_time_hours));
    }
    if rules.clicks_per_point > 0 {
        parts.push(format!("+1 for every {} clicks", rules.clicks_per_point));
    }
    parts.join(" · ")
}

/// Whether a mission was given a start of its own.
fn starts_later(mission: &Mission) -> bool {
    mission.starts_at > mission.pushed_at.unwrap_or(mission.created_at)
}

/// The card in the channel.
pub fn card(ctx: &Ctx, mission: &Mission, rules: &Rules, color: u32) -> Message {
    let link = if mission.target_url.is_empty() { "" } else { "🔗 *your link*" };
    let text = escape_markdown(&shorten(&mission.copy, COPY_SHOWN)).replace("{link}", link);
    let mut card = embed(escape_markdown(&mission.title), text, color);
    let names: Vec<&str> = mission.kinds().into_iter().map(Kind::name).collect();
    field(&mut card, "Platforms", names.join(", "), true);
    if starts_later(mission) {
        field(&mut card, "Starts", time::relative(mission.starts_at), true);
    }
    let end = if mission.state == "closed" { "Closed".to_owned() } else { time::relative(mission.ends_at) };
    field(&mut card, "Ends", end, true);
    let max = if mission.max_posts > 0 { format!(" of {}", mission.max_posts) } else { String::new() };
    field(&mut card, "Published", format!("{}{max}", number(u64::from(mission.published))), true);
    if let Some(role) = mission.assigned.strip_prefix("role:") {
        field(&mut card, "For", format!("<@&{role}>"), true);
    } else if mission.assigned == "members" {
        field(&mut card, "For", "Chosen members", true);
    }
    let worth = worth(mission, rules);
    if !worth.is_empty() {
        field(&mut card, "Points", worth, false);
    }
    if !mission.image_url.is_empty() {
        // The same each time the card is rendered, and there as long as the card is read.
        let until = mission.ends_at + media::AFTER_END_MS;
        reply::image(&mut card, &media::address(ctx, mission.guild_id, &mission.image_url, until));
    }
    footer(&mut card, marker(mission));
    let post = reply::button(&id("open", mission), "Connect & Post", ButtonStyle::Success, Some("📣"));
    let post = if mission.is_live() { post } else { reply::disabled(post) };
    Message::default().embed(card).row(vec![post])
}

/// A text that only this mission's card has.
pub fn marker(mission: &Mission) -> String {
    format!("Mission {}", mission.id)
}

/// One platform of a mission for one member.
pub struct Place {
    pub kind: Kind,
    /// The account's name, while it is connected.
    pub account: Option<String>,
    /// Why nothing can be published there now.
    pub obstacle: Option<String>,
    pub post: Option<Post>,
}

fn state_of(choice: &Place) -> String {
    if let Some(post) = choice.post.as_ref().filter(|post| !matches!(post.state.as_str(), "failed" | "cancelled")) {
        return post_state(post);
    }
    match (&choice.obstacle, &choice.account) {
        (Some(obstacle), _) => format!("🚫 {obstacle}"),
        (None, Some(name)) => format!("ready, as **{}**", escape_markdown(name)),
        (None, None) => "not connected yet".to_owned(),
    }
}

/// What a member sees of a post of theirs.
pub fn post_state(post: &Post) -> String {
    match post.state.as_str() {
        "published" => {
            let link = if post.url.is_empty() { "published".to_owned() } else { format!("[published]({})", post.url) };
            let reason = escape_markdown(&post.reason);
            let why = if reason.is_empty() { reason } else { format!(" · {reason}") };
            format!("✅ {link}{}{why}", counts(post))
        }
        "failed" => format!("❌ not published: {}", escape_markdown(&post.reason)),
        "cancelled" => format!("called off: {}", escape_markdown(&post.reason)),
        "held" => format!("❓ unknown whether it was published: {}", escape_markdown(&post.reason)),
        "scheduled" => format!("🕒 publishes {}", time::relative(post.due_at.unwrap_or(post.step_at))),
        _ => "⏳ on its way".to_owned(),
    }
}

/// What the platform counted so far; empty before it was asked.
fn counts(post: &Post) -> String {
    let views = post.views.filter(|views| *views > 0).map(|views| count(views, "view", "views"));
    let reactions = post.reactions.filter(|count| *count > 0).map(|n| count(n, "reaction", "reactions"));
    let all: Vec<String> = views.into_iter().chain(reactions).collect();
    if all.is_empty() { String::new() } else { format!(" · {}", all.join(", ")) }
}

/// Where to publish a mission, for one member.
pub fn choices(mission: &Mission, choices: &[Place], connect_url: Option<&str>) -> Message {
    let mut lines = vec![format!("**{}** · ends {}", escape_markdown(&mission.title), time::relative(mission.ends_at))];
    let mut buttons: Vec<Component> = Vec::new();
    for choice in choices {
        lines.push(format!("- {}: {}", choice.kind.name(), state_of(choice)));
        let is_open = choice.post.as_ref().is_none_or(|post| matches!(post.state.as_str(), "failed" | "cancelled"));
        if is_open && choice.obstacle.is_none() && choice.account.is_some() {
            let preview = id("preview", mission).arg(choice.kind.key());
            buttons.push(reply::button(
                &preview,
                &format!("Preview for {}", choice.kind.name()),
                ButtonStyle::Primary,
                None,
            ));
        }
    }
    let mut connect = Vec::new();
    if let Some(url) = connect_url {
        lines.push("Connect an account, come back, and press **Connect & Post** again.".to_owned());
        connect.push(link_button(url, "Connect accounts"));
    }
    // A row holds five buttons: one for each platform there is.
    Message::text(lines.join("\n")).row(buttons).row(connect)
}

/// Exactly what will appear, before it does.
pub fn preview(ready: &Ready, look: &Look) -> Message {
    let kind = ready.kind;
    let size = kind.platform().count(&ready.text);
    let title = format!("{} · as {}", kind.name(), escape_markdown(&look.account));
    let mut shown = embed(title, escape_markdown(&ready.text), reply::DEFAULT_COLOR);
    if !look.image.is_empty() {
        reply::image(&mut shown, &look.image);
    }
    footer(&mut shown, format!("{} of {} characters, as {} counts them", size.used, size.limit, kind.name()));
    let mut lines = vec!["This is what will appear. Nothing is published until you press **Publish**.".to_owned()];
    let chosen = look.asked.as_ref().map(|asked| &asked.chosen);
    let kept = chosen.map(Choice::kept).unwrap_or_default();
    let waits = chosen.is_some_and(|chosen| !chosen.is_whole());
    if let Some(chosen) = chosen.filter(|_| waits) {
        let what = match (chosen.privacy.is_empty(), chosen.promotion) {
            (true, None) => "who may see it and what it promotes",
            (true, _) => "who may see it",
            _ => "what it promotes",
        };
        lines.push(format!("Choose first {what}: {} leaves that to you for every post.", kind.name()));
    }
    lines.extend(look.notes.iter().map(|note| format!("-# {note}")));
    let of = |action: &str| id(action, &ready.mission).arg(kind.key()).arg(&ready.hash).arg(&kept);
    let mut message = Message::text(lines.join("\n")).embed(shown);
    let mut buttons = vec![
        reply::button(&of("publish"), "Publish", ButtonStyle::Success, Some("✅")),
        reply::button(&of("later"), "Later…", ButtonStyle::Secondary, Some("🕒")),
    ];
    if waits {
        buttons = buttons.into_iter().map(reply::disabled).collect();
    }
    if let Some(asked) = &look.asked {
        let privacy = asked.privacy.iter();
        let privacy = privacy.map(|(word, name)| (word.clone(), (*name).to_owned(), *word == asked.chosen.privacy));
        let is_chosen = |one: Promotion| asked.chosen.promotion == Some(one);
        let promotions = asked.promotions.iter();
        let promotions = promotions.map(|one| (one.key().to_owned(), one.name().to_owned(), is_chosen(*one)));
        let selects = [
            ("privacy", "Who may see it?", privacy.collect::<Vec<_>>()),
            ("promotion", "What does it promote?", promotions.collect()),
        ];
        message.components.extend(
            selects.iter().map(|(action, asks, options)| reply::cards::select_asking(&of(action), asks, options)),
        );
        let label = if asked.chosen.allows_comments { "Allow comments: yes" } else { "Allow comments: no" };
        let comments = reply::button(&of("comments"), label, ButtonStyle::Secondary, Some("💬"));
        buttons.push(if asked.may_comment { comments } else { reply::disabled(comments) });
    }
    message.row(buttons)
}

/// How publishing went, right after the press.
pub fn outcome(post: &Post, points: &[EntryRow]) -> Message {
    let kind = post.kind().map_or("The platform", Kind::name);
    let mut text = match post.state.as_str() {
        "published" => format!("🎉 Published on {kind}."),
        "failed" => format!(
            "❌ {kind} did not publish it: {}. Nothing was posted; you can try again.",
            escape_markdown(&post.reason)
        ),
        "held" | "unknown" => format!(
            "{kind} gave no answer. Muster looks whether the post is there before anything is sent again, and writes to you."
        ),
        "scheduled" => format!(
            "🕒 It publishes on {kind} {}. Until then you can call it off with `/post`.",
            time::show(post.due_at.unwrap_or(post.step_at))
        ),
        "cancelled" => format!("It was called off: {}.", escape_markdown(&post.reason)),
        _ if is_unsent(post) => format!(
            "⏳ {kind} is working on it. Until it is sent you can call it off with `/post`. Muster writes to you only if something goes wrong."
        ),
        _ => format!(
            "⏳ {kind} is working on it. Muster writes to you only if something goes wrong; `/post` shows how it stands."
        ),
    };
    let mut buttons = Vec::new();
    if post.state == "published" {
        let earned: Vec<String> =
            points.iter().map(|entry| format!("{:+} {}", entry.points, escape_markdown(&entry.reason))).collect();
        if !earned.is_empty() {
            text.push_str(&format!("\n{}", earned.join("\n")));
        }
        if !post.url.is_empty() {
            buttons.push(link_button(&post.url, "See the post"));
        }
    }
    Message::text(text).row(buttons)
}

/// `more`: what is said below, where there are more than these.
pub fn list(missions: &[Mission], title: &str, empty: &str, more: &str, color: u32) -> Message {
    if missions.is_empty() {
        return Message::text(empty);
    }
    let line = |mission: &Mission| {
        let names: Vec<&str> = mission.kinds().into_iter().map(Kind::name).collect();
        let posts = count(u64::from(mission.published), "post", "posts");
        let start = if starts_later(mission) {
            format!("starts {} · ", time::relative(mission.starts_at))
        } else {
            String::new()
        };
        format!(
            "**{}** · {} · {posts} · {start}ends {}\n-# `{}`",
            escape_markdown(&mission.title),
            names.join(", "),
            time::relative(mission.ends_at),
            mission.id
        )
    };
    let mut lines: Vec<String> = missions.iter().map(line).collect();
    if !more.is_empty() {
        lines.push(more.to_owned());
    }
    Message::default().embed(embed(title, lines.join("\n"), color))
}

/// A text that only the announcement of this month has.
pub fn month_marker(month: &str) -> String {
    format!("Missions · {month}")
}

/// Who came first in a month.
pub fn winners(month: &str, winners: &[Total], members: u32, color: u32) -> Message {
    let medals = ["🥇", "🥈", "🥉"];
    let line = |(place, one): (usize, &Total)| {
        let mark = medals.get(place).map_or_else(|| format!("{}.", place + 1), |medal| (*medal).to_owned());
        format!("{mark} <@{}> · **{}**", one.user_id, number(one.points.unsigned_abs()))
    };
    let lines: Vec<String> = winners.iter().enumerate().map(line).collect();
    let title = format!("The month's first, of {}", count(u64::from(members), "member", "members"));
    let mut shown = embed(title, lines.join("\n"), color);
    footer(&mut shown, month_marker(month));
    Message::default().embed(shown)
}

/// What was noted since the last message of the log.
pub fn log(notes: &[Note], last: i64, color: u32) -> Message {
    let lines: Vec<String> = notes.iter().map(noted).collect();
    let mut shown = embed("Missions: what happened", lines.join("\n"), color);
    footer(&mut shown, log_marker(last));
    Message::default().embed(shown)
}

/// Names a message of the log.
pub fn log_marker(last: i64) -> String {
    format!("Note {last}")
}

fn noted(note: &Note) -> String {
    let (word, rest) = note.detail.split_once(' ').unwrap_or((&note.detail, ""));
    let platform = Kind::of(word).map_or("", Kind::name);
    let what = match (note.kind.as_str(), rest.split_once(' ')) {
        ("points", _) => format!("**{word}** {}", escape_markdown(&clean_line(rest, DETAIL_MAX))),
        ("post", Some(("published", url))) => format!("published on {platform} {}", clean_line(url, DETAIL_MAX)),
        ("post", Some((state, why))) => {
            format!("{platform}: {state}, {}", escape_markdown(&clean_line(why, DETAIL_MAX)))
        }
        _ => format!("{platform}: {rest}"),
    };
    format!("<t:{}:T> <@{}> {what}", note.at.div_euclid(1_000), note.user_id)
}

/// What came of a decision about a post whose outcome nobody knew.
pub fn decided(post: &Post) -> String {
    let kind = post.kind().map_or("the platform", Kind::name);
    match post.state.as_str() {
        "published" if post.is_uncounted() => format!(
            "The post on {kind} counts as published. It brings no points for views and reactions: Muster does not know its number there."
        ),
        "published" => format!("The post on {kind} counts as published, with its points."),
        "failed" => format!("The post on {kind} counts as not published. <@{}> can publish it again.", post.user_id),
        _ => "It was decided before.".to_owned(),
    }
}

/// What a look at everybody's roles came to so far.
pub fn synced(sync: &Sync) -> String {
    let are = |n: u64, one: &str, many: &str| (n > 0).then(|| count(n, one, many));
    let parts = [
        are(sync.given, "role was given", "roles were given"),
        are(sync.taken, "was taken", "were taken"),
        are(sync.gone, "member is not here any more", "members are not here any more"),
        are(
            sync.refused,
            "member could not be given or taken theirs (Muster needs Manage Roles, and a role above the ranks')",
            "members could not be given or taken theirs (Muster needs Manage Roles, and a role above the ranks')",
        ),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing was wrong".to_owned() } else { parts.join(", ") }
}

/// A line of the ledger, with the mission that it belongs to.
pub fn entry(entry: &EntryRow) -> String {
    let why = points::why(&entry.reason, entry.mission.as_deref());
    let why = escape_markdown(&shorten(&why, REASON_SHOWN));
    format!("- {:+} · {why} · {}", entry.points, time::relative(entry.at))
}

/// As many lines as fit into `max` characters.
pub fn fitting(lines: impl Iterator<Item = String>, max: usize) -> String {
    let mut text = String::new();
    let mut left_out = 0;
    for line in lines {
        if left_out > 0 || text.chars().count() + line.chars().count() + 1 > max {
            left_out += 1;
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    if left_out > 0 { format!("{text}\n… and {left_out} more") } else { text }
}

/// What of a budget for X is spent, in thousandths of a US dollar.
pub fn spent(rules: &Rules, spent: u32) -> String {
    let dollars = f64::from(spent) / 1_000.0;
    if !budget::is_used_up(rules, spent) {
        return format!("${dollars:.2} of it is spent.");
    }
    format!(
        "${dollars:.2} of it is spent: it is used up. Nothing is published there and counts on X are not read before there is room again."
    )
}

/// What a guild's missions go by, for the team; `cost` is what X cost lately.
pub fn settings(rules: &Rules, cost: u32) -> String {
    let mut lines = Vec::new();
    lines.push(rules.channel.map_or_else(
        || {
            "Cards go to the channel of each mission, and the month's first to that of the newest mission with points."
                .to_owned()
        },
        |channel| format!("Cards and the month's first go to <#{channel}>."),
    ));
    if !rules.managers.is_empty() {
        let roles: Vec<String> = rules.managers.iter().map(|role| format!("<@&{role}>")).collect();
        lines.push(format!("Missions are run by Manage Server and {}.", roles.join(", ")));
    }
    for rank in &rules.ranks {
        let role = rank.role.map_or_else(|| "no role".to_owned(), |role| format!("<@&{role}>"));
        lines.push(format!(
            "- {} from {}: {role}",
            escape_markdown(&rank.name),
            count(rank.at.unsigned_abs(), "point", "points")
        ));
    }
    let per_day = if rules.posts_per_day == 0 {
        "any number of posts".to_owned()
    } else {
        count(u64::from(rules.posts_per_day), "post", "posts")
    };
    lines.push(format!(
        "A member may publish {per_day} a day, with {} in between.",
        count(u64::from(rules.cooldown_minutes), "minute", "minutes")
    ));
    if !rules.banned_words.is_empty() {
        lines.push(format!("Not published: {}", escape_markdown(&shorten(&rules.banned_words.join(", "), COPY_SHOWN))));
    }
    let budget = if rules.x_budget == 0 {
        "X is off: posts there cost money.".to_owned()
    } else {
        let budget = f64::from(rules.x_budget) / 1_000.0;
        format!("Posts on X, and reading their counts, may cost ${budget:.2} in 30 days. {}", spent(rules, cost))
    };
    let rewards = if rules.rewards_on_x {
        "They bring points, though X forbids that and may take the application's access away."
    } else {
        "They bring no points, because X forbids rewards."
    };
    lines.push(format!("{budget} {rewards}"));
    if let Some(log) = rules.log_channel {
        lines.push(format!("Every post, change of counts and change of points is noted in <#{log}>."));
    }
    lines.join("\n")
}
