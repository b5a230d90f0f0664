//! Purpose: a guild's first page on the dashboard: the way to its other parts.
//!
//! Tables: none of its own; it asks the other features through the registry.

mod api;
mod pages;

use crate::{
    access::{Area, GuildAccess},
    ctx::Ctx,
    error::Result,
    feature::Feature,
    web::{Request, Response, Tab},
};
use utoipa::OpenApi as _;

pub const COMMANDS: &[&str] = &[];

pub struct Overview;

impl Feature for Overview {
    const NAME: &'static str = "overview";

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "", title: "Overview", area: Area::Overview }]
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
