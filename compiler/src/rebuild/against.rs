//! The comparison of a set on the disk with files as they are made.

use super::place;
use crate::blob::Taken;
use crate::compile::bundle::{Produce, Sink};
use crate::diag::codes::output as code;
use crate::emit::OutputError;
use crate::site::SiteFiles;
use airlift_bundle::Problems;
use airlift_bundle::set::verify_set;
use airlift_bundle::trust::TrustFile;
use airlift_bundle::{Error, files};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One file that is not what the compiler makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its path in the set.
    pub path: String,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The compiler makes it, and the set does not hold it.
    Missing,
    /// The set holds it, and the compiler does not make it.
    Spare,
    /// It is something else than a plain file, or can't be read.
    Unreadable(String),
    /// Its bytes differ.
    Differs {
        /// The first byte that does, from 0; the shorter length where one begins with the other.
        offset: u64,
        /// The value or entry, where the file has such.
        place: Option<String>,
    },
}

impl Difference {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.what {
            What::Missing => code::REBUILT_MISSING.id,
            What::Spare => code::REBUILT_SPARE.id,
            What::Unreadable(_) | What::Differs { .. } => code::REBUILT_OTHER.id,
        }
    }

    /// For people.
    #[must_use]
    pub fn describe(&self) -> String {
        let path = &self.path;
        match &self.what {
            What::Missing => format!("{path} is not in the set"),
            What::Spare => format!("{path} is in the set, and the compiler does not make it"),
            What::Unreadable(why) => format!("{path} can't be read: {why}"),
            What::Differs { offset, place: None } => format!("{path} differs from byte {offset} on"),
            What::Differs { offset, place: Some(place) } => {
                format!("{path} differs from byte {offset} on, first at {place}")
            }
        }
    }
}

/// A set on the disk that files are compared with.
#[derive(Debug)]
pub struct Against {
    root: PathBuf,
    seen: Mutex<BTreeSet<String>>,
    found: Mutex<Vec<Difference>>,
}

impl Against {
    /// The set in this directory.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), seen: Mutex::default(), found: Mutex::default() }
    }

    /// Compares the pieces of a blob with its input.
    pub fn blob(&self, taken: &Taken, site: &SiteFiles) {
        let mut start = 0;
        for piece in &taken.pieces {
            let path = piece.path.as_str();
            self.note(path, || {
                let there = open(&self.root.join(path))?;
                let made = site.get(&taken.label).ok_or(io::ErrorKind::NotFound)?;
                let mut made = BufReader::new(made.open()?);
                io::copy(&mut made.by_ref().take(start), &mut io::sink())?;
                let mut comparison = Comparison::with(there);
                io::copy(&mut made.take(piece.size), &mut comparison)?;
                Ok(comparison.finish()?.map(|offset| What::Differs { offset, place: None }))
            });
            start += piece.size;
        }
    }

    /// Everything that differs, in order, once all files were compared: also what the set holds beyond them. Signatures
    /// are left to [`signatures`](Self::signatures).
    pub fn finish(self) -> Vec<Difference> {
        let seen = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    let path = relative(&self.root, &folder);
                    found.push(Difference { path, what: What::Unreadable(error.to_string()) });
                    continue;
                }
            };
            for entry in entries.flatten() {
                let path = relative(&self.root, &entry.path());
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else if !seen.contains(&path) && !is_signature_of(&path, &seen) {
                    found.push(Difference { path, what: What::Spare });
                }
            }
        }
        found.sort();
        found
    }

    /// What is wrong with the signatures of the set in `root`, and whatever else [`verify_set`] finds that is not among
    /// these differences.
    pub fn signatures(root: &Path, trust: &TrustFile, known: &[Difference]) -> Result<(), Problems> {
        let Err(problems) = verify_set(root, trust) else { return Ok(()) };
        let known: BTreeSet<&str> = known.iter().map(|difference| difference.path.as_str()).collect();
        let named = |error: &Error| match error {
            Error::Missing { path }
            | Error::Short { path, .. }
            | Error::Altered { path, .. }
            | Error::Unexpected { path } => known.contains(path.as_str()),
            // Says what a file is for that another problem names.
            Error::BlobNeeded { .. } => !known.is_empty(),
            _ => false,
        };
        Problems::none(problems.into_vec().into_iter().filter(|error| !named(error)).collect())
    }

    fn note(&self, path: &str, compare: impl FnOnce() -> io::Result<Option<What>>) {
        let what = match compare() {
            Ok(None) => None,
            Ok(Some(what)) => Some(what),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(What::Missing),
            Err(error) => Some(What::Unreadable(error.to_string())),
        };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        if let Some(what) = what {
            let difference = Difference { path: path.to_owned(), what };
            self.found.lock().unwrap_or_else(PoisonError::into_inner).push(difference);
        }
    }
}

