//! `set.json` and `SHA256SUMS`: what lies in a set.

use serde::{Deserialize, Serialize};

use super::blob;
use crate::digest::Sha256;
use crate::error::{Error, Problems};
use crate::json::{from_canonical_json, to_canonical_json};
use crate::name::{SetPath, collisions};
use crate::plan::Plan;
use crate::value::{Format, PlanId};

/// `set.json`: the plan id, and size and digest of every other file but signatures, approvals and `SHA256SUMS`. This is
/// what authors sign and approvers approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetIndex {
    /// Version of the format.
    pub format: Format,
    /// The plan that everything in the set belongs to.
    pub plan_id: PlanId,
    /// Every file, sorted by path.
    pub files: Vec<SetFile>,
}

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFile {
    /// Its path below the set.
    pub path: SetPath,
    /// Its size in bytes.
    pub size: u64,
    /// Digest of its content.
    pub sha256: Sha256,
}

impl SetFile {
    /// The line of a file with this content.
    #[must_use]
    pub fn of(path: SetPath, content: &[u8]) -> Self {
        Self { path, size: content.len() as u64, sha256: Sha256::of(content) }
    }
}

impl SetIndex {
    /// Name of the document in a set.
    pub const FILE: &'static str = "set.json";
    /// Name of the authors' signature.
    pub const SIGNATURE: &'static str = "set.json.minisig";
    /// Directory of the approvers' signatures.
    pub const APPROVALS: &'static str = "approvals";
    /// Name of the list for `sha256sum -c`.
    pub const SUMS: &'static str = "SHA256SUMS";

    /// The index of these files, in any order.
    ///
    /// # Errors
    /// All names that a stick can't keep apart or that the set keeps for itself; a missing `plan.json`, or one that
    /// has another id.
    pub fn new(plan_id: PlanId, mut files: Vec<SetFile>) -> Result<Self, Problems> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let index = Self { format: Format, plan_id, files };
        index.check()?;
        Ok(index)
    }

    /// The bytes of `set.json`.
    ///
    /// # Errors
    /// See [`SetIndex::new`].
    pub fn to_json(&self) -> Result<Vec<u8>, Problems> {
        self.check()?;
        Ok(to_canonical_json(self)?)
    }

    /// The index in these bytes of `set.json`. Check their signature first.
    ///
    /// # Errors
    /// What [`from_canonical_json`] refuses, and see [`SetIndex::new`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Problems> {
        let index: Self = from_canonical_json(Self::FILE, bytes)?;
        index.check()?;
        Ok(index)
    }

    /// The file of this path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SetFile> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// The files that make up the blob of this digest, in order: one, or its chunks. Empty where the set has no such
    /// blob.
    #[must_use]
    pub fn blob(&self, digest: Sha256) -> Vec<&SetFile> {
        // sorted by path: the pieces lie together, chunks in the order of their numbers
        let first = blob::Part { blob: digest, chunk: None }.path();
        let from = self.files.partition_point(|file| file.path.as_str() < first.as_str());
        let of_it = |file: &&SetFile| blob::Part::of(&file.path).is_some_and(|part| part.blob == digest);
        self.files.iter().skip(from).take_while(of_it).collect()
    }

    /// The text of `SHA256SUMS`: a line for every file and one for `set.json`, whose bytes are `set_json`, sorted by
    /// path; `sha256sum -c` reads it.
    #[must_use]
    pub fn sha256sums(&self, set_json: &[u8]) -> String {
        let own = (Self::FILE, Sha256::of(set_json));
        let mut lines: Vec<(&str, Sha256)> =
            self.files.iter().map(|file| (file.path.as_str(), file.sha256)).chain([own]).collect();
        lines.sort();
        lines.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect()
    }

    fn check(&self) -> Result<(), Problems> {
        let own = [Self::FILE, Self::SUMS];
        let paths = self.files.iter().map(|file| file.path.as_str());
        let mut found = collisions(own.into_iter().chain(paths.clone()));
        let wrong = |why: String| Error::Contradiction { file: Self::FILE.to_owned(), why };
        if !self.files.is_sorted_by(|a, b| a.path <= b.path) {
            found.push(wrong("its files are not sorted by path".to_owned()));
        }
        for path in paths.filter(|path| is_signature(path)) {
            found.push(wrong(format!("it lists {path}, but signatures are made after it")));
        }
        found.extend(blob::contradictions(&self.files).into_iter().map(wrong));
        match self.file(Plan::FILE) {
            None => found.push(wrong("it does not list plan.json".to_owned())),
            Some(plan) if plan.sha256 != self.plan_id.digest() => {
                found.push(wrong("its plan id is not the digest of its plan.json".to_owned()));
            }
            Some(_) => {}
        }
        Problems::none(found)
    }
}

/// Whether a path is kept for signatures and approvals: none of these are listed in `set.json`.
pub(super) fn is_signature(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.ends_with(".minisig") || path == "approvals" || path.starts_with("approvals/")
}
