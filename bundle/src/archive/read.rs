//! The reader of bundles, which compares and does not interpret.
//!
//! The first header gives a length to look for `manifest.json` in; the manifest found there makes a layout; the
//! archive must have every byte of that layout, the first header included, and contents with the digests of the
//! manifest. Names, modes, owners, times, sizes, types and links of tar headers are never used.

use std::collections::BTreeMap;
use std::ops::Range;

use super::frame::unpack;
use super::layout::{BLOCK, Bytes, SIZE_FIELD, layout, total};
use crate::digest::Sha256;
use crate::error::{Error, Problems};
use crate::json::first_difference;
use crate::limits::Limits;
use crate::manifest::{FileEntry, Manifest};
use crate::name::EntryName;

/// A bundle whose archive is what the writer makes of its manifest. That says nothing about who made it: see
/// [`VerifiedBundle`](crate::set::VerifiedBundle).
#[derive(Clone, Debug)]
pub struct Bundle {
    manifest: Manifest,
    archive: Vec<u8>,
    contents: BTreeMap<EntryName, Range<usize>>,
}

impl Bundle {
    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The content of the file of this name.
    #[must_use]
    pub fn content(&self, name: &EntryName) -> Option<&[u8]> {
        self.archive.get(self.contents.get(name)?.clone())
    }

    /// The bytes of `manifest.json`.
    #[must_use]
    pub fn manifest_json(&self) -> &[u8] {
        // the reader has proven that the archive holds the manifest's canonical form after the first header
        let end = self.archive.get(SIZE_FIELD).and_then(octal).map_or(BLOCK, |size| BLOCK + size);
        self.archive.get(BLOCK..end).unwrap_or_default()
    }

    /// Every file with its content, in the order of the manifest.
    pub fn files(&self) -> impl Iterator<Item = (&FileEntry, &[u8])> {
        self.manifest.files.iter().filter_map(|file| Some((file, self.content(&file.path)?)))
    }
}

/// The bundle in these bytes.
///
/// # Errors
/// The first deviation from what the writer makes, with its offset; all contradictions in the manifest.
pub fn read(bundle: &[u8], limits: &Limits) -> Result<Bundle, Problems> {
    if bundle.len() as u64 > limits.bundle {
        let size = bundle.len() as u64;
        return Err(Error::TooLarge { what: "the bundle".to_owned(), size, limit: limits.bundle }.into());
    }
    let archive = unpack(bundle, limits)?;
    let json = find_manifest(&archive, limits)?;
    let manifest = Manifest::parse(json)?;
    let contents = compare(&archive, &manifest, json)?;
    Ok(Bundle { manifest, archive, contents })
}

/// The bytes after the first header, as many as its size field says; whether that header is the right one is for
/// [`compare`] to find.
fn find_manifest<'a>(archive: &'a [u8], limits: &Limits) -> Result<&'a [u8], Error> {
    let deviation = |offset| Error::Deviation { offset, part: "the header of manifest.json".to_owned() };
    let size = archive.get(SIZE_FIELD).and_then(octal).ok_or_else(|| deviation(SIZE_FIELD.start))?;
    if size as u64 > limits.manifest {
        return Err(Error::TooLarge {
            what: Manifest::FILE.to_owned(),
            size: size as u64,
            limit: limits.manifest,
        });
    }
    archive.get(BLOCK..BLOCK + size).ok_or_else(|| deviation(SIZE_FIELD.start))
}

fn octal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(usize::from(digit - b'0')),
        _ => None,
    })
}

/// Holds the archive against the layout and gives the place of each content.
fn compare(
    archive: &[u8],
    manifest: &Manifest,
    json: &[u8],
) -> Result<BTreeMap<EntryName, Range<usize>>, Error> {
    let pieces = layout(manifest, json);
    let expected = total(&pieces).unwrap_or(u64::MAX);
    let mut contents = BTreeMap::new();
    let mut offset = 0;
    for piece in &pieces {
        let rest = archive.get(offset..).unwrap_or_default();
        let length = Error::ArchiveLength { found: archive.len() as u64, expected };
        match &piece.bytes {
            Bytes::Fixed(bytes) => {
                let found = rest.get(..bytes.len().min(rest.len())).unwrap_or_default();
                match first_difference(found, bytes) {
                    None => offset += bytes.len(),
                    Some(at) if at == rest.len() => return Err(length),
                    Some(at) => {
                        return Err(Error::Deviation { offset: offset + at, part: piece.part.clone() });
                    }
                }
            }
            Bytes::Content(file) => {
                let Some(found) = usize::try_from(file.size).ok().and_then(|size| rest.get(..size)) else {
                    return Err(length);
                };
                let digest = Sha256::of(found);
                if digest != file.sha256 {
                    return Err(Error::EntryDigest {
                        name: file.path.to_string(),
                        offset,
                        found: digest,
                        expected: file.sha256,
                    });
                }
                contents.insert(file.path.clone(), offset..offset + found.len());
                offset += found.len();
            }
        }
    }
    if offset < archive.len() {
        return Err(Error::ArchiveLength { found: archive.len() as u64, expected });
    }
    Ok(contents)
}
