//! Purpose: a link as a QR code: as SVG for pages, as PNG for Discord.
//!
//! The PNG is written here, uncompressed: a few kilobytes at most, and no library for pictures in the Worker.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code (ISO/IEC 18004, 9.1).
const QUIET: i32 = 4;
/// Pixels of a module: a code of a short link then has some 300 on each side.
const SCALE: usize = 8;

fn code(text: &str) -> Option<QrCode> {
    // Medium corrects 15 %: enough for a print with a smudge.
    QrCode::encode_text(text, QrCodeEcc::Medium).ok()
}

/// `None` for a text that no code can hold.
pub fn svg(text: &str) -> Option<String> {
    let code = code(text)?;
    let size = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"QR code\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// One bit per pixel, black and white.
pub fn png(text: &str) -> Option<Vec<u8>> {
    let code = code(text)?;
    let modules = usize::try_from(code.size() + 2 * QUIET).ok()?;
    let pixels = modules * SCALE;
    let mut rows = Vec::new();
    for y in 0..pixels {
        // Each row begins with its filter: none.
        rows.push(0);
        let at = |pixel: usize| i32::try_from(pixel / SCALE).unwrap_or_default() - QUIET;
        for first in (0..pixels).step_by(8) {
            let light = |bit: usize| first + bit >= pixels || !code.get_module(at(first + bit), at(y));
            rows.push((0..8).fold(0, |byte, bit| (byte << 1) | u8::from(light(bit))));
        }
    }
    let side = u32::try_from(pixels).ok()?.to_be_bytes();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &[&side[..], &side[..], &[1, 0, 0, 0, 0]].concat());
    chunk(&mut png, *b"IDAT", &zlib(&rows));
    chunk(&mut png, *b"IEND", &[]);
    Some(png)
}

/// zlib with stored blocks (RFC 1950, RFC 1951 3.2.4).
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = bytes.chunks(usize::from(u16::MAX)).count();
    for (index, block) in bytes.chunks(usize::from(u16::MAX)).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(index + 1 == blocks));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}

fn chunk(png: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    png.extend_from_slice(&u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    let body = [&name[..], data].concat();
    png.extend_from_slice(&body);
    png.extend_from_slice(&crc(&body).to_be_bytes());
}

/// CRC-32 as PNG has it (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://muster.example.workers.dev/l/AbCdEf12";

    #[test]
    fn both_pictures_show_the_same_code() {
        let (svg, png) = (svg(LINK).unwrap(), png(LINK).unwrap());
        let code = code(LINK).unwrap();
        let side = usize::try_from(code.size() + 8).unwrap();
        assert!(svg.starts_with("<svg ") && svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
        let dark = (0..code.size())
            .flat_map(|y| (0..code.size()).map(move |x| (x, y)))
            .filter(|(x, y)| code.get_module(*x, *y));
        assert_eq!(svg.matches("h1v1h-1z").count(), dark.count());
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
        assert_eq!(usize::try_from(width).unwrap(), side * SCALE);
    }

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        assert_eq!(&zlib(b"Wikipedia")[16..], [0x11, 0xE6, 0x03, 0x98]);
    }

    #[test]
    fn what_no_code_can_hold_has_none() {
        assert_eq!(png(&"x".repeat(5_000)), None);
    }
}
