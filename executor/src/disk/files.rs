//! Small things that are done to files in several places, each with the flushes that it needs.

use std::path::Path;

use rustix::io::Errno;

use super::error::DiskError;
use super::seam::{Disk, Kind, Owner};

/// All bytes of a file.
///
/// # Errors
/// What reading reports; more than `limit` bytes.
pub fn read_all(disk: &dyn Disk, file: &Path, limit: u64) -> Result<Vec<u8>, DiskError> {
    let size = match disk.stat(file)? {
        None => return Err(DiskError::system("read", file, Errno::NOENT)),
        Some(stat) if stat.kind != Kind::File => {
            return Err(DiskError::said("read", file, format!("it is {}", stat.kind.as_str())));
        }
        Some(stat) => stat.size,
    };
    if size > limit {
        return Err(DiskError::said("read", file, format!("it has {size} bytes, and {limit} are allowed")));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    let count = disk.read_at(file, 0, &mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Puts a file of root in place, whole or not at all, and flushes it with its name.
///
/// # Errors
/// What the disk reports.
pub fn put_file(disk: &dyn Disk, file: &Path, mode: u32, bytes: &[u8]) -> Result<(), DiskError> {
    let beside = file.with_added_extension("new");
    remove_file(disk, &beside)?;
    disk.create(&beside)?;
    disk.write_at(&beside, 0, bytes)?;
    disk.set_mode(&beside, mode)?;
    disk.sync_file(&beside)?;
    disk.rename(&beside, file)?;
    match file.parent() {
        Some(dir) => disk.sync_dir(dir),
        None => Ok(()),
    }
}

/// Makes sure that a directory of root is there, and those above it, and that they are flushed.
///
/// # Errors
/// What the disk reports; something else has the name.
pub fn ensure_dir(disk: &dyn Disk, dir: &Path, mode: u32) -> Result<(), DiskError> {
    match disk.stat(dir)? {
        // made just before a crash, perhaps, and not flushed
        Some(stat) if stat.kind == Kind::Dir => {
            return dir.parent().map_or(Ok(()), |above| disk.sync_dir(above));
        }
        Some(stat) => {
            return Err(DiskError::said(
                "make the directory",
                dir,
                format!("{} is there", stat.kind.as_str()),
            ));
        }
        None => {}
    }
    let Some(above) = dir.parent() else { return Ok(()) };
    ensure_dir(disk, above, 0o755)?;
    disk.make_dir(dir)?;
    disk.set_owner(dir, Owner::ROOT)?;
    disk.set_mode(dir, mode)?;
    disk.sync_dir(dir)?;
    disk.sync_dir(above)
}

/// Removes a file, if it is there. Whoever needs that to last flushes the directory.
///
/// # Errors
/// What the disk reports.
pub fn remove_file(disk: &dyn Disk, file: &Path) -> Result<(), DiskError> {
    match disk.stat(file)? {
        Some(_) => disk.unlink(file),
        None => Ok(()),
    }
}
