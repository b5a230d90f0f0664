//! Purpose: avatars and icons as Discord's CDN serves them, drawn from their hash and the name's first letter.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};

use crate::{Sim, ids::Id, rest::read_query};

/// Pixels of a side where the address asks for none, and of the "upload": more is never given, as at Discord.
const DEFAULT_SIZE: u32 = 128;
const LARGEST_SIZE: u32 = 512;
/// Sizes the CDN knows: powers of two in these bounds (Discord reference, "Image Formatting").
const ASKED_SIZES: std::ops::RangeInclusive<u32> = 16..=4096;

/// Colours of the pictures that Discord gives to who has none.
const DEFAULT_COLOURS: [u32; 6] = [0x58_65F2, 0x75_7E8A, 0x3B_A55C, 0xFA_A61A, 0xED_4245, 0xEB_459E];

/// Rows of a letter, five pixels each, the highest bit left.
type Glyph = [u8; 7];

const FACE: Glyph = [0b00000, 0b01010, 0b01010, 0b00000, 0b10001, 0b01110, 0b00000];
const DIGITS: [Glyph; 10] = [
    [0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E],
    [0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E],
    [0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F],
    [0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E],
    [0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02],
    [0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E],
    [0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E],
    [0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
    [0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E],
    [0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C],
];
const LETTERS: [Glyph; 26] = [
    [0x0E, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11],
    [0x1E, 0x11, 0x11, 0x1E, 0x11, 0x11, 0x1E],
    [0x0E, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0E],
    [0x1C, 0x12, 0x11, 0x11, 0x11, 0x12, 0x1C],
    [0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F],
    [0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x10],
    [0x0E, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0F],
    [0x11, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11],
    [0x0E, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0E],
    [0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0C],
    [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11],
    [0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1F],
    [0x11, 0x1B, 0x15, 0x15, 0x11, 0x11, 0x11],
    [0x11, 0x11, 0x19, 0x15, 0x13, 0x11, 0x11],
    [0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E],
    [0x1E, 0x11, 0x11, 0x1E, 0x10, 0x10, 0x10],
    [0x0E, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0D],
    [0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11],
    [0x0F, 0x10, 0x10, 0x0E, 0x01, 0x01, 0x1E],
    [0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04],
    [0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E],
    [0x11, 0x11, 0x11, 0x11, 0x11, 0x0A, 0x04],
    [0x11, 0x11, 0x11, 0x15, 0x15, 0x1B, 0x11],
    [0x11, 0x11, 0x0A, 0x04, 0x0A, 0x11, 0x11],
    [0x11, 0x11, 0x11, 0x0A, 0x04, 0x04, 0x04],
    [0x1F, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1F],
];

impl Sim {
    /// The PNG under a CDN path (`/avatars/{user}/{hash}.png`, `/guilds/{guild}/users/{user}/avatars/{hash}.png`,
    /// `/icons/{guild}/{hash}.png`, `/embed/avatars/{number}.png`; `?size=` as at Discord). Nothing for what is not there.
    pub(crate) fn picture(&self, path: &str) -> Option<Vec<u8>> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let size = match read_query(query).iter().find(|(name, _)| name == "size") {
            Some((_, size)) => size.parse().ok().filter(|s: &u32| s.is_power_of_two() && ASKED_SIZES.contains(s))?,
            None => DEFAULT_SIZE,
        };
        let (colour, glyph) = self.drawing(path)?;
        Some(draw(colour, glyph, size.min(LARGEST_SIZE)))
    }

    fn drawing(&self, path: &str) -> Option<(u32, Glyph)> {
        let parts: Vec<&str> = path.strip_prefix('/')?.strip_suffix(".png")?.split('/').collect();
        let user = |id: &str| self.world.users.get(&id.parse::<Id>().ok()?);
        let guild = |id: &str| self.world.guilds.get(&id.parse::<Id>().ok()?);
        let (name, kept, hash) = match parts[..] {
            ["embed", "avatars", number] => {
                let colour = DEFAULT_COLOURS.get(number.parse::<usize>().ok()?)?;
                return Some((*colour, FACE));
            }
            ["avatars", id, hash] => {
                let user = user(id)?;
                (user.global_name.as_ref().unwrap_or(&user.username), user.avatar.as_deref(), hash)
            }
            ["icons", id, hash] => {
                let guild = guild(id)?;
                (&guild.name, guild.icon.as_deref(), hash)
            }
            ["guilds", guild_id, "users", id, "avatars", hash] => {
                let member = guild(guild_id)?.members.get(&id.parse().ok()?)?;
                let user = user(id)?;
                let name = member.nick.as_ref().or(user.global_name.as_ref());
                (name.unwrap_or(&user.username), member.avatar.as_deref(), hash)
            }
            _ => return None,
        };
        (kept == Some(hash)).then(|| (colour_of(hash), glyph_of(name)))
    }
}

