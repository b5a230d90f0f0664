//! Purpose: the thin server around the core: one lock, real time plus an offset, and the routes.

mod control;
mod deliver;
mod discord;
mod gateway;
mod oauth;
pub(crate) mod packer;
mod pages;
mod people;
mod places;
mod social;
mod state;
mod stream;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, delete, get, post},
};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use crate::{Event, Refusal, Sim, answer::ANSWER_WITHIN_MS, gateway::Gateway};

/// Events a slow watcher may lag behind before it loses some.
const EVENT_BACKLOG: usize = 4_096;

/// What all handlers share.
pub struct Shared {
    core: Mutex<(Sim, Gateway)>,
    started: Instant,
    /// Counts up whenever gateway connections may have something to send.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) http: reqwest::Client,
    /// Where the Worker takes interactions.
    pub(crate) interactions_url: String,
    /// How long the Worker may take to answer an interaction.
    pub(crate) patience: Duration,
    offset_ms: AtomicI64,
    pub(crate) events: broadcast::Sender<Event>,
}

/// Handle to the server's state.
pub type State = Arc<Shared>;

impl Shared {
    /// Wraps a simulator. Its clock follows real time from here on. Errors when no HTTP client can be made.
    pub fn new(sim: Sim, interactions_url: &str) -> Result<State, reqwest::Error> {
        Self::with_patience(sim, interactions_url, Duration::from_millis(ANSWER_WITHIN_MS))
    }

    fn with_patience(sim: Sim, interactions_url: &str, patience: Duration) -> Result<State, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_millis(500))
            .redirect(reqwest::redirect::Policy::none())
            // A pooled connection that the other side has just closed fails at once, and a person would see a bot that
            // did not respond.
            .pool_max_idle_per_host(0)
            .build()?;
        let (events, _) = broadcast::channel(EVENT_BACKLOG);
        Ok(Arc::new(Self {
            core: Mutex::new((sim, Gateway::default())),
            started: Instant::now(),
            changes: watch::Sender::new(0),
            http,
            interactions_url: interactions_url.to_owned(),
            patience,
            offset_ms: AtomicI64::new(0),
            events,
        }))
    }

    /// Works on the simulator at the present moment, then tells watchers what happened.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sim) -> T) -> T {
        self.with_gateway(|sim, _, _| work(sim))
    }

    /// The same with the gateway and the server's own clock (milliseconds since its start), which nobody moves.
    pub fn with_gateway<T>(&self, work: impl FnOnce(&mut Sim, &mut Gateway, u64) -> T) -> T {
        // A poisoned lock means a handler died half way; the data is plain and still the best there is.
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let (sim, gateway) = &mut *core;
        sim.set_now(self.now_ms());
        let result = work(sim, gateway, u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX));
        let happened = sim.take_events();
        for event in &happened {
            gateway.dispatch(sim, event);
        }
        drop(core);
        if !happened.is_empty() {
            self.changes.send_modify(|count| *count = count.wrapping_add(1));
        }
        for event in happened {
            // Nobody watching is no error.
            let _ = self.events.send(event);
        }
        result
    }

    /// Offset of the simulated clock from real time, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn advance(&self, ms: i64) -> i64 {
        self.offset_ms.fetch_add(ms, Ordering::SeqCst).saturating_add(ms)
    }

    pub(crate) fn set_offset(&self, ms: i64) {
        self.offset_ms.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn now_ms(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        u64::try_from(real).unwrap_or(0).saturating_add_signed(self.offset_ms())
    }
}

/// A control API error: one clear sentence.
pub(crate) struct Fail(pub StatusCode, pub String);

impl Fail {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

impl From<Refusal> for Fail {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            code if code.starts_with("unknown_") => StatusCode::NOT_FOUND,
            "no_permission" | "no_access" => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        Self(status, refusal.message)
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

pub(crate) type Answered = Result<Json<Value>, Fail>;

/// All routes: Discord's under `/api`, the platforms' under `/social`, files under `/cdn`, the control API under `/sim`, and the playground page.
pub fn router(state: State) -> Router {
    let control = Router::new()
        .route("/state", get(state::state))
        .route("/channels/{id}/messages", get(state::messages))
        .route("/commands", get(state::commands))
        .route("/events", get(stream::events))
        .route("/interactions/command", post(deliver::command))
        .route("/interactions/autocomplete", post(deliver::autocomplete))
        .route("/interactions/component", post(deliver::component))
        .route("/interactions/modal", post(deliver::modal))
        .route("/interactions/ping", post(deliver::ping))
        .route("/messages", post(people::say))
        .route("/messages/{id}", delete(people::delete_message).patch(people::edit_message))
        .route("/messages/delete", post(people::delete_messages))
        .route("/reactions", post(people::react))
        .route("/members", post(people::join).delete(people::leave).patch(people::edit_member))
        .route("/users", post(people::add_user).patch(people::edit_user))
        .route("/voice", post(places::voice))
        .route("/channels", post(places::add_channel).patch(places::edit_channel).delete(places::remove_channel))
        .route("/threads", post(places::start_thread))
        .route("/roles", post(places::add_role).delete(places::remove_role))
        .route("/guilds", post(places::add_guild).patch(places::edit_guild))
        .route("/clock", get(control::clock).post(control::advance))
        .route("/faults", get(control::faults).post(control::add_fault).delete(control::clear_faults))
        .route("/calls", get(control::calls).delete(control::clear_calls))
        .route("/dump", get(control::dump))
        .route("/load", post(control::load))
        .route("/reset", post(control::reset))
        .route("/social", get(social::everything))
        .route("/social/accounts", post(social::add_account))
        .route("/social/metrics", post(social::set_metrics))
        .route("/social/apps", post(social::edit_app))
        .route("/social/posts/{id}", delete(social::remove_post))
        .route("/social/revoke", post(social::revoke))
        .route("/social/consent", post(social::consent))
        .route("/gateway", get(gateway::describe).post(gateway::control))
        .route("/health", get(control::health))
        .layer(axum::extract::DefaultBodyLimit::max(256 * 1024 * 1024))
        .layer(middleware::from_fn(only_this_machine));
    Router::new()
        .nest("/sim", control)
        .route("/api/v10/{*path}", any(discord::rest))
        .route("/social/{*path}", any(discord::rest))
        .route("/api/oauth2/token", post(discord::rest))
        .route("/api/oauth2/token/revoke", post(discord::rest))
        .route("/oauth2/authorize", get(oauth::page).post(oauth::decide))
        .route("/gateway", get(gateway::connect))
        .route("/gateway/", get(gateway::connect))
        .route("/cdn/{*path}", get(discord::file))
        .route("/", get(pages::index))
        .route("/social", get(pages::social))
        .route("/playground/{name}", get(pages::file))
        .layer(axum::extract::DefaultBodyLimit::max(32 * 1024 * 1024))
        .with_state(state)
}

/// The control API serves pages of this very server and programs on this machine: not a web page elsewhere that points the
/// visitor's browser here.
async fn only_this_machine(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        return next.run(request).await;
    }
    Fail(StatusCode::FORBIDDEN, "The control API answers only to this machine".into()).into_response()
}

fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let loopback = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    let same_origin =
        text(header::ORIGIN).is_none_or(|origin| origin.split_once("://").is_some_and(|(_, from)| from == host));
    loopback && same_origin
}

#[cfg(test)]
mod tests;
