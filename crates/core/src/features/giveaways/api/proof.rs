//! Purpose: the proof that anyone can fetch and check, and the files that managers export.

use crate::features::giveaways::{
    commands::Format,
    jobs,
    store::{self, Giveaway, LogLine, Pick},
    view,
};
use crate::{
    ctx::Ctx,
    discord::File,
    error::{Error, Result},
    text::{clean_line, csv_cell},
    time,
    web::{
        Request, Response,
        description::{Public, Snowflake, Time},
        problem,
    },
};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// How long KV keeps a finished proof: a popular one would read 100,000 rows per visit.
const KEEP_PROOF_SECONDS: u32 = 3_600;
/// Most log lines in a file: each entry and each leave is one.
const MAX_LOG_LINES: u32 = 100_000;
/// Discord's default for a file, less what the request around it takes.
const MAX_FILE_BYTES: usize = 10_000_000;

/// What everybody needs to compute a draw again: before it the commitment, after it all that the picks follow from.
#[utoipa::path(
    get,
    path = "/api/v1/giveaways/{giveaway}/proof",
    tag = "Giveaways",
    params(("giveaway" = String, Path)),
    responses((status = 200, body = Proof), Public)
)]
pub async fn get_proof(ctx: &Ctx, request: &Request, id: &str) -> Result<Response> {
    if request.method != "GET" {
        return Ok(problem::of(405, "Proofs can only be read."));
    }
    let is_id = id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        return Ok(Response::not_found());
    }
    let Some(giveaway) = ctx.query(store::get_for_proof(id)).await?.first::<Giveaway>()? else {
        return Ok(Response::not_found());
    };
    // A version's proof never changes, so the list of entrants is read once and not per visit.
    let key = format!("proof:{id}:{}", giveaway.version);
    if let Ok(Some(body)) = ctx.kv.get(&key).await {
        return Ok(Response::json_text(200, body));
    }
    let body = proof(ctx, &giveaway).await?.to_string();
    if giveaway.is_over() && giveaway.is_drawn() {
        // KV is only a shortcut: without it the next visit reads the list again.
        if let Err(error) = ctx.kv.put(&key, &body, KEEP_PROOF_SECONDS).await {
            ctx.warn("a proof could not be kept", json!({ "giveaway": id, "error": error }));
        }
    }
    Ok(Response::json_text(200, body))
}

/// Before the draw: the commitment. After it: everything that the picks follow from.
pub async fn proof(ctx: &Ctx, giveaway: &Giveaway) -> Result<Value> {
    let mut proof = json!({
        "giveaway": giveaway.id,
        "state": giveaway.state.as_str(),
        "prize": giveaway.prize,
        "winners": giveaway.winners,
        "started_at": time::rfc3339(giveaway.created_at),
        "ends_at": time::rfc3339(giveaway.ends_at),
        "algorithm": "muster-draw-1",
        "commitment": giveaway.commitment,
        "page": view::proof_page_url(ctx, giveaway),
    });
    if !giveaway.is_drawn() {
        return Ok(proof);
    }
    let entrants = jobs::list_entrants(ctx, &giveaway.id).await?;
    let picks: Vec<Pick> = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
    let list: Vec<Value> = entrants.list().iter().map(|e| json!([e.user, e.weight])).collect();
    proof["seed"] = json!(giveaway.seed);
    proof["entrants_hash"] = json!(giveaway.entrants_hash);
    proof["entrants"] = json!(list);
    proof["picks"] = json!(picks.iter().map(pick_json).collect::<Vec<_>>());
    Ok(proof)
}

fn pick_json(pick: &Pick) -> Value {
    json!({
        "pick": pick.pick, "slot": pick.slot, "user": pick.user_id,
        "outcome": pick.outcome.as_str(), "reason": pick.reason, "at": time::rfc3339(pick.at),
    })
}

/// A file of a giveaway: its name, its type, its text.
pub struct Export {
    pub name: String,
    pub content_type: &'static str,
    pub text: String,
}