/// A colour that only the hash decides; dark enough for white letters.
fn colour_of(hash: &str) -> u32 {
    // FNV-1a, 32 bit.
    let mixed = hash.bytes().fold(2_166_136_261_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(16_777_619));
    let (low, high) = (60, 190);
    let step = mixed / 6 % (high - low);
    let (rising, falling) = (low + step, high - step);
    let (red, green, blue) = match mixed % 6 {
        0 => (high, rising, low),
        1 => (falling, high, low),
        2 => (low, high, rising),
        3 => (low, falling, high),
        4 => (rising, low, high),
        _ => (high, low, falling),
    };
    red << 16 | green << 8 | blue
}

fn glyph_of(name: &str) -> Glyph {
    let first = name.chars().next().unwrap_or(' ').to_ascii_uppercase();
    let place = |start: char| usize::try_from(u32::from(first) - u32::from(start)).unwrap_or(usize::MAX);
    let found = match first {
        'A'..='Z' => LETTERS.get(place('A')),
        '0'..='9' => DIGITS.get(place('0')),
        _ => None,
    };
    *found.unwrap_or(&FACE)
}

/// A square of the colour with a paler disc and the letter on it.
fn draw(colour: u32, glyph: Glyph, size: u32) -> Vec<u8> {
    let [_, red, green, blue] = colour.to_be_bytes();
    let ground = [red, green, blue];
    let disc = ground.map(|part| part.saturating_add((255 - part) / 5));
    // Everything below is in halves of a pixel, so that the middle of an even size is a whole number.
    let radius = i64::from(size) * 84 / 100;
    let pixel = size / 12;
    let (left, top) = ((size - pixel * 5) / 2, (size - pixel * 7) / 2);
    let mut rows = Vec::with_capacity((size * (size * 3 + 1)) as usize);
    for y in 0..size {
        // Filter type 0: the row as it is.
        rows.push(0);
        for x in 0..size {
            let middle = |at: u32| i64::from(at * 2 + 1) - i64::from(size);
            let inside = middle(x).pow(2) + middle(y).pow(2) <= radius.pow(2);
            let column = x.checked_sub(left).map(|x| x / pixel.max(1)).filter(|column| *column < 5);
            let row = y.checked_sub(top).and_then(|y| glyph.get((y / pixel.max(1)) as usize));
            let lit = matches!((column, row), (Some(column), Some(row)) if row >> (4 - column) & 1 == 1);
            rows.extend_from_slice(if lit {
                &[255; 3]
            } else if inside {
                &disc
            } else {
                &ground
            });
        }
    }
    png(size, &rows)
}

/// A PNG of 8-bit RGB rows (PNG specification, third edition, sections 5 and 11).
fn png(size: u32, rows: &[u8]) -> Vec<u8> {
    let mut header = Vec::from(size.to_be_bytes());
    header.extend(size.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let packed = encoder.write_all(rows).and_then(|()| encoder.finish()).unwrap_or_default();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", packed), (b"IEND", Vec::new())] {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(&data);
        file.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        file.extend(kind);
        file.extend(data);
        file.extend(crc.sum().to_be_bytes());
    }
    file
}
