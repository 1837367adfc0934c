//! `set-aside`: another name in the same directory. Something else under either name is never replaced.

use std::path::Path;

use airlift_bundle::name::AbsPath;

use super::fault::Fault;
use super::step_kinds::{Look, Probe};
use crate::disk::{Disk, DiskError};
use crate::journal::Before;

fn paths<'p>(path: &'p AbsPath, aside: &'p AbsPath) -> (&'p Path, &'p Path, &'p Path) {
    (Path::new(path.as_str()), Path::new(aside.as_str()), Path::new(path.ancestors().next().unwrap_or("/")))
}

pub(super) fn look(disk: &dyn Disk, path: &AbsPath, aside: &AbsPath) -> Result<Look, Fault> {
    let (from, to, _) = paths(path, aside);
    if disk.stat(from)?.is_none() {
        return Ok(Look::InEffect);
    }
    if disk.stat(to)?.is_some() {
        let why = format!("{aside} is there already; move it away");
        return Err(DiskError::said("set aside", from, why).into());
    }
    Ok(Look::Ready(Before::SetAside {}))
}

pub(super) fn probe(disk: &dyn Disk, path: &AbsPath, aside: &AbsPath) -> Result<Probe, Fault> {
    Ok(match look(disk, path, aside)? {
        Look::InEffect => Probe::InEffect,
        Look::Ready(_) => Probe::NotInEffect(format!("{path} is there")),
    })
}

pub(super) fn act(disk: &dyn Disk, path: &AbsPath, aside: &AbsPath) -> Result<(), Fault> {
    let (from, to, dir) = paths(path, aside);
    disk.rename_new(from, to)?;
    Ok(disk.sync_dir(dir)?)
}

/// Whether what a finished step has to give back is there.
pub(super) fn must_be_kept(disk: &dyn Disk, path: &AbsPath, aside: &AbsPath) -> Result<(), Fault> {
    let (from, to, _) = paths(path, aside);
    if disk.stat(to)?.is_some() {
        return Ok(());
    }
    let why = format!("{aside}, which is what was there, is gone; put it there again");
    Err(DiskError::said("put back", from, why).into())
}

pub(super) fn undo(disk: &dyn Disk, path: &AbsPath, aside: &AbsPath) -> Result<(), Fault> {
    let (from, to, dir) = paths(path, aside);
    if disk.stat(to)?.is_some() {
        if disk.stat(from)?.is_some() {
            let why = format!("{path} has been made anew; move it away, and this brings back {aside}");
            return Err(DiskError::said("put back", from, why).into());
        }
        disk.rename_new(to, from)?;
    }
    // also when it is back already: the crash may have come before the flush
    Ok(disk.sync_dir(dir)?)
}