impl Sink for Against {
    fn take(&self, path: &str, content: &[u8]) -> Result<(), OutputError> {
        self.stream(path, &mut |out| out.write_all(content))
    }

    fn stream(&self, path: &str, write: &mut Produce<'_>) -> Result<(), OutputError> {
        self.note(path, || {
            let mut comparison = Comparison::with(open(&self.root.join(path))?);
            write(&mut comparison)?;
            let Some(offset) = comparison.finish()? else { return Ok(None) };
            let (mut made, mut bytes) = (Vec::new(), Vec::new());
            write(&mut made)?;
            // Twice the size is enough to look for a value in it; a longer file has none of ours.
            let limit = 2 * made.len() as u64 + (1 << 20);
            open(&self.root.join(path))?.take(limit).read_to_end(&mut bytes)?;
            Ok(Some(What::Differs { offset, place: place::first(path, &bytes, &made) }))
        });
        Ok(())
    }
}

/// Compares what is written to it with what can be read there.
struct Comparison<R> {
    there: BufReader<R>,
    /// Bytes that were the same.
    same: u64,
    differs: bool,
}

impl<R: Read> Comparison<R> {
    fn with(there: R) -> Self {
        Self { there: BufReader::with_capacity(1 << 18, there), same: 0, differs: false }
    }

    /// Offset of the first byte that differs, once all was written.
    fn finish(mut self) -> io::Result<Option<u64>> {
        let differs = self.differs || !self.there.fill_buf()?.is_empty();
        Ok(differs.then_some(self.same))
    }
}

impl<R: Read> Write for Comparison<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !self.differs && !rest.is_empty() {
            let there = self.there.fill_buf()?;
            let n = there.len().min(rest.len());
            let same = match there[..n] == rest[..n] {
                true => n,
                false => there.iter().zip(rest).take_while(|(there, made)| there == made).count(),
            };
            self.differs = same < n || n == 0;
            self.same += same as u64;
            self.there.consume(same);
            rest = &rest[same..];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

/// Signatures that a set of these files has.
fn is_signature_of(path: &str, files: &BTreeSet<String>) -> bool {
    let Some(signed) = path.strip_suffix(".minisig") else { return false };
    let of_file = signed == "set.json" || (signed.starts_with("nodes/") && files.contains(signed));
    of_file || signed.strip_prefix("approvals/").is_some_and(|name| !name.contains('/'))
}

fn open(path: &Path) -> io::Result<fs::File> {
    files::open(path).map_err(|error| match error {
        Error::Read { source, .. } => source,
        other => io::Error::other(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found_across_buffers() {
        let long = vec![1; 1 << 19];
        let mut other = long.clone();
        other[(1 << 18) + 5] = 2;
        for (a, b, expected) in [
            (&long[..], &long[..], None),
            (&long, &other, Some((1 << 18) + 5)),
            (&long, &long[..100], Some(100)),
            (&[], &long, Some(0)),
            (&[], &[], None),
        ] {
            for (there, made) in [(a, b), (b, a)] {
                for piece in [1 << 17, 1 << 20] {
                    let mut comparison = Comparison::with(there);
                    made.chunks(piece).for_each(|bytes| comparison.write_all(bytes).unwrap());
                    assert_eq!(comparison.finish().unwrap(), expected);
                }
            }
        }
    }
}
