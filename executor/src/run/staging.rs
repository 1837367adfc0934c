//! Taking a set: may the node take it, copying it into the state directory, and reading it from there.
//!
//! After a set is taken nothing is read from the medium again. What lies in the state directory is believed by the
//! digests that the journal has, and by nothing else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use airlift_bundle::archive::{self, Bundle};
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::codes::CodeHashes;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Blob;
use airlift_bundle::name::{EntryName, SiteName};
use airlift_bundle::plan::{Content, NodePlan, Plan, ScriptFile, SecretName};
use airlift_bundle::sealed;
use airlift_bundle::set::SetIndex;
use airlift_bundle::value::Serial;

use super::engine::Papers;
use super::home::Home;
use crate::disk::{Disk, DiskError, Kind, ensure_dir, put_file, read_all, remove_file, remove_tree};
use crate::gate::NodeGate;
use crate::journal::{Accepted, At, Journal, JournalError, Record, State};
use crate::sealed::{Secret, open_listed};
use crate::step::{Contents, Fault, Interrupt, Machine};

/// A verified set on its way in.
pub struct Incoming<'a> {
    /// What the journal will say of it.
    pub accepted: Accepted,
    /// The node's plan.
    pub plan: &'a NodePlan,
    /// The bytes of `set.json`.
    pub set_json: &'a [u8],
    /// The bytes of `plan.json`.
    pub plan_json: &'a [u8],
    /// The bytes of the node's bundle.
    pub bundle: &'a [u8],
    /// The blobs that the node needs.
    pub blobs: &'a [Blob],
    /// Opens one of them.
    pub open_blob: &'a dyn Fn(&Blob) -> io::Result<Box<dyn Read>>,
}

/// Whether a set changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The node works with it already.
    Known,
    /// It is to be staged.
    New,
}

/// Why a node doesn't take a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A later set of the site was taken before.
    Older {
        /// The latest serial.
        latest: Serial,
    },
    /// Another set under this serial was taken before.
    OtherUnderSerial,
    /// The node is in the midst of the migration of another site.
    OtherSite(SiteName),
    /// What the node has done, the set would have done otherwise.
    Differs {
        /// Up to and including this stage.
        through: Stage,
    },
    /// The migration of this node is done for good.
    AllIsDone,
    /// A stage is being undone, the node is on its way back, or all is done.
    NotNow(At),
    /// The protocol does not let the node take it.
    Protocol(String),
    /// The plan keeps its things elsewhere than this executor.
    OtherKeepDir(String),
    /// The plan that the node works with can't be read.
    Unreadable(String),
}

/// May a node in this state take a set? `current` is the plan that it works with.
///
/// # Errors
/// Why not.
pub fn admit(
    state: &State,
    current: Option<&NodePlan>,
    home: &Home,
    incoming: &Incoming<'_>,
) -> Result<Admission, Refused> {
    let Accepted { site, serial, plan_id, set, .. } = &incoming.accepted;
    if Path::new(incoming.plan.keep_dir.as_str()) != home.path() {
        return Err(Refused::OtherKeepDir(incoming.plan.keep_dir.to_string()));
    }
    if let Some(latest) = state.ratchet.get(site) {
        if *serial < latest.serial {
            return Err(Refused::Older { latest: latest.serial });
        }
        if *serial == latest.serial && (*plan_id, *set) != (latest.plan_id, latest.set) {
            return Err(Refused::OtherUnderSerial);
        }
    }
    let before = state.gate.as_ref().filter(|_| state.site.as_ref() == Some(site));
    NodeGate::take(before, &incoming.accepted).map_err(Refused::Protocol)?;
    let Some(known) = &state.set else { return Ok(Admission::New) };
    if *known == incoming.accepted {
        return Ok(Admission::Known);
    }
    if state.at == At::Committed {
        return Err(Refused::AllIsDone);
    }
    if known.site != *site {
        return Err(Refused::OtherSite(known.site.clone()));
    }
    if !matches!(state.at, At::Rest | At::Forward | At::Doing) {
        return Err(Refused::NotNow(state.at));
    }
    let Some(through) = state.reached() else { return Ok(Admission::New) };
    let unreadable = |why: String| Refused::Unreadable(why);
    let current = current.ok_or_else(|| unreadable("it is not there".to_owned()))?;
    let digest =
        |plan: &NodePlan| plan.digest_through(through).map_err(|error| unreadable(error.to_string()));
    if digest(current)? == digest(incoming.plan)? {
        Ok(Admission::New)
    } else {
        Err(Refused::Differs { through })
    }
}

