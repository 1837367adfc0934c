//! The whole of it: look, refuse or write, read back, repeat what is wrong, finish with `set.json`.

use super::leftover;
use super::medium::Medium;
use super::transfer::{CopyError, Found, Member, check, copy, place, sync};
use crate::diag::codes::output as code;
use airlift_bundle::digest::Sha256;
use airlift_bundle::files::read_limited;
use airlift_bundle::limits::Limits;
use airlift_bundle::set::{SetIndex, SignedSet};
use airlift_bundle::trust::TrustFile;
use airlift_bundle::value::PlanId;
use airlift_bundle::{Error, Problems};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file that is still wrong after so many writes lies on a medium that can't be trusted.
const ATTEMPTS: usize = 3;

/// How to carry.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whose signature the set must have; without it signatures are carried along unchecked.
    pub trust: Option<&'a TrustFile>,
    /// Put the set in the place of another one.
    pub replace: bool,
}

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// It is known how much there is to do: bytes to write and to read back, together.
    Planned(u64),
    /// So many bytes more are done.
    Moved(u64),
    /// A file was written and flushed.
    Written(&'a str),
    /// A file did not read back as it was written, and is written again.
    Again(&'a str),
}

/// A set that lies on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its plan id.
    pub plan_id: PlanId,
    /// Files written in this run.
    pub written: Vec<String>,
    /// How many were right already.
    pub kept: usize,
    /// Size of the whole set in bytes.
    pub bytes: u64,
    /// Files whose bytes may have come from memory when they were read back, because the file system has no direct reads.
    pub unsure: usize,
    /// Whether the author's signature was checked.
    pub signature_checked: bool,
}

/// Why a set was not carried. The target then holds no `set.json`, or the one that it held before.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// The source is not a good set.
    #[error("the source can't be carried: {0}")]
    Source(Problems),
    /// The target is not a directory, and can't become one.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The directory above the target is not there.
    #[error("{} is not there", .0.display())]
    NoParent(PathBuf),
    /// Source and target are one, or lie in each other.
    #[error("{} lies in the set itself, or the set in it", .0.display())]
    Inside(PathBuf),
    /// The target holds another set.
    #[error("{} holds another set, of plan {plan_id}", .path.display())]
    OtherSet {
        /// The target.
        path: PathBuf,
        /// The plan of what lies there.
        plan_id: String,
    },
    /// The target holds a part of another set, as an interrupted carry leaves it.
    #[error("{} holds what is left of another set: {}", .path.display(), some(.files))]
    Leftover {
        /// The target.
        path: PathBuf,
        /// Paths of what is left.
        files: Vec<String>,
    },
    /// The target holds files that are no set's.
    #[error("{} holds files that are of no set: {}", .path.display(), some(.files))]
    Foreign {
        /// The target.
        path: PathBuf,
        /// Their paths.
        files: Vec<String>,
    },
    /// The medium takes no writes.
    #[error("the medium of {} is mounted read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The medium can't hold these files.
    #[error("the file system of {} can't hold the set: {}", .path.display(), some(.reasons))]
    FileSystem {
        /// The target.
        path: PathBuf,
        /// Why.
        reasons: Vec<String>,
    },
    /// Too little room.
    #[error("{} has room for {free} bytes, and {needed} are needed", .path.display())]
    Room {
        /// The target.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The target can't be written.
    #[error("can't write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The medium gives back other bytes than it was given.
    #[error("written {ATTEMPTS} times, and still read back wrong: {}", some(.0))]
    Medium(Vec<String>),
}

/// The first few, and how many more.
fn some(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(10));
    match rest.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

