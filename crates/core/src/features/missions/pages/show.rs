//! Purpose: one mission with what it has brought: posts, clicks, engagement, points, and what can be done with it.

use super::{href, load, platform_names, post_state, refused, shell, state, store};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    audit::Author,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::missions::{actions, assignees, store::Mission},
    links::{rules::count::DAY_MS, stats},
    media::{self, Kept},
    people, permissions,
    social::Kind,
    text::number,
    time,
    web::{
        Request, Response, Shell,
        choices::error_of,
        render,
        table::{Cell, table},
    },
};
use askama::Template;
use serde_json::json;
use std::collections::HashMap;
use twilight_model::id::{
    Id,
    marker::{RoleMarker, UserMarker},
};

const POSTS_PER_PAGE: usize = 50;
const MEMBERS_SHOWN: u32 = 10;
const CHOSEN_SHOWN: usize = 10;
/// Days of a chart; a mission that ran longer shows its last ones.
const DAYS: i64 = 60;
const WEEK: i64 = 7;

#[derive(Template)]
#[template(path = "features/missions/show.html")]
struct ShowPage {
    shell: Shell,
    href: String,
    list: String,
    title: String,
    state: &'static str,
    tone: &'static str,
    /// What whoever looks may do now.
    may_edit: bool,
    /// It is a draft: it can be deleted, too.
    may_push: bool,
    errors: Vec<FieldError>,
    totals: Vec<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    starts: String,
    ends: String,
    copy: String,
    /// Where the kept picture is; empty without one, and for the address of another site's, which is a fact.
    picture: String,
    charts: Vec<Chart>,
    days: String,
    platforms: String,
    members: String,
    posts: String,
    more: String,
}

struct Chart {
    title: &'static str,
    /// For `charts.js`.
    data: String,
}

impl ShowPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

/// What was read of a mission for its page.
struct Results {
    platforms: Vec<store::PlatformSums>,
    posts: Vec<store::PostLine>,
    clicks: Vec<(i64, u64, u64)>,
    all_clicks: u64,
    posts_by_day: HashMap<i64, i64>,
    points_by_day: HashMap<i64, i64>,
    /// Views, and what else people did.
    engagement: HashMap<i64, (i64, i64)>,
    top: Vec<store::MemberPoints>,
    points: i64,
    /// Each member's link, and the people that it counted.
    member_clicks: HashMap<Id<UserMarker>, (String, u64)>,
}

async fn read(ctx: &Ctx, mission: &Mission, after: (&str, &str), since: i64) -> Result<Results> {
    let (guild, id) = (mission.guild_id, mission.id.as_str());
    let limit = u32::try_from(POSTS_PER_PAGE + 1).unwrap_or(u32::MAX);
    let results = ctx
        .batch(vec![
            store::sums_by_platform(id),
            store::list_posts(id, after, limit),
            store::posts_by_day(id, since),
            store::points_by_day(guild, id, since),
            store::top_of(guild, id, MEMBERS_SHOWN),
            store::list_points_of(guild, &json!([id]).to_string()),
            store::engagement_by_day(id, since),
        ])
        .await?;
    let [platforms, posts, posts_by_day, points_by_day, top, points, engagement] = &results[..] else {
        return Err(Error::internal("seven results expected"));
    };
    let by_day = |rows: Vec<store::DayCount>| rows.into_iter().map(|row| (row.day, row.n)).collect();
    let clicks = stats::by_day(ctx, guild, id, since).await?;
    let counted = crate::links::counted_of(ctx, guild, id).await?;
    Ok(Results {
        platforms: platforms.all()?,
        posts: posts.all()?,
        clicks: clicks.into_iter().map(|(day, sum)| (day, sum.counted, sum.raw)).collect(),
        all_clicks: counted.members.iter().map(|(_, _, clicks)| clicks).sum(),
        posts_by_day: by_day(posts_by_day.all()?),
        points_by_day: by_day(points_by_day.all()?),
        engagement: engagement
            .all::<store::DayEngagement>()?
            .into_iter()
            .map(|row| (row.day, (row.views, row.responses)))
            .collect(),
        top: top.all()?,
        points: points.first::<store::MissionPoints>()?.map_or(0, |row| row.points),
        member_clicks: counted.members.into_iter().map(|(user, slug, clicks)| (user, (slug, clicks))).collect(),
    })
}

