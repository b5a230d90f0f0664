//! Purpose: REST for the application itself and for where its gateway is.

use serde_json::{Value, json};

use crate::{Sim, gateway::gateway_url};

use super::{ApiError, Ctx, Reply};

/// What everybody may know about the application.
pub(super) fn public_json(sim: &Sim) -> Value {
    json!({
        "id": sim.app,
        "name": "Muster",
        "icon": null,
        "description": "",
        "type": null,
        "bot_public": true,
        "bot_require_code_grant": false,
        "verify_key": sim.public_key(),
        "flags": sim.terms.flags(),
        "flags_new": sim.terms.flags().to_string(),
    })
}

pub(super) fn current(sim: &mut Sim, _: &mut Ctx) -> Result<Reply, ApiError> {
    let mut json = public_json(sim);
    let more = json!({
        "bot": sim.world.user_json_by_id(sim.app),
        "redirect_uris": [],
        "interactions_endpoint_url": null,
        "role_connections_verification_url": null,
        "owner": sim.world.user_json_by_id(sim.app),
        "approximate_guild_count": sim.world.guilds.values().filter(|guild| guild.installed).count(),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": null,
        "eligible_oauth2_scopes": [],
    });
    if let (Value::Object(target), Value::Object(more)) = (&mut json, more) {
        target.extend(more);
    }
    Reply::ok(json)
}

pub(super) fn gateway(sim: &mut Sim, _: &mut Ctx) -> Result<Reply, ApiError> {
    Reply::ok(json!({"url": gateway_url(sim)}))
}

pub(super) fn gateway_bot(sim: &mut Sim, _: &mut Ctx) -> Result<Reply, ApiError> {
    let limit = sim.terms.limit_json(sim.world.now_ms);
    Reply::ok(json!({"url": gateway_url(sim), "shards": sim.terms.shards, "session_start_limit": limit}))
}
