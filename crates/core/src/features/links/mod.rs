//! Purpose: short links for people: what is kept about their owners. Making, looking up and counting is `crate::links`.

mod privacy;

use crate::{ctx::Ctx, error::Result, feature::Feature};
use serde_json::Value;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

const NAME: &str = "links";
pub const COMMANDS: &[&str] = &[];

pub struct Links;

impl Feature for Links {
    const NAME: &'static str = NAME;

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        privacy::export(ctx, guild, user).await
    }

    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        privacy::forget(ctx, guild, user).await
    }
}
