//! Whole trees: copying them with all that a file has beside its content, and removing them.
//!
//! A copy holds owner, mode, extended attributes and times of everything, symbolic links as they are, hard links among
//! its files as hard links, and holes as holes. Sockets can't be copied and nobody misses them: they are named, not
//! copied. Pipes, devices and other file systems below the tree are refused, all of them by name.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::DiskError;
use super::seam::{Disk, Kind, Stat};

/// What a copy left out, and how much it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyNotes {
    /// Sockets, which are not copied.
    pub sockets: Vec<PathBuf>,
    /// Files, links and directories that were copied.
    pub copied: u64,
}

const CHUNK: usize = 1 << 20;
const BLOCK: usize = 4096;

/// Copies `from` to `to`, which nothing has, and flushes every part of it but the name `to` itself. Asks `go_on` before
/// every file and every buffer, with the bytes of content that were copied so far.
///
/// # Errors
/// What the disk reports; what can't be copied; a file that changed meanwhile; what `go_on` says.
pub fn copy_tree<E: From<DiskError>>(
    disk: &dyn Disk,
    from: &Path,
    to: &Path,
    go_on: &dyn Fn(u64) -> Result<(), E>,
) -> Result<CopyNotes, E> {
    let Some(stat) = disk.stat(from)? else {
        return Err(DiskError::said("copy", from, "it is not there").into());
    };
    let mut notes = CopyNotes::default();
    let mut refused = Vec::new();
    survey(disk, from, &stat, stat.device, &mut notes.sockets, &mut refused)?;
    if !refused.is_empty() {
        return Err(DiskError::said(
            "copy",
            from,
            format!("it holds what can't be copied: {}", shown(&refused)),
        )
        .into());
    }
    let mut copy = Copy { disk, go_on, names: BTreeMap::new(), bytes: 0, notes };
    copy.one(from, to, &stat)?;
    Ok(copy.notes)
}

/// The first ten of these.
fn shown(found: &[String]) -> String {
    let more = found.len().saturating_sub(10);
    let list = found.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { list } else { format!("{list} and {more} more") }
}

fn survey(
    disk: &dyn Disk,
    path: &Path,
    stat: &Stat,
    device: u64,
    sockets: &mut Vec<PathBuf>,
    refused: &mut Vec<String>,
) -> Result<(), DiskError> {
    if stat.device != device {
        refused.push(format!("{} (another file system)", path.display()));
        return Ok(());
    }
    match stat.kind {
        Kind::File | Kind::Link => {}
        Kind::Socket => sockets.push(path.to_owned()),
        Kind::Special => refused.push(format!("{} ({})", path.display(), stat.kind.as_str())),
        Kind::Dir => {
            for name in disk.list(path)? {
                let inner = path.join(name);
                if let Some(stat) = disk.stat(&inner)? {
                    survey(disk, &inner, &stat, device, sockets, refused)?;
                }
            }
        }
    }
    Ok(())
}

/// A copy under way.
struct Copy<'a, E> {
    disk: &'a dyn Disk,
    go_on: &'a dyn Fn(u64) -> Result<(), E>,
    /// The first name of each file with several.
    names: BTreeMap<u64, PathBuf>,
    /// How much content was copied.
    bytes: u64,
    notes: CopyNotes,
}

