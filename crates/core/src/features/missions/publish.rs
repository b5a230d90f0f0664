//! Purpose: a confirmed post on its way to the platform, step by step, never twice (F24).
//!
//! scheduled → queued → (container →) publishing → (processing →) published; failed, held and cancelled are ends. `publishing` is
//! written before the call after which the post is there. Whoever finds it without an outcome, because the answer or the process was
//! lost, makes it `unknown`, and looks whether the post is there before anything is sent again. Where the platform cannot say, the
//! post is held for a person.
//!
//! Scheduled, queued and container are surely not there: an edit calls them off with itself. Before the decisive call it is asked once more
//! whether the post still may (`publish/still.rs`). A post that is there without its id is asked for it later (`publish/ids.rs`).

mod ends;
mod ids;
mod still;

pub use ends::{again, decide, is_unsent};

use super::{
    posting,
    rounds::{self, months, polls},
    store,
    store::{Mission, Post},
    view,
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    media::{self, Kept},
    outbox,
    points::{self, Versioned},
    ports::{HttpRequest, HttpResponse},
    social::{
        Acting, App, Draft, Found, Kind, Platform, Progress, Published, Refusal, Sought, Told, accounts, tokens, wire,
    },
    sql::Statement,
};
use ends::{call_off, fail, hold};
use serde_json::{Value, json};
use still::Stop;
use twilight_model::id::{Id, marker::GuildMarker};

/// Longer than the calls of one step.
const LEASE_MS: i64 = 45_000;
/// A call without an answer may still be on its way: so long nobody looks whether it had an effect.
const SETTLE_MS: i64 = 60_000;
/// Between two looks at something processing, in its first minute (TikTok answers 30 a minute) and later; containers are looked at as
/// their platform wants (`Platform::looks`).
const LOOK_MS: i64 = 3_000;
const LOOK_AGAIN_MS: i64 = wire::LOOK_AGAIN_MS;
/// Meta's containers are ready within five minutes or not at all.
const CONTAINER_MS: i64 = 5 * 60_000;
/// A post whose outcome stays unknown so long is held.
const GIVE_UP_MS: i64 = 24 * 3_600_000;
/// Sent again so often at most, each time because the platform said that nothing was there.
const TRIES_MAX: u32 = 3;
const STEPS_PER_WAKE: usize = 6;
/// A first answer for the member's own eyes waits for this long.
const SHORT_WAIT_MS: i64 = 4_000;

/// What a step is made with.
struct Scene<'a> {
    kind: Kind,
    platform: &'static dyn Platform,
    app: &'a App,
    account: crate::social::store::Account,
    access: String,
}

impl Scene<'_> {
    fn acting(&self) -> Acting<'_> {
        accounts::acting(self.app, &self.account, &self.access)
    }
}

/// The row is due: does what can be done now, and says when it wants to be woken next.
pub async fn advance(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
    for _ in 0..STEPS_PER_WAKE {
        let Some(post) = load(ctx, guild, id).await? else { return Ok(None) };
        let now = ctx.now();
        match post.due_at {
            None => return Ok(None),
            Some(due) if due > now => return Ok(Some(due)),
            Some(_) => {}
        }
        if ctx.query(store::lease(&post, now, now + LEASE_MS)).await?.changes == 0 {
            // Somebody else is at it, or was quicker: look again.
            continue;
        }
        let mut post = post;
        post.version += 1;
        take_step(ctx, post).await?;
    }
    let left = load(ctx, guild, id).await?;
    Ok(left.and_then(|post| post.due_at))
}

