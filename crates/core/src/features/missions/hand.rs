//! Purpose: points given and taken by hand, each with a reason that stays.

use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, Result},
    features::missions::rounds::months,
    guild_config,
    points::{
        self,
        store::{Voidable, Wrong},
    },
    text::clean_line,
};
use twilight_model::id::{Id, marker::UserMarker};

/// What somebody gives or takes by hand at once.
pub const ADJUST_MAX: i64 = 100_000;
const REASON_MAX: usize = 200;

struct Line<'a> {
    user: Id<UserMarker>,
    mission: &'a str,
    post: &'a str,
    kind: &'a str,
    points: i64,
    reason: &'a str,
    cause: &'a str,
}

/// Adds a line to the ledger; whether it was not there yet.
async fn write(ctx: &Ctx, author: &Author, line: &Line<'_>) -> Result<bool> {
    let month = points::month_of(guild_config::cached(ctx, author.guild).await?.zone(), ctx.now());
    let version = points::rules(ctx, author.guild).await?.version;
    let entry = points::store::Entry {
        id: ctx.random_hex(8),
        guild: author.guild,
        user: line.user,
        mission: line.mission,
        post: line.post,
        kind: line.kind,
        units: 1,
        points: line.points,
        rule_version: version,
        reason: line.reason,
        month: &month,
        at: ctx.now(),
        cause: line.cause,
    };
    let log = audit::store::insert(&audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "missions",
        target: format!("points {} {}", line.kind, line.user),
        before: None,
        after: Some(format!("{:+} {}", line.points, line.reason)),
        cause: author.cause.clone(),
    });
    let clock = months::start(ctx, author.guild).await?;
    let results = ctx.batch(vec![points::store::insert(&entry), log, clock]).await?;
    Ok(results.first().is_some_and(|inserted| inserted.changes > 0))
}

/// Sums that one correction names in the log.
const WRONG_NAMED: usize = 20;
/// Sums that one correction looks at for their members' roles: far more than ever go wrong.
const WRONG_MAX: u32 = 5_000;

/// Adds every sum up again from the lines, writes down which were wrong, and has their members' roles looked at. Gives how many changed.
pub async fn recompute(ctx: &Ctx, author: &Author) -> Result<u64> {
    let wrong: Vec<Wrong> = ctx.query(points::store::list_wrong(author.guild, WRONG_MAX)).await?.all()?;
    let say = |of: fn(&Wrong) -> Option<i64>| {
        let say = |one: &Wrong| {
            let points = of(one).map_or_else(|| "none".to_owned(), |points| points.to_string());
            format!("{} of {}: {points}", one.month, one.user_id)
        };
        let mut all: Vec<String> = wrong.iter().take(WRONG_NAMED).map(say).collect();
        if wrong.len() > WRONG_NAMED {
            all.push(format!("and {} more", wrong.len() - WRONG_NAMED));
        }
        if all.is_empty() { "every sum was right".to_owned() } else { all.join("; ") }
    };
    let log = audit::store::insert(&audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "missions",
        target: "points recompute".to_owned(),
        before: Some(say(|one| one.was)),
        after: Some(say(|one| one.is)),
        cause: author.cause.clone(),
    });
    let users: Vec<_> = wrong.iter().map(|one| one.user_id).collect();
    let users = serde_json::to_string(&users).map_err(Error::internal)?;
    let mut statements: Vec<_> = points::store::recompute(author.guild).into();
    let sums = statements.len();
    statements.extend([log, points::store::reopen_roles(author.guild, &users, ctx.now())]);
    let results = ctx.batch(statements).await?;
    Ok(results.iter().take(sums).map(|result| result.changes).sum())
}

/// Gives a member points, or takes some. Gives the reason as it was kept.
pub async fn adjust(ctx: &Ctx, author: &Author, user: Id<UserMarker>, points: i64, reason: &str) -> Result<String> {
    let reason = clean_line(reason, REASON_MAX);
    if reason.is_empty() || points == 0 || points.abs() > ADJUST_MAX {
        return Err(Error::user("Give a number of points other than 0, and a reason."));
    }
    let text = format!("By hand: {reason}");
    let cause = format!("adjust:{}", author.cause);
    let line = Line { user, mission: "", post: "", kind: "adjust", points, reason: &text, cause: &cause };
    write(ctx, author, &line).await?;
    Ok(reason)
}

/// Takes back what a line of the ledger gave. Gives that line, and whether it was not taken back before.
pub async fn void(ctx: &Ctx, author: &Author, id: &str, reason: &str) -> Result<(Voidable, bool)> {
    let reason = clean_line(reason, REASON_MAX);
    let unknown = || Error::user("There is no such line. `/audit` shows the number of each.");
    let entry: Option<Voidable> = ctx.query(points::store::get(author.guild, id)).await?.first()?;
    let entry = entry.ok_or_else(unknown)?;
    if entry.kind == "void" {
        return Err(Error::user("This line takes points back itself. Give them again by hand."));
    }
    if reason.is_empty() {
        return Err(Error::user("Say why: the reason stays with the line."));
    }
    let text = format!("Taken back: {} ({reason})", entry.reason);
    let cause = format!("void:{}", entry.id);
    let line = Line {
        user: entry.user_id,
        mission: &entry.mission_id,
        post: &entry.post_id,
        kind: "void",
        points: -entry.points,
        reason: &text,
        cause: &cause,
    };
    let is_new = write(ctx, author, &line).await?;
    Ok((entry, is_new))
}
