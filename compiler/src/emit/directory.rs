//! A directory of files that appears whole or not at all.
//!
//! Everything is written beside the target first, with modes that no umask changes, and flushed to the disk; one
//! rename then shows it. An older set under the same name is exchanged in one step and removed afterwards, so at every
//! instant the name holds the whole old set, the whole new one, or nothing. Files are taken one by one, from several
//! threads if need be, so that a set never has to fit into memory.

use airlift_bundle::set::SetIndex;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Mode of every directory of a set.
const DIRECTORY: u32 = 0o755;
/// Mode of every file of a set; a stick keeps none, and the bundles carry their own.
const FILE: u32 = 0o644;

/// What to do about a set that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Why a set could not be written. The target is then what it was before.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Something with that name is there.
    #[error("{} is there already; take another name, or --force to replace it", .0.display())]
    Exists(PathBuf),
    /// What is there is no set, or holds more than one, so it is not replaced.
    #[error("{} is there and holds more than a set of Airlift; it was not touched", .0.display())]
    Foreign(PathBuf),
    /// The directory above is not there: perhaps a misspelt path, or a stick that is not mounted.
    #[error("{} is no directory; make it first, or look whether the medium is mounted", .0.display())]
    Parent(PathBuf),
    /// The system refused.
    #[error("can't write {}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> OutputError + '_ {
    move |source| OutputError::Io { path: path.to_owned(), source }
}

/// A set on its way to the disk. Until [`SetWriter::show`] nothing is to be seen of it but a hidden directory beside
/// the target, which goes when this is dropped.
#[derive(Debug)]
pub struct SetWriter {
    out: PathBuf,
    partial: PathBuf,
    existing: Existing,
    folders: Mutex<BTreeSet<PathBuf>>,
}

impl SetWriter {
    /// Begins a set that shall become the directory `out`.
    ///
    /// # Errors
    /// `out` names no place for a directory, or the system refused.
    pub fn begin(out: &Path, existing: Existing) -> Result<Self, OutputError> {
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let name = out.file_name().ok_or_else(|| OutputError::Foreign(out.to_owned()))?;
        if !parent.is_dir() {
            return Err(OutputError::Parent(parent.to_owned()));
        }
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name);
        partial.push(".partial");
        let partial = parent.join(partial);
        // What an interrupted run left; it was never a set.
        remove(&partial)?;
        directory(&partial)?;
        let folders = Mutex::new(BTreeSet::from([partial.clone()]));
        Ok(Self { out: out.to_owned(), partial, existing, folders })
    }

    /// Whether `out` may be taken; asked before any work is done for it, and again at the end.
    ///
    /// # Errors
    /// Something is there that may not be replaced.
    pub fn may_take(out: &Path, existing: Existing) -> Result<(), OutputError> {
        match fs::symlink_metadata(out).is_ok() {
            true if existing == Existing::Keep => Err(OutputError::Exists(out.to_owned())),
            true if !is_set(out) => Err(OutputError::Foreign(out.to_owned())),
            _ => Ok(()),
        }
    }

    /// Takes one file, by its path in the set.
    ///
    /// # Errors
    /// The path is taken, or the system refused.
    pub fn file(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let (path, mut file) = self.create(name)?;
        file.write_all(content).map_err(at(&path))
    }

    /// Takes one file that `write` writes in pieces.
    ///
    /// # Errors
    /// The path is taken, or the system refused.
    pub fn file_by(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let (path, file) = self.create(name)?;
        let mut file = BufWriter::with_capacity(1 << 16, file);
        write(&mut file).and_then(|()| file.flush()).map_err(at(&path))
    }

    /// A new empty file at this path in the set, with the folders above it.
    pub(super) fn create(&self, name: &str) -> Result<(PathBuf, File), OutputError> {
        let path = self.partial.join(name);
        self.folders_above(&path)?;
        let made =
            OpenOptions::new().read(true).write(true).create_new(true).mode(FILE).open(&path).and_then(
                |file| {
                    file.set_permissions(Permissions::from_mode(FILE))?;
                    Ok(file)
                },
            );
        made.map_err(at(&path)).map(|file| (path, file))
    }

    /// Gives a file of the set its final path there.
    pub(super) fn rename(&self, from: &Path, name: &str) -> Result<(), OutputError> {
        let path = self.partial.join(name);
        self.folders_above(&path)?;
        fs::rename(from, &path).map_err(at(&path))
    }

    /// Where a path of the set lies now.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    fn folders_above(&self, path: &Path) -> Result<(), OutputError> {
        // The lock is held while folders are made, so whoever finds one in the list finds it on the disk.
        let mut made = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let above: Vec<&Path> = path.ancestors().skip(1).take_while(|dir| !made.contains(*dir)).collect();
        for dir in above.into_iter().rev() {
            directory(dir)?;
            made.insert(dir.to_owned());
        }
        Ok(())
    }

    /// Flushes everything and lets the set appear under its name.
    ///
    /// # Errors
    /// `out` is there and may not be replaced, or the system refused; nothing half written is left.
    pub fn show(self) -> Result<(), OutputError> {
        Self::may_take(&self.out, self.existing)?;
        let there = fs::symlink_metadata(&self.out).is_ok();
        // One flush for all: a set can have tens of thousands of files.
        let root = File::open(&self.partial).map_err(at(&self.partial))?;
        nix::unistd::syncfs(&root)
            .map_err(|e| OutputError::Io { path: self.partial.clone(), source: e.into() })?;
        show(&self.partial, &self.out, there)?;
        match self.partial.parent() {
            Some(parent) => sync(parent),
            None => Ok(()),
        }
    }
}