/// The days of a mission's charts: from its push to its end or today, and a week at least. `engaged`: the last day on which its posts
/// gained something, which goes on after the end.
fn days_of(mission: &Mission, now: i64, engaged: Option<i64>) -> std::ops::RangeInclusive<i64> {
    let day = |at: i64| at.div_euclid(DAY_MS);
    let end = day(mission.closed_at.unwrap_or(now)) + 1;
    let last = day(now).min(end.max(engaged.unwrap_or(end)));
    let first = day(mission.pushed_at.unwrap_or(mission.created_at)).clamp(last - DAYS + 1, last - WEEK + 1);
    first..=last
}

/// What a day of a mission brought.
struct Day {
    day: i64,
    /// Counted, and raw.
    clicks: [i64; 2],
    posts: i64,
    points: i64,
    views: i64,
    responses: i64,
}

impl Day {
    fn numbers(&self) -> [i64; 6] {
        let [counted, raw] = self.clicks;
        [counted, raw, self.views, self.responses, self.posts, self.points]
    }
}

/// A line of a chart: what it is called, and what a day adds to it.
type Line = (&'static str, fn(&Day) -> i64);

/// Three charts, and all of their numbers as a table.
fn charts(days: &[i64], results: &Results) -> (Vec<Chart>, String) {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let clicks: HashMap<i64, [i64; 2]> =
        results.clicks.iter().map(|(day, counted, raw)| (*day, [signed(*counted), signed(*raw)])).collect();
    let of = |day: &i64| {
        let (views, responses) = results.engagement.get(day).copied().unwrap_or_default();
        Day {
            day: *day,
            clicks: clicks.get(day).copied().unwrap_or_default(),
            posts: results.posts_by_day.get(day).copied().unwrap_or(0),
            points: results.points_by_day.get(day).copied().unwrap_or(0),
            views,
            responses,
        }
    };
    let all: Vec<Day> = days.iter().map(of).collect();
    let x: Vec<i64> = days.iter().map(|day| day * DAY_MS / 1_000).collect();
    let chart = |title, series: [Line; 2]| {
        let is_empty = all.iter().all(|day| series.iter().all(|(_, of)| of(day) == 0));
        let values = |of: fn(&Day) -> i64| all.iter().map(of).collect::<Vec<i64>>();
        let series = series.map(|(label, of)| json!({ "label": label, "values": values(of) }));
        let data = json!({ "x": x, "time": true, "zone": "UTC", "series": series }).to_string();
        (!is_empty).then_some(Chart { title, data })
    };
    let charts = [
        chart("Clicks by day", [("Counted", |day| day.clicks[0]), ("Raw", |day| day.clicks[1])]),
        chart("Engagement by day", [("Views", |day| day.views), ("Reactions, comments, shares", |day| day.responses)]),
        chart("Posts and points by day", [("Posts", |day| day.posts), ("Points", |day| day.points)]),
    ];
    let rows: Vec<Vec<Cell>> = all
        .iter()
        .rev()
        .filter(|day| day.numbers() != [0; 6])
        .map(|day| {
            let date = time::rfc3339(day.day * DAY_MS);
            let date = Cell::text(date.split('T').next().unwrap_or_default());
            std::iter::once(date).chain(day.numbers().map(|n| Cell::Number(n.to_string()))).collect()
        })
        .collect();
    let heads = ["Day (UTC)", "Clicks", "Raw", "Views", "Reactions, comments, shares", "Posts", "Points"];
    (charts.into_iter().flatten().collect(), table(&heads, &rows))
}

fn platform_rows(mission: &Mission, sums: &[store::PlatformSums]) -> Vec<Vec<Cell>> {
    let none = store::PlatformSums::default();
    let gone = |sum: &&store::PlatformSums| !mission.kinds().iter().any(|kind| kind.key() == sum.platform);
    let former = sums.iter().filter(gone).filter_map(|sum| Kind::of(&sum.platform));
    mission
        .kinds()
        .into_iter()
        .chain(former)
        .map(|kind| {
            let sum = sums.iter().find(|sum| sum.platform == kind.key()).unwrap_or(&none);
            vec![
                Cell::text(kind.name()),
                Cell::number(sum.published),
                Cell::number(sum.under_way),
                Cell::number(sum.failed),
                Cell::number(sum.held),
                Cell::number(sum.views),
                Cell::number(sum.reactions),
                Cell::number(sum.comments),
                Cell::number(sum.shares),
            ]
        })
        .collect()
}

/// A post's link with its state, or its state with the reason.
fn post_row(line: &store::PostLine, names: &HashMap<Id<UserMarker>, String>) -> Vec<Cell> {
    let (word, tone) = post_state(&line.state);
    let count = |value: Option<u64>| value.map_or_else(|| Cell::Number(String::new()), Cell::number);
    let is_address = line.url.starts_with("https://") || line.url.starts_with("http://");
    let link =
        if is_address { Cell::Link { href: line.url.clone(), text: "See it".to_owned() } } else { Cell::text("") };
    vec![
        Cell::text(names.get(&line.user_id).cloned().unwrap_or_default()),
        Cell::text(line.platform_name()),
        Cell::State { tone, text: word.to_owned(), more: line.reason.clone() },
        Cell::at(line.due_at.filter(|_| line.state == "scheduled").unwrap_or(line.step_at)),
        count(line.views),
        count(line.reactions),
        count(line.comments),
        count(line.shares),
        link,
    ]
}

/// The chosen members by name, as far as a line shows them.
fn chosen_names(chosen: &[Id<UserMarker>], names: &HashMap<Id<UserMarker>, String>) -> String {
    let mut all: Vec<String> = chosen.iter().take(CHOSEN_SHOWN).filter_map(|user| names.get(user)).cloned().collect();
    if chosen.len() > CHOSEN_SHOWN {
        all.push(format!("{} more", chosen.len() - CHOSEN_SHOWN));
    }
    all.join(", ")
}

fn facts(mission: &Mission, access: &GuildAccess, chosen: String, channel: String) -> Vec<(&'static str, String)> {
    let role = |id: &str| {
        let known = parse_id::<RoleMarker>(id).and_then(|id| access.facts.roles.iter().find(|role| role.id == id));
        known.map_or_else(|| "a role that is gone".to_owned(), |role| format!("@{}", role.name))
    };
    let audience = match mission.assigned.strip_prefix("role:") {
        Some(id) => role(id),
        None if mission.assigned == "members" => chosen,
        None => "Everyone".to_owned(),
    };
    let mut facts = vec![("Platforms", platform_names(mission)), ("For", audience), ("Card in", channel)];
    if mission.max_posts > 0 {
        facts.push(("At most", crate::text::count(u64::from(mission.max_posts), "post", "posts")));
    }
    if mission.publish_points >= 0 {
        let points = crate::text::count(mission.publish_points.unsigned_abs(), "point", "points");
        facts.push(("Publishing brings", points));
    }
    let picture = if Kept::of(&mission.image_url).is_none() { mission.image_url.as_str() } else { "" };
    for (name, value) in
        [("Link leads to", mission.target_url.as_str()), ("Picture", picture), ("Campaign", &mission.campaign)]
    {
        if !value.is_empty() {
            facts.push((name, value.to_owned()));
        }
    }
    facts
}

async fn channel_name(ctx: &Ctx, mission: &Mission) -> Result<String> {
    let channels = crate::discord::list_channels(ctx, mission.guild_id).await?;
    let known = channels.into_iter().find(|channel| channel.id == mission.channel_id).and_then(|channel| channel.name);
    Ok(known.map_or_else(|| "a channel that is gone".to_owned(), |name| format!("#{name}")))
}

fn totals(mission: &Mission, results: &Results) -> Vec<(&'static str, String)> {
    let sum = |of: fn(&store::PlatformSums) -> u64| results.platforms.iter().map(of).sum::<u64>();
    let of = if mission.max_posts > 0 { format!(" of {}", mission.max_posts) } else { String::new() };
    let mut totals = vec![("Published", format!("{}{of}", number(sum(|sums| sums.published))))];
    for (name, posts) in [("On their way", sum(|sums| sums.under_way)), ("Unknown", sum(|sums| sums.held))] {
        if posts > 0 {
            totals.push((name, number(posts)));
        }
    }
    totals.push(("Clicks", number(results.all_clicks)));
    totals.push(("Views", number(sum(|sums| sums.views))));
    totals.push(("Reactions", number(sum(|sums| sums.reactions))));
    totals.push(("Points", results.points.to_string()));
    totals
}

pub async fn show(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    mission: Mission,
    errors: Vec<FieldError>,
) -> Result<Response> {
    let after = request.param("after").and_then(|text| text.split_once('-')).unwrap_or_default();
    let mut results = read(ctx, &mission, after, *days_of(&mission, ctx.now(), None).start()).await?;
    let engaged = results.engagement.keys().max().copied();
    let days: Vec<i64> = days_of(&mission, ctx.now(), engaged).collect();
    let here = href(access, &mission.id);
    let has_more = results.posts.len() > POSTS_PER_PAGE;
    results.posts.truncate(POSTS_PER_PAGE);
    let last = results.posts.last().filter(|_| has_more);
    let more = last.map(|last| format!("{here}?after={}-{}#posts", last.user_id, last.platform)).unwrap_or_default();
    let chosen = assignees::chosen(ctx, &mission).await?;
    let users = results.posts.iter().map(|post| post.user_id);
    let users = users.chain(results.top.iter().map(|one| one.user_id)).chain(chosen.iter().take(CHOSEN_SHOWN).copied());
    let users: Vec<_> = users.collect();
    let names = people::names(ctx, access.guild, &users).await;
    let (charts, days) = charts(&days, &results);
    let posts: Vec<_> = results.posts.iter().map(|line| post_row(line, &names)).collect();
    let member = |one: &store::MemberPoints| {
        let name = names.get(&one.user_id).cloned().unwrap_or_default();
        let (link, clicks) = match results.member_clicks.get(&one.user_id) {
            Some((slug, clicks)) => {
                let href = format!("/g/{}/links/{slug}", access.guild);
                (Cell::Link { href, text: "Its numbers".to_owned() }, *clicks)
            }
            None => (Cell::text(""), 0),
        };
        let ledger = Cell::Link { href: format!("{}?user={}", href(access, "ledger"), one.user_id), text: name };
        vec![ledger, Cell::number(clicks), Cell::Number(one.points.to_string()), link]
    };
    let members: Vec<_> = results.top.iter().map(member).collect();
    let platforms = platform_rows(&mission, &results.platforms);
    let (word, tone) = state(&mission, ctx.now());
    let may_manage = access.may(Area::Missions, May::Manage);
    let counts = ["Views", "Reactions", "Comments", "Shares"];
    let page = ShowPage {
        shell: shell(ctx, request, access, mission.title.clone()),
        list: href(access, ""),
        may_edit: may_manage && mission.state != "closed",
        may_push: may_manage && mission.state == "draft",
        totals: totals(&mission, &results),
        facts: facts(&mission, access, chosen_names(&chosen, &names), channel_name(ctx, &mission).await?),
        starts: time::rfc3339(mission.starts_at),
        ends: time::rfc3339(mission.closed_at.unwrap_or(mission.ends_at)),
        charts,
        days,
        platforms: table(
            &[&["Platform", "Published", "On their way", "Not published", "Unknown"], &counts[..]].concat(),
            &platforms,
        ),
        members: table(&["Member", "Clicks", "Points", "Link"], &members),
        posts: table(&[&["Who", "Platform", "State", "Since"], &counts[..], &["Post"]].concat(), &posts),
        more,
        picture: media::page_path(ctx, access.guild, &mission.image_url),
        href: here,
        title: mission.title,
        copy: mission.copy,
        state: word,
        tone,
        errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

async fn push(ctx: &Ctx, access: &GuildAccess, author: &Author, mission: Mission) -> Result<()> {
    permissions::require_may_post(ctx, access, mission.channel_id).await?;
    actions::push(ctx, author, mission).await.map(|_| ())
}

/// Pushes, closes or drops a mission.
pub async fn act(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str, act: &str) -> Result<Response> {
    let author = access.author(request.form().once());
    let Some(mission) = actions::load(ctx, access.guild, id).await? else {
        // Pressed twice.
        return if act == "delete" { Ok(Response::see(href(access, ""))) } else { Err(Error::NotFound) };
    };
    let done = match act {
        "push" => push(ctx, access, &author, mission).await,
        "close" => actions::close(ctx, &author, mission).await.map(|_| ()),
        "delete" => actions::delete(ctx, &author, &mission).await,
        _ => return Err(Error::NotFound),
    };
    match done {
        Ok(()) => {
            let place = if act == "delete" { String::new() } else { id.to_owned() };
            Ok(Response::see(format!("{}?done={act}", href(access, &place))))
        }
        Err(error) => {
            let errors = refused(error)?;
            show(ctx, request, access, load(ctx, access, id).await?, errors).await
        }
    }
}
