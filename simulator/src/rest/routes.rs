//! Purpose: the table of REST routes. Templates are written exactly as in Discord's OpenAPI description.

use percent_encoding::percent_decode_str;

use crate::Sim;

use super::{
    ApiError, Ctx, Reply, applications as app, callback, channels, commands, guilds, members, messages, reactions,
    roles, threads, users, webhooks,
};

pub(super) type Handler = fn(&mut Sim, &mut Ctx) -> Result<Reply, ApiError>;

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The bot's token.
    Bot,
    /// The bot, or a person's OAuth2 token.
    BotOrBearer,
    /// Anybody: the token in the path is the right to it.
    Anyone,
}
use Who::{Anyone, Bot, BotOrBearer};

/// A route that a request met.
pub(crate) struct Found {
    pub method: &'static str,
    pub template: &'static str,
    pub(super) handler: Handler,
    pub open: bool,
    pub bearer: bool,
    pub params: Vec<(&'static str, String)>,
}

/// Routes by method. A literal segment must stand before a parameter at the same place.
const ROUTES: &[(&str, &str, Who, Handler)] = &[
    ("GET", "/gateway", Anyone, app::gateway),
    ("GET", "/gateway/bot", Bot, app::gateway_bot),
    ("GET", "/applications/@me", Bot, app::current),
    ("GET", "/oauth2/applications/@me", Bot, app::current),
    ("GET", "/oauth2/@me", BotOrBearer, users::authorization),
    ("GET", "/users/@me", BotOrBearer, users::me),
    ("GET", "/users/@me/guilds", BotOrBearer, users::my_guilds),
    ("GET", "/users/@me/guilds/{guild_id}/member", BotOrBearer, users::my_member),
    ("DELETE", "/users/@me/guilds/{guild_id}", Bot, users::leave),
    ("POST", "/users/@me/channels", Bot, users::open_dm),
    ("GET", "/users/{user_id}", Bot, users::get),
    ("GET", "/guilds/{guild_id}", Bot, guilds::get),
    ("GET", "/guilds/{guild_id}/channels", Bot, guilds::channels),
    ("POST", "/guilds/{guild_id}/channels", Bot, guilds::create_channel),
    ("GET", "/guilds/{guild_id}/threads/active", Bot, threads::active),
    ("GET", "/guilds/{guild_id}/roles", Bot, roles::list),
    ("POST", "/guilds/{guild_id}/roles", Bot, roles::create),
    ("PATCH", "/guilds/{guild_id}/roles", Bot, roles::reorder),
    ("GET", "/guilds/{guild_id}/roles/{role_id}", Bot, roles::get),
    ("PATCH", "/guilds/{guild_id}/roles/{role_id}", Bot, roles::edit),
    ("DELETE", "/guilds/{guild_id}/roles/{role_id}", Bot, roles::delete),
    ("GET", "/guilds/{guild_id}/members", Bot, members::list),
    ("GET", "/guilds/{guild_id}/members/search", Bot, members::search),
    ("PATCH", "/guilds/{guild_id}/members/@me", Bot, members::edit_me),
    ("GET", "/guilds/{guild_id}/members/{user_id}", Bot, members::get),
    ("PATCH", "/guilds/{guild_id}/members/{user_id}", Bot, members::edit),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}", Bot, members::kick),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", Bot, members::add_role),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", Bot, members::remove_role),
    ("GET", "/guilds/{guild_id}/bans", Bot, members::bans),
    ("GET", "/guilds/{guild_id}/bans/{user_id}", Bot, members::ban_of),
    ("PUT", "/guilds/{guild_id}/bans/{user_id}", Bot, members::ban),
    ("DELETE", "/guilds/{guild_id}/bans/{user_id}", Bot, members::unban),
    ("GET", "/channels/{channel_id}", Bot, channels::get),
    ("PATCH", "/channels/{channel_id}", Bot, channels::edit),
    ("DELETE", "/channels/{channel_id}", Bot, channels::delete),
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}", Bot, channels::put_overwrite),
    ("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}", Bot, channels::delete_overwrite),
    ("POST", "/channels/{channel_id}/typing", Bot, channels::typing),
    ("GET", "/channels/{channel_id}/pins", Bot, channels::pins_legacy),
    ("PUT", "/channels/{channel_id}/pins/{message_id}", Bot, channels::pin),
    ("DELETE", "/channels/{channel_id}/pins/{message_id}", Bot, channels::unpin),
    ("GET", "/channels/{channel_id}/messages/pins", Bot, channels::pins),
    ("PUT", "/channels/{channel_id}/messages/pins/{message_id}", Bot, channels::pin),
    ("DELETE", "/channels/{channel_id}/messages/pins/{message_id}", Bot, channels::unpin),
    ("GET", "/channels/{channel_id}/messages", Bot, messages::list),
    ("POST", "/channels/{channel_id}/messages", Bot, messages::create),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", Bot, messages::bulk_delete),
    ("GET", "/channels/{channel_id}/messages/{message_id}", Bot, messages::get),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", Bot, messages::edit),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", Bot, messages::delete),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions", Bot, reactions::clear),
    ("GET", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Bot, reactions::list),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Bot, reactions::clear_emoji),
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Bot, reactions::add),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Bot, reactions::remove_own),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}", Bot, reactions::remove),
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads", Bot, threads::from_message),
    ("POST", "/channels/{channel_id}/threads", Bot, threads::create),
    ("GET", "/channels/{channel_id}/thread-members", Bot, threads::members),
    ("PUT", "/channels/{channel_id}/thread-members/@me", Bot, threads::join),
    ("DELETE", "/channels/{channel_id}/thread-members/@me", Bot, threads::leave),
    ("PUT", "/channels/{channel_id}/thread-members/{user_id}", Bot, threads::add_member),
    ("DELETE", "/channels/{channel_id}/thread-members/{user_id}", Bot, threads::remove_member),
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", Anyone, callback::callback),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}", Anyone, webhooks::follow_up),
    ("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", Anyone, webhooks::get),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", Anyone, webhooks::edit),
    ("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", Anyone, webhooks::delete),
    ("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Anyone, webhooks::get),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Anyone, webhooks::edit),
    ("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Anyone, webhooks::delete),
    ("GET", "/applications/{application_id}/commands", Bot, commands::list),
    ("POST", "/applications/{application_id}/commands", Bot, commands::create),
    ("PUT", "/applications/{application_id}/commands", Bot, commands::overwrite),
    ("GET", "/applications/{application_id}/commands/{command_id}", Bot, commands::get),
    ("PATCH", "/applications/{application_id}/commands/{command_id}", Bot, commands::edit),
    ("DELETE", "/applications/{application_id}/commands/{command_id}", Bot, commands::delete),
    ("GET", "/applications/{application_id}/guilds/{guild_id}/commands", Bot, commands::list),
    ("POST", "/applications/{application_id}/guilds/{guild_id}/commands", Bot, commands::create),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands", Bot, commands::overwrite),
    ("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions", Bot, commands::all_permissions),
    ("GET", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Bot, commands::get),
    ("PATCH", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Bot, commands::edit),
    ("DELETE", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Bot, commands::delete),
    (
        "GET",
        "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
        Bot,
        commands::permissions,
    ),
];

/// Finds the route of a request. The path must carry the version: `/api/v10/...`.
pub(super) fn find(method: &str, path_and_query: &str) -> Option<Found> {
    let path = path_and_query.split('?').next().unwrap_or_default().strip_prefix("/api/v10")?;
    let parts: Vec<&str> = path.split('/').collect();
    ROUTES.iter().filter(|(known, ..)| known.eq_ignore_ascii_case(method)).find_map(
        |(method, template, who, handler)| {
            let params = fit(template, &parts)?;
            let (open, bearer) = (*who == Anyone, *who == BotOrBearer);
            Some(Found { method, template, handler: *handler, open, bearer, params })
        },
    )
}

fn fit(template: &'static str, parts: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut wanted = template.split('/');
    for part in parts {
        let want = wanted.next()?;
        match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
            Some(_) if part.is_empty() => return None,
            Some(name) => params.push((name, percent_decode_str(part).decode_utf8_lossy().into_owned())),
            None if want == *part => {}
            None => return None,
        }
    }
    wanted.next().is_none().then_some(params)
}

/// Methods and templates of all routes.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(method, template, ..)| (*method, *template))
}
