//! Purpose: the board of mission points as a page: of all time, of the month that runs, and of those that have ended.

use super::{href, nav, shell};
use crate::{
    access::GuildAccess,
    ctx::Ctx,
    error::{Error, Result},
    features::missions::rounds,
    guild_config, people,
    points::{self, board},
    text::count,
    web::{
        Request, Response, Shell, render,
        table::{Cell, table},
    },
};
use askama::Template;

const PER_PAGE: usize = 25;
/// Months that can be chosen; those before have the same address.
const MONTHS: u32 = 24;

struct Period {
    href: String,
    title: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "features/missions/board.html")]
struct BoardPage {
    shell: Shell,
    nav: String,
    periods: Vec<Period>,
    members: String,
    /// When the month ended; empty for one that runs, and for all time.
    ended: String,
    table: String,
    previous: String,
    next: String,
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let base = href(access, "board");
    let running = points::month_of(guild_config::cached(ctx, access.guild).await?.zone(), ctx.now());
    let month = request.param("month").unwrap_or(&running);
    let number: usize = request.param("page").unwrap_or("1").parse().map_err(|_| Error::NotFound)?;
    if (month != points::ALL && !points::is_month(month)) || !(1..=1_000_000).contains(&number) {
        return Err(Error::NotFound);
    }
    let from = board::From::Row((number - 1) * PER_PAGE);
    let found = board::page(ctx, access.guild, month, from, PER_PAGE).await?;
    let ended: Vec<rounds::store::Month> = ctx.query(rounds::store::list_months(access.guild, MONTHS)).await?.all()?;
    let users: Vec<_> = found.rows.iter().map(|row| row.user).collect();
    let names = people::names(ctx, access.guild, &users).await;
    let row = |row: &board::Row| {
        let name = names.get(&row.user).cloned().unwrap_or_default();
        vec![
            Cell::Number(row.place.to_string()),
            Cell::Link { href: format!("{}?user={}", href(access, "ledger"), row.user), text: name },
            Cell::Number(row.points.to_string()),
        ]
    };
    let turn = |to: usize| format!("{base}?month={month}&page={to}");
    let period = |key: &str, title: &str| Period {
        href: format!("{base}?month={key}"),
        title: title.to_owned(),
        is_current: key == month,
    };
    let mut periods = vec![period(&running, "This month"), period(points::ALL, "All time")];
    periods.extend(ended.iter().filter(|one| one.month != running).map(|one| period(&one.month, &one.month)));
    let pages = found.members.div_ceil(PER_PAGE).max(1);
    let page = BoardPage {
        shell: shell(ctx, request, access, "Board"),
        nav: nav(access, "board"),
        periods,
        members: count(found.members as u64, "member", "members"),
        ended: ended
            .iter()
            .find(|one| one.month == month)
            .map(|one| crate::time::rfc3339(one.closed_at))
            .unwrap_or_default(),
        table: table(&["Place", "Member", "Points"], &found.rows.iter().map(row).collect::<Vec<_>>()),
        previous: if number > 1 { turn((number - 1).min(pages)) } else { String::new() },
        next: if number < pages { turn(number + 1) } else { String::new() },
    };
    render(200, &page)
}
