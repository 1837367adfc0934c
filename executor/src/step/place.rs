//! `place`: a file takes the place of another, or of nothing.
//!
//! At every instant the target holds its old or its new content, whole. What was there gets a second name in the keep
//! dir before anything else happens, so that taking it back gives the very same file: content, owner, mode, attributes,
//! times, and its other names. Refused is a target that is a directory, a pipe or a device.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use airlift_bundle::digest::Hasher;
use airlift_bundle::name::AbsPath;
use airlift_bundle::plan::{Action, Content, SelinuxLabel, Step, StepId};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::step_kinds::{Look, Probe};
use super::workshop::Workshop;
use crate::disk::{
    Disk, DiskError, Kind, Owner, Stat, copy_tree, disinherit, remove_file, remove_tree, resolve_group,
    resolve_user,
};
use crate::journal::{Before, Target};

const CHUNK: usize = 1 << 20;
const LABEL: &str = "security.selinux";

/// A `place` with its owner looked up.
pub(super) struct Place<'a> {
    shop: &'a Workshop<'a>,
    step: &'a StepId,
    target: &'a AbsPath,
    content: &'a Content,
    owner: Owner,
    mode: u32,
    label: Option<&'a SelinuxLabel>,
}

fn directory(target: &AbsPath) -> &Path {
    Path::new(target.ancestors().next().unwrap_or("/"))
}

/// Whether a reboot takes away what lies there.
pub(super) fn is_volatile(target: &AbsPath) -> bool {
    target.as_str().starts_with("/run/")
}

/// The new file on its way, and the old one on its way back.
fn beside(step: &StepId, target: &AbsPath) -> PathBuf {
    directory(target).join(format!(".airlift-{step}"))
}

impl<'a> Place<'a> {
    pub(super) fn of(shop: &'a Workshop<'a>, step: &'a Step) -> Result<Self, Fault> {
        let Action::Place { target, content, owner, group, mode, label } = &step.action else {
            return Err(Fault::said(format!("place {}, which is another kind of step", step.id)));
        };
        let owner = Owner { user: resolve_user(shop.disk, owner)?, group: resolve_group(shop.disk, group)? };
        Ok(Self { shop, step: &step.id, target, content, owner, mode: mode.bits(), label: label.as_ref() })
    }

    fn path(&self) -> &Path {
        Path::new(self.target.as_str())
    }

    pub(super) fn look(&self) -> Result<Look, Fault> {
        if self.probe()? == Probe::InEffect {
            return Ok(Look::InEffect);
        }
        let target = match self.shop.disk.stat(self.path())? {
            None => Target::Absent,
            Some(_) => Target::Kept,
        };
        let mut missing = Vec::new();
        for above in self.target.ancestors() {
            match self.shop.disk.stat(Path::new(above))? {
                None => missing
                    .push(above.parse().map_err(|error| Fault::said(format!("name a directory: {error}")))?),
                Some(stat) if stat.kind == Kind::Dir => break,
                Some(stat) => {
                    let why = format!("{above} is {}", stat.kind.as_str());
                    return Err(DiskError::said("place", self.path(), why).into());
                }
            }
        }
        if missing.is_empty() {
            self.must_be_fresh()?;
        }
        missing.reverse();
        Ok(Look::Ready(Before::Place { target, missing }))
    }

    /// What lies where the old file will be kept is somebody else's: undoing must never take it for the old file.
    fn must_be_fresh(&self) -> Result<(), Fault> {
        let Some((stale, _)) = find_kept(self.shop, self.step, self.target)? else { return Ok(()) };
        let stale = stale.display();
        let why =
            format!("{stale} is there, perhaps of an earlier migration; see what it is and move it away");
        Err(DiskError::said("place", self.path(), why).into())
    }

