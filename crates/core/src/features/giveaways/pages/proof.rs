//! Purpose: the proof of a draw for everybody: the visitor's own browser recomputes it (assets/proof.js).

use crate::{
    ctx::Ctx,
    error::{Error, Result},
    features::giveaways::store::{self, Giveaway},
    text::count,
    web::{Request, Response, Shell, render},
};
use askama::Template;

#[derive(Template)]
#[template(path = "features/giveaways/proof.html")]
struct ProofPage {
    shell: Shell,
    prize: String,
    winners: String,
    entrants: String,
    commitment: String,
    seed: String,
    entrants_hash: String,
    is_drawn: bool,
    is_cancelled: bool,
    /// The same as JSON.
    json: String,
}

pub async fn on_request(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
    let ("GET", ["giveaways", id, "proof"]) = (request.method.as_str(), path) else { return Ok(None) };
    let giveaway: Option<Giveaway> = ctx.query(store::get_for_proof(id)).await?.first()?;
    let giveaway = giveaway.ok_or(Error::NotFound)?;
    let is_drawn = giveaway.is_drawn();
    let mut shell = Shell::new(ctx, request, format!("Proof: {}", giveaway.prize));
    shell.description =
        "Your browser recomputes this draw from the published seed and the list of entrants.".to_owned();
    let page = ProofPage {
        shell,
        winners: count(giveaway.winners.into(), "winner", "winners"),
        entrants: count(giveaway.entrant_count.into(), "entrant", "entrants"),
        json: format!("/api/v1/giveaways/{}/proof", giveaway.id),
        is_cancelled: !is_drawn && giveaway.is_over(),
        // The seed is a secret until the draw.
        seed: if is_drawn { giveaway.seed } else { String::new() },
        entrants_hash: giveaway.entrants_hash.unwrap_or_default(),
        prize: giveaway.prize,
        commitment: giveaway.commitment,
        is_drawn,
    };
    render(200, &page).map(Some)
}