impl CarryError {
    /// The stable code of this kind of refusal; those of a bad source are its problems' own.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => code::CARRY_SOURCE.id,
            Self::NotADirectory(_) | Self::NoParent(_) | Self::Inside(_) => code::CARRY_TARGET.id,
            Self::OtherSet { .. } | Self::Leftover { .. } | Self::Foreign { .. } => code::CARRY_OCCUPIED.id,
            Self::ReadOnly(_) | Self::FileSystem { .. } => code::CARRY_FILE_SYSTEM.id,
            Self::Room { .. } => code::CARRY_ROOM.id,
            Self::Write { .. } => code::CARRY_WRITE.id,
            Self::Medium(_) => code::CARRY_MEDIUM.id,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Source(_) => {
                "`airlift verify` names all that is wrong with a set; carry it from where it was made"
            }
            Self::NotADirectory(_) => "name a directory on the medium; it is made where it is missing",
            Self::NoParent(_) => "look whether the medium is mounted, or make the directory",
            Self::Inside(_) => "name a directory on the medium",
            Self::OtherSet { .. } => "take another directory, or --force to put this set in its place",
            Self::Leftover { .. } => {
                "take another directory, or --force to remove these files and carry the set there"
            }
            Self::Foreign { .. } => {
                "take another directory, for example TARGET/set: a set with more files in it is refused on the nodes"
            }
            Self::ReadOnly(_) => "unlock the medium, or mount it with `mount -o remount,rw`",
            Self::FileSystem { .. } => {
                "use a medium with exFAT or ext4, or compile with a smaller --chunk-size"
            }
            Self::Room { .. } => "use a larger medium, or free some room on this one; nothing was written",
            Self::Write { .. } => "look at the medium; the same command goes on where this one stopped",
            Self::Medium(_) => "do not use this medium",
        }
    }
}