/// Copies a set into the state directory and has the journal say so. Until then the node doesn't know of it; a crash
/// or a signal leaves nothing but whole files that the next try finds or replaces.
///
/// # Errors
/// What disk and journal report; a blob that is not what the manifest says; too little room; a signal.
pub fn stage_set<'d>(
    disk: &'d dyn Disk,
    home: &Home,
    journal: Option<Journal<'d>>,
    incoming: &Incoming<'_>,
    machine: &dyn Machine,
) -> Result<Journal<'d>, Fault> {
    ensure_dir(disk, home.path(), 0o700)?;
    let mut journal = match journal {
        Some(journal) => journal,
        None => {
            let size = Journal::PIECE + 2 * Journal::SPARE;
            Journal::create(disk, &home.journal(), size).map_err(unwritable)?
        }
    };
    copy_in(disk, home, incoming, machine)?;
    home.make_ready(disk)?;
    journal.append(&Record::Accept(incoming.accepted.clone()).at(machine.now())).map_err(unwritable)?;
    remove_others(disk, home, incoming)?;
    Ok(journal)
}

/// Copies what is missing in the state directory of the set that the node works with, or is not what it was.
///
/// # Errors
/// As [`stage_set`].
pub fn mend_set(
    disk: &dyn Disk,
    home: &Home,
    state: &State,
    incoming: &Incoming<'_>,
    machine: &dyn Machine,
) -> Result<(), Fault> {
    if is_of_use(state.at) { copy_in(disk, home, incoming, machine) } else { Ok(()) }
}

/// Whether a node needs its set any more. While it is removed it may be there in part.
const fn is_of_use(at: At) -> bool {
    !matches!(at, At::PurgingBack | At::PurgingEnd | At::Committed)
}

/// Copies what is not there yet. Asks for room before it writes anything.
fn copy_in(
    disk: &dyn Disk,
    home: &Home,
    incoming: &Incoming<'_>,
    machine: &dyn Machine,
) -> Result<(), Fault> {
    let (set, blobs) = (home.set(incoming.accepted.plan_id), home.blobs());
    remove_parts(disk, &blobs)?;
    let texts =
        [(BUNDLE, incoming.bundle), (Plan::FILE, incoming.plan_json), (SetIndex::FILE, incoming.set_json)];
    let is_there = |path: &Path, size: u64| {
        disk.stat(path).map(|stat| stat.is_some_and(|stat| stat.kind == Kind::File && stat.size == size))
    };
    let mut needed = 0;
    for (name, bytes) in texts {
        let size = bytes.len() as u64;
        needed += if is_there(&set.join(name), size)? { 0 } else { size };
    }
    for blob in incoming.blobs {
        needed += if is_there(&home.blob(blob.sha256), blob.size)? { 0 } else { blob.size };
    }
    let is_all_there = needed == 0;
    let (needed, free) = (needed + Home::RESERVE + MARGIN, disk.free(home.path())?);
    if free < needed && !is_all_there {
        let why = format!("{needed} bytes are needed, and {free} are free; make room");
        return Err(DiskError::said("stage the set in", home.path(), why).into());
    }
    ensure_dir(disk, &set, 0o700)?;
    for (name, bytes) in texts {
        let (path, size) = (set.join(name), bytes.len() as u64);
        // one that can't be read any more is written anew beside it
        if is_there(&path, size)? && read_all(disk, &path, size).is_ok_and(|stored| stored == bytes) {
            // an earlier try may have ended between its rename and its flush
            disk.sync_file(&path)?;
            disk.sync_dir(&set)?;
        } else {
            put_file(disk, &path, 0o600, bytes)?;
        }
    }
    ensure_dir(disk, &blobs, 0o700)?;
    for blob in incoming.blobs {
        stage_blob(disk, home, blob, incoming.open_blob, machine)?;
    }
    Ok(())
}

