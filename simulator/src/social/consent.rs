//! Purpose: the consent page of a platform: which account, which permissions, yes or no.

use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    Sim,
    acting::Refusal,
    rest::{RestResponse, read_query},
};

use super::{
    Platform, grants,
    kept::Code,
    request::{Handled, Req, html},
};

/// What a person does at a consent page. Without anything they allow everything as `mara`.
#[derive(Clone, Debug, Default)]
pub struct SocialChoice {
    /// Id or username of the account; one that nobody has is made.
    pub account: String,
    /// Only these of the asked scopes; nothing means all.
    pub scopes: Option<Vec<String>>,
    pub deny: bool,
}

/// A checked authorisation request.
struct Asked {
    scopes: Vec<String>,
    redirect_uri: String,
    state: Option<String>,
    challenge: Option<String>,
}

/// Scopes each platform knows, as far as an application of this kind may ask for them.
fn known_scopes(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::LinkedIn => {
            &["openid", "profile", "email", "w_member_social", "r_member_social", "r_member_postAnalytics"]
        }
        Platform::Instagram => &[
            "instagram_business_basic",
            "instagram_business_content_publish",
            "instagram_business_manage_insights",
            "instagram_business_manage_comments",
            "instagram_business_manage_messages",
        ],
        Platform::TikTok => {
            &["user.info.basic", "user.info.profile", "user.info.stats", "video.publish", "video.upload", "video.list"]
        }
        Platform::X => &["tweet.read", "tweet.write", "users.read", "offline.access", "media.write", "like.read"],
        Platform::Threads => &[
            "threads_basic",
            "threads_content_publish",
            "threads_manage_insights",
            "threads_manage_replies",
            "threads_read_replies",
            "threads_delete",
        ],
        Platform::Facebook => &[
            "public_profile",
            "instagram_basic",
            "instagram_content_publish",
            "instagram_manage_insights",
            "pages_show_list",
            "pages_read_engagement",
            "business_management",
        ],
    }
}

impl Sim {
    /// A person at a platform's consent page. `url` is the whole address the application sent the browser to. Gives the
    /// address the browser goes to next, with `code` and `state` or an error; a refusal is what the page would show.
    pub fn social_consent(&mut self, url: &str, choice: &SocialChoice) -> Result<String, Refusal> {
        let place = url.split_once("/social/").and_then(|(_, rest)| rest.split(['/', '?']).next());
        let platform = place.and_then(Platform::from_name);
        let platform = platform.ok_or_else(|| Refusal::new("unknown_platform", "There is no such platform here"))?;
        let url = url.split('#').next().unwrap_or_default();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        self.decide_consent(platform, query, choice)
    }

    fn decide_consent(&mut self, platform: Platform, query: &str, choice: &SocialChoice) -> Result<String, Refusal> {
        let asked = self.asked(platform, query)?;
        if choice.deny {
            return Ok(denied(platform, &asked));
        }
        let account = self.account_for(platform, &choice.account)?;
        let scopes: Vec<String> = match &choice.scopes {
            Some(granted) => asked.scopes.iter().filter(|scope| granted.contains(scope)).cloned().collect(),
            None => asked.scopes.clone(),
        };
        let end = match platform {
            // TikTok's codes hold characters that must be escaped in an address [M].
            Platform::TikTok => "*0!5212.va",
            _ => "",
        };
        let code = format!("{}{end}", self.secret("social code"));
        let expires_ms = self.world.now_ms + grants::CODE_LIVES_MS;
        self.world.social.codes.retain(|code| code.expires_ms > expires_ms.saturating_sub(grants::CODE_LIVES_MS));
        self.world.social.codes.push(Code {
            platform,
            code: code.clone(),
            account,
            scopes: scopes.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.challenge.clone(),
            expires_ms,
            used: false,
        });
        let granted = scopes.join(",");
        Ok(match platform {
            // Threads and Instagram docs, "Get Authorization": `#_` is appended and is no part of the code. The code
            // stands last, so that a client that keeps fragments has to strip it.
            Platform::Instagram | Platform::Threads => format!("{}#_", asked.redirect(&[("code", &code)])),
            // Facebook's mark is another.
            Platform::Facebook => format!("{}#_=_", asked.redirect(&[("code", &code)])),
            Platform::TikTok => asked.redirect(&[("scopes", &granted), ("code", &code)]),
            _ => asked.redirect(&[("code", &code)]),
        })
    }

