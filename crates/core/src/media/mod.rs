//! Purpose: pictures that a guild keeps: taken by format and size, kept in R2, handed out by addresses that are signed and run out.
//!
//! Table: media. A kept picture is named `media:<name>` wherever the address of another one could stand. The name says format and
//! sides, and R2 keeps it under the guild: what one guild's row names is never another's picture.

pub mod image;
pub mod store;

use crate::{
    ctx::Ctx,
    error::{Error, FieldError, Result},
    mac::{is_mac, mac},
    ports::Blob,
    web::{self, Request, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use image::{Format, Image};
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Bytes of one picture. X takes the least, 5 MB; the shell reads bodies up to 4 MB.
pub const PICTURE_MAX: usize = 4 * 1_024 * 1_024;
pub const TOO_LARGE: &str = "The picture has more than 4 MB. Save it smaller and try again.";
/// Bytes that a guild keeps: forty guilds fill the 10 GB that cost nothing on R2.
const GUILD_MAX: i64 = 250 * 1_024 * 1_024;
/// A platform downloads within minutes, and looks at a container for a day; whoever sees a page has it open.
pub const ADDRESS_MS: i64 = 3_600_000;
/// What nothing uses goes after a day: whoever uploaded it may still be writing.
const UNUSED_MS: i64 = 24 * 3_600_000;
const LOOK_AGAIN_MS: i64 = 7 * UNUSED_MS;
/// A mission's picture stays for so long after its end: its card is still read, and platforms have their copy.
pub const AFTER_END_MS: i64 = 30 * 24 * 3_600_000;
/// One call takes up to 1,000 objects out of R2, and D1 takes them as one parameter.
const GONE_AT_ONCE: u32 = 200;
const SIGNATURE_BYTES: usize = 16;
const SCHEME: &str = "media:";

/// A kept picture, as a row or a form names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub image: Image,
}

impl Kept {
    /// What a text names; `None` for addresses and everything else.
    pub fn of(reference: &str) -> Option<Self> {
        let name = reference.strip_prefix(SCHEME)?;
        let (id, rest) = name.split_once('-')?;
        let (sides, extension) = rest.split_once('.')?;
        let (width, height) = sides.split_once('x')?;
        let format = [Format::Jpeg, Format::Png].into_iter().find(|format| format.extension() == extension)?;
        let image = Image { format, width: width.parse().ok()?, height: height.parse().ok()? };
        let is_id = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let kept = Self { name: name.to_owned(), image };
        (is_id && kept.name == name_of(id, image)).then_some(kept)
    }

    pub fn reference(&self) -> String {
        format!("{SCHEME}{}", self.name)
    }
}

fn name_of(id: &str, image: Image) -> String {
    format!("{id}-{}x{}.{}", image.width, image.height, image.format.extension())
}

fn key(guild: Id<GuildMarker>, name: &str) -> String {
    format!("{guild}/{name}")
}

fn bucket(ctx: &Ctx) -> Result<&dyn Blob> {
    let none =
        "This deployment keeps no pictures (it has no R2 bucket). Name the https:// address of a picture instead.";
    ctx.blob.as_deref().ok_or_else(|| Error::user(none))
}

/// Keeps a picture of this guild; what nothing uses within a day goes again.
///
/// # Errors
/// `Invalid` with a sentence about the file; `User` where this deployment keeps none.
pub async fn keep(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>, bytes: Vec<u8>) -> Result<Kept> {
    let bucket = bucket(ctx)?;
    let wrong = |why: &str| Error::Invalid(vec![FieldError::new("image", why)]);
    if bytes.len() > PICTURE_MAX {
        return Err(wrong(TOO_LARGE));
    }
    let unknown = "This is no JPEG, and no PNG either: save the picture as JPEG and try again.";
    let image = Image::of(&bytes).ok_or_else(|| wrong(unknown))?;
    let kept = Kept { name: name_of(&ctx.random_hex(16), image), image };
    let now = ctx.now();
    let media = store::NewMedia {
        guild,
        name: &kept.name,
        bytes: bytes.len(),
        created_by: user,
        created_at: now,
        due_at: now + UNUSED_MS,
    };
    if ctx.query(store::insert(&media, GUILD_MAX)).await?.changes == 0 {
        return Err(wrong(
            "This server keeps 250 MB of pictures already. A closed mission's goes by itself after a month. Or take one out of a mission that needs none, and within a week there is room; until then, name a picture by its https:// address.",
        ));
    }
    bucket.put(&key(guild, &kept.name), image.format.media_type(), bytes).await.map_err(Error::retryable)?;
    Ok(kept)
}

/// Whether something may use this picture; it then stays for a day at least.
pub async fn hold(ctx: &Ctx, guild: Id<GuildMarker>, kept: &Kept) -> Result<bool> {
    Ok(ctx.query(store::touch(guild, &kept.name, ctx.now() + UNUSED_MS)).await?.changes > 0)
}

/// The bytes of a kept picture, for platforms that download nothing; `None` where it is not there any more.
pub async fn read(ctx: &Ctx, guild: Id<GuildMarker>, kept: &Kept) -> Result<Option<Vec<u8>>> {
    bucket(ctx)?.get(&key(guild, &kept.name)).await.map_err(Error::retryable)
}

fn parts<'a>(guild: &'a str, name: &'a str, until: &'a str) -> [&'a str; 4] {
    ["muster media", guild, name, until]
}

