//! Purpose: ends that are not published, and what a person says about a post of which nobody knows.

use super::{Post, advance_for_reader, move_to, settle, write};
use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::Result,
    outbox::{self, Effect, EffectKind},
    social::{Kind, tokens},
    sql::Statement,
};

/// Whether the decisive call was not made yet, or the platform said that it had no effect: its member may call the post off.
pub fn is_unsent(post: &Post) -> bool {
    matches!(post.state.as_str(), "scheduled" | "queued" | "container") && post.sent_at.is_none()
}

/// A person says that a held post is not there: it begins anew.
pub async fn again(ctx: &Ctx, mut post: Post) -> Result<()> {
    post.container = String::new();
    post.reason = String::new();
    post.tries = 0;
    post.sends = 0;
    post.sent_at = None;
    move_to(ctx, &mut post, "queued", Some(0));
    write(ctx, post, Vec::new()).await
}

/// A person of the team says whether a held post is there. Who said so stands in the audit log with the step, or neither does.
pub async fn decide(ctx: &Ctx, author: &Author, mut post: Post, is_there: bool, url: &str) -> Result<()> {
    let said = audit::store::insert(&audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "missions",
        target: format!("post {}", post.id),
        before: None,
        after: Some(if is_there { "is there" } else { "is not there" }.to_owned()),
        cause: author.cause.clone(),
    });
    if is_there {
        url.clone_into(&mut post.url);
        post.reason = String::new();
        let app = post.kind().and_then(|kind| Some((kind, tokens::app_of(ctx, kind)?)));
        post.post_ref = app.and_then(|(kind, app)| kind.platform().id_in(app, url)).unwrap_or_default();
        let (guild, id) = (post.guild_id, post.id.clone());
        settle(ctx, post, ctx.now(), vec![said]).await?;
        // Looked for now, so that whoever decided reads whether its counts will be known.
        return advance_for_reader(ctx, guild, &id).await.map(|_| ());
    }
    fail_with(ctx, post, "the team did not find it", vec![said]).await
}

pub(super) async fn fail(ctx: &Ctx, post: Post, reason: &str) -> Result<()> {
    fail_with(ctx, post, reason, Vec::new()).await
}

async fn fail_with(ctx: &Ctx, mut post: Post, reason: &str, more: Vec<Statement>) -> Result<()> {
    reason.clone_into(&mut post.reason);
    move_to(ctx, &mut post, "failed", None);
    let text = format!(
        "Your post on {} was **not** published: {}. Nothing was posted; open the mission in the server to try again.",
        post.kind().map_or("the platform", Kind::name),
        crate::text::escape_markdown(reason),
    );
    told(ctx, post, "failed", &text, more).await
}

/// A post that is surely not there, and that nobody wants any more as it was confirmed.
pub(super) async fn call_off(ctx: &Ctx, mut post: Post, reason: &str) -> Result<()> {
    reason.clone_into(&mut post.reason);
    move_to(ctx, &mut post, "cancelled", None);
    let text = format!(
        "Your post on {} was called off: {}. Nothing was published. While the mission is on, you can confirm it anew there.",
        post.kind().map_or("the platform", Kind::name),
        crate::text::escape_markdown(reason),
    );
    told(ctx, post, "called-off", &text, Vec::new()).await
}

pub(super) async fn hold(ctx: &Ctx, mut post: Post, reason: &str) -> Result<()> {
    reason.clone_into(&mut post.reason);
    move_to(ctx, &mut post, "held", None);
    let text = format!(
        "Muster does not know whether your post on {} was published: {}. It is not sent again by itself. Look at your account: if the post is not there, `/post` has a button that sends it again; if it is, tell the team, so that it counts.",
        post.kind().map_or("the platform", Kind::name),
        crate::text::escape_markdown(reason),
    );
    told(ctx, post, "held", &text, Vec::new()).await
}

/// Writes an end that is not a good one and what else belongs to it, with a word to the member.
async fn told(ctx: &Ctx, post: Post, what: &str, text: &str, mut more: Vec<Statement>) -> Result<()> {
    let version = post.version + 1;
    let marker = format!("-# {what} {}:{version}", post.id);
    let body = crate::reply::Message::text(format!("{text}\n{marker}")).create_body();
    let note = Effect {
        guild_id: post.guild_id,
        feature: crate::features::missions::NAME,
        key: format!("missions:{what}:{}:{version}", post.id),
        reference: String::new(),
        kind: EffectKind::Direct { user: post.user_id, body, marker },
    };
    let prepared = outbox::prepare_many(ctx, std::slice::from_ref(&note));
    more.push(prepared.statement);
    write(ctx, post, more).await?;
    outbox::deliver_soon(ctx, prepared.ids);
    Ok(())
}
