//! A directory of files that appears whole or not at all.
//!
//! Everything is written and flushed beside the target first, with modes that no umask changes; one rename then shows
//! it. An older set under the same name is exchanged in one step and removed afterwards, so at every instant the name
//! holds the whole old set, the whole new one, or nothing.

use airlift_bundle::set::SetIndex;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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

fn at(path: &Path) -> impl FnOnce(io::Error) -> OutputError + '_ {
    move |source| OutputError::Io { path: path.to_owned(), source }
}

/// Writes these files, by their paths in the set, as the directory `out`. `each` is called with the number of bytes of
/// every file that is down.
///
/// # Errors
/// `out` is there and may not be replaced, or the system refused; nothing half written is left.
pub fn write_set(
    out: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    existing: Existing,
    mut each: impl FnMut(usize),
) -> Result<(), OutputError> {
    let there = fs::symlink_metadata(out).is_ok();
    if there && existing == Existing::Keep {
        return Err(OutputError::Exists(out.to_owned()));
    }
    if there && !is_set(out) {
        return Err(OutputError::Foreign(out.to_owned()));
    }
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
    let filled = fill(&partial, files, &mut each).and_then(|()| show(&partial, out, there));
    if filled.is_err() {
        // The first error is the one to report; what is left bears the name of a partial set.
        let _ = remove(&partial);
        return filled;
    }
    sync(parent)?;
    remove(&partial)
}

/// Whether a directory is a set and nothing else: only then may it be replaced.
fn is_set(out: &Path) -> bool {
    let index = fs::read(out.join(SetIndex::FILE)).ok().and_then(|bytes| SetIndex::parse(&bytes).ok());
    let Some(index) = index else { return false };
    let known = |name: &str| {
        name == SetIndex::FILE
            || name == "SHA256SUMS"
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

fn fill(
    root: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    each: &mut impl FnMut(usize),
) -> Result<(), OutputError> {
    directory(root)?;
    let mut made = vec![root.to_owned()];
    for (name, content) in files {
        let path = root.join(name);
        let above: Vec<&Path> = path.ancestors().skip(1).take_while(|p| *p != root).collect();
        for dir in above.into_iter().rev() {
            if !dir.is_dir() {
                directory(dir)?;
                made.push(dir.to_owned());
            }
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(FILE).open(&path).map_err(at(&path))?;
        file.write_all(content).map_err(at(&path))?;
        file.set_permissions(Permissions::from_mode(FILE)).map_err(at(&path))?;
        file.sync_all().map_err(at(&path))?;
        each(content.len());
    }
    made.iter().try_for_each(|dir| sync(dir))
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

    fn files(text: &str) -> BTreeMap<String, Vec<u8>> {
        let listed = SetFile::of("nodes/a/b".parse().unwrap(), text.as_bytes());
        let plan = SetFile::of("plan.json".parse().unwrap(), b"plan");
        let index = SetIndex::new(PlanId::of(b"plan"), vec![listed, plan]).unwrap().to_json().unwrap();
        let files =
            [("set.json", index), ("nodes/a/b", text.as_bytes().to_vec()), ("plan.json", b"plan".to_vec())];
        files.map(|(name, bytes)| (name.to_owned(), bytes)).into()
    }

    #[test]
    fn a_set_appears_whole_and_an_older_one_goes_only_when_told() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        write_set(&out, &files("1"), Existing::Keep, |_| ()).unwrap();
        assert!(matches!(write_set(&out, &files("2"), Existing::Keep, |_| ()), Err(OutputError::Exists(_))));
        assert_eq!(fs::read(out.join("nodes/a/b")).unwrap(), b"1");
        write_set(&out, &files("2"), Existing::Replace, |_| ()).unwrap();
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
        assert!(matches!(
            write_set(&out, &files("1"), Existing::Replace, |_| ()),
            Err(OutputError::Foreign(_))
        ));
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        fs::remove_dir(&out).unwrap();
        write_set(&out, &files("1"), Existing::Keep, |_| ()).unwrap();
        fs::copy(out.join("set.json"), out.join("thesis.doc")).unwrap();
        assert!(matches!(
            write_set(&out, &files("2"), Existing::Replace, |_| ()),
            Err(OutputError::Foreign(_))
        ));
        let below = dir.path().join("not/there");
        assert!(matches!(
            write_set(&below, &files("1"), Existing::Keep, |_| ()),
            Err(OutputError::Parent(_))
        ));
    }

    #[test]
    fn a_name_that_can_not_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let mut bad = files("1");
        bad.insert("set.json/below".into(), Vec::new());
        assert!(write_set(&out, &bad, Existing::Keep, |_| ()).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
