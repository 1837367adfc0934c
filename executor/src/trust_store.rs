//! The machine's trust file: where it lies, when it may be relied on, and how it is changed.
//!
//! Refused is a file that others can write or own, and one that lies in the set that it is to vouch for. A change
//! is a new file that takes the old one's place in one step.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use airlift_bundle::files::read_limited;
use airlift_bundle::limits::Limits;
use airlift_bundle::signature::PublicKey;
use airlift_bundle::trust::TrustFile;
use nix::unistd::Uid;

use crate::refusal::{Refusal, Refusals};
use crate::replace::replace;

/// Where a node keeps its trust.
pub const DEFAULT_PATH: &str = "/etc/airlift/trust";

/// The trust in the file at `path`, or `None` when there is no such file.
///
/// # Errors
/// A file that others can write, and all that is wrong in its text.
pub fn load(path: &Path) -> Result<Option<TrustFile>, Refusals> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.is_file() => {
            if metadata.mode() & 0o022 != 0 {
                return Err(Refusal::exposed_trust(path, "its group or others may write it").into());
            }
            if metadata.uid() != 0 && metadata.uid() != Uid::effective().as_raw() {
                return Err(Refusal::exposed_trust(path, "it belongs to another user").into());
            }
        }
        // reading says what is wrong
        _ => {}
    }
    Ok(Some(TrustFile::parse(&read_text(path)?)?))
}

/// The public key in the file at `path`.
///
/// # Errors
/// What is wrong with the file.
pub fn load_key(path: &Path) -> Result<PublicKey, Refusals> {
    Ok(PublicKey::parse_file(&path.to_string_lossy(), &read_text(path)?)?)
}

/// Puts `trust` into the file at `path`, whole or not at all.
///
/// # Errors
/// What the system reports.
pub fn save(path: &Path, trust: &TrustFile) -> Result<(), Refusals> {
    let directory = path.parent().unwrap_or(Path::new(""));
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(directory)
        // everyone may read it, for it holds public keys
        .and_then(|()| replace(path, trust.to_string().as_bytes(), Some(0o644)))
        .map_err(|error| Refusal::unwritable(path, &error).into())
}

/// Refuses `path` when it lies below the directory of a set.
///
/// # Errors
/// [`Refusal::trust_in_set`]
pub fn must_be_outside(path: &Path, set: &Path) -> Result<(), Refusals> {
    match (path.canonicalize(), set.canonicalize()) {
        (Ok(file), Ok(set)) if file.starts_with(&set) => Err(Refusal::trust_in_set(path).into()),
        _ => Ok(()),
    }
}

fn read_text(path: &Path) -> Result<String, Refusals> {
    String::from_utf8(read_limited(path, Limits::FORMAT_1.small)?).map_err(|_| Refusal::not_text(path).into())
}