    pub(super) fn probe(&self) -> Result<Probe, Fault> {
        let disk = self.shop.disk;
        let not = |what: &str| Ok(Probe::NotInEffect(what.to_owned()));
        let stat = match disk.stat(self.path())? {
            None => return not("it is not there"),
            Some(stat) => stat,
        };
        match stat.kind {
            Kind::File => {}
            Kind::Link => return not("it is a symbolic link"),
            other => {
                return Err(
                    DiskError::said("place", self.path(), format!("{} is there", other.as_str())).into()
                );
            }
        }
        if !self.holds_content(&stat)? {
            return not("its content differs");
        }
        if stat.owner != self.owner {
            return not(&format!(
                "it belongs to {}:{}, not {}:{}",
                stat.owner.user, stat.owner.group, self.owner.user, self.owner.group
            ));
        }
        if stat.mode != self.mode {
            return not(&format!("its mode is {:04o}, not {:04o}", stat.mode, self.mode));
        }
        if let Some(label) = self.label {
            let found = disk.xattrs(self.path())?.remove(OsStr::new(LABEL)).unwrap_or_default();
            if found.strip_suffix(b"\0").unwrap_or(&found) != label.as_str().as_bytes() {
                return not("its label differs");
            }
        }
        Ok(Probe::InEffect)
    }

    fn holds_content(&self, stat: &Stat) -> Result<bool, Fault> {
        let mut content = self.shop.contents.open(self.content)?;
        let (mut wanted, mut found) = (self.buffer()?, self.buffer()?);
        let mut offset = 0;
        loop {
            self.shop.go_on()?;
            let count = fill(&mut content, &mut wanted)?;
            if count == 0 {
                return Ok(offset == stat.size);
            }
            let read = self.shop.disk.read_at(self.path(), offset, &mut found)?;
            if read < count || found.get(..count) != wanted.get(..count) {
                return Ok(false);
            }
            offset += count as u64;
            self.shop.machine.passed(self.target.as_str(), offset, stat.size);
        }
    }

    pub(super) fn act(&self, target: Target, missing: &[AbsPath]) -> Result<(), Fault> {
        let disk = self.shop.disk;
        if target == Target::Kept {
            keep_old(self.shop, self.step, self.target)?;
        }
        for dir in missing {
            let dir = Path::new(dir.as_str());
            if disk.stat(dir)?.is_some_and(|stat| stat.kind == Kind::Dir) {
                // somebody else made it since: it is his
                continue;
            }
            disk.make_dir(dir)?;
            disk.set_owner(dir, Owner::ROOT)?;
            disk.set_mode(dir, 0o755)?;
            disk.sync_dir(dir)?;
            disk.sync_dir(dir.parent().unwrap_or(dir))?;
        }
        let beside = beside(self.step, self.target);
        disk.create(&beside)?;
        self.write_content(&beside)?;
        disk.set_owner(&beside, self.owner)?;
        disinherit(disk, &beside)?;
        if let Some(label) = self.label {
            disk.set_xattr(&beside, OsStr::new(LABEL), label.as_str().as_bytes())?;
        }
        disk.set_mode(&beside, self.mode)?;
        disk.sync_file(&beside)?;
        disk.rename(&beside, self.path())?;
        disk.sync_dir(directory(self.target))?;
        Ok(())
    }

    /// Room for the content, or a part of it, which may be a secret. No larger than needed: wiping it costs time.
    fn buffer(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let size = usize::try_from(self.shop.contents.size(self.content)?).unwrap_or(CHUNK);
        Ok(Zeroizing::new(vec![0; size.clamp(1, CHUNK)]))
    }

    fn write_content(&self, beside: &Path) -> Result<(), Fault> {
        let mut content = self.shop.contents.open(self.content)?;
        let mut buffer = self.buffer()?;
        let size = self.shop.contents.size(self.content)?;
        let (mut offset, mut written) = (0, Hasher::new());
        loop {
            self.shop.go_on()?;
            let count = fill(&mut content, &mut buffer)?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
            self.shop.disk.write_at(beside, offset, read)?;
            written.update(read);
            offset += count as u64;
            self.shop.machine.passed(self.target.as_str(), offset, size);
        }
        // a blob was verified when it was taken, which may be long ago
        match self.content {
            Content::Blob { name, sha256 } if written.finish().0 != *sha256 => Err(Fault::said(format!(
                "place {}: the blob {name} in the state directory is not what the manifest says any more; \
                 `airlift-node apply SET` takes it from the set again",
                self.target
            ))),
            _ => Ok(()),
        }
    }
}