/// Goes on for a member who is looking: waits a little where the platform needs seconds.
pub async fn advance_for_reader(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<Post>> {
    let until = ctx.now() + SHORT_WAIT_MS;
    while let Some(due) = advance(ctx, guild, id).await? {
        let wait = due - ctx.now();
        if due > until || wait > SHORT_WAIT_MS {
            arm(ctx, guild, id, due).await;
            break;
        }
        ctx.clock.sleep(u64::try_from(wait).unwrap_or(0)).await;
    }
    load(ctx, guild, id).await
}

/// Has the guild's clock look at a post when it is due.
pub async fn arm(ctx: &Ctx, guild: Id<GuildMarker>, id: &str, due_at: i64) {
    let timer = crate::ports::Timer { feature: super::NAME.to_owned(), id: format!("post:{id}"), due_at };
    if let Err(error) = ctx.timers.arm(guild, vec![timer]).await {
        ctx.warn("a post's clock was not armed; the sweeper will find it", json!({ "error": error }));
    }
}

pub async fn load(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<Post>> {
    Ok(ctx.query(store::get_post(guild, id)).await?.first()?)
}

/// One step on a leased row.
async fn take_step(ctx: &Ctx, mut post: Post) -> Result<()> {
    if post.state == "scheduled" {
        if let Err(stop) = still::may(ctx, &post, true).await? {
            return stopped(ctx, post, stop).await;
        }
        move_to(ctx, &mut post, "queued", Some(0));
        return write(ctx, post, Vec::new()).await;
    }
    if post.state == "publishing" {
        // The process that sent it did not come back.
        return unknown(ctx, post, "the answer was lost").await;
    }
    let scene = match still::scene(ctx, &post).await? {
        Ok(scene) => scene,
        Err(Stop::Later(wait)) if post.state == "published" => return ids::later(ctx, post, wait).await,
        Err(_) if post.state == "published" => return ids::give_up(ctx, post).await,
        Err(Stop::Later(wait)) => return postpone(ctx, post, wait).await,
        Err(Stop::Off(reason) | Stop::Failed(reason)) if post.sent_at.is_some() => {
            return hold(ctx, post, &reason).await;
        }
        Err(stop) => return stopped(ctx, post, stop).await,
    };
    match post.state.as_str() {
        "queued" => begin(ctx, post, &scene).await,
        "container" => check_container(ctx, post, &scene).await,
        "processing" => check_processing(ctx, post, &scene).await,
        "unknown" => look_back(ctx, post, &scene).await,
        "published" => ids::ask(ctx, post, &scene).await,
        _ => Ok(()),
    }
}

/// What is surely not there does not go on, or not now.
async fn stopped(ctx: &Ctx, post: Post, stop: Stop) -> Result<()> {
    match stop {
        Stop::Later(wait) => postpone(ctx, post, wait).await,
        Stop::Off(reason) => call_off(ctx, post, &reason).await,
        Stop::Failed(reason) => fail(ctx, post, &reason).await,
    }
}

fn move_to(ctx: &Ctx, post: &mut Post, state: &str, due_in: Option<i64>) {
    state.clone_into(&mut post.state);
    post.step_at = ctx.now();
    post.due_at = due_in.map(|wait| ctx.now() + wait);
    post.lease_until = 0;
}

/// Writes the step with what follows from it. Somebody who was quicker is no error: the row says what is to be done.
async fn write(ctx: &Ctx, post: Post, mut more: Vec<Statement>) -> Result<()> {
    let mut statements = vec![store::step(&post)];
    if !more.is_empty() {
        statements.push(store::require_step(&post));
    }
    statements.append(&mut more);
    match ctx.batch(statements).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_conflict() => Ok(()),
        Err(error) => Err(error),
    }
}

async fn postpone(ctx: &Ctx, mut post: Post, wait: i64) -> Result<()> {
    post.due_at = Some(ctx.now() + wait.max(1_000));
    post.lease_until = 0;
    write(ctx, post, Vec::new()).await
}

/// What appears, with an address of its picture that holds from now.
fn draft(ctx: &Ctx, post: &Post) -> Draft {
    post.draft(media::address(ctx, post.guild_id, &post.image_url, ctx.now() + media::ADDRESS_MS))
}

async fn send<T>(ctx: &Ctx, request: HttpRequest, read: impl Fn(&HttpResponse) -> Told<T>) -> Told<T> {
    match ctx.http.send(request).await {
        Ok(answer) => read(&answer),
        Err(why) => {
            ctx.warn("a platform did not answer", json!({ "why": why.0 }));
            Err(Refusal::Unknown("the platform did not answer".to_owned()))
        }
    }
}

/// What a refusal before the decisive call means: nothing is there yet, so everything may be tried again, after `least` at the earliest.
async fn refused(ctx: &Ctx, mut post: Post, scene: &Scene<'_>, refusal: Refusal, least: i64) -> Result<()> {
    match refusal {
        // The token was renewed meanwhile: the next look has the new one.
        Refusal::Token if !tokens::refused(ctx, &scene.account).await? => postpone(ctx, post, LOOK_MS).await,
        Refusal::Token => {
            let why = format!("the {} account has to be connected again", scene.kind.name());
            // A call before this one may still have had its effect.
            if post.sent_at.is_some() { hold(ctx, post, &why).await } else { fail(ctx, post, &why).await }
        }
        Refusal::Rejected(reason) => fail(ctx, post, &reason).await,
        Refusal::Nobody(reason) => fail(ctx, post, reason).await,
        Refusal::Later(wait) => postpone(ctx, post, wait).await,
        Refusal::Unknown(reason) => {
            post.tries += 1;
            if post.tries > TRIES_MAX * 3 {
                return fail(ctx, post, &reason).await;
            }
            let wait = (LOOK_MS << post.tries.min(8)).max(least);
            postpone(ctx, post, wait).await
        }
    }
}

async fn begin(ctx: &Ctx, mut post: Post, scene: &Scene<'_>) -> Result<()> {
    if let Some(why) =
        posting::quota(ctx, &scene.acting(), scene.kind).await.and_then(|quota| quota.refusal(scene.kind))
    {
        return fail(ctx, post, &why).await;
    }
    let mut draft = draft(ctx, &post);
    if scene.platform.capabilities(scene.app).uploads
        && let Some(kept) = Kept::of(&post.image_url)
    {
        let Some(picture) = media::read(ctx, post.guild_id, &kept).await? else {
            return fail(ctx, post, "the mission's picture is not kept any more").await;
        };
        draft.picture = Some(picture);
    }
    let Some(request) = scene.platform.prepare(&scene.acting(), &draft) else {
        return publish(ctx, post, scene).await;
    };
    match prepare(ctx, scene, &draft, request).await {
        Ok(container) => {
            post.container = container;
            move_to(ctx, &mut post, "container", Some(scene.platform.looks().0));
            write(ctx, post, Vec::new()).await
        }
        Err(refusal) => refused(ctx, post, scene, refusal, 0).await,
    }
}

/// What is to be published later, with its picture.
async fn prepare(ctx: &Ctx, scene: &Scene<'_>, draft: &Draft, request: HttpRequest) -> Told<String> {
    let (container, upload) = send(ctx, request, |answer| {
        let container = scene.platform.read_prepared(answer)?;
        Ok((container, scene.platform.upload(&scene.acting(), draft, answer)?))
    })
    .await?;
    if let Some(request) = upload {
        send(ctx, request, wire::ok).await?;
    }
    Ok(container)
}

async fn check_container(ctx: &Ctx, post: Post, scene: &Scene<'_>) -> Result<()> {
    let Some(request) = scene.platform.check(&scene.acting(), &post.container) else {
        return publish(ctx, post, scene).await;
    };
    match send(ctx, request, |answer| scene.platform.read_progress(answer)).await {
        Ok(Progress::Ready) => publish(ctx, post, scene).await,
        Ok(Progress::Post(id)) => published(ctx, post, scene, id.unwrap_or_default()).await,
        Ok(Progress::Failed(reason)) => fail(ctx, post, &reason).await,
        Ok(Progress::NotYet) if ctx.now() - post.step_at > CONTAINER_MS => {
            fail(ctx, post, "the platform did not finish preparing it").await
        }
        Ok(Progress::NotYet) => postpone(ctx, post, scene.platform.looks().1).await,
        Err(refusal) => refused(ctx, post, scene, refusal, scene.platform.looks().1).await,
    }
}

/// The decisive call, after the row says that it is being made.
async fn publish(ctx: &Ctx, mut post: Post, scene: &Scene<'_>) -> Result<()> {
    // Who waited long may have other roles by now.
    let waited = ctx.now() - post.appears() > LOOK_AGAIN_MS;
    if let Err(stop) = still::may(ctx, &post, waited).await? {
        return stopped(ctx, post, stop).await;
    }
    let draft = draft(ctx, &post);
    let request = scene.platform.publish(&scene.acting(), &draft, &post.container);
    let (sent_before, sends_before) = (post.sent_at, post.sends);
    move_to(ctx, &mut post, "publishing", Some(LEASE_MS));
    // An earlier call that was taken for lost may have its effect late: what it made is looked for too.
    post.sent_at = post.sent_at.or(Some(ctx.now()));
    post.appears_at = Some(ctx.now());
    post.sends += 1;
    // Leased on: whoever else finds the row later than this takes the call for lost.
    post.lease_until = ctx.now() + LEASE_MS;
    if ctx.query(store::step(&post)).await?.changes == 0 {
        return Ok(());
    }
    post.version += 1;
    let refusal = match send(ctx, request, |answer| scene.platform.read_published(answer)).await {
        Ok(Published::Post(id)) => return published(ctx, post, scene, id).await,
        Ok(Published::Processing(id)) => {
            post.container = id;
            move_to(ctx, &mut post, "processing", Some(LOOK_MS));
            return write(ctx, post, Vec::new()).await;
        }
        Err(Refusal::Unknown(reason)) => return unknown(ctx, post, &reason).await,
        // Sent before: it may be refused because it is there already.
        Err(Refusal::Rejected(reason)) if sends_before > 0 => {
            return unknown(ctx, post, &format!("the platform refused another try ({reason})")).await;
        }
        Err(refusal) => refusal,
    };
    // This call had no effect.
    (post.sent_at, post.sends) = (sent_before, sends_before);
    let wait = match refusal {
        Refusal::Later(wait) => Some(wait),
        Refusal::Token if !tokens::refused(ctx, &scene.account).await? => Some(LOOK_MS),
        _ => None,
    };
    if let Some(wait) = wait {
        let state = if post.container.is_empty() { "queued" } else { "container" };
        move_to(ctx, &mut post, state, Some(wait));
        return write(ctx, post, Vec::new()).await;
    }
    refused(ctx, post, scene, refusal, 0).await
}

async fn unknown(ctx: &Ctx, mut post: Post, reason: &str) -> Result<()> {
    post.reason = format!("{reason}; Muster is looking whether the post is there");
    move_to(ctx, &mut post, "unknown", Some(SETTLE_MS));
    write(ctx, post, Vec::new()).await
}

/// What a post is known by among others of its account.
fn sought(post: &Post) -> Sought<'_> {
    Sought { text: &post.text, since: post.sent_at.unwrap_or(post.created_at), url: &post.url }
}