/// Everything about a giveaway that managers may have.
pub async fn export(ctx: &Ctx, giveaway: &Giveaway, format: Format) -> Result<Export> {
    let entrants: Vec<store::EntryRow> =
        ctx.query(store::list_entrants(giveaway.guild_id, &giveaway.id, u32::MAX, 0)).await?.all()?;
    let picks: Vec<Pick> = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
    match format {
        Format::Csv => {
            let mut csv = "user_id,entries,entered_at,pick,slot,outcome,reason\n".to_owned();
            for row in &entrants {
                let pick = picks.iter().find(|pick| pick.user_id == row.user_id);
                let columns = [
                    row.user_id.clone(),
                    row.weight.to_string(),
                    time::rfc3339(row.entered_at),
                    pick.map(|p| p.pick.to_string()).unwrap_or_default(),
                    pick.map(|p| p.slot.to_string()).unwrap_or_default(),
                    pick.map(|p| p.outcome.as_str().to_owned()).unwrap_or_default(),
                    pick.and_then(|p| p.reason.clone()).unwrap_or_default(),
                ];
                csv.push_str(&columns.map(|column| csv_cell(&column)).join(","));
                csv.push('\n');
            }
            Ok(Export { name: format!("giveaway-{}.csv", giveaway.id), content_type: "text/csv", text: csv })
        }
        Format::Json => {
            let log: Vec<LogLine> =
                ctx.query(store::list_log(giveaway.guild_id, &giveaway.id, MAX_LOG_LINES)).await?.all()?;
            let entrants: Vec<Value> = entrants
                .iter()
                .map(|row| json!({ "user": row.user_id, "entries": row.weight, "entered_at": time::rfc3339(row.entered_at) }))
                .collect();
            let log: Vec<Value> = log
                .iter()
                .map(|line| json!({ "at": time::rfc3339(line.at), "by": line.actor_id, "action": line.action, "detail": line.detail }))
                .collect();
            let mut all = proof(ctx, giveaway).await?;
            all["host"] = json!(giveaway.host_id);
            all["description"] = json!(clean_line(&giveaway.description, 2_000));
            all["requirements"] = crate::json::to_value(&giveaway.requirements()).unwrap_or_default();
            all["entrants"] = json!(entrants);
            all["picks"] = json!(picks.iter().map(pick_json).collect::<Vec<_>>());
            all["log"] = json!(log);
            let name = format!("giveaway-{}.json", giveaway.id);
            Ok(Export { name, content_type: "application/json", text: all.to_string() })
        }
    }
}

/// The same as a file on Discord.
pub async fn export_to_discord(ctx: &Ctx, giveaway: &Giveaway, format: Format) -> Result<File> {
    let Export { name, content_type, text } = export(ctx, giveaway, format).await?;
    if text.len() > MAX_FILE_BYTES {
        return Err(Error::user(format!(
            "This giveaway is too large for one file on Discord. Take the other format, or its proof at {}",
            view::proof_url(ctx, giveaway)
        )));
    }
    Ok(File { name, content_type, bytes: text.into_bytes() })
}

/// A draw, for everybody to check; `scripts/verify-draw` does it. What is there after the draw only can be missing.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a name for the API's description; `proof` writes it")]
struct Proof {
    giveaway: String,
    state: store::State,
    prize: String,
    winners: u32,
    #[schema(value_type = Time)]
    started_at: String,
    #[schema(value_type = Time)]
    ends_at: String,
    algorithm: String,
    commitment: String,
    /// Where people see it.
    page: String,
    seed: Option<String>,
    entrants_hash: Option<String>,
    /// Pairs of a user's id and how many entries they had.
    entrants: Option<Vec<Vec<Value>>>,
    picks: Option<Vec<ProofPick>>,
}

/// One pick of a draw.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a name for the API's description; `pick_json` writes it")]
struct ProofPick {
    pick: u32,
    slot: u32,
    #[schema(value_type = Snowflake)]
    user: String,
    outcome: store::Outcome,
    reason: Option<String>,
    #[schema(value_type = Time)]
    at: String,
}