/// Carries the set in `root` to the directory `target`, which is made if it isn't there.
///
/// # Errors
/// See [`CarryError`].
pub fn carry(
    root: &Path,
    target: &Path,
    options: &Options<'_>,
    each: &mut dyn FnMut(Event<'_>),
) -> Result<Carried, CarryError> {
    let source = Source::open(root, options.trust).map_err(CarryError::Source)?;
    let (medium, spare) = look(root, target, &source, options.replace)?;
    make(target)?;

    // What is right already stays; it is read back like everything else.
    let total = |members: &[Member]| members.iter().map(|member| member.size).sum::<u64>();
    each(Event::Planned(2 * total(&source.members)));
    let mut done = Done::default();
    let mut todo: Vec<&Member> = Vec::new();
    for member in &source.members {
        match check(member, &target.join(&member.path), &mut |bytes| each(Event::Moved(bytes))) {
            Found::Right { direct } => {
                done.kept += 1;
                done.unsure += usize::from(!direct);
            }
            Found::Wrong => todo.push(member),
        }
    }
    let whole = read_small(target, SetIndex::FILE).is_ok_and(|json| json == source.json);
    let needed: u64 = todo.iter().map(|member| medium.takes(member.size)).sum();
    let removed = todo.iter().map(|member| &member.path).chain(&spare);
    let reclaimed: u64 = removed.map(|path| size_of(&target.join(path))).sum();
    if let Some(free) = medium.free().map(|free| free.saturating_add(reclaimed))
        && needed > free
    {
        return Err(CarryError::Room { path: target.to_owned(), needed, free });
    }
    if !whole || !todo.is_empty() || !spare.is_empty() {
        // From here to the end this is no set.
        withdraw(target, &source, &spare)?;
    }
    write_all(root, target, todo, &mut done, each)?;

    // The small files that make it a set: each appears whole, set.json last.
    for (name, bytes) in source.finals() {
        let path = target.join(name);
        if !read_small(target, name).is_ok_and(|there| there == bytes) {
            place(bytes, &path).map_err(|source| CarryError::Write { path: path.clone(), source })?;
            sync(target).map_err(|source| CarryError::Write { path: target.to_owned(), source })?;
            done.written.push(name.to_owned());
        } else {
            done.kept += 1;
        }
        let member = Member { path: name.to_owned(), size: bytes.len() as u64, sha256: Sha256::of(bytes) };
        match check(&member, &path, &mut |_| ()) {
            Found::Right { direct } => done.unsure += usize::from(!direct),
            Found::Wrong => return Err(CarryError::Medium(vec![name.to_owned()])),
        }
    }
    Ok(Carried {
        plan_id: source.index.plan_id,
        written: done.written,
        kept: done.kept,
        bytes: total(&source.members),
        unsure: done.unsure,
        signature_checked: options.trust.is_some(),
    })
}

#[derive(Default)]
struct Done {
    written: Vec<String>,
    kept: usize,
    unsure: usize,
}

/// Writes these files, reads them back, and writes again what came back wrong.
fn write_all(
    root: &Path,
    target: &Path,
    mut todo: Vec<&Member>,
    done: &mut Done,
    each: &mut dyn FnMut(Event<'_>),
) -> Result<(), CarryError> {
    for attempt in 1..=ATTEMPTS {
        let mut folders = BTreeSet::from([target.to_owned()]);
        let mut bad_sources = Vec::new();
        for member in &todo {
            let path = target.join(&member.path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)
                    .map_err(|source| CarryError::Write { path: folder.to_owned(), source })?;
                folders.extend(folder.ancestors().take_while(|dir| *dir != target).map(Path::to_owned));
            }
            match copy(member, &root.join(&member.path), &path, &mut |bytes| each(Event::Moved(bytes))) {
                Ok(()) => each(Event::Written(&member.path)),
                Err(CopyError::Source(error)) => bad_sources.push(error),
                Err(CopyError::Target(source)) => return Err(CarryError::Write { path, source }),
            }
        }
        Problems::none(bad_sources).map_err(CarryError::Source)?;
        for folder in folders {
            sync(&folder).map_err(|source| CarryError::Write { path: folder.clone(), source })?;
        }
        let mut wrong = Vec::new();
        for member in todo {
            match check(member, &target.join(&member.path), &mut |bytes| each(Event::Moved(bytes))) {
                Found::Right { direct } => {
                    done.written.push(member.path.clone());
                    done.unsure += usize::from(!direct);
                }
                Found::Wrong => wrong.push(member),
            }
        }
        if attempt == ATTEMPTS && !wrong.is_empty() {
            return Err(CarryError::Medium(wrong.iter().map(|member| member.path.clone()).collect()));
        }
        wrong.iter().for_each(|member| each(Event::Again(&member.path)));
        todo = wrong;
        if todo.is_empty() {
            break;
        }
    }
    Ok(())
}

/// What is to be carried.
struct Source {
    index: SetIndex,
    json: Vec<u8>,
    signature: Vec<u8>,
    sums: Vec<u8>,
    /// All but the three that go last.
    members: Vec<Member>,
    /// Every path that may lie in the target, files of an interrupted run included.
    names: BTreeSet<String>,
}

impl Source {
    fn open(root: &Path, trust: Option<&TrustFile>) -> Result<Self, Problems> {
        if let Some(trust) = trust {
            SignedSet::open(root, trust)?;
        }
        let json = read_limited(&root.join(SetIndex::FILE), Limits::FORMAT_1.document)
            .map_err(|error| missing(error, SetIndex::FILE))?;
        let index = SetIndex::parse(&json)?;
        let mut found = Vec::new();
        let mut small = |path: &str| match read_small(root, path) {
            Ok(bytes) => bytes,
            Err(error) => {
                found.push(error);
                Vec::new()
            }
        };
        let signature = small(SetIndex::SIGNATURE);
        let sums = small(SetIndex::SUMS);
        let bundles = index.files.iter().filter(|file| file.path.bundle_node().is_some());
        let signatures = bundles.map(|file| file.path.signature_path());
        let mut members: Vec<Member> = index
            .files
            .iter()
            .map(|file| Member { path: file.path.to_string(), size: file.size, sha256: file.sha256 })
            .collect();
        for path in signatures.chain(approvals(root)) {
            let bytes = small(&path);
            members.push(Member { path, size: bytes.len() as u64, sha256: Sha256::of(&bytes) });
        }
        if found.is_empty() && sums != index.sha256sums(&json).as_bytes() {
            found.push(Error::Altered { path: SetIndex::SUMS.to_owned(), by: SetIndex::FILE });
        }
        Problems::none(found)?;
        let finals = [SetIndex::SUMS, SetIndex::SIGNATURE, SetIndex::FILE];
        let finals = finals.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.partial")]);
        let names = members.iter().map(|member| member.path.clone()).chain(finals).collect();
        Ok(Self { index, json, signature, sums, members, names })
    }

    fn finals(&self) -> [(&'static str, &[u8]); 3] {
        [(SetIndex::SUMS, &self.sums), (SetIndex::SIGNATURE, &self.signature), (SetIndex::FILE, &self.json)]
    }

    fn has(&self, path: &str) -> bool {
        self.names.contains(path)
    }
}

fn approvals(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root.join(SetIndex::APPROVALS))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".minisig"))
        .map(|name| format!("{}/{name}", SetIndex::APPROVALS))
        .collect();
    names.sort();
    names
}