/// What a try that was killed left of blobs: it may be all that is in the way of the next.
fn remove_parts(disk: &dyn Disk, blobs: &Path) -> Result<(), DiskError> {
    if disk.stat(blobs)?.is_none() {
        return Ok(());
    }
    let is_part = |name: &OsString| Path::new(name).extension().is_some_and(|extension| extension == PART);
    disk.list(blobs)?.iter().filter(|name| is_part(name)).try_for_each(|name| disk.unlink(&blobs.join(name)))
}

const BUNDLE: &str = "bundle.tar.zst";
/// What a blob's name ends with until it is whole.
const PART: &str = "new";
/// Left free beside what the set needs.
const MARGIN: u64 = 1 << 20;

fn unwritable(error: JournalError) -> Fault {
    match error {
        JournalError::Disk(error) => Fault::Disk(error),
        other => Fault::said(other.to_string()),
    }
}

/// What the set before left, and this one has no use for.
fn remove_others(disk: &dyn Disk, home: &Home, incoming: &Incoming<'_>) -> Result<(), DiskError> {
    let plan_id = incoming.accepted.plan_id.to_string();
    for name in disk.list(&home.sets())? {
        if name.to_str() != Some(&plan_id) {
            remove_tree(disk, &home.sets().join(name))?;
        }
    }
    for name in disk.list(&home.blobs())? {
        if !incoming.blobs.iter().any(|blob| name.to_str() == Some(&blob.sha256.to_string())) {
            disk.unlink(&home.blobs().join(name))?;
        }
    }
    Ok(())
}

/// Writes through to a file what is read from it.
struct Tee<'a> {
    from: Box<dyn Read>,
    disk: &'a dyn Disk,
    to: &'a Path,
    offset: u64,
    limit: u64,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        if self.offset + count as u64 > self.limit {
            return Err(io::Error::other("it is longer than the manifest says"));
        }
        if !read.is_empty() {
            self.disk.write_at(self.to, self.offset, read).map_err(io::Error::other)?;
        }
        self.offset += count as u64;
        Ok(count)
    }
}

/// Asks for a signal before each buffer, and tells how far it has come.
struct Watched<'a> {
    from: Box<dyn Read + 'a>,
    machine: &'a dyn Machine,
    interrupt: Option<Interrupt>,
    blob: &'a Blob,
    read: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupt = self.machine.interrupt();
        match self.interrupt {
            Some(interrupt) => Err(io::Error::other(interrupt.to_string())),
            None => {
                let count = self.from.read(buffer)?;
                self.read += count as u64;
                self.machine.passed(self.blob.name.as_str(), self.read, self.blob.size);
                Ok(count)
            }
        }
    }
}

