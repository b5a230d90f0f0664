//! Purpose: the list of missions: those that are open, and those that are closed.

use super::{href, nav, platform_names, shell, state, store};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::Result,
    features::missions::store::Mission,
    links::stats,
    web::{
        Request, Response, Shell, render,
        table::{Cell, table},
    },
};
use askama::Template;
use std::collections::HashMap;

/// More than a server has open at once; beyond that the oldest drafts are not shown.
const OPEN_MAX: u32 = 100;
const PER_PAGE: usize = 20;

#[derive(Template)]
#[template(path = "features/missions/list.html")]
struct ListPage {
    shell: Shell,
    nav: String,
    href: String,
    may_manage: bool,
    is_closed: bool,
    /// There was one before.
    has_any: bool,
    table: String,
    older: String,
}

/// `1766000000000-0a1b2c3d4e`.
fn parse_cursor(text: &str) -> Option<(i64, &str)> {
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id))
}

/// Name, state, platforms, posts, clicks, points, end.
async fn rows(ctx: &Ctx, access: &GuildAccess, missions: &[Mission]) -> Result<Vec<Vec<Cell>>> {
    let ids: Vec<&str> = missions.iter().map(|mission| mission.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let clicks = stats::sums(ctx, access.guild, &ids).await?;
    let points: Vec<store::MissionPoints> =
        ctx.query(store::list_points_of(access.guild, &serde_json::json!(ids).to_string())).await?.all()?;
    let points: HashMap<&str, i64> = points.iter().map(|row| (row.mission_id.as_str(), row.points)).collect();
    let row = |mission: &Mission| {
        let (word, tone) = state(mission, ctx.now());
        let id = mission.id.as_str();
        vec![
            Cell::Link { href: href(access, id), text: mission.title.clone() },
            Cell::State { tone, text: word.to_owned(), more: String::new() },
            Cell::text(platform_names(mission)),
            Cell::number(mission.published.into()),
            Cell::number(clicks.get(id).map_or(0, |sum| sum.counted)),
            Cell::Number(points.get(id).copied().unwrap_or(0).to_string()),
            Cell::at(mission.closed_at.unwrap_or(mission.ends_at)),
        ]
    };
    Ok(missions.iter().map(row).collect())
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let is_closed = request.param("show") == Some("closed");
    let mut missions: Vec<Mission>;
    let mut older = String::new();
    if is_closed {
        let before = request.param("before").and_then(parse_cursor);
        let limit = u32::try_from(PER_PAGE + 1).unwrap_or(u32::MAX);
        missions = ctx.query(store::list_closed(access.guild, before, limit)).await?.all()?;
        if missions.len() > PER_PAGE {
            missions.truncate(PER_PAGE);
            let last = missions.last().map(|last| format!("{}-{}", last.created_at, last.id)).unwrap_or_default();
            older = format!("{}?show=closed&before={last}", href(access, ""));
        }
    } else {
        missions = ctx.query(store::list_open(access.guild, OPEN_MAX)).await?.all()?;
    }
    let has_any = !missions.is_empty()
        || !ctx.query(store::list_closed(access.guild, None, 1)).await?.all::<Mission>()?.is_empty();
    let end = if is_closed { "Closed" } else { "Ends" };
    let head = ["Mission", "State", "Platforms", "Posts", "Clicks", "Points", end];
    let page = ListPage {
        shell: shell(ctx, request, access, "Missions"),
        nav: nav(access, ""),
        href: href(access, ""),
        may_manage: access.may(Area::Missions, May::Manage),
        is_closed,
        has_any,
        table: table(&head, &rows(ctx, access, &missions).await?),
        older,
    };
    render(200, &page)
}
