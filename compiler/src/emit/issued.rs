//! A serial is used once.
//!
//! A node takes a serial with one content and refuses any other, so a compile must not make a second set under a serial
//! that may have left the house. `issued.json` in the site directory remembers what was made; it is no input. A set
//! that stands where the new one should go is asked too.

use airlift_bundle::digest::Sha256;
use airlift_bundle::plan::Plan;
use airlift_bundle::set::SetIndex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Its name in the site directory.
pub const ISSUED: &str = "issued.json";

/// `issued.json`: for each serial the digest of its `set.json`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    serials: BTreeMap<u64, Sha256>,
}

/// Why a set may not be made.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// Another set has this serial.
    #[error("serial {serial} was used for another set ({where_}); raise `serial` in site.yaml to {next}")]
    Used {
        /// The serial.
        serial: u64,
        /// Where that is known from.
        where_: String,
        /// The first serial that is free.
        next: u64,
    },
    /// The note of used serials can't be read.
    #[error("can't read {}: {why}; mend it, or take it away if no set of this site was ever carried", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Issued {
    /// Reads the note of a site directory; without a file nothing was issued.
    ///
    /// # Errors
    /// The file is there but can't be read: then nobody can tell which serials are free.
    pub fn read(site: &Path) -> Result<Self, SerialError> {
        let path = site.join(ISSUED);
        let unreadable = |why: String| SerialError::Unreadable { path: path.clone(), why };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(unreadable(e.to_string())),
        }
    }

    /// Whether a set with this `set.json` may have this serial.
    ///
    /// # Errors
    /// Another set has it.
    pub fn check(&self, serial: u64, set_json: &[u8]) -> Result<(), SerialError> {
        match self.serials.get(&serial) {
            Some(digest) if *digest != Sha256::of(set_json) => Err(SerialError::Used {
                serial,
                where_: format!("noted in {ISSUED}"),
                next: self.next_after(serial),
            }),
            _ => Ok(()),
        }
    }

    /// The first serial that is free: after this one and after every one noted.
    pub fn next_after(&self, serial: u64) -> u64 {
        self.serials.keys().max().map_or(serial, |last| serial.max(*last)).saturating_add(1)
    }

    /// The note with one more set, as the bytes of the file.
    pub fn with(mut self, serial: u64, set_json: &[u8]) -> serde_json::Result<Vec<u8>> {
        self.serials.insert(serial, Sha256::of(set_json));
        let mut bytes = serde_json::to_vec_pretty(&self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// What stands where a set should go.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or something that is no set.
    Nothing,
    /// This very set.
    Same,
    /// Another set of the same site with a serial that is not older.
    Used(u64),
    /// An older set, or one of another site.
    Other,
}

/// Looks at what stands there.
pub fn standing(out: &Path, site: &str, serial: u64, set_json: &[u8]) -> Standing {
    let Ok(old) = fs::read(out.join(SetIndex::FILE)) else { return Standing::Nothing };
    if old == set_json {
        return Standing::Same;
    }
    let plan = fs::read(out.join(Plan::FILE)).ok().and_then(|bytes| Plan::parse(&bytes).ok());
    match plan {
        Some((plan, _)) if plan.site.as_str() == site && plan.serial.get() >= serial => {
            Standing::Used(plan.serial.get())
        }
        _ => Standing::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)] // the test's own files may be half written
    fn a_serial_with_another_content_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let issued = Issued::read(dir.path()).unwrap();
        assert!(issued.check(7, b"one").is_ok());
        fs::write(dir.path().join(ISSUED), issued.with(7, b"one").unwrap()).unwrap();
        let issued = Issued::read(dir.path()).unwrap();
        assert!(issued.check(7, b"one").is_ok());
        assert!(issued.check(8, b"two").is_ok());
        let refused = issued.check(7, b"two").unwrap_err().to_string();
        assert!(refused.contains("raise `serial` in site.yaml to 8"), "{refused}");
        // What is free is told across all of them, so that one correction is enough.
        assert_eq!((issued.next_after(3), issued.next_after(9)), (8, 10));
        fs::write(dir.path().join(ISSUED), "{").unwrap();
        assert!(matches!(Issued::read(dir.path()), Err(SerialError::Unreadable { .. })));
    }
}