/// Reads until `buffer` is full or the reader is at its end.
fn fill(reader: &mut dyn std::io::Read, buffer: &mut [u8]) -> Result<usize, Fault> {
    let mut limited = reader.take(buffer.len() as u64);
    let mut filled = 0;
    loop {
        let rest = buffer.get_mut(filled..).unwrap_or_default();
        match limited.read(rest) {
            Ok(0) => return Ok(filled),
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::said(format!("read the new content: {error}"))),
        }
    }
}

/// Whether a file can't get a second name there, so that a copy is needed.
fn needs_copy(error: &DiskError) -> bool {
    [Errno::XDEV, Errno::PERM, Errno::MLINK, Errno::OPNOTSUPP].iter().any(|errno| error.is(*errno))
}

/// Gives the thing at `from` one more name, or a copy where that can't be. Going back is not interrupted.
fn link_or_copy(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), Fault> {
    match disk.hard_link(from, to) {
        Err(error) if needs_copy(&error) => copy_tree(disk, from, to, &|_| Ok::<_, Fault>(())).map(drop),
        linked => Ok(linked?),
    }
}

/// Where the old file is kept that lies on another file system than the keep dir. No step is called so: its name would
/// have a dot in it.
fn kept_beside(step: &StepId, target: &AbsPath) -> PathBuf {
    directory(target).join(format!(".airlift-{step}.old"))
}

/// Gives the old file a second name, so that taking it back needs no room: in the keep dir, on another file system
/// beside its first. Only where it can't have one is it copied.
fn keep_old(shop: &Workshop<'_>, step: &StepId, target: &AbsPath) -> Result<(), Fault> {
    let (disk, path) = (shop.disk, Path::new(target.as_str()));
    let (in_keep, beside) = (shop.keep.old(step), kept_beside(step, target));
    // what runs with the rights of its owner is not left where anybody can run it
    let may_lie_there = disk.stat(path)?.is_some_and(|stat| stat.mode & 0o6000 == 0);
    let link_beside = || {
        if may_lie_there {
            disk.hard_link(path, &beside)
        } else {
            Err(DiskError::system("link", path, Errno::PERM))
        }
    };
    let kept = match disk.hard_link(path, &in_keep) {
        Err(error) if needs_copy(&error) => match link_beside() {
            Err(error) if needs_copy(&error) => {
                // under another name until it is whole
                let part = shop.keep.part(step);
                copy_tree(disk, path, &part, &|_| shop.go_on())?;
                disk.rename_new(&part, &in_keep)?;
                in_keep
            }
            linked => linked.map(|()| beside)?,
        },
        linked => linked.map(|()| in_keep)?,
    };
    Ok(disk.sync_dir(kept.parent().unwrap_or(&kept))?)
}

/// Where the old file is kept, if it is.
fn find_kept(shop: &Workshop<'_>, step: &StepId, target: &AbsPath) -> Result<Option<(PathBuf, Stat)>, Fault> {
    for path in [shop.keep.old(step), kept_beside(step, target)] {
        if let Some(stat) = shop.disk.stat(&path)? {
            return Ok(Some((path, stat)));
        }
    }
    Ok(None)
}

/// Removes what was kept outside of the keep dir, when nobody goes back any more.
pub(super) fn forget(disk: &dyn Disk, step: &StepId, target: &AbsPath) -> Result<(), Fault> {
    remove_beside(disk, &kept_beside(step, target), target)
}

/// Removes a new file that was on its way and never came to its place.
pub(super) fn clear(disk: &dyn Disk, step: &StepId, path: &AbsPath) -> Result<(), Fault> {
    remove_beside(disk, &beside(step, path), path)
}

/// Flushed also when it was gone: a crash may have come before that.
fn remove_beside(disk: &dyn Disk, beside: &Path, target: &AbsPath) -> Result<(), Fault> {
    remove_file(disk, beside)?;
    Ok(flush_if_there(disk, directory(target))?)
}