/// Whether a post whose call had no answer is there. Only a platform's word that it is not lets it be sent again.
async fn look_back(ctx: &Ctx, mut post: Post, scene: &Scene<'_>) -> Result<()> {
    let Some(request) = scene.platform.look_back(&scene.acting(), &post.container) else {
        return hold(ctx, post, "the platform gave no answer, and does not let Muster look whether the post is there")
            .await;
    };
    let sought = sought(&post);
    let found = send(ctx, request, |answer| scene.platform.read_back(answer, &sought)).await;
    match found {
        Ok(Found::Post(id)) => return published(ctx, post, scene, id).await,
        Ok(Found::Absent) => {}
        Ok(Found::Unsure) => {
            return hold(ctx, post, "the platform gave no answer, and nothing in the text tells it from other posts")
                .await;
        }
        Err(Refusal::Token) if !tokens::refused(ctx, &scene.account).await? => {
            return postpone(ctx, post, LOOK_MS).await;
        }
        Err(Refusal::Token) => {
            return hold(ctx, post, "the platform gave no answer, and the account is no longer connected").await;
        }
        Err(_) if ctx.now() - post.step_at > GIVE_UP_MS => {
            return hold(ctx, post, "the platform has not answered for a day").await;
        }
        Err(Refusal::Later(wait)) => return postpone(ctx, post, wait).await,
        Err(_) => return postpone(ctx, post, LOOK_AGAIN_MS).await,
    }
    post.sends = post.sends.max(1);
    if post.sends >= TRIES_MAX {
        return hold(ctx, post, "sent several times without an answer, and not found").await;
    }
    // A container is published once whatever happens, and says so; without one the platform refuses the same text twice.
    let state = if post.container.is_empty() { "queued" } else { "container" };
    move_to(ctx, &mut post, state, Some(0));
    write(ctx, post, Vec::new()).await
}