/// Where a kept picture is until a time (Unix milliseconds), from this site's root.
pub fn path(ctx: &Ctx, guild: Id<GuildMarker>, kept: &Kept, until: i64) -> String {
    let (guild, until) = (guild.to_string(), until.div_euclid(1_000).to_string());
    let signature = mac(ctx.settings.bot_token.as_bytes(), &parts(&guild, &kept.name, &until));
    let signature = URL_SAFE_NO_PAD.encode(signature.get(..SIGNATURE_BYTES).unwrap_or_default());
    format!("/media/{guild}/{}?until={until}&sig={signature}", kept.name)
}

/// Where anybody finds the picture that a row names, until a time at least; the text itself where it is an address.
pub fn address(ctx: &Ctx, guild: Id<GuildMarker>, reference: &str, until: i64) -> String {
    match Kept::of(reference) {
        Some(kept) => format!("{}{}", ctx.settings.public_url, path(ctx, guild, &kept, until)),
        None => reference.to_owned(),
    }
}

/// Where a page of this site finds the kept picture that a row names, for as long as somebody has it open; empty for none.
pub fn page_path(ctx: &Ctx, guild: Id<GuildMarker>, reference: &str) -> String {
    Kept::of(reference).map(|kept| path(ctx, guild, &kept, ctx.now() + ADDRESS_MS)).unwrap_or_default()
}

/// Answers `/media/{guild}/{name}`: for whoever has the address, while it holds.
pub async fn open(ctx: &Ctx, request: &Request, guild: &str, name: &str) -> Response {
    let until = request.param("until").unwrap_or_default();
    let signature = URL_SAFE_NO_PAD.decode(request.param("sig").unwrap_or_default()).unwrap_or_default();
    let is_signed = is_mac(ctx.settings.bot_token.as_bytes(), &parts(guild, name, until), &signature);
    let (Some(kept), Some(bucket), true) = (Kept::of(&format!("{SCHEME}{name}")), ctx.blob.as_deref(), is_signed)
    else {
        return web::say(ctx, request, 404, "No such picture", "There is no picture at this address.");
    };
    let left = until.parse::<i64>().unwrap_or_default() - ctx.now().div_euclid(1_000);
    if left <= 0 {
        return web::say(ctx, request, 410, "This address has run out", "Pictures have addresses for a time only.");
    }
    match bucket.get(&format!("{guild}/{name}")).await {
        Ok(Some(bytes)) => {
            let max_age = u32::try_from(left).unwrap_or(u32::MAX).min(3_600);
            Response { max_age, ..Response::bytes(kept.image.format.media_type(), bytes) }
        }
        Ok(None) => web::say(ctx, request, 404, "No such picture", "This picture is not kept any more."),
        Err(error) => {
            ctx.warn("a picture was not read", json!({ "error": error }));
            web::say(ctx, request, 503, "Try again", "This picture could not be read. Try again in a moment.")
        }
    }
}

/// Takes pictures out of R2 that nothing uses.
pub async fn sweep(ctx: &Ctx) -> Result<()> {
    let Some(bucket) = ctx.blob.as_deref() else { return Ok(()) };
    let now = ctx.now();
    let [let_go, mark, keep] = store::settle(now, now - AFTER_END_MS, now + LOOK_AGAIN_MS);
    let results = ctx.batch(vec![let_go, mark, keep, store::list_going(now, GONE_AT_ONCE)]).await?;
    let gone: Vec<store::Due> = results.last().map_or_else(|| Ok(Vec::new()), crate::ports::StatementResult::all)?;
    if gone.is_empty() {
        return Ok(());
    }
    bucket.delete(gone.iter().map(|due| key(due.guild_id, &due.name)).collect()).await.map_err(Error::retryable)?;
    let rows: Vec<_> = gone.iter().map(|due| json!([due.guild_id, due.name])).collect();
    ctx.query(store::delete(&json!(rows).to_string())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_what_the_picture_is() {
        let name = format!("{}-1200x630.jpg", "0a".repeat(16));
        let kept = Kept::of(&format!("media:{name}")).unwrap();
        assert_eq!(kept.image, Image { format: Format::Jpeg, width: 1_200, height: 630 });
        assert_eq!(kept.reference(), format!("media:{name}"));
        let others =
            ["https://a.example/b.jpg", "media:", "media:../x-1x1.jpg", "media:a/b-1x1.png", "media:0a-1x1.jpg"];
        assert!(others.into_iter().all(|text| Kept::of(text).is_none()));
        let padded = format!("media:{}-01200x630.jpg", "0a".repeat(16));
        assert!(Kept::of(&padded).is_none(), "one picture, one name");
        assert!(Kept::of(&format!("media:{}-1x1.gif", "0a".repeat(16))).is_none());
    }
}