impl<E: From<DiskError>> Copy<'_, E> {
    fn one(&mut self, from: &Path, to: &Path, stat: &Stat) -> Result<(), E> {
        (self.go_on)(self.bytes)?;
        let disk = self.disk;
        if matches!(stat.kind, Kind::Socket | Kind::Special) {
            // named by the survey, which went before
            return Ok(());
        }
        if stat.kind != Kind::Dir && stat.links > 1 {
            if let Some(first) = self.names.get(&stat.inode) {
                return Ok(disk.hard_link(first, to)?);
            }
            self.names.insert(stat.inode, to.to_owned());
        }
        match stat.kind {
            Kind::File => {
                disk.create(to)?;
                self.content(from, to, stat)?;
                copy_attributes(disk, from, to, stat)?;
                disk.sync_file(to)?;
            }
            Kind::Link => {
                disk.make_link(&disk.read_link(from)?, to)?;
                copy_attributes(disk, from, to, stat)?;
            }
            Kind::Dir => {
                disk.make_dir(to)?;
                for name in disk.list(from)? {
                    let inner = from.join(&name);
                    if let Some(stat) = disk.stat(&inner)? {
                        self.one(&inner, &to.join(&name), &stat)?;
                    }
                }
                copy_attributes(disk, from, to, stat)?;
                disk.sync_dir(to)?;
            }
            Kind::Socket | Kind::Special => {}
        }
        self.notes.copied += 1;
        Ok(())
    }

    fn content(&mut self, from: &Path, to: &Path, stat: &Stat) -> Result<(), E> {
        let disk = self.disk;
        let mut buffer = vec![0; CHUNK];
        let mut offset = 0;
        loop {
            (self.go_on)(self.bytes)?;
            let count = disk.read_at(from, offset, &mut buffer)?;
            let read = buffer.get(..count).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            // runs of blocks with something in them; the rest stays a hole
            let mut at = offset;
            for run in read.chunk_by_blocks() {
                if run.iter().any(|byte| *byte != 0) {
                    disk.write_at(to, at, run)?;
                }
                at += run.len() as u64;
            }
            offset += count as u64;
            self.bytes += count as u64;
        }
        disk.set_size(to, offset)?;
        match disk.stat(from)? {
            Some(now)
                if now.size == stat.size && now.times.change == stat.times.change && offset == stat.size =>
            {
                Ok(())
            }
            _ => {
                Err(DiskError::said("copy", from, "it changed while it was copied; stop what writes it")
                    .into())
            }
        }
    }
}

/// Cuts bytes into the longest runs of blocks that are all empty or all not.
trait ChunkByBlocks {
    fn chunk_by_blocks(&self) -> impl Iterator<Item = &[u8]>;
}

impl ChunkByBlocks for [u8] {
    fn chunk_by_blocks(&self) -> impl Iterator<Item = &[u8]> {
        let is_empty = |block: &[u8]| block.iter().all(|byte| *byte == 0);
        let mut rest = self;
        std::iter::from_fn(move || {
            let mut blocks = rest.chunks(BLOCK);
            let first = blocks.next()?;
            let more =
                blocks.take_while(|block| is_empty(block) == is_empty(first)).map(<[u8]>::len).sum::<usize>();
            let (run, after) = rest.split_at_checked(first.len() + more)?;
            rest = after;
            Some(run)
        })
    }
}

/// What a new file or directory takes over from the directory that it is made in.
const INHERITED: [&str; 2] = ["system.posix_acl_access", "system.posix_acl_default"];

/// Takes from something new the access lists that it has from its directory: they would let others in whom its mode
/// does not name.
pub(crate) fn disinherit(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    let found = disk.xattrs(path)?;
    let mut inherited = INHERITED.iter().map(OsStr::new).filter(|name| found.contains_key(*name));
    inherited.try_for_each(|name| disk.remove_xattr(path, name))
}

/// Owner first, since changing it clears mode bits and capabilities; times last, since all else changes them.
pub(crate) fn copy_attributes(disk: &dyn Disk, from: &Path, to: &Path, stat: &Stat) -> Result<(), DiskError> {
    disk.set_owner(to, stat.owner)?;
    if stat.kind != Kind::Link {
        disinherit(disk, to)?;
    }
    for (name, value) in disk.xattrs(from)? {
        disk.set_xattr(to, &name, &value)?;
    }
    if stat.kind != Kind::Link {
        disk.set_mode(to, stat.mode)?;
    }
    disk.set_times(to, stat.times)
}

/// Removes whatever `path` stands for, if it is there. Whoever needs that to last flushes the directory.
///
/// # Errors
/// What the disk reports.
pub fn remove_tree(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    match disk.stat(path)? {
        None => Ok(()),
        Some(stat) if stat.kind == Kind::Dir => {
            for name in disk.list(path)? {
                remove_tree(disk, &path.join(name))?;
            }
            disk.remove_dir(path)
        }
        Some(_) => disk.unlink(path),
    }
}

/// Bytes that a tree takes on the disk; 0 when it is not there.
///
/// # Errors
/// What the disk reports.
pub fn tree_size(disk: &dyn Disk, path: &Path) -> Result<u64, DiskError> {
    let Some(stat) = disk.stat(path)? else { return Ok(0) };
    let mut size = stat.allocated;
    if stat.kind == Kind::Dir {
        for name in disk.list(path)? {
            size += tree_size(disk, &path.join(name))?;
        }
    }
    Ok(size)
}
