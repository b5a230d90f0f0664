//! Purpose: a configuration as a file: with the names of what it mentions, so that another server can be told what it means.

use crate::{
    access::GuildAccess,
    error::{Error, Result},
    guild_config::{versions::Versioned, words::Names},
    time,
};
use serde::Serialize;
use std::collections::BTreeMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker},
};

/// Names the format; `FORMAT_VERSION` grows when an older reader would misread a file.
const FORMAT: &str = "muster-config";
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    format_version: u32,
    exported_at: String,
    guild: Guild<'a>,
    /// Version of the configuration in its guild.
    version: i64,
    settings: &'a crate::guild_config::GuildConfig,
    /// Names of the roles and channels that the settings mention; those that are gone have none.
    roles: BTreeMap<Id<RoleMarker>, &'a str>,
    channels: BTreeMap<Id<ChannelMarker>, &'a str>,
}

#[derive(Serialize)]
struct Guild<'a> {
    id: Id<GuildMarker>,
    name: &'a str,
}

/// The file's text.
///
/// # Errors
/// Only when the settings cannot be written as JSON, which is a defect.
pub fn export(access: &GuildAccess, current: &Versioned, names: &Names, now: i64) -> Result<String> {
    let (roles, channels) = current.config.references();
    let document = Document {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        exported_at: time::rfc3339(now),
        guild: Guild { id: access.guild, name: &access.facts.name },
        version: current.version,
        settings: &current.config,
        roles: roles.into_iter().filter_map(|id| Some((id, names.roles.get(&id.to_string())?.as_str()))).collect(),
        channels: channels
            .into_iter()
            .filter_map(|id| Some((id, names.channels.get(&id.to_string())?.as_str())))
            .collect(),
    };
    serde_json::to_string_pretty(&document).map_err(Error::internal)
}
