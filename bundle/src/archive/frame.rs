//! The outer layer of a bundle: exactly one zstd frame (RFC 8878), checked from its first byte to its last before the
//! decompressor sees any of it.
//!
//! Refused: a skippable frame, a second frame, bytes after the frame, a dictionary, a missing content size or checksum,
//! reserved bits, a window or a content size beyond the limits.

use crate::error::Error;
use crate::limits::Limits;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The archive in the frame. Its size is the declared one, which is checked before memory is allocated for it.
pub(super) fn unpack(bundle: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let size = check(bundle, limits)?;
    // the decompressor refuses a frame out of which another size comes than the one that it declares
    zstd::bulk::decompress(bundle, size).map_err(|e| Error::Decompress { why: e.to_string() })
}

/// Walks the frame and gives the content size that it declares.
fn check(bundle: &[u8], limits: &Limits) -> Result<usize, Error> {
    let mut at = Cursor { bundle, offset: 0 };
    if at.take(4)? != MAGIC {
        return Err(Error::Frame { offset: 0, why: "this is not the beginning of a zstd frame" });
    }
    let descriptor = at.number(1)?;
    let wrong = |why| Err(Error::Frame { offset: 4, why });
    if descriptor & 0b11 != 0 {
        return wrong("the frame asks for a dictionary");
    }
    if descriptor & 0b100 == 0 {
        return wrong("the frame has no checksum");
    }
    if descriptor & 0b1_1000 != 0 {
        return wrong("the frame uses reserved bits");
    }
    let single_segment = descriptor & 0b10_0000 != 0;
    let mut window = 0;
    if !single_segment {
        let byte = at.number(1)?;
        let base = 1 << (10 + (byte >> 3));
        window = base + base / 8 * (byte & 7);
    }
    let content = match (descriptor >> 6, single_segment) {
        (0, false) => return wrong("the frame does not declare its size"),
        (0, true) => at.number(1)?,
        (1, _) => at.number(2)? + 256,
        (2, _) => at.number(4)?,
        _ => at.number(8)?,
    };
    if single_segment {
        window = content;
    }
    let within = |what: &str, size, limit| match size > limit {
        true => Err(Error::TooLarge { what: what.to_owned(), size, limit }),
        false => Ok(()),
    };
    within("the archive in the bundle", content, limits.archive)?;
    within("the window that the bundle asks for", window, limits.window)?;
    loop {
        let offset = at.offset;
        let header = at.number(3)?;
        let size = header >> 3;
        at.take(match header >> 1 & 0b11 {
            0 | 2 => size,
            1 => 1,
            _ => return Err(Error::Frame { offset, why: "the block has a reserved type" }),
        })?;
        if header & 1 == 1 {
            break;
        }
    }
    at.take(4)?; // the checksum, which the decompressor compares
    if at.offset < bundle.len() {
        return Err(Error::Frame { offset: at.offset, why: "more bytes follow the end of the frame" });
    }
    usize::try_from(content).map_err(|_| Error::Frame { offset: 4, why: "its size is beyond this machine" })
}

struct Cursor<'a> {
    bundle: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, n: u64) -> Result<&'a [u8], Error> {
        let cut = Error::Frame { offset: self.bundle.len(), why: "the file ends in the middle of the frame" };
        let Some(end) = usize::try_from(n).ok().and_then(|n| self.offset.checked_add(n)) else {
            return Err(cut);
        };
        let taken = self.bundle.get(self.offset..end).ok_or(cut)?;
        self.offset = end;
        Ok(taken)
    }

    /// An unsigned number of `n` bytes, at most eight, the lowest first.
    fn number(&mut self, n: u64) -> Result<u64, Error> {
        Ok(self.take(n)?.iter().rev().fold(0, |number, byte| (number << 8) + u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { archive: 700, window: 6656, ..Limits::FORMAT_1 };

    /// A frame with this window and content size, of one raw block of three bytes and a checksum that nobody looks at.
    fn frame(window: u8, content: u16) -> Vec<u8> {
        let size = (content - 256).to_le_bytes();
        // two bytes of content size, a checksum, no single segment
        let head = [&MAGIC[..], &[0b0100_0100, window], &size].concat();
        [&head[..], &[1 | 3 << 3, 0, 0], b"abc", &[0; 4]].concat()
    }

    #[test]
    fn window_and_content_are_taken_up_to_the_limit_and_not_a_byte_beyond() {
        // 2^12 and five eighths of it
        let window = 2 << 3 | 5;
        assert_eq!(check(&frame(window, 700), &LIMITS).unwrap(), 700);
        let less = Limits { window: 6655, ..LIMITS };
        let refused = check(&frame(window, 700), &less).unwrap_err();
        assert!(matches!(refused, Error::TooLarge { size: 6656, limit: 6655, .. }), "{refused}");
        let refused = check(&frame(window, 701), &LIMITS).unwrap_err();
        assert!(matches!(refused, Error::TooLarge { size: 701, limit: 700, .. }), "{refused}");
    }
}
