//! Verify before parse, on the same bytes.
//!
//! [`SignedSet::open`] reads `set.json` once, checks an author's signature over these bytes, counts approvals, and only then
//! parses them. [`SignedSet::bundle`] reads one bundle once and lets its bytes through if the signed `set.json` lists
//! their digest: [`VerifiedBytes`]. Only those become a [`VerifiedBundle`]. [`verify_set`] does this for a whole
//! set and reports every file that is missing, short, altered or unexpected, and every contradiction.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::blob::{BlobReader, Part};
use super::index::{SetFile, SetIndex};
use crate::archive::{self, Bundle};
use crate::digest::{Hasher, Sha256, hash};
use crate::error::{Error, Problems, printable};
use crate::files::{describe, digest_file, open, read_limited};
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::name::{EntryName, NodeName, SetPath, SiteName};
use crate::plan::Plan;
use crate::signature::{KeyId, Signature};
use crate::trust::{KeyRole, TrustFile};
use crate::value::{ContractId, PlanId, Serial};

/// A set whose `set.json` is signed by a trusted author and approved to the threshold.
#[derive(Clone, Debug)]
pub struct SignedSet {
    root: PathBuf,
    json: Vec<u8>,
    index: SetIndex,
    trust: TrustFile,
    signers: Signers,
}

/// Who stands behind a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    /// The author's key.
    pub author: KeyId,
    /// Keys of trusted approvers whose approvals hold.
    pub approvers: BTreeSet<KeyId>,
    /// Keys of approvals that were not checked and don't count, because the keys are not trusted as approvers.
    pub uncounted: BTreeSet<KeyId>,
}

/// The bytes of a bundle that a signed set lists.
#[derive(Debug)]
pub struct VerifiedBytes {
    path: SetPath,
    bytes: Vec<u8>,
    plan_id: PlanId,
    signers: Signers,
}

/// A bundle that a signed set lists, under the same plan id and for the node that its place says.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    bundle: Bundle,
    signers: Signers,
}

/// What a whole set turned out to be.
#[derive(Clone, Debug)]
pub struct Report {
    /// The site.
    pub site: SiteName,
    /// Number of the set within the site.
    pub serial: Serial,
    /// The target release.
    pub contract: ContractId,
    /// The plan.
    pub plan_id: PlanId,
    /// The nodes that have a bundle, in the plan's order.
    pub nodes: Vec<NodeName>,
    /// How many files `set.json` names.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Who stands behind the set.
    pub signers: Signers,
}

impl SignedSet {
    /// The set in the directory `root`.
    ///
    /// # Errors
    /// Everything that is wrong with `set.json`, its signature and its approvals.
    pub fn open(root: &Path, trust: &TrustFile) -> Result<Self, Problems> {
        let mut found = Vec::new();
        let set = Self::open_noting(root, trust, &mut found)?;
        Problems::none(found)?;
        Ok(set)
    }

    /// Like [`SignedSet::open`], but what is wrong with approvals goes to `found`.
    fn open_noting(root: &Path, trust: &TrustFile, found: &mut Vec<Error>) -> Result<Self, Problems> {
        if trust.keys(KeyRole::Author).next().is_none() {
            return Err(
                Error::Trust { why: "it names no author, so no set can be accepted".to_owned() }.into()
            );
        }
        let json = read_member(root, SetIndex::FILE, Limits::FORMAT_1.document)?;
        let signature = read_signature(root, SetIndex::SIGNATURE)?;
        signature.verify(SetIndex::FILE, &json, trust.keys(KeyRole::Author), "an author")?;
        let index = SetIndex::parse(&json)?;
        let (approvers, uncounted) = count_approvals(root, &json, trust, found);
        let signers = Signers { author: signature.key(), approvers, uncounted };
        Ok(Self { root: root.to_owned(), json, index, trust: trust.clone(), signers })
    }

    /// What lies in the set.
    #[must_use]
    pub const fn index(&self) -> &SetIndex {
        &self.index
    }

    /// Who stands behind the set.
    #[must_use]
    pub const fn signers(&self) -> &Signers {
        &self.signers
    }

