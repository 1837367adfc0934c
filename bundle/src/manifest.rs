//! `manifest.json`, the first entry of every bundle: who it is for, all that it holds, and what to do with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::error::{Error, Problems};
use crate::json::{from_canonical_json, to_canonical_json};
use crate::name::{EntryName, SiteName, collisions};
use crate::plan::NodePlan;
use crate::value::{Format, Mode, PlanId, Serial};

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format.
    pub format: Format,
    /// The plan that this bundle belongs to.
    pub plan_id: PlanId,
    /// The site.
    pub site: SiteName,
    /// Number of the set within the site.
    pub serial: Serial,
    /// The plan of the node that this bundle is for; it names the node.
    pub plan: NodePlan,
    /// Every other file of the bundle, sorted by path.
    pub files: Vec<FileEntry>,
    /// Every blob that the node needs, sorted by digest.
    pub blobs: Vec<Blob>,
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name in the archive.
    pub path: EntryName,
    /// Its mode in the archive.
    pub mode: Mode,
    /// Its size in bytes.
    pub size: u64,
    /// Digest of its content.
    pub sha256: Sha256,
}

/// A large payload that lies beside the bundles, once per set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// Digest of its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// What the node's plan calls it.
    pub name: EntryName,
}

impl Blob {
    /// Where the blob lies in a set, if it lies there in one piece; see [`blob`](crate::set::blob).
    #[must_use]
    pub fn set_path(&self) -> String {
        format!("blobs/sha256/{}", self.sha256)
    }
}

/// The files of a bundle on their way into the writer, each name once.
#[derive(Clone, Debug, Default)]
pub struct Contents(BTreeMap<EntryName, (Mode, Vec<u8>)>);

impl Contents {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one more file.
    ///
    /// # Errors
    /// [`Error::Twice`] when the name is there already.
    pub fn add(&mut self, name: EntryName, mode: Mode, bytes: Vec<u8>) -> Result<(), Error> {
        if self.0.contains_key(&name) {
            return Err(Error::Twice { name: name.to_string() });
        }
        self.0.insert(name, (mode, bytes));
        Ok(())
    }

    /// The content of one file.
    #[must_use]
    pub fn get(&self, name: &EntryName) -> Option<&[u8]> {
        self.0.get(name).map(|(_, bytes)| bytes.as_slice())
    }

    /// What a manifest says about these files.
    #[must_use]
    pub fn entries(&self) -> Vec<FileEntry> {
        let describe = |(path, (mode, bytes)): (&EntryName, &(Mode, Vec<u8>))| FileEntry {
            path: path.clone(),
            mode: *mode,
            size: bytes.len() as u64,
            sha256: Sha256::of(bytes),
        };
        self.0.iter().map(describe).collect()
    }
}

impl Manifest {
    /// Name of the first entry of every bundle.
    pub const FILE: &'static str = "manifest.json";

    /// The bytes of `manifest.json`.
    ///
    /// # Errors
    /// All contradictions in the manifest.
    pub fn to_json(&self) -> Result<Vec<u8>, Problems> {
        self.check()?;
        Ok(to_canonical_json(self)?)
    }

    /// The manifest in these bytes.
    ///
    /// # Errors
    /// What [`from_canonical_json`] refuses, or all contradictions in the manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problems> {
        let manifest: Self = from_canonical_json(Self::FILE, bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What the types alone can't hold: sorted, unique names that survive a stick, none of them `manifest.json`;
    /// sorted blobs with unique names; every file and blob that the plan names, with the digest that it expects.
    fn check(&self) -> Result<(), Problems> {
        let names = self.files.iter().map(|file| file.path.as_str());
        let mut found = collisions(std::iter::once(Self::FILE).chain(names));
        let wrong = |why: String| Error::Contradiction { file: Self::FILE.to_owned(), why };
        if !self.files.is_sorted_by(|a, b| a.path <= b.path) {
            found.push(wrong("its files are not sorted by path".to_owned()));
        }
        if !self.blobs.is_sorted_by(|a, b| a.sha256 < b.sha256) {
            found.push(wrong("its blobs are not sorted by digest, each once".to_owned()));
        }
        found.extend(collisions(self.blobs.iter().map(|blob| blob.name.as_str())));
        found.extend(self.plan.contradictions(Self::FILE));
        let files: BTreeMap<&EntryName, Sha256> =
            self.files.iter().map(|file| (&file.path, file.sha256)).collect();
        let blobs: BTreeMap<&EntryName, Sha256> =
            self.blobs.iter().map(|blob| (&blob.name, blob.sha256)).collect();
        for (what, known, (name, sha256)) in self
            .plan
            .entries()
            .map(|named| ("the file", &files, named))
            .chain(self.plan.blobs().map(|named| ("the blob", &blobs, named)))
        {
            match known.get(name) {
                None => found.push(wrong(format!("its plan needs {what} {name}, which it does not list"))),
                Some(listed) if *listed != sha256 => {
                    found.push(wrong(format!(
                        "its plan needs {what} {name} with another digest than it lists"
                    )));
                }
                Some(_) => {}
            }
        }
        Problems::none(found)
    }
}
