//! One file from the set to the medium, and back for comparison.

use super::medium::ReadBack;
use airlift_bundle::digest::{Hasher, Sha256};
use airlift_bundle::files;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Size of a read and a write.
const BUFFER: usize = 1 << 20;

/// A file that is to be carried.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its path below the set.
    pub(super) path: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its digest.
    pub(super) sha256: Sha256,
}

/// Why a file was not copied.
#[derive(Debug)]
pub(super) enum CopyError {
    /// The source is not what it must be.
    Source(airlift_bundle::Error),
    /// The target can't be written.
    Target(io::Error),
}

/// Copies a file, checks the source on the way, and flushes the copy. A copy of a bad source is not left behind.
pub(super) fn copy(
    member: &Member,
    source: &Path,
    target: &Path,
    each: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let unreadable =
        |error| CopyError::Source(airlift_bundle::Error::Read { path: source.to_owned(), source: error });
    let mut from = files::open(source).map_err(CopyError::Source)?;
    let mut to = create(target).map_err(CopyError::Target)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        hasher.update(&buffer[..n]);
        if hasher.size() > member.size {
            break;
        }
        to.write_all(&buffer[..n]).map_err(CopyError::Target)?;
        each(n as u64);
    }
    let size = hasher.size();
    if hasher.finish() != (member.sha256, member.size) {
        drop(to);
        // It is not the set's file, so it must not lie there under its name.
        let _ = std::fs::remove_file(target);
        let path = member.path.clone();
        return Err(CopyError::Source(match size < member.size {
            true => airlift_bundle::Error::Short { path, found: size, expected: member.size },
            false => airlift_bundle::Error::Altered { path, by: "set.json" },
        }));
    }
    to.sync_all().map_err(CopyError::Target)?;
    let _ = posix_fadvise(&to, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    Ok(())
}

/// What lies on the medium in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The right bytes; `direct` where they surely came from the medium and not from memory.
    Right {
        /// They were read past the cache.
        direct: bool,
    },
    /// Nothing, other bytes, or nothing that can be read.
    Wrong,
}

/// Reads a file back from the medium.
pub(super) fn check(member: &Member, target: &Path, each: &mut dyn FnMut(u64)) -> Found {
    let about = std::fs::symlink_metadata(target);
    if !about.is_ok_and(|about| about.is_file() && about.len() == member.size) {
        return Found::Wrong;
    }
    let mut digest = || -> io::Result<(bool, (Sha256, u64))> {
        let mut reader = ReadBack::open(target)?;
        let mut hasher = Hasher::new();
        loop {
            let bytes = reader.next_bytes()?;
            if bytes.is_empty() {
                return Ok((reader.is_direct(), hasher.finish()));
            }
            hasher.update(bytes);
            each(bytes.len() as u64);
        }
    };
    match digest() {
        Ok((direct, found)) if found == (member.sha256, member.size) => Found::Right { direct },
        // A file that can't be read is as wrong as one that reads otherwise; writing it again will tell more.
        _ => Found::Wrong,
    }
}

/// Writes a small file under a temporary name and lets it appear whole.
pub(super) fn place(bytes: &[u8], target: &Path) -> io::Result<()> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = target.with_file_name(name);
    let mut file = create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, target)
}

/// A new file. What a broken run left there is removed rather than cut to nothing, which not every driver of FAT can.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)
}

/// Flushes a directory's entries.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems of sticks (exFAT through FUSE) can't flush a directory alone; they flush it with the files.
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EINVAL as i32) => Ok(()),
        other => other,
    }
}