    /// The bytes of the bundle of `node`, read once.
    ///
    /// # Errors
    /// [`Error::NotInSet`], [`Error::Missing`], [`Error::Short`], [`Error::Altered`]; a `.minisig` beside the bundle
    /// that doesn't hold; what reading refuses.
    pub fn bundle(&self, node: &NodeName) -> Result<VerifiedBytes, Problems> {
        let path = node.bundle_path();
        let file =
            self.index.file(path.as_str()).ok_or_else(|| Error::NotInSet { path: path.to_string() })?;
        let bytes = self.listed(file, Limits::FORMAT_1.bundle)?;
        // the digest in set.json has decided; a signature that is there but doesn't hold is a damaged medium
        match self.bundle_signature(&path, &bytes) {
            Ok(()) | Err(Error::Missing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(VerifiedBytes { path, bytes, plan_id: self.index.plan_id, signers: self.signers.clone() })
    }

    /// A reader of the blob of this digest, which hashes as it goes. Its errors hold an [`Error`].
    ///
    /// # Errors
    /// [`Error::NotInSet`].
    pub fn blob(&self, digest: Sha256) -> Result<BlobReader, Error> {
        let pieces: Vec<SetFile> = self.index.blob(digest).into_iter().cloned().collect();
        if pieces.is_empty() {
            return Err(Error::NotInSet { path: Part { blob: digest, chunk: None }.path() });
        }
        BlobReader::new(&self.root, digest, pieces)
    }

    /// The bytes of a listed file, if they are the listed ones.
    fn listed(&self, file: &SetFile, limit: u64) -> Result<Vec<u8>, Error> {
        let bytes = read_member(&self.root, file.path.as_str(), limit)?;
        compare(file, bytes.len() as u64, Sha256::of(&bytes))?;
        Ok(bytes)
    }

    fn bundle_signature(&self, path: &SetPath, bytes: &[u8]) -> Result<(), Error> {
        let signature = read_signature(&self.root, &path.signature_path())?;
        signature.verify(path.as_str(), bytes, self.trust.keys(KeyRole::Author), "an author")
    }
}

impl VerifiedBytes {
    /// The bytes as they lay in the set.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Parses what was verified.
    ///
    /// # Errors
    /// What [`archive::read`] refuses; [`Error::Contradiction`] for a bundle of another plan or another node.
    pub fn parse(&self) -> Result<VerifiedBundle, Problems> {
        let bundle = archive::read(&self.bytes, &Limits::FORMAT_1)?;
        let Manifest { plan_id, plan, .. } = bundle.manifest();
        let mut found = Vec::new();
        let wrong = |why: String| Error::Contradiction { file: self.path.to_string(), why };
        if *plan_id != self.plan_id {
            found.push(wrong(format!("it belongs to plan {plan_id}, the set to plan {}", self.plan_id)));
        }
        if plan.node.name.bundle_path() != self.path {
            found.push(wrong(format!("it is the bundle of {}", plan.node.name)));
        }
        Problems::none(found)?;
        Ok(VerifiedBundle { bundle, signers: self.signers.clone() })
    }
}

impl VerifiedBundle {
    /// The bundle.
    #[must_use]
    pub const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The bundle, for those who need no word of who stands behind it any more.
    #[must_use]
    pub fn into_bundle(self) -> Bundle {
        self.bundle
    }

    /// Who stands behind it.
    #[must_use]
    pub const fn signers(&self) -> &Signers {
        &self.signers
    }
}

/// Checks the whole set in the directory `root`; writes nothing.
///
/// # Errors
/// Everything that is wrong with it. Without an author's signature on `set.json` that alone, since nothing else in the
/// set has a meaning then.
pub fn verify_set(root: &Path, trust: &TrustFile) -> Result<Report, Problems> {
    let mut found = Vec::new();
    let set = SignedSet::open_noting(root, trust, &mut found)?;
    let present = walk(root, &mut found);
    check_sums(&set, &mut found);
    for path in &present {
        if !is_accounted_for(&set.index, path) {
            found.push(Error::Unexpected { path: printable(path) });
        }
    }
    let plan = match set.index.file(Plan::FILE) {
        Some(file) => keep(set.listed(file, Limits::FORMAT_1.document), &mut found)
            .and_then(|bytes| keep_all(Plan::parse(&bytes), &mut found))
            .map(|(plan, _)| plan),
        None => None,
    };
    let mut needed: BTreeMap<Sha256, (EntryName, Vec<NodeName>)> = BTreeMap::new();
    for file in set.index.files.iter().filter(|file| file.path.as_str() != Plan::FILE) {
        match file.path.bundle_node() {
            Some(node) => {
                let Some(bundle) = check_bundle(&set, &node, &mut found) else { continue };
                let manifest = bundle.bundle().manifest();
                if let Some(plan) = &plan {
                    hold_against_plan(&set.index, plan, manifest, &mut found);
                }
                for blob in &manifest.blobs {
                    let (_, nodes) = needed.entry(blob.sha256).or_insert((blob.name.clone(), Vec::new()));
                    nodes.push(node.clone());
                }
            }
            None if Part::of(&file.path).is_some_and(|part| part.chunk.is_some()) => {}
            None => {
                keep(check_content(root, file), &mut found);
            }
        }
    }
    check_chunks(&set, &mut found);
    name_who_needs(&needed, &mut found);
    if let Some(plan) = &plan {
        for path in plan.nodes.iter().map(|planned| planned.node.name.bundle_path()) {
            if set.index.file(path.as_str()).is_none() {
                let why = format!("it does not list {path}, which plan.json asks for");
                found.push(Error::Contradiction { file: SetIndex::FILE.to_owned(), why });
            }
        }
    }
    Problems::none(found)?;
    // no plan means that a problem was found
    let plan = plan.ok_or_else(|| Error::Missing { path: Plan::FILE.to_owned() })?;
    Ok(Report {
        site: plan.site,
        serial: plan.serial,
        contract: plan.contract,
        plan_id: set.index.plan_id,
        nodes: plan.nodes.into_iter().map(|planned| planned.node.name).collect(),
        files: set.index.files.len(),
        bytes: set.index.files.iter().fold(0, |sum, file| sum.saturating_add(file.size)),
        signers: set.signers,
    })
}

/// What the files of a blob are for, where one of them is missing, short or altered: their names are digests.
fn name_who_needs(needed: &BTreeMap<Sha256, (EntryName, Vec<NodeName>)>, found: &mut Vec<Error>) {
    /// More nodes are counted.
    const NAMED: usize = 5;
    let of = |error: &Error| match error {
        Error::Missing { path } | Error::Short { path, .. } | Error::Altered { path, .. } => {
            path.strip_suffix(".part").unwrap_or(path).parse().ok().and_then(|path| Part::of(&path))
        }
        _ => None,
    };
    let broken: BTreeSet<Sha256> = found.iter().filter_map(of).map(|part| part.blob).collect();
    for (blob, (name, nodes)) in needed.iter().filter(|(blob, _)| broken.contains(*blob)) {
        let named: Vec<&str> = nodes.iter().take(NAMED).map(NodeName::as_str).collect();
        let nodes = match nodes.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more nodes", named.join(", ")),
        };
        let path = Part { blob: *blob, chunk: None }.path();
        found.push(Error::BlobNeeded { name: name.clone(), nodes, path });
    }
}

fn keep<T>(result: Result<T, Error>, found: &mut Vec<Error>) -> Option<T> {
    result.map_err(|error| found.push(error)).ok()
}

fn keep_all<T>(result: Result<T, Problems>, found: &mut Vec<Error>) -> Option<T> {
    result.map_err(|problems| found.extend(problems.into_vec())).ok()
}

fn check_bundle(set: &SignedSet, node: &NodeName, found: &mut Vec<Error>) -> Option<VerifiedBundle> {
    let bytes = keep_all(set.bundle(node), found);
    let signature = node.bundle_path().signature_path();
    if set.root.join(&signature).symlink_metadata().is_err() {
        found.push(Error::Missing { path: signature });
    }
    keep_all(bytes?.parse(), found)
}

/// Every chunk by itself, so that each bad one is named; where all are good, also what they make together.
fn check_chunks(set: &SignedSet, found: &mut Vec<Error>) {
    let part = |file: &SetFile| Part::of(&file.path).filter(|part| part.chunk.is_some());
    let chunks: Vec<(Part, &SetFile)> =
        set.index.files.iter().filter_map(|file| Some((part(file)?, file))).collect();
    for pieces in chunks.chunk_by(|(a, _), (b, _)| a.blob == b.blob) {
        let mut whole = Hasher::new();
        let before = found.len();
        for (_, file) in pieces {
            keep(check_chunk(&set.root, file, &mut whole), found);
        }
        if let (Some((part, _)), true) = (pieces.first(), found.len() == before)
            && whole.finish().0 != part.blob
        {
            let path = format!("{}.part", Part { chunk: None, ..*part }.path());
            found.push(Error::Altered { path, by: "its name" });
        }
    }
}

/// Reads a chunk once, for its own digest and that of the whole.
fn check_chunk(root: &Path, file: &SetFile, whole: &mut Hasher) -> Result<(), Error> {
    let path = root.join(file.path.as_str());
    let read = |source| Error::Read { path: path.clone(), source };
    let source = open(&path).map_err(|error| missing(error, file.path.as_str()))?.take(file.size + 1);
    let mut own = Hasher::new();
    hash(source, &mut Both(&mut own, whole)).map_err(read)?;
    let (digest, size) = own.finish();
    compare(file, size, digest)
}

/// Two digests in the making.
struct Both<'a>(&'a mut Hasher, &'a mut Hasher);

impl io::Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        self.1.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A bundle's manifest must say what `plan.json` says of its node, and its blobs must lie in the set.
fn hold_against_plan(index: &SetIndex, plan: &Plan, manifest: &Manifest, found: &mut Vec<Error>) {
    let name = &manifest.plan.node.name;
    let wrong = |why: String| Error::Contradiction { file: name.bundle_path().to_string(), why };
    if manifest.site != plan.site || manifest.serial != plan.serial {
        let (site, serial) = (&manifest.site, manifest.serial);
        let plan = format!("site {}, serial {}", plan.site, plan.serial);
        found.push(wrong(format!("it is for site {site}, serial {serial}, and plan.json for {plan}")));
    }
    match plan.node(name) {
        None => found.push(wrong(format!("plan.json has no node {name}"))),
        Some(planned) => {
            if planned.node != manifest.plan.node {
                found.push(wrong(format!("its role or addresses of {name} are not those in plan.json")));
            }
            if keep(manifest.plan.digest(), found).is_some_and(|digest| digest != planned.plan) {
                found.push(wrong(format!("its plan of {name} is not the one whose digest plan.json names")));
            }
        }
    }
    for blob in &manifest.blobs {
        // by the index's own rules the digest of a blob in one piece is its name; of chunks it is checked when they are read
        let pieces = index.blob(blob.sha256);
        let size = pieces.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        if pieces.is_empty() || size != blob.size {
            let (name, path) = (&blob.name, blob.set_path());
            found.push(wrong(format!("set.json does not list its blob {name} as {path}")));
        }
    }
}

fn check_content(root: &Path, file: &SetFile) -> Result<(), Error> {
    let path = root.join(file.path.as_str());
    let (digest, size) = digest_file(&path).map_err(|error| missing(error, file.path.as_str()))?;
    compare(file, size, digest)
}

/// Holds what was read against what `set.json` lists.
pub(super) fn compare(file: &SetFile, size: u64, digest: Sha256) -> Result<(), Error> {
    let path = file.path.to_string();
    if size < file.size {
        Err(Error::Short { path, found: size, expected: file.size })
    } else if digest == file.sha256 && size == file.size {
        Ok(())
    } else {
        Err(Error::Altered { path, by: SetIndex::FILE })
    }
}

fn check_sums(set: &SignedSet, found: &mut Vec<Error>) {
    if let Some(bytes) = keep(read_member(&set.root, SetIndex::SUMS, Limits::FORMAT_1.document), found)
        && bytes != set.index.sha256sums(&set.json).as_bytes()
    {
        found.push(Error::Altered { path: SetIndex::SUMS.to_owned(), by: SetIndex::FILE });
    }
}

/// Counts the approvals of trusted approvers; the second set are keys that are not trusted as such.
fn count_approvals(
    root: &Path,
    json: &[u8],
    trust: &TrustFile,
    found: &mut Vec<Error>,
) -> (BTreeSet<KeyId>, BTreeSet<KeyId>) {
    let (mut counted, mut uncounted) = (BTreeSet::new(), BTreeSet::new());
    let mut names: Vec<String> = match fs::read_dir(root.join(SetIndex::APPROVALS)) {
        Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect(),
        // no directory, no approvals; the threshold decides below
        Err(_) => Vec::new(),
    };
    names.sort();
    for path in names.iter().filter(|name| name.ends_with(".minisig")).map(approval_path) {
        let Some(signature) = keep(read_signature(root, &path), found) else { continue };
        let key = signature.key();
        if path != approval_path(&format!("{key}.minisig")) {
            found.push(Error::ApprovalName { file: printable(&path), key });
        } else if trust.role(key) != Some(KeyRole::Approver) {
            uncounted.insert(key);
        } else {
            let approvers = trust.keys(KeyRole::Approver);
            if keep(signature.verify(SetIndex::FILE, json, approvers, "an approver"), found).is_some() {
                counted.insert(key);
            }
        }
    }
    if counted.len() < trust.threshold() {
        found.push(Error::TooFewApprovals { found: counted.len(), needed: trust.threshold() });
    }
    (counted, uncounted)
}

fn approval_path(name: &String) -> String {
    format!("{}/{name}", SetIndex::APPROVALS)
}

fn is_accounted_for(index: &SetIndex, path: &str) -> bool {
    if [SetIndex::FILE, SetIndex::SIGNATURE, SetIndex::SUMS].contains(&path) || index.file(path).is_some() {
        return true;
    }
    let Some(signed) = path.strip_suffix(".minisig") else { return false };
    match signed.strip_prefix("approvals/") {
        // counted, or found wanting, where the approvals were read
        Some(name) => !name.contains('/'),
        None => index.file(signed).is_some_and(|file| file.path.bundle_node().is_some()),
    }
}

/// The regular files below `root`, sorted, with `/` between components. What is neither file nor directory, and what
/// can't be read, goes to `found`. Links are not followed.
fn walk(root: &Path, found: &mut Vec<Error>) -> Vec<String> {
    let mut files = Vec::new();
    let mut directories = BTreeMap::from([(String::new(), root.to_owned())]);
    while let Some((prefix, directory)) = directories.pop_first() {
        let failed = |source| Error::Read { path: directory.clone(), source };
        let Some(entries) = keep(fs::read_dir(&directory).map_err(failed), found) else { continue };
        for entry in entries {
            let kind = entry.and_then(|entry| Ok((entry.file_type()?, entry)));
            let Some((kind, entry)) = keep(kind.map_err(failed), found) else { continue };
            // a name that isn't UTF-8 becomes one that no set.json lists
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                directories.insert(format!("{name}/"), entry.path());
            } else if kind.is_file() {
                files.push(name);
            } else {
                found.push(Error::NotAFile { path: printable(&name).into(), kind: describe(kind) });
            }
        }
    }
    files.sort();
    files
}

fn read_signature(root: &Path, path: &str) -> Result<Signature, Error> {
    Signature::parse(path, &read_member(root, path, Limits::FORMAT_1.small)?)
}

fn read_member(root: &Path, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
    read_limited(&root.join(path), limit).map_err(|error| missing(error, path))
}

/// A file that isn't there is named by its path in the set.
pub(super) fn missing(error: Error, path: &str) -> Error {
    match error {
        Error::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Error::Missing { path: path.to_owned() }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_not_be_read_is_not_called_missing() {
        let of =
            |kind: io::ErrorKind| missing(Error::Read { path: "x".into(), source: kind.into() }, "x").code();
        assert_eq!(of(io::ErrorKind::NotFound), Error::Missing { path: "x".to_owned() }.code());
        assert_ne!(of(io::ErrorKind::PermissionDenied), of(io::ErrorKind::NotFound));
    }
}
