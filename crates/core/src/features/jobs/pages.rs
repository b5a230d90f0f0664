//! Purpose: the page of jobs and timers, and its buttons.

use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    discord,
    error::{FieldError, Result},
    outbox::{
        people::{self, Cursor},
        store::OpenRow,
    },
    registry, time,
    web::{Request, Response, Shell, choices::error_of, choices::field_errors, render},
};
use askama::Template;
use std::collections::BTreeMap;

/// One message that did not go out.
struct Job {
    id: String,
    name: &'static str,
    preview: String,
    place: String,
    made: String,
    /// Empty when it does not wait for a time.
    next: String,
    attempts: i64,
    error: String,
    /// What to do about the error; empty when only its text says something.
    hint: &'static str,
    takes_link: bool,
}

/// The messages of one state.
struct Group {
    state: &'static str,
    title: &'static str,
    about: &'static str,
    jobs: Vec<Job>,
    /// Where older ones are; empty at the end.
    older: String,
}

struct LateTimer {
    what: String,
    due: String,
    late: String,
}

struct Work {
    what: &'static str,
    started: String,
    done: u64,
    total: u64,
}

#[derive(Template)]
#[template(path = "features/jobs/jobs.html")]
struct JobsPage {
    shell: Shell,
    groups: Vec<Group>,
    late: Vec<LateTimer>,
    work: Vec<Work>,
    may_manage: bool,
    errors: Vec<FieldError>,
    /// The row whose form is shown again, and what was written in it.
    again: String,
    link: String,
    /// Whether only one state's older rows are shown.
    is_part: bool,
    /// Where this page is loaded from again.
    here: String,
}

impl JobsPage {
    fn error(&self, id: &str) -> &str {
        if self.again == id { error_of(&self.errors, "message") } else { "" }
    }

    fn link(&self, id: &str) -> &str {
        if self.again == id { &self.link } else { "" }
    }

    /// Whether the page shows by itself what becomes of what is under way: not while somebody may be writing into it.
    fn follows(&self) -> bool {
        let goes_on =
            self.groups.iter().any(|group| group.state == "pending" && !group.jobs.is_empty()) || !self.work.is_empty();
        let takes_text = self.groups.iter().flat_map(|group| &group.jobs).any(|job| job.takes_link);
        (goes_on || !self.late.is_empty()) && !takes_text && !self.is_part
    }

    fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.jobs.is_empty()) && self.late.is_empty() && self.work.is_empty()
    }
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    match (request.method.as_str(), rest) {
        ("GET", ["jobs"]) => {
            access.require(ctx, Area::Jobs, May::View)?;
            show(ctx, request, access, Shown::default()).await.map(Some)
        }
        ("POST", ["jobs", "wake"]) => {
            access.require(ctx, Area::Jobs, May::Manage)?;
            super::wake(ctx, access, &access.author(request.form().once())).await?;
            Ok(Some(see(access, "woken")))
        }
        ("POST", ["jobs", id, "retry"]) => {
            access.require(ctx, Area::Jobs, May::Manage)?;
            let is_done = people::retry(ctx, &access.author(request.form().once()), id).await?;
            Ok(Some(see(access, if is_done { "retried" } else { "decided" })))
        }
        ("POST", ["jobs", id, "close"]) => close(ctx, request, access, id).await.map(Some),
        _ => Ok(None),
    }
}

fn see(access: &GuildAccess, done: &str) -> Response {
    Response::see(format!("/g/{}/jobs?done={done}", access.guild))
}

async fn close(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    access.require(ctx, Area::Jobs, May::Manage)?;
    let form = request.form();
    let link = form.get("message");
    match people::close(ctx, &access.author(form.once()), id, link).await {
        Ok(is_done) => Ok(see(access, if is_done { "closed" } else { "decided" })),
        Err(error) => {
            let errors = field_errors(error)?;
            show(ctx, request, access, Shown { errors, again: id.to_owned(), link: link.to_owned() }).await
        }
    }
}

#[derive(Default)]
struct Shown {
    errors: Vec<FieldError>,
    again: String,
    link: String,
}

fn notice(done: Option<&str>) -> &'static str {
    match done {
        Some("retried") => "It is being sent again. If it had arrived after all, it is not sent twice.",
        Some("closed") => "Nothing more is done about it.",
        Some("decided") => "Somebody was quicker: it is no longer open.",
        Some("woken") => "What was late is looked at now.",
        _ => "",
    }
}