impl Drop for SetWriter {
    fn drop(&mut self) {
        // An older set that was exchanged, or what is left of a failure. The name says that it is no set.
        let _ = remove(&self.partial);
    }
}

/// Whether a directory is a set and nothing else: only then may it be replaced.
fn is_set(out: &Path) -> bool {
    let index = fs::read(out.join(SetIndex::FILE)).ok().and_then(|bytes| SetIndex::parse(&bytes).ok());
    let Some(index) = index else { return false };
    let known = |name: &str| {
        name == SetIndex::FILE
            || name == SetIndex::SUMS
            || name.ends_with(".minisig")
            || index.file(name).is_some()
    };
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { return false };
        for entry in entries {
            let Ok(path) = entry.map(|e| e.path()) else { return false };
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if !path.strip_prefix(out).ok().and_then(Path::to_str).is_some_and(known) {
                return false;
            }
        }
    }
    true
}

fn directory(path: &Path) -> Result<(), OutputError> {
    DirBuilder::new().mode(DIRECTORY).create(path).map_err(at(path))?;
    fs::set_permissions(path, Permissions::from_mode(DIRECTORY)).map_err(at(path))
}

fn show(partial: &Path, out: &Path, there: bool) -> Result<(), OutputError> {
    let flags = if there { RenameFlags::RENAME_EXCHANGE } else { RenameFlags::RENAME_NOREPLACE };
    match renameat2(AT_FDCWD, partial, AT_FDCWD, out, flags) {
        Ok(()) => Ok(()),
        // A file system without these flags (FAT among them): an empty name is taken by a plain rename, a set that
        // is there has to go first.
        Err(nix::errno::Errno::EINVAL | nix::errno::Errno::ENOSYS) => {
            if there {
                remove(out)?;
            }
            fs::rename(partial, out).map_err(at(out))
        }
        Err(e) => Err(OutputError::Io { path: out.to_owned(), source: e.into() }),
    }
}

fn remove(path: &Path) -> Result<(), OutputError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(OutputError::Io { path: path.to_owned(), source: e })
        }
        _ => Ok(()),
    }
}

fn sync(dir: &Path) -> Result<(), OutputError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(at(dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use airlift_bundle::set::SetFile;
    use airlift_bundle::value::PlanId;

    fn write(out: &Path, text: &str, existing: Existing) -> Result<(), OutputError> {
        let listed = SetFile::of("nodes/a/b".parse().unwrap(), text.as_bytes());
        let plan = SetFile::of("plan.json".parse().unwrap(), b"plan");
        let index = SetIndex::new(PlanId::of(b"plan"), vec![listed, plan]).unwrap().to_json().unwrap();
        let writer = SetWriter::begin(out, existing)?;
        writer.file("nodes/a/b", text.as_bytes())?;
        writer.file("plan.json", b"plan")?;
        writer.file("set.json", &index)?;
        writer.show()
    }

    #[test]
    fn a_set_appears_whole_and_an_older_one_goes_only_when_told() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        write(&out, "1", Existing::Keep).unwrap();
        assert!(matches!(write(&out, "2", Existing::Keep), Err(OutputError::Exists(_))));
        assert_eq!(fs::read(out.join("nodes/a/b")).unwrap(), b"1");
        write(&out, "2", Existing::Replace).unwrap();
        assert_eq!(fs::read(out.join("nodes/a/b")).unwrap(), b"2");
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        let mode = fs::metadata(out.join("nodes")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, DIRECTORY);
    }

    #[test]
    fn what_is_no_set_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("home");
        fs::create_dir(&out).unwrap();
        assert!(matches!(write(&out, "1", Existing::Replace), Err(OutputError::Foreign(_))));
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        fs::remove_dir(&out).unwrap();
        write(&out, "1", Existing::Keep).unwrap();
        fs::copy(out.join("set.json"), out.join("thesis.doc")).unwrap();
        assert!(matches!(write(&out, "2", Existing::Replace), Err(OutputError::Foreign(_))));
        let below = dir.path().join("not/there");
        assert!(matches!(write(&below, "1", Existing::Keep), Err(OutputError::Parent(_))));
    }

    #[test]
    fn a_set_that_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let writer = SetWriter::begin(&dir.path().join("out"), Existing::Keep).unwrap();
        writer.file("set.json", b"").unwrap();
        assert!(writer.file("set.json/below", b"").is_err());
        assert!(writer.file("set.json", b"again").is_err());
        drop(writer);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