async fn check_processing(ctx: &Ctx, post: Post, scene: &Scene<'_>) -> Result<()> {
    let Some(request) = scene.platform.check(&scene.acting(), &post.container) else {
        return hold(ctx, post, "the platform took it and does not say what became of it").await;
    };
    match send(ctx, request, |answer| scene.platform.read_progress(answer)).await {
        Ok(Progress::Post(id)) => published(ctx, post, scene, id.unwrap_or_default()).await,
        Ok(Progress::Failed(reason)) => fail(ctx, post, &reason).await,
        _ if ctx.now() - post.step_at > GIVE_UP_MS => hold(ctx, post, "still processing after a day").await,
        _ => {
            let wait = if ctx.now() - post.step_at < LOOK_AGAIN_MS { LOOK_MS } else { LOOK_AGAIN_MS };
            postpone(ctx, post, wait).await
        }
    }
}

async fn address(ctx: &Ctx, scene: &Scene<'_>, id: &str) -> String {
    if let Some(url) = scene.platform.address(scene.app, &scene.account.account_name, id) {
        return url;
    }
    let Some(request) = scene.platform.locate(&scene.acting(), id).filter(|_| !id.is_empty()) else {
        return String::new();
    };
    let read = |answer: &HttpResponse| {
        let body: Value = crate::json::from_slice(&answer.body).unwrap_or_default();
        Ok(body["permalink"].as_str().filter(|url| url.starts_with("http")).unwrap_or_default().to_owned())
    };
    // A post without a link is a post all the same.
    send(ctx, request, read).await.unwrap_or_default()
}