/// Takes a place back, from wherever it was stopped. Every part looks whether there is something to do.
pub(super) fn undo(
    shop: &Workshop<'_>,
    planned: &Step,
    path: &AbsPath,
    target: Target,
    missing: &[AbsPath],
) -> Result<(), Fault> {
    let (disk, step) = (shop.disk, &planned.id);
    let beside = beside(step, path);
    remove_tree(disk, &shop.keep.part(step))?;
    remove_file(disk, &beside)?;
    let place = Path::new(path.as_str());
    match target {
        Target::Absent => {
            remove_file(disk, place)?;
            flush_if_there(disk, directory(path))?;
        }
        Target::Kept => put_old_back(shop, planned, path, &beside)?,
    }
    for dir in missing.iter().rev() {
        let dir = Path::new(dir.as_str());
        if disk.stat(dir)?.is_some() {
            match disk.remove_dir(dir) {
                // somebody else has put something there since
                Err(error) if error.is(Errno::NOTEMPTY) || error.is(Errno::EXIST) => break,
                removed => removed?,
            }
        }
        flush_if_there(disk, dir.parent().unwrap_or(dir))?;
    }
    Ok(())
}

/// What is gone already may have gone just before a crash, and not be flushed.
fn flush_if_there(disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
    match disk.stat(dir)? {
        Some(_) => disk.sync_dir(dir),
        None => Ok(()),
    }
}

/// Whether two files say the same to the last attribute. Where the old one could only be copied, a target that was never
/// replaced is known by that.
fn is_alike(disk: &dyn Disk, (a, is): (&Path, &Stat), (b, was): (&Path, &Stat)) -> Result<bool, Fault> {
    let outside = |stat: &Stat| (stat.kind, stat.owner, stat.mode, stat.size, stat.times.change);
    if outside(is) != outside(was) || disk.xattrs(a)? != disk.xattrs(b)? {
        return Ok(false);
    }
    match is.kind {
        Kind::File => {}
        Kind::Link => return Ok(disk.read_link(a)? == disk.read_link(b)?),
        _ => return Ok(false),
    }
    let (mut one, mut other, mut offset) = (vec![0; CHUNK], vec![0; CHUNK], 0);
    loop {
        let (count, same) = (disk.read_at(a, offset, &mut one)?, disk.read_at(b, offset, &mut other)?);
        if count != same || one.get(..count) != other.get(..count) {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
        offset += count as u64;
    }
}

/// Whether what a finished step has to give back is there. Asked before the way back is announced: later it may be gone
/// because it was given back.
pub(super) fn must_be_kept(shop: &Workshop<'_>, step: &StepId, path: &AbsPath) -> Result<(), Fault> {
    if is_volatile(path) || find_kept(shop, step, path)?.is_some() {
        return Ok(());
    }
    let (old, beside) = (shop.keep.old(step), kept_beside(step, path));
    Err(Fault::said(format!(
        "put {path} back: neither {} nor {} is there, which keeps it; put there what was at {path} before",
        old.display(),
        beside.display()
    )))
}

/// Without something kept, the target was never replaced, since it is kept and flushed first; or it is back already.
fn put_old_back(shop: &Workshop<'_>, step: &Step, path: &AbsPath, beside: &Path) -> Result<(), Fault> {
    let (disk, target) = (shop.disk, Path::new(path.as_str()));
    let kept = find_kept(shop, &step.id, path)?;
    if is_volatile(path) {
        // what a reboot took, with its directory or without, does not come back; what was put there anew goes
        let is_gone = disk.stat(directory(path))?.is_none();
        let is_ours = || Place::of(shop, step)?.probe().map(|probe| probe == Probe::InEffect);
        match &kept {
            Some((old, _)) if is_gone => return Ok(disk.unlink(old)?),
            None if !is_gone && is_ours()? => {
                remove_file(disk, target)?;
                return Ok(flush_if_there(disk, directory(path))?);
            }
            _ => {}
        }
    }
    let Some((old, kept)) = kept else { return Ok(()) };
    let is_back = match disk.stat(target)? {
        None => false,
        Some(found) => {
            (found.device, found.inode) == (kept.device, kept.inode)
                || is_alike(disk, (target, &found), (&old, &kept))?
        }
    };
    if !is_back {
        link_or_copy(disk, &old, beside)?;
        disk.rename(beside, target)?;
    }
    disk.sync_dir(target.parent().unwrap_or(target))?;
    disk.unlink(&old)?;
    Ok(disk.sync_dir(old.parent().unwrap_or(&old))?)
}
