//! What whoever logs in reads while something is pending: `/etc/motd.d/airlift`.
//!
//! A file in that folder is text and no more. `pam_motd` shows it at every login over SSH and at the console, on every
//! system that MKE 3 runs on but SLES 15 before SP4, whose PAM reads `/etc/motd` alone; a script in `/etc/profile.d`
//! would reach those too, but would have root's shell run words that come from a set and from failures. `/run/motd.d`
//! would be gone after the boot, when it matters most.
//!
//! The engine puts it there with the first record of a run, and takes it away, with the folder if that is its own, before
//! it says that the node is back or committed. Nobody's work hangs on it: what stands in its way is passed over.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::home::Home;
use crate::disk::{Disk, DiskError, Kind, Owner, put_file, read_all, remove_file};

const DIR: &str = "/etc/motd.d";
const FILE: &str = "/etc/motd.d/airlift";
/// As long as a run goes on, and after one that was killed.
pub(super) const UNDER_WAY: &str = "Airlift is at work on this node, or was interrupted.\n\
     To see where it stands and what to type: airlift-node status\n";

/// A state directory elsewhere says nothing about the machine.
fn is_of_node(home: &Home) -> bool {
    home.path() == Path::new(Home::PATH)
}

/// Says that the folder is ours to remove.
fn marker(home: &Home) -> PathBuf {
    home.path().join("made-motd.d")
}

/// Has logins show `text`; writes nothing where they do already.
pub(super) fn post(disk: &dyn Disk, home: &Home, text: &str) {
    // a node whose /etc can't be written has other worries
    let _ = try_post(disk, home, text);
}

fn try_post(disk: &dyn Disk, home: &Home, text: &str) -> Result<(), DiskError> {
    let (dir, file) = (Path::new(DIR), Path::new(FILE));
    if !is_of_node(home) {
        return Ok(());
    }
    match disk.stat(dir)? {
        // made just before a crash, perhaps, and not for everybody yet
        Some(stat) if stat.kind == Kind::Dir && stat.mode == 0o700 && disk.stat(&marker(home))?.is_some() => {
            open_dir(disk, dir)?;
        }
        Some(stat) if stat.kind == Kind::Dir => {}
        Some(_) => return Ok(()),
        None => make_dir(disk, home, dir)?,
    }
    match disk.stat(file)? {
        Some(stat) if stat.kind == Kind::File && read_all(disk, file, 4096)? == text.as_bytes() => Ok(()),
        _ => put_file(disk, file, 0o644, text.as_bytes()),
    }
}

fn make_dir(disk: &dyn Disk, home: &Home, dir: &Path) -> Result<(), DiskError> {
    let marker = marker(home);
    if disk.stat(&marker)?.is_none() {
        disk.create(&marker)?;
    }
    disk.sync_file(&marker)?;
    disk.sync_dir(home.path())?;
    disk.make_dir(dir)?;
    open_dir(disk, dir)
}

fn open_dir(disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
    disk.set_owner(dir, Owner::ROOT)?;
    disk.set_mode(dir, 0o755)?;
    disk.sync_dir(dir)?;
    disk.sync_dir(dir.parent().unwrap_or(dir))
}

/// Takes the text away, and the folder if it was made for it and holds nothing else.
pub(super) fn remove(disk: &dyn Disk, home: &Home) -> Result<(), DiskError> {
    let (dir, file, marker) = (Path::new(DIR), Path::new(FILE), marker(home));
    if !is_of_node(home) {
        return Ok(());
    }
    if disk.stat(dir)?.is_some_and(|stat| stat.kind == Kind::Dir) {
        remove_file(disk, &file.with_added_extension("new"))?;
        remove_file(disk, file)?;
        disk.sync_dir(dir)?;
        if disk.stat(&marker)?.is_some() {
            match disk.remove_dir(dir) {
                Err(error) if error.is(Errno::NOTEMPTY) || error.is(Errno::EXIST) => {}
                removed => removed?,
            }
        }
    }
    if disk.stat(&marker)?.is_some() {
        // also when the folder is gone already: a crash may have come before the flush
        disk.sync_dir(dir.parent().unwrap_or(dir))?;
        disk.unlink(&marker)?;
    }
    Ok(())
}
