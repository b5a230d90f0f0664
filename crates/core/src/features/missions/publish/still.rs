//! Purpose: whether a post that is surely not there may still be published, as everything is now: its mission, its account, its price.

use super::{LOOK_AGAIN_MS, Scene};
use crate::{
    ctx::Ctx,
    discord,
    error::Result,
    features::missions::{
        assignees, safeguards, store,
        store::{Mission, Post},
    },
    points,
    social::{Kind, accounts, tokens, tokens::Trouble},
};

/// Why a post does not go on.
pub enum Stop {
    Later(i64),
    /// It is not what its member or the team wants any more.
    Off(String),
    /// It cannot.
    Failed(String),
}

fn off(why: &str) -> std::result::Result<(), Stop> {
    Err(Stop::Off(why.to_owned()))
}

/// Whether the mission is on, says what the member confirmed, and has room for the post's price; with `asks_roles`, whether it is for
/// whoever confirmed it, by the roles that they have now.
pub async fn may(ctx: &Ctx, post: &Post, asks_roles: bool) -> Result<std::result::Result<(), Stop>> {
    let mission: Option<Mission> = ctx.query(store::get(post.guild_id, &post.mission_id)).await?.first()?;
    let Some(mission) = mission else { return Ok(off("the mission is not there any more")) };
    let Some(kind) = post.kind() else { return Ok(off("this platform is not known any more")) };
    if !mission.is_live() || mission.ends_at <= ctx.now() {
        return Ok(off("the mission was closed"));
    }
    if mission.starts_at > ctx.now() {
        return Ok(off("the mission starts later now"));
    }
    // Rows of an older version do not say what they were confirmed for.
    let is_other = post.basis.as_ref().is_some_and(|basis| *basis != mission.basis());
    if is_other || !mission.kinds().contains(&kind) {
        return Ok(off("the mission was changed; look at it and confirm again"));
    }
    if let Some(stop) = price(ctx, post, kind).await? {
        return Ok(Err(stop));
    }
    let mut roles = Vec::new();
    if assignees::role_of(&mission).is_some() {
        if !asks_roles {
            return Ok(Ok(()));
        }
        match discord::get_member(ctx, post.guild_id, post.user_id).await {
            Ok(member) => roles = member.map(|member| member.roles).unwrap_or_default(),
            Err(_) => return Ok(Err(Stop::Later(LOOK_AGAIN_MS))),
        }
    }
    let is_for = assignees::includes(ctx, &mission, post.user_id, &roles).await?;
    Ok(if is_for { Ok(()) } else { off("the mission is for other members now") })
}

/// The budget may have been lowered since the post was confirmed. Whatever appears first has its price first.
async fn price(ctx: &Ctx, post: &Post, kind: Kind) -> Result<Option<Stop>> {
    if kind != Kind::X {
        return Ok(None);
    }
    let rules = points::rules(ctx, post.guild_id).await?.rules;
    let why = safeguards::over_budget(ctx, &rules, post.guild_id, kind, &post.text, Some(post)).await?;
    Ok(why.map(Stop::Off))
}

/// Everything that has to be so for a post to go on, as it is now. A post is published by the account that it was confirmed for, and is
/// looked for there; never by another that the member has connected since.
pub async fn scene<'a>(ctx: &'a Ctx, post: &Post) -> Result<std::result::Result<Scene<'a>, Stop>> {
    let Some(kind) = post.kind() else {
        return Ok(Err(Stop::Failed("this platform is not known any more".to_owned())));
    };
    let name = kind.name();
    let Some(app) = tokens::app_of(ctx, kind) else {
        return Ok(Err(Stop::Failed(format!("{name} is not set up on this deployment any more"))));
    };
    let accounts = accounts::list(ctx, post.guild_id, post.user_id).await?;
    let account = match (accounts.into_iter().find(|one| one.platform == kind.key()), &post.account_hash) {
        (Some(account), Some(hash)) if accounts::hash_of(&account, kind) != *hash => {
            let why = format!("another {name} account is connected now than the one that it was confirmed for");
            return Ok(Err(Stop::Off(why)));
        }
        (Some(account), _) => account,
        (None, Some(_)) => return Ok(Err(Stop::Off(format!("no {name} account is connected any more")))),
        (None, None) => return Ok(Err(Stop::Failed(format!("no {name} account is connected")))),
    };
    match tokens::fresh(ctx, &account).await {
        Ok(access) => Ok(Ok(Scene { kind, platform: kind.platform(), app, account, access })),
        Err(Trouble::Lost) => Ok(Err(Stop::Failed(format!("the {name} account has to be connected again")))),
        Err(Trouble::Later(_)) => Ok(Err(Stop::Later(LOOK_AGAIN_MS))),
        Err(Trouble::Failed(error)) => Err(error),
    }
}