fn read_small(root: &Path, path: &str) -> Result<Vec<u8>, Error> {
    read_limited(&root.join(path), Limits::FORMAT_1.document).map_err(|error| missing(error, path))
}

fn missing(error: Error, path: &str) -> Error {
    match error {
        Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Error::Missing { path: path.to_owned() }
        }
        other => other,
    }
}

fn size_of(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |about| about.len())
}

/// Looks at the target without touching it: the medium, and what of another set there has to go.
fn look(
    root: &Path,
    target: &Path,
    source: &Source,
    replace: bool,
) -> Result<(Medium, Vec<String>), CarryError> {
    let there = fs::symlink_metadata(target).is_ok();
    if there && !target.is_dir() {
        return Err(CarryError::NotADirectory(target.to_owned()));
    }
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let base = if there { target } else { parent };
    let unreadable = |source| CarryError::Write { path: base.to_owned(), source };
    let real = base.canonicalize().map_err(|_| CarryError::NoParent(base.to_owned()))?;
    if !real.is_dir() {
        return Err(CarryError::NoParent(base.to_owned()));
    }
    let set = root.canonicalize().map_err(unreadable)?;
    if real.starts_with(&set) || (there && set.starts_with(&real)) {
        return Err(CarryError::Inside(target.to_owned()));
    }
    let spare = if there { occupied(target, source, replace)? } else { Vec::new() };
    let medium = Medium::of(base).map_err(unreadable)?;
    if medium.is_read_only() {
        return Err(CarryError::ReadOnly(target.to_owned()));
    }
    let reasons = medium.objections(source.members.iter().map(|member| (member.path.as_str(), member.size)));
    if !reasons.is_empty() {
        return Err(CarryError::FileSystem { path: target.to_owned(), reasons });
    }
    Ok((medium, spare))
}

/// Refuses a target with files of nobody's, and, unless they are to be replaced, one with another set or a part of one. An
/// interrupted run took `set.json` away first, so a part is known by what its files are called.
fn occupied(target: &Path, source: &Source, replace: bool) -> Result<Vec<String>, CarryError> {
    let old = read_small(target, SetIndex::FILE).ok().filter(|json| *json != source.json);
    let old_index = old.as_ref().and_then(|json| SetIndex::parse(json).ok());
    if old.is_some() && !replace {
        let plan_id = old_index.map_or_else(|| "unknown".to_owned(), |index| index.plan_id.to_string());
        return Err(CarryError::OtherSet { path: target.to_owned(), plan_id });
    }
    let of_old = |path: &str| old_index.as_ref().is_some_and(|index| index.file(path).is_some());
    let others = present(target).into_iter().filter(|path| !source.has(path));
    let (spare, foreign): (Vec<String>, Vec<String>) =
        others.partition(|path| of_old(path) || leftover::is_of_a_set(path));
    if !foreign.is_empty() {
        return Err(CarryError::Foreign { path: target.to_owned(), files: foreign });
    }
    if !spare.is_empty() && !replace {
        return Err(CarryError::Leftover { path: target.to_owned(), files: spare });
    }
    Ok(spare)
}

/// Everything below a directory that is not a directory.
fn present(target: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![target.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(below) = path.strip_prefix(target) {
                found.push(below.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn make(target: &Path) -> Result<(), CarryError> {
    match fs::create_dir(target) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(CarryError::Write { path: target.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Takes away what makes the target a set, first `set.json`; then what only another set there had.
fn withdraw(target: &Path, source: &Source, spare: &[String]) -> Result<(), CarryError> {
    let remove = |name: &str| {
        let path = target.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(CarryError::Write { path, source })
            }
            _ => Ok(()),
        }
    };
    for (name, _) in source.finals().iter().rev() {
        remove(name)?;
        remove(&format!("{name}.partial"))?;
    }
    sync(target).map_err(|source| CarryError::Write { path: target.to_owned(), source })?;
    spare.iter().try_for_each(|path| remove(path))
}
