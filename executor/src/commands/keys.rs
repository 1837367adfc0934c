//! Whose signatures count: the machine's trust file, another one, or one key on a reviewer's workstation.

use std::path::{Path, PathBuf};

use airlift_bundle::Error;
use airlift_bundle::name::NodeName;
use airlift_bundle::trust::{KeyRole, TrustFile};

use crate::args::Keys;
use crate::event::{Event, KeyShown};
use crate::output::Output;
use crate::refusal::{Refusal, Refusals};
use crate::trust_store::{load, load_key, must_be_outside};

use super::run::Failure;

/// The trust that `keys` asks for, to vouch for the set in `set`; `own` is the machine's.
pub(super) fn trust(keys: &Keys, own: &Path, set: &Path, output: &Output) -> Result<TrustFile, Failure> {
    if let Some(file) = &keys.public_key {
        must_be_outside(file, set)?;
        let key = load_key(file)?;
        output.note(&Event::LoneKey(KeyShown::new(KeyRole::Author, &key))).map_err(Failure::Output)?;
        return Ok(TrustFile::in_author(key));
    }
    let file = keys.trust.as_deref().unwrap_or(own);
    must_be_outside(file, set)?;
    Ok(load(file)?.ok_or_else(|| Refusals::from(Refusal::no_trust(file)))?)
}

/// The set that the bundle at `path` lies in, and the node that its name says.
pub(super) fn locate(path: &Path) -> Result<(PathBuf, NodeName), Error> {
    let full = path.canonicalize().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let place = || {
        let name = full.file_name()?.to_str()?.strip_suffix(".tar.zst")?.parse().ok()?;
        let nodes =
            full.parent().filter(|directory| directory.file_name().is_some_and(|name| name == "nodes"))?;
        Some((nodes.parent()?.to_owned(), name))
    };
    place().ok_or_else(|| Error::NotInPlace { path: path.to_owned() })
}
