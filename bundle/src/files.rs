//! Reading from a medium that is not trusted: regular files only, links never followed, limits before memory.

use std::fs::{self, File, FileType};
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use crate::digest::Sha256;
use crate::error::{Error, printable};

/// All bytes of the file at `path`, which the limit `limit` holds; read once.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`], [`Error::TooLarge`].
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    // one byte more than the limit tells a file that is too large, also one that grows meanwhile
    open(path)?
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Error::TooLarge { what: printable(&path.to_string_lossy()), size, limit });
    }
    Ok(bytes)
}

/// Digest and size of the file at `path`.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`].
pub fn digest_file(path: &Path) -> Result<(Sha256, u64), Error> {
    Sha256::of_reader(open(path)?).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// The regular file at `path`, opened for reading.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`].
pub fn open(path: &Path) -> Result<File, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    // looked at before opening, since opening a pipe or a device can hang or act
    let kind = fs::symlink_metadata(path).map_err(failed)?.file_type();
    if !kind.is_file() {
        return Err(Error::NotAFile { path: path.to_owned(), kind: describe(kind) });
    }
    File::open(path).map_err(failed)
}

/// The kind of a thing that isn't a regular file, with its article.
pub(crate) fn describe(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}