    /// Checks the query of an authorisation address as the platform's page does.
    fn asked(&self, platform: Platform, query: &str) -> Result<Asked, Refusal> {
        let pairs = read_query(query);
        let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let id_name = if platform == Platform::TikTok { "client_key" } else { "client_id" };
        if value(id_name) != Some(platform.client_id()) {
            return Err(Refusal::new("unknown_application", format!("The {id_name} is unknown")));
        }
        if value("response_type").as_deref() != Some("code") {
            return Err(Refusal::new("invalid_request", "response_type must be code"));
        }
        let redirect_uri = value("redirect_uri").unwrap_or_default();
        let registered = self.world.social.app(platform).redirect_uris;
        let known = match registered.is_empty() {
            true => self.knows_social_redirect(&redirect_uri),
            false => registered.contains(&redirect_uri),
        };
        if !known {
            return Err(Refusal::new("invalid_redirect", "The redirect_uri does not match the registered value"));
        }
        let scopes: Vec<String> = value("scope")
            .unwrap_or_default()
            .split(platform.scope_mark())
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        if scopes.is_empty() || scopes.iter().any(|scope| !known_scopes(platform).contains(&scope.as_str())) {
            return Err(Refusal::new("invalid_scope", format!("A scope is unknown: {}", scopes.join(", "))));
        }
        let challenge = value("code_challenge").filter(|challenge| !challenge.is_empty());
        let method = value("code_challenge_method");
        if platform == Platform::X && challenge.is_none() {
            return Err(Refusal::new("invalid_request", "code_challenge is required"));
        }
        if challenge.is_some() && method.as_deref() != Some("S256") {
            return Err(Refusal::new("invalid_request", "code_challenge_method must be S256"));
        }
        let state = value("state").filter(|state| !state.is_empty());
        if state.is_none() && matches!(platform, Platform::X | Platform::TikTok) {
            return Err(Refusal::new("invalid_request", "state is required"));
        }
        Ok(Asked { scopes, redirect_uri, state, challenge })
    }

    /// The id of the account with this id or username; a new name becomes a new account.
    fn account_for(&mut self, platform: Platform, name: &str) -> Result<String, Refusal> {
        let name = name.trim().trim_start_matches('@');
        let name = if name.is_empty() { "mara" } else { name };
        if name.chars().count() > 60 {
            return Err(Refusal::new("invalid_name", "A name has at most 60 characters"));
        }
        let found = self.world.social.account(platform, name).cloned();
        let account = found.or_else(|| {
            let username: String = name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("_");
            let social = &mut self.world.social;
            match social.account(platform, &username).cloned() {
                Some(account) => Some(account),
                None => {
                    let at = social.add_account(platform, &username, name);
                    social.accounts.get(at).cloned()
                }
            }
        });
        let account = account.ok_or_else(|| Refusal::new("unknown_user", "There is no such account"))?;
        if platform == Platform::Instagram && account.account_type == "PERSONAL" {
            let message = "Only professional accounts can be connected: switch to a business or creator account first";
            return Err(Refusal::new("personal_account", message));
        }
        Ok(account.id)
    }
}

impl Asked {
    fn redirect(&self, parts: &[(&str, &str)]) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let query: Vec<String> = state
            .into_iter()
            .chain(parts.iter().copied())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.join("&"))
    }
}

/// Where a browser goes after "no", in each platform's words.
fn denied(platform: Platform, asked: &Asked) -> String {
    let error = if platform == Platform::LinkedIn { "user_cancelled_authorize" } else { "access_denied" };
    let mut parts = vec![("error", error)];
    match platform {
        Platform::LinkedIn => parts.push(("error_description", "The user cancelled the authorization")),
        Platform::Instagram | Platform::Threads => {
            parts.push(("error_reason", "user_denied"));
            parts.push(("error_description", "The user denied your request."));
        }
        // Facebook Login docs, "Manually Build a Login Flow: Canceled Login".
        Platform::Facebook => {
            parts.push(("error_reason", "user_denied"));
            parts.push(("error_description", "Permissions error."));
        }
        Platform::TikTok => parts.push(("error_description", "The user denied the request")),
        Platform::X => {}
    }
    asked.redirect(&parts)
}

fn see_other(target: &str) -> RestResponse {
    let headers = vec![("location".to_owned(), target.to_owned()), ("cache-control".to_owned(), "no-store".to_owned())];
    RestResponse { status: 303, headers, body: Vec::new(), delay_ms: 0 }
}

