//! Purpose: API keys: the dashboard's page for them, and what a key is told about itself.
//!
//! Tables: api_keys, through its shared store.

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

pub struct Keys;

impl Feature for Keys {
    const NAME: &'static str = "keys";

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "keys", title: "API keys", area: Area::Access }]
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
