//! Purpose: what a picture is, by its first bytes and never by what somebody says of it: JPEG or PNG, and how large.

/// No picture is wider or higher: what is larger claims to be what it is not, or costs whoever opens it its memory.
const SIDE_MAX: u32 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
}

impl Format {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// Sides in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    pub format: Format,
    pub width: u32,
    pub height: u32,
}

impl Image {
    /// Reads what the picture says of itself; `None` for everything else.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (format, (width, height)) = match bytes {
            [0xFF, 0xD8, 0xFF, ..] => (Format::Jpeg, jpeg_sides(bytes)?),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => (Format::Png, png_sides(bytes)?),
            _ => return None,
        };
        let is_size = |side: u32| (1..=SIDE_MAX).contains(&side);
        (is_size(width) && is_size(height)).then_some(Self { format, width, height })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 2)?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// The frame header (SOFn) of ITU T.81, B.2.2: every segment before it names its length.
fn jpeg_sides(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [0xFF, marker] = bytes.get(at..at + 2)? else { return None };
        match marker {
            // Fill bytes and markers without a length.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD7 => at += 2,
            // Tables for Huffman (C4), arithmetic coding (CC) and JPG (C8) look like frames and are none.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                return Some((number(bytes, at + 7)?, number(bytes, at + 5)?));
            }
            // The picture begins, or is over, without a frame.
            0xD9 | 0xDA => return None,
            _ => at += 2 + number(bytes, at + 2)?.max(2) as usize,
        }
    }
}

/// The IHDR chunk, which comes first (PNG, 11.2.2).
fn png_sides(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let side = |at: usize| Some(number(bytes, at)? << 16 | number(bytes, at + 2)?);
    Some((side(16)?, side(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        // JFIF's segment, a table that looks like a frame, fill bytes, and a progressive frame.
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC4, 0, 3, 9, 0xFF, 0xFF, 0xC2, 0, 17, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn pictures_say_how_large_they_are() {
        let image = |format, width, height| Some(Image { format, width, height });
        assert_eq!(Image::of(&jpeg(1_440, 810)), image(Format::Jpeg, 1_440, 810));
        assert_eq!(Image::of(&png(70_000, 3)), None, "too wide");
        assert_eq!(Image::of(&png(700, 3)), image(Format::Png, 700, 3));
        assert_eq!(Image::of(&png(0, 3)), None);
        assert_eq!(Image::of(b"GIF89a\x01\x00\x01\x00"), None);
        assert_eq!(Image::of(b"<svg onload=alert(1)>"), None);
        assert_eq!(Image::of(&[0xFF, 0xD8, 0xFF, 0xDA]), None, "no frame");
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(head in 0_usize..3, rest in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = [vec![], vec![0xFF, 0xD8, 0xFF], b"\x89PNG\r\n\x1A\n".to_vec()][head].clone();
            bytes.extend(rest);
            if let Some(image) = Image::of(&bytes) {
                prop_assert!(image.width <= SIDE_MAX && image.height <= SIDE_MAX);
            }
        }

        #[test]
        fn a_cut_picture_is_none(cut in 0_usize..22) {
            prop_assert_eq!(Image::of(&jpeg(9, 9)[..cut.min(21)]), None);
        }
    }
}
