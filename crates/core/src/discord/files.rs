//! Purpose: files that people attach to commands, as Discord's file server hands them out.

use super::agent;
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    ports::HttpRequest,
};
use twilight_model::channel::Attachment;

const TIMEOUT_MS: u64 = 10_000;

/// The file. Only Discord's own file server is asked, and without Muster's token. `too_large`: what is said of more than `most` bytes.
///
/// # Errors
/// `User` with what to do about it.
pub async fn download(ctx: &Ctx, file: &Attachment, most: u64, too_large: &str) -> Result<Vec<u8>> {
    if file.size > most {
        return Err(Error::user(too_large));
    }
    let is_discords = file.url.strip_prefix(&ctx.settings.discord_cdn).is_some_and(|path| path.starts_with('/'));
    if !is_discords {
        return Err(Error::user("Attach the file to the command itself: Muster reads files from Discord only."));
    }
    let request = HttpRequest {
        method: "GET",
        url: file.url.clone(),
        headers: vec![("user-agent".to_owned(), agent(ctx))],
        body: Vec::new(),
        timeout_ms: TIMEOUT_MS,
    };
    let again = || Error::user("Discord did not hand out the file just now. Please use the command again.");
    let response = ctx.http.send(request).await.map_err(|_| again())?;
    if response.status != 200 {
        return Err(again());
    }
    if response.body.len() as u64 > most {
        return Err(Error::user(too_large));
    }
    Ok(response.body)
}