fn stage_blob(
    disk: &dyn Disk,
    home: &Home,
    blob: &Blob,
    open: &dyn Fn(&Blob) -> io::Result<Box<dyn Read>>,
    machine: &dyn Machine,
) -> Result<(), Fault> {
    let path = home.blob(blob.sha256);
    let wrong = |why: String| Fault::said(format!("copy the blob {} from the set: {why}", blob.name));
    let matches = |reader: Box<dyn Read + '_>| {
        let mut watched = Watched { from: reader, machine, interrupt: None, blob, read: 0 };
        let found = Sha256::of_reader(&mut watched);
        match (found, watched.interrupt) {
            (_, Some(interrupt)) => Err(Fault::Interrupted(interrupt)),
            (Ok(found), None) => Ok(found == (blob.sha256, blob.size)),
            (Err(error), None) => Err(wrong(error.to_string())),
        }
    };
    let is_stored = match disk.stat(&path)? {
        Some(_) => match matches(Box::new(FileReader::new(disk, path.clone()))) {
            Err(fault @ Fault::Interrupted(_)) => return Err(fault),
            stored => stored.unwrap_or(false),
        },
        None => false,
    };
    if is_stored {
        // an earlier try may have ended between its rename and its flush
        disk.sync_file(&path)?;
        return Ok(disk.sync_dir(&home.blobs())?);
    }
    let beside = path.with_added_extension(PART);
    remove_file(disk, &beside)?;
    disk.create(&beside)?;
    let from = open(blob).map_err(|error| wrong(error.to_string()))?;
    match matches(Box::new(Tee { from, disk, to: &beside, offset: 0, limit: blob.size })) {
        Ok(true) => {}
        Ok(false) => {
            disk.unlink(&beside)?;
            return Err(wrong(
                "it is not what the manifest says; copy the set again, and verify it".to_owned(),
            ));
        }
        Err(fault) => {
            // the first cause counts
            let _ = disk.unlink(&beside);
            return Err(fault);
        }
    }
    disk.sync_file(&beside)?;
    disk.rename(&beside, &path)?;
    Ok(disk.sync_dir(&home.blobs())?)
}

/// Reads a file through the seam.
struct FileReader<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    offset: u64,
}

impl<'a> FileReader<'a> {
    fn new(disk: &'a dyn Disk, path: PathBuf) -> Self {
        Self { disk, path, offset: 0 }
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.disk.read_at(&self.path, self.offset, buffer).map_err(io::Error::other)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The set that a node works with, read from the state directory.
pub struct Loaded<'a> {
    disk: &'a dyn Disk,
    home: &'a Home,
    bundle: Bundle,
    /// The site's plan; none where the bundle lies on the medium.
    site: Option<Plan>,
    /// The set that the bundle lies in, where its blobs are not in the state directory yet.
    medium: Option<OpenBlob>,
}

/// Reads the set that a node works with. None when it works with none, or needs nothing of it any more.
///
/// # Errors
/// It is not there, or not what the journal says.
pub fn load<'a>(disk: &'a dyn Disk, home: &'a Home, state: &State) -> Result<Option<Loaded<'a>>, Fault> {
    let Some(set) = &state.set else { return Ok(None) };
    if !is_of_use(state.at) {
        return Ok(None);
    }
    let path = home.set(set.plan_id).join(BUNDLE);
    let bytes = read_all(disk, &path, Limits::FORMAT_1.bundle)?;
    if Sha256::of(&bytes) != set.bundle {
        return Err(Fault::said(format!("read {}: it is not what the journal says", path.display())));
    }
    let bundle = archive::read(&bytes, &Limits::FORMAT_1)
        .map_err(|problems| Fault::said(format!("read {}: {problems}", path.display())))?;
    let plan_json = home.set(set.plan_id).join(Plan::FILE);
    let bytes = read_all(disk, &plan_json, Limits::FORMAT_1.document)?;
    let site = match Plan::parse(&bytes) {
        Ok((site, id)) if id == set.plan_id => site,
        _ => {
            return Err(Fault::said(format!(
                "read {}: it is not what the journal says",
                plan_json.display()
            )));
        }
    };
    Ok(Some(Loaded { disk, home, bundle, site: Some(site), medium: None }))
}

/// Opens a blob of a set on its medium, be it in one piece or in chunks.
pub type OpenBlob = Box<dyn Fn(Sha256) -> io::Result<Box<dyn Read>>>;

impl<'a> Loaded<'a> {
    /// A verified bundle where it lies in its set, for verbs that write nothing.
    #[must_use]
    pub const fn on_medium(disk: &'a dyn Disk, home: &'a Home, bundle: Bundle, medium: OpenBlob) -> Self {
        Self { disk, home, bundle, site: None, medium: Some(medium) }
    }