/// The post is there: the row, its points and the card's count change together.
async fn published(ctx: &Ctx, mut post: Post, scene: &Scene<'_>, id: String) -> Result<()> {
    post.url = address(ctx, scene, &id).await;
    post.post_ref = id;
    post.reason = String::new();
    let now = ctx.now();
    settle(ctx, post, now, Vec::new()).await
}

/// Writes a published post, its points and what else belongs to it, and has the card say so. `at`: when it came to be there.
async fn settle(ctx: &Ctx, mut post: Post, at: i64, mut more: Vec<Statement>) -> Result<()> {
    move_to(ctx, &mut post, "published", None);
    post.published_at = Some(at);
    let mission: Option<Mission> = ctx.query(store::get(post.guild_id, &post.mission_id)).await?.first()?;
    let Versioned { version, rules } = points::rules(ctx, post.guild_id).await?;
    let kind = post.kind().ok_or_else(|| Error::internal("a post of an unknown platform"))?;
    if let Some(mission) = &mission
        && rules.rewards(kind)
    {
        let month = points::month_of(guild_config::cached(ctx, post.guild_id).await?.zone(), at);
        let entry = |what: &str, amount: i64, reason: &str| {
            let cause = format!("{what}:{}", post.id);
            points::store::insert_if_published(
                &points::store::Entry {
                    id: ctx.random_hex(8),
                    guild: post.guild_id,
                    user: post.user_id,
                    mission: &post.mission_id,
                    post: &post.id,
                    kind: what,
                    units: 1,
                    points: amount,
                    rule_version: version,
                    reason,
                    month: &month,
                    at: ctx.now(),
                    cause: &cause,
                },
                post.version + 1,
            )
        };
        let reason = format!("Published “{}” on {}", mission.title, kind.name());
        more.push(entry("publish", mission.points(&rules), &reason));
        let begun = mission.pushed_at.unwrap_or(mission.starts_at).max(mission.starts_at);
        // By the call after which it was there, however long the platform took to say so; not by the day on which it was promised.
        let sent_at = post.sent_at.unwrap_or(post.created_at);
        if rules.on_time != 0 && sent_at.max(begun) - begun <= i64::from(rules.on_time_hours) * 3_600_000 {
            more.push(entry("on-time", rules.on_time, &format!("In time for “{}”", mission.title)));
        }
    }
    if post.post_ref.is_empty() {
        post.due_at = ids::first(ctx, kind, &post);
    } else {
        more.push(rounds::store::insert_poll(&post, ctx.now() + polls::interval(kind)));
    }
    more.push(months::start(ctx, post.guild_id).await?);
    let card = mission
        .as_ref()
        .filter(|mission| mission.message_id.is_some())
        .map(|mission| outbox::prepare(ctx, &view::card_edit(mission)));
    if let Some(card) = &card {
        more.push(card.statement.clone());
    }
    write(ctx, post, more).await?;
    if let Some(card) = card {
        outbox::deliver_soon(ctx, vec![card.id]);
    }
    Ok(())
}
