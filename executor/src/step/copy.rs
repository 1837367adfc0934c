//! `copy`: a file or tree into the keep dir, under its name only when it is whole.

use std::path::Path;

use airlift_bundle::name::{AbsPath, EntryName};
use airlift_bundle::plan::Step;

use super::fault::Fault;
use super::step_kinds::{Look, Probe};
use super::workshop::Workshop;
use crate::disk::{DiskError, copy_tree, ensure_dir, remove_tree, tree_size};
use crate::journal::Before;

pub(super) fn look(shop: &Workshop<'_>, from: &AbsPath, name: &EntryName) -> Result<Look, Fault> {
    if shop.disk.stat(&shop.keep.copy(name))?.is_some() {
        return Ok(Look::InEffect);
    }
    let from = Path::new(from.as_str());
    if shop.disk.stat(from)?.is_none() {
        return Err(DiskError::said("copy", from, "it is not there").into());
    }
    Ok(Look::Ready(Before::Copy {}))
}

pub(super) fn probe(shop: &Workshop<'_>, from: &AbsPath, name: &EntryName) -> Result<Probe, Fault> {
    Ok(match look(shop, from, name)? {
        Look::InEffect => Probe::InEffect,
        Look::Ready(_) => Probe::NotInEffect("it is not copied yet".to_owned()),
    })
}

pub(super) fn act(shop: &Workshop<'_>, step: &Step, from: &AbsPath, name: &EntryName) -> Result<(), Fault> {
    let (disk, part, to) = (shop.disk, shop.keep.part(&step.id), shop.keep.copy(name));
    let dir = to.parent().unwrap_or(&to);
    ensure_dir(disk, dir, 0o700)?;
    let size = tree_size(disk, Path::new(from.as_str()))?;
    copy_tree(disk, Path::new(from.as_str()), &part, &|copied| {
        shop.machine.passed(from.as_str(), copied, size.max(copied));
        shop.go_on()
    })?;
    disk.rename_new(&part, &to)?;
    Ok(disk.sync_dir(dir)?)
}

pub(super) fn undo(shop: &Workshop<'_>, step: &Step, name: &EntryName) -> Result<(), Fault> {
    let (disk, part, to) = (shop.disk, shop.keep.part(&step.id), shop.keep.copy(name));
    remove_tree(disk, &part)?;
    remove_tree(disk, &to)?;
    match to.parent() {
        Some(dir) if disk.stat(dir)?.is_some() => Ok(disk.sync_dir(dir)?),
        _ => Ok(()),
    }
}
