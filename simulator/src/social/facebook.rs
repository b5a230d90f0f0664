//! Purpose: Facebook Login as the other way to Instagram: a person with Pages, one token for them all, and Instagram's calls under it.

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    Sim,
    rest::{RestResponse, plain},
};

use super::{
    Platform, consent, instagram,
    kept::Account,
    meta::{self, error, missing},
    request::{Handled, Req, Route},
};

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/facebook/v23.0/dialog/oauth", consent::page),
    ("POST", "/social/facebook/v23.0/dialog/oauth", consent::decide),
    ("POST", "/social/facebook/v23.0/oauth/access_token", meta::exchange_code),
    ("GET", "/social/facebook/v23.0/oauth/access_token", exchange_short),
    ("GET", "/social/facebook/v23.0/me/accounts", pages),
    ("DELETE", "/social/facebook/v23.0/me/permissions", revoke),
    ("GET", "/social/facebook/v23.0/{id}", instagram::object),
    ("POST", "/social/facebook/v23.0/{id}/media", instagram::create),
    ("GET", "/social/facebook/v23.0/{id}/media", instagram::media),
    ("POST", "/social/facebook/v23.0/{id}/media_publish", instagram::publish),
    ("GET", "/social/facebook/v23.0/{id}/content_publishing_limit", instagram::limit),
    ("GET", "/social/facebook/v23.0/{id}/insights", instagram::insights),
];

/// A token of an hour becomes one of 60 days. One that lives so long already comes back as it is, and no end is said (Facebook docs,
/// "Long-Lived Access Tokens"; the missing `expires_in` is what clients report [M]).
fn exchange_short(sim: &mut Sim, req: &Req) -> Handled {
    if req.query("grant_type") != Some("fb_exchange_token") {
        return Err(error(400, 100, 0, "grant_type must be fb_exchange_token"));
    }
    let (id, secret) = (req.platform.client_id(), req.platform.client_secret());
    if req.query("client_id") != Some(&id) || req.query("client_secret") != Some(&secret) {
        return Err(error(400, 1, 0, "Error validating client secret."));
    }
    let holder = meta::holder_of(sim, req, req.query("fb_exchange_token"), "")?;
    match sim.grant_at(req.platform, &holder.token).filter(|grant| grant.short).cloned() {
        Some(grant) => Ok(meta::long_lived(sim, req, &grant.account, &grant.scopes)),
        None => Ok(plain(200, json!({"access_token": holder.token, "token_type": "bearer"}))),
    }
}

/// Whoever calls the graph, with the proof that the application has its secret: this one asks for it (Graph API docs, "Securing Graph
/// API Requests").
fn person(sim: &Sim, req: &Req, scope: &str) -> Result<Account, RestResponse> {
    let holder = meta::holder(sim, req, scope)?;
    let mac = Hmac::<Sha256>::new_from_slice(req.platform.client_secret().as_bytes());
    let proof = mac.map(|mac| hex::encode(mac.chain_update(&holder.token).finalize().into_bytes()));
    if req.either("appsecret_proof") != proof.ok().as_deref() {
        return Err(error(400, 100, 0, "API calls from the server require an appsecret_proof argument"));
    }
    Ok(holder.account)
}

fn linked<'a>(sim: &'a Sim, person: &'a Account) -> impl Iterator<Item = &'a Account> {
    person.pages.iter().filter_map(move |id| sim.world.social.account(Platform::Instagram, id))
}

/// Pages without the permission to list them are not there, and nor are those of a business (here: all) without
/// `business_management` (Graph API changelog, v17.0). A personal account is linked to no Page.
fn pages(sim: &mut Sim, req: &Req) -> Handled {
    let person = person(sim, req, "")?;
    let has = |scope: &str| meta::holder(sim, req, scope).is_ok();
    let (lists, sees) = (has("pages_show_list") && has("business_management"), has("instagram_basic"));
    let asked = req.either("fields").unwrap_or_default().starts_with("instagram_business_account{id,username}");
    let page = |account: &Account| {
        let mut page = json!({"id": format!("1055{}", account.id), "name": account.name});
        if asked && sees && account.account_type != "PERSONAL" {
            page["instagram_business_account"] = json!({"id": account.id, "username": account.username});
        }
        page
    };
    let data: Vec<Value> = linked(sim, &person).filter(|_| lists).map(page).collect();
    Ok(plain(200, json!({"data": data})))
}

fn revoke(sim: &mut Sim, req: &Req) -> Handled {
    let person = person(sim, req, "")?;
    sim.revoke_social(Platform::Facebook, &person.id);
    sim.tell_social();
    Ok(plain(200, json!({"success": true})))
}

/// The linked account that the path's id names, or whose container or post it is. Scopes have other names here.
pub(super) fn account(sim: &Sim, req: &Req, scope: &str) -> Result<Account, RestResponse> {
    let person = person(sim, req, &scope.replace("instagram_business_", "instagram_"))?;
    let id = req.param("id");
    let of = |account: &&Account| {
        account.id == id || meta::own_container(sim, account, id).is_some() || meta::own_post(sim, account, id).is_ok()
    };
    linked(sim, &person).find(of).cloned().ok_or_else(|| missing(id))
}
