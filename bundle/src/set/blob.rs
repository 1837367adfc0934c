//! Blobs in a set: large payload, by digest, in one piece or in chunks.
//!
//! FAT32 holds no file of 4 GiB. A blob that is larger than the writer's chunk size lies in pieces:
//!
//! ```text
//! blobs/sha256/<hex>                the blob
//! blobs/sha256/<hex>.part/0000      or its chunks: at least two, all but the last of one size, none empty
//! blobs/sha256/<hex>.part/0001
//! ```
//!
//! `set.json` lists each of these like any other file; `<hex>` is the digest of the whole blob in both cases, so how
//! it is cut changes nothing for a node's plan. [`BlobReader`] joins the pieces again. It ends well only after all
//! bytes were the right ones: a wrong, missing or surplus byte is an error, never an early end. Whoever copies from
//! it must throw the copy away when it fails.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::{mem, vec};

use super::index::SetFile;
use super::verify::{compare, missing};
use crate::digest::{Hasher, Sha256};
use crate::error::Error;
use crate::files;
use crate::name::SetPath;

/// Size of a chunk unless the writer is told otherwise: far below the 4 GiB that FAT32 ends at.
pub const CHUNK: u64 = 2 << 30;

/// No blob has more chunks: their numbers have four digits.
pub const MOST_CHUNKS: u64 = 10_000;

// A chunk fits where FAT32 does, and chunks make up any blob.
const _: () = assert!(CHUNK < 4 << 30 && CHUNK * MOST_CHUNKS > 1 << 40);

/// Directory of all blobs.
const FOLDER: &str = "blobs/";

/// Which piece of which blob a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Digest of the whole blob.
    pub blob: Sha256,
    /// Number of the chunk; `None` for a blob in one piece.
    pub chunk: Option<u64>,
}

impl Part {
    /// The piece that lies at this path, if it is the path of one.
    #[must_use]
    pub fn of(path: &SetPath) -> Option<Self> {
        let name = path.as_str().strip_prefix("blobs/sha256/")?;
        let Some((hex, number)) = name.split_once(".part/") else {
            return Some(Self { blob: name.parse().ok()?, chunk: None });
        };
        let four_digits = number.len() == 4 && number.bytes().all(|digit| digit.is_ascii_digit());
        let chunk = number.parse().ok().filter(|_| four_digits)?;
        Some(Self { blob: hex.parse().ok()?, chunk: Some(chunk) })
    }

    /// Where it lies in a set.
    #[must_use]
    pub fn path(&self) -> String {
        match self.chunk {
            None => format!("blobs/sha256/{}", self.blob),
            Some(number) => format!("blobs/sha256/{}.part/{number:04}", self.blob),
        }
    }
}

/// What is wrong with the blobs among these files, which are sorted by path.
pub(super) fn contradictions(files: &[SetFile]) -> Vec<String> {
    let mut found = Vec::new();
    let mut parts = Vec::new();
    for file in files.iter().filter(|file| file.path.as_str().starts_with(FOLDER)) {
        match Part::of(&file.path) {
            None => found.push(format!("it lists {}, which is not the name of a blob", file.path)),
            Some(Part { blob, chunk: None }) if blob != file.sha256 => {
                found.push(format!("it lists {} with another digest than its name", file.path));
            }
            Some(part) => parts.push((part, file)),
        }
    }
    for pieces in parts.chunk_by(|(a, _), (b, _)| a.blob == b.blob) {
        if let [(part, first), others @ ..] = pieces {
            let blob = part.blob;
            let numbered = pieces.iter().zip(0..).all(|((part, _), n)| part.chunk == Some(n));
            if others.is_empty() && part.chunk.is_none() {
                continue;
            }
            if others.is_empty() || !numbered {
                found.push(format!("the chunks of blob {blob} are not two or more, numbered from 0000"));
            }
            let (last, full) =
                others.split_last().map_or((*first, &[][..]), |((_, last), full)| (last, full));
            if full.iter().any(|(_, file)| file.size != first.size)
                || last.size > first.size
                || last.size == 0
            {
                found.push(format!("the chunks of blob {blob} are not of one size, with a rest at the end"));
            }
        }
    }
    found
}

/// Reads a blob out of a set, hashing as it goes; see the head of this module.
#[derive(Debug)]
pub struct BlobReader {
    root: PathBuf,
    rest: vec::IntoIter<SetFile>,
    current: Option<(File, SetFile, Hasher)>,
    /// Hashes the whole, where there is more than one piece; with the digest that it must have.
    whole: Option<(Hasher, SetFile)>,
    size: u64,
    failed: bool,
}

impl BlobReader {
    /// `pieces` are those of one blob, in order and not empty.
    pub(super) fn new(root: &Path, blob: Sha256, pieces: Vec<SetFile>) -> Result<Self, Error> {
        let size = pieces.iter().fold(0, |sum: u64, piece| sum.saturating_add(piece.size));
        let whole = match pieces.as_slice() {
            [_] => None,
            _ => {
                let path = format!("{}.part", Part { blob, chunk: None }.path()).parse()?;
                Some((Hasher::new(), SetFile { path, size, sha256: blob }))
            }
        };
        Ok(Self {
            root: root.to_owned(),
            rest: pieces.into_iter(),
            current: None,
            whole,
            size,
            failed: false,
        })
    }

    /// Size of the whole blob in bytes, as `set.json` says it.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    fn next_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            let Some((file, listed, hasher)) = &mut self.current else {
                let Some(listed) = self.rest.next() else {
                    return match mem::take(&mut self.whole) {
                        None => Ok(0),
                        Some((hasher, whole)) => {
                            let (digest, size) = hasher.finish();
                            compare(&whole, size, digest).map(|()| 0)
                        }
                    };
                };
                let path = self.root.join(listed.path.as_str());
                let file = files::open(&path).map_err(|error| missing(error, listed.path.as_str()))?;
                self.current = Some((file, listed, Hasher::new()));
                continue;
            };
            let n = match file.read(buffer) {
                Ok(n) => n,
                Err(source) => {
                    return Err(Error::Read { path: self.root.join(listed.path.as_str()), source });
                }
            };
            if n == 0 {
                let (digest, size) = mem::take(hasher).finish();
                let verdict = compare(listed, size, digest);
                self.current = None;
                verdict?;
                continue;
            }
            let bytes = buffer.get(..n).unwrap_or_default();
            hasher.update(bytes);
            if hasher.size() > listed.size {
                // a file that grows must not be read for ever
                return Err(Error::Altered { path: listed.path.to_string(), by: "set.json" });
            }
            if let Some((whole, _)) = &mut self.whole {
                whole.update(bytes);
            }
            return Ok(n);
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.failed {
            // who reads on after an error must not find a peaceful end
            return Err(io::Error::other("this blob was refused"));
        }
        self.next_bytes(buffer).map_err(|error| {
            self.failed = true;
            io::Error::other(error)
        })
    }
}
