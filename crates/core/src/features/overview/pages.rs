//! Purpose: the page itself.

use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::Result,
    web::{Request, Response, Shell, render},
};
use askama::Template;

#[derive(Template)]
#[template(path = "features/overview/overview.html")]
struct OverviewPage {
    shell: Shell,
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    if request.method != "GET" || !rest.is_empty() {
        return Ok(None);
    }
    access.require(ctx, Area::Overview, May::View)?;
    let shell = Shell::of_guild(ctx, request, access, "Overview", "");
    render(200, &OverviewPage { shell }).map(Some)
}