async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess, shown: Shown) -> Result<Response> {
    let part = request.param("state").and_then(|state| people::STATES.into_iter().find(|known| *known == state));
    let from = request.param("cursor").and_then(Cursor::parse).filter(|_| part.is_some());
    let places = places(ctx, access).await;
    let mut groups = Vec::new();
    for state in people::STATES.into_iter().filter(|state| part.is_none_or(|part| part == *state)) {
        let (rows, next) = people::list(ctx, access.guild, state, &from.clone().unwrap_or(Cursor::start())).await?;
        let older = next.map(|next| format!("/g/{}/jobs?state={state}&cursor={}", access.guild, next.text()));
        let (title, about) = words(state);
        let jobs = rows.into_iter().map(|row| job(row, &places)).collect();
        groups.push(Group { state, title, about, jobs, older: older.unwrap_or_default() });
    }
    let now = ctx.now();
    let (late, work) = if part.is_some() {
        (Vec::new(), Vec::new())
    } else {
        (super::late(ctx, access).await?, registry::progress(ctx, access.guild).await?)
    };
    let late = late.into_iter().map(|due| LateTimer {
        due: time::rfc3339(due.timer.due_at),
        late: time::say_duration(now - due.timer.due_at),
        what: due.what,
    });
    let work = work.into_iter().map(|work| Work {
        what: work.what,
        started: time::rfc3339(work.started_at),
        done: work.done,
        total: work.total,
    });
    let status = if shown.errors.is_empty() { 200 } else { 422 };
    let page = JobsPage {
        shell: Shell::of_guild(ctx, request, access, "Jobs and timers", "jobs").notice(notice(request.param("done"))),
        groups,
        late: late.collect(),
        work: work.collect(),
        may_manage: access.may(Area::Jobs, May::Manage),
        errors: shown.errors,
        again: shown.again,
        link: shown.link,
        is_part: part.is_some(),
        here: format!("/g/{}/jobs", access.guild),
    };
    render(status, &page)
}

fn words(state: &str) -> (&'static str, &'static str) {
    match state {
        "held" => (
            "Needs a decision",
            "Discord never said whether these arrived. Look into the channel: if the message is there, say so; if not, send it again.",
        ),
        "failed" => ("Refused by Discord", "Mend what the reason says, then send it again."),
        _ => ("Waiting", "These go out by themselves as soon as Discord takes them."),
    }
}

/// Names of the guild's channels; none while Discord does not answer.
async fn places(ctx: &Ctx, access: &GuildAccess) -> BTreeMap<String, String> {
    let channels = discord::list_channels(ctx, access.guild).await.unwrap_or_default();
    let named = |channel: discord::ChannelFacts| Some((channel.id.to_string(), format!("#{}", channel.name?)));
    channels.into_iter().filter_map(named).collect()
}

/// What to do about Discord's answer, by its code for the error (Discord reference, "JSON error codes").
fn hint(error: &str) -> &'static str {
    let has = |code: &str| error.split(' ').any(|word| word == code);
    if has("50013") || has("50001") {
        "Muster may not write there. Allow it to see the channel and to send messages and embeds in it."
    } else if has("10003") {
        "The channel does not exist any more."
    } else if has("10008") {
        "The message was deleted in Discord, so there is nothing left to change."
    } else if has("50007") {
        "This person takes no private messages from here."
    } else {
        ""
    }
}

fn job(row: OpenRow, places: &BTreeMap<String, String>) -> Job {
    let place = match row.channel_id.as_str() {
        "" => String::new(),
        private if private.starts_with('@') => "a private message".to_owned(),
        id => places.get(id).cloned().unwrap_or_else(|| format!("channel {id}")),
    };
    Job {
        name: people::name(&row),
        preview: people::preview(&row),
        place,
        made: time::rfc3339(row.created_at),
        next: if row.state == "pending" { time::rfc3339(row.next_at) } else { String::new() },
        attempts: row.attempts,
        takes_link: row.body.is_some() && !row.channel_id.starts_with('@') && row.state == "held",
        hint: hint(row.error.as_deref().unwrap_or_default()),
        error: row.error.unwrap_or_default(),
        id: row.id,
    }
}
