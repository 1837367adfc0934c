//! The bytes of a canonical archive, piece by piece.
//!
//! Plain ustar (POSIX.1-1988): first `manifest.json`, then files and the directories above them sorted by name, a
//! directory's name ending in a slash. Files have the modes of the manifest, directories 0755; owner and group are 0
//! without names, the time is 0. Contents are padded with zeros to 512 bytes. Two blocks of zeros end the archive.

use std::collections::BTreeMap;

use crate::manifest::{FileEntry, Manifest};
use crate::value::Mode;

/// Size of a block.
pub(super) const BLOCK: usize = 512;

/// Where the size field lies in a header: eleven octal digits.
pub(super) const SIZE_FIELD: std::ops::Range<usize> = 124..135;

/// A run of bytes of the archive.
pub(super) struct Piece<'a> {
    /// What a message calls it.
    pub(super) part: String,
    /// What it consists of.
    pub(super) bytes: Bytes<'a>,
}

/// What a piece consists of.
pub(super) enum Bytes<'a> {
    /// Bytes that follow from the manifest.
    Fixed(Vec<u8>),
    /// The content of a file, known by size and digest.
    Content(&'a FileEntry),
}

/// The pieces of the archive that belongs to `manifest`, whose JSON is `json`, in order.
pub(super) fn layout<'a>(manifest: &'a Manifest, json: &[u8]) -> Vec<Piece<'a>> {
    let mut pieces = vec![
        header(Manifest::FILE, Mode::PLAIN, json.len() as u64, b'0'),
        Piece { part: Manifest::FILE.to_owned(), bytes: Bytes::Fixed(json.to_vec()) },
        padding(Manifest::FILE, json.len() as u64),
    ];
    for (name, file) in entries(manifest) {
        match file {
            None => pieces.push(header(&name, Mode::PROGRAM, 0, b'5')),
            Some(file) => {
                pieces.push(header(&name, file.mode, file.size, b'0'));
                pieces.push(Piece { part: format!("the content of {name}"), bytes: Bytes::Content(file) });
                pieces.push(padding(&name, file.size));
            }
        }
    }
    pieces.push(Piece { part: "the end".to_owned(), bytes: Bytes::Fixed(vec![0; 2 * BLOCK]) });
    pieces
}

/// Total size of these pieces; `None` beyond what a `u64` holds, which only a lying manifest asks for.
pub(super) fn total(pieces: &[Piece<'_>]) -> Option<u64> {
    pieces.iter().try_fold(0_u64, |sum, piece| {
        sum.checked_add(match &piece.bytes {
            Bytes::Fixed(bytes) => bytes.len() as u64,
            Bytes::Content(file) => file.size,
        })
    })
}

/// Files and the directories above them, by name; directories have a slash at their end and no file.
fn entries(manifest: &Manifest) -> BTreeMap<String, Option<&FileEntry>> {
    let mut entries = BTreeMap::new();
    for file in &manifest.files {
        let name = file.path.as_str();
        for (slash, _) in name.match_indices('/') {
            entries.insert(name.chars().take(slash + 1).collect(), None);
        }
        entries.insert(name.to_owned(), Some(file));
    }
    entries
}

fn padding(name: &str, size: u64) -> Piece<'static> {
    let used = (size % BLOCK as u64) as usize;
    let missing = if used == 0 { 0 } else { BLOCK - used };
    Piece { part: format!("the padding after {name}"), bytes: Bytes::Fixed(vec![0; missing]) }
}

/// One ustar header. `name` has at most 100 bytes and `size` eleven octal digits, by the manifest's types and by
/// the limit on archives; what would not fit is cut off and therefore never compares equal.
fn header(name: &str, mode: Mode, size: u64, kind: u8) -> Piece<'static> {
    let mut block = Vec::with_capacity(BLOCK);
    field(&mut block, 100, name);
    field(&mut block, 8, &format!("{:07o}", mode.bits()));
    field(&mut block, 8, "0000000"); // owner
    field(&mut block, 8, "0000000"); // group
    field(&mut block, 12, &format!("{size:011o}"));
    field(&mut block, 12, "00000000000"); // time
    let checksum_at = block.len();
    field(&mut block, 8, "        "); // the checksum counts itself as spaces
    block.push(kind);
    field(&mut block, 100, ""); // link
    field(&mut block, 8, "ustar\x0000");
    field(&mut block, 64, ""); // names of owner and group
    field(&mut block, 8, "0000000"); // device
    field(&mut block, 8, "0000000");
    field(&mut block, 167, ""); // prefix and the rest of the block
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block.splice(checksum_at..checksum_at + 8, format!("{sum:06o}\0 ").into_bytes());
    Piece { part: format!("the header of {name}"), bytes: Bytes::Fixed(block) }
}

/// Appends `text` and zeros up to `width` bytes.
fn field(block: &mut Vec<u8>, width: usize, text: &str) {
    let end = block.len() + width;
    block.extend(text.bytes().take(width));
    block.resize(end, 0);
}
