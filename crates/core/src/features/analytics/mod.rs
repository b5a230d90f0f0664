//! Purpose: analytics on the dashboard: messages, voice, joins, leaves and commands over a day, a week or a month.
//!
//! Tables: none of its own; `activity` counts and reports.

mod api;
mod pages;

use crate::{
    access::{Area, GuildAccess},
    ctx::Ctx,
    error::Result,
    feature::Feature,
    text::csv_cell,
    web::{Request, Response, Tab},
};
use utoipa::OpenApi as _;

pub const COMMANDS: &[&str] = &[];

pub struct Analytics;

impl Feature for Analytics {
    const NAME: &'static str = "analytics";

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "analytics", title: "Analytics", area: Area::Analytics }]
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }
}

/// A CSV file with a heading; cells are made harmless for spreadsheets.
fn csv(heading: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut file = format!("{heading}\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| csv_cell(text)).collect();
        file.push_str(&cells.join(","));
        file.push('\n');
    }
    file
}