    /// The node's plan.
    #[must_use]
    pub const fn plan(&self) -> &NodePlan {
        &self.bundle.manifest().plan
    }

    /// What the engine reads of it; none where the bundle lies on the medium.
    #[must_use]
    pub fn papers(&self) -> Option<Papers<'_>> {
        let codes = CodeHashes::FILE.parse().ok().and_then(|entry| self.bundle.content(&entry));
        Some(Papers { plan: self.plan(), site: self.site.as_ref()?, codes })
    }

    /// A document with these secrets in their slots, and no other slot.
    fn filled(&self, entry: &EntryName, secrets: &[SecretName]) -> Result<Secret, Fault> {
        let failed = |why: &dyn std::fmt::Display| Fault::said(format!("fill {entry} with secrets: {why}"));
        let bytes = self.bundle.content(entry).ok_or_else(|| failed(&"it is not in the bundle"))?;
        let document = std::str::from_utf8(bytes).map_err(|error| failed(&error))?;
        let values: BTreeMap<&SecretName, Secret> =
            secrets.iter().map(|name| Ok((name, self.secret(name)?))).collect::<Result<_, Fault>>()?;
        let value = |name: &SecretName| std::str::from_utf8(values.get(name)?.expose()).ok();
        let filled = sealed::fill(document, value).map_err(|error| failed(&error))?;
        Ok(Secret::new(filled.into_bytes()))
    }
}

/// The contents of a bundle, with blobs in the state directory.
impl Contents for Loaded<'_> {
    fn open<'a>(&'a self, content: &Content) -> Result<Box<dyn Read + 'a>, Fault> {
        match content {
            Content::File { entry, .. } => {
                let bytes = self.bundle.content(entry);
                Ok(Box::new(bytes.ok_or_else(|| Fault::said(format!("find {entry} in the bundle")))?))
            }
            Content::Blob { sha256, .. } => match &self.medium {
                Some(open) => {
                    open(*sha256).map_err(|error| Fault::said(format!("read the blob {sha256}: {error}")))
                }
                None => Ok(Box::new(FileReader::new(self.disk, self.home.blob(*sha256)))),
            },
            Content::Secret(name) => Ok(Box::new(io::Cursor::new(self.secret(name)?))),
            Content::Document { entry, secrets, .. } => {
                let filled = self.filled(entry, secrets)?;
                Ok(Box::new(io::Cursor::new(filled)))
            }
        }
    }

    fn size(&self, content: &Content) -> Result<u64, Fault> {
        let manifest = self.bundle.manifest();
        Ok(match content {
            Content::File { entry, .. } => self.bundle.content(entry).map_or(0, <[u8]>::len) as u64,
            // a secret is a scalar, a key or a certificate
            Content::Document { entry, secrets, .. } => {
                self.bundle.content(entry).map_or(0, <[u8]>::len) as u64 + secrets.len() as u64 * (64 << 10)
            }
            Content::Secret(_) => 64 << 10,
            Content::Blob { sha256, .. } => {
                manifest.blobs.iter().find(|blob| blob.sha256 == *sha256).map_or(0, |blob| blob.size)
            }
        })
    }

    fn script(&self, file: &ScriptFile) -> Result<&[u8], Fault> {
        self.bundle
            .content(&file.entry)
            .ok_or_else(|| Fault::said(format!("find {} in the bundle", file.entry)))
    }

    fn secret(&self, name: &SecretName) -> Result<Secret, Fault> {
        open_listed(self.disk, &self.bundle, name)
    }
}