fn failed(refusal: &Refusal) -> RestResponse {
    html(400, format!("<h1>This does not work</h1><p>{}.</p>", escape(&refusal.message)))
}

/// `GET` of the authorisation address. With `sim_account=mara` or `sim_decision=deny` in the query nobody is asked:
/// that is how programs agree.
pub(super) fn page(sim: &mut Sim, req: &Req) -> Handled {
    let deny = req.query("sim_decision") == Some("deny");
    if deny || req.query("sim_account").is_some() {
        let scopes = req.query("sim_scopes").map(|scopes| scopes.split(',').map(str::to_owned).collect());
        let choice = SocialChoice { account: req.query("sim_account").unwrap_or_default().to_owned(), scopes, deny };
        let target = sim.decide_consent(req.platform, req.raw_query(), &choice);
        return target.map(|target| see_other(&target)).map_err(|refusal| failed(&refusal));
    }
    let asked = sim.asked(req.platform, req.raw_query()).map_err(|refusal| failed(&refusal))?;
    let action = req.raw.path_and_query.split('?').next().unwrap_or_default();
    Ok(html(200, form(sim, req.platform, &asked, action, req.raw_query())))
}

/// The form sends the original query back with the account and the decision.
pub(super) fn decide(sim: &mut Sim, req: &Req) -> Handled {
    let typed = req.form("name").map(str::trim).filter(|name| !name.is_empty());
    let scopes = read_query(&String::from_utf8_lossy(&req.raw.body));
    let scopes = scopes.into_iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope).collect();
    let choice = SocialChoice {
        account: typed.or(req.form("account")).unwrap_or_default().to_owned(),
        scopes: Some(scopes).filter(|_| req.form("choose_scopes").is_some()),
        deny: req.form("decision") != Some("allow"),
    };
    let target = sim.decide_consent(req.platform, req.form("query").unwrap_or_default(), &choice);
    target.map(|target| see_other(&target)).map_err(|refusal| failed(&refusal))
}

fn form(sim: &Sim, platform: Platform, asked: &Asked, action: &str, query: &str) -> String {
    let mut people = String::new();
    for account in sim.world.social.accounts.iter().filter(|account| account.platform == platform) {
        let (id, name, username) = (escape(&account.id), escape(&account.name), escape(&account.username));
        let _ = write!(people, "<option value=\"{id}\">{name} (@{username})</option>");
    }
    let mut scopes = String::new();
    for scope in &asked.scopes {
        let scope = escape(scope);
        let _ = write!(
            scopes,
            "<label class=scope><input type=checkbox name=scope value=\"{scope}\" checked> <code>{scope}</code></label>"
        );
    }
    format!(
        "<p class=where>{title}, simulated</p><h1>Muster asks for access to your {title} account</h1>\
         <form method=post action=\"{action}\"><input type=hidden name=query value=\"{query}\">\
         <input type=hidden name=choose_scopes value=1>\
         <p><label>You are<br><select name=account data-testid=social-account>{people}</select></label></p>\
         <p><label>or somebody new<br><input name=name maxlength=60 autocomplete=off placeholder=\"a name\" \
         data-testid=social-name></label></p>\
         <fieldset><legend>Muster may</legend>{scopes}</fieldset>\
         <p><button name=decision value=allow class=main data-testid=social-allow>Allow</button> \
         <button name=decision value=deny data-testid=social-deny>Cancel</button></p></form>",
        title = platform.title(),
        action = escape(action),
        query = escape(query),
    )
}

/// The frame of these pages.
pub(super) fn framed(body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Authorise Muster</title><style>:root{{color-scheme:light dark}}\
         body{{font:16px/1.5 system-ui;max-width:26rem;margin:3rem auto;padding:0 1rem}}h1{{font-size:1.4rem;line-height:1.25}}\
         select,input:not([type=checkbox]),button{{font:inherit;padding:.5rem .8rem;min-height:44px;box-sizing:border-box}}\
         select,input:not([type=checkbox]){{width:100%}}fieldset{{border:1px solid #8886;border-radius:8px}}\
         .scope{{display:flex;gap:.5rem;align-items:center;min-height:36px;overflow-wrap:anywhere}}\
         .where{{color:light-dark(#576468,#a3adb0);margin:0}}.main{{font-weight:600}}</style>{body}</html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
