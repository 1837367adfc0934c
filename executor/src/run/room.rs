//! Is there room for a stage? Asked before it begins, so that a full disk is a refusal and not a failure half way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use airlift_bundle::plan::{Action, Step};

use crate::disk::{Disk, DiskError, tree_size};
use crate::step::{Fault, Workshop};

/// Left free beside what the steps need, for their names and directories.
const MARGIN: u64 = 1 << 20;

/// The file systems that these steps would fill, in words.
pub(super) fn shortages(shop: &Workshop<'_>, steps: &[Step]) -> Result<Vec<String>, Fault> {
    let mut needed: BTreeMap<u64, (PathBuf, u64)> = BTreeMap::new();
    let mut need = |dir: PathBuf, device, bytes| {
        needed.entry(device).or_insert((dir, 0)).1 += bytes;
    };
    for step in steps {
        match &step.action {
            Action::Place { target, content, .. } => {
                let target = Path::new(target.as_str());
                // names a symbolic link on the way
                shop.disk.stat(target)?;
                let (dir, device) = nearest(shop.disk, target)?;
                need(dir, device, shop.contents.size(content)?);
            }
            Action::Copy { from, .. } => {
                let (keep, device) = nearest(shop.disk, &shop.keep.path().join("copies"))?;
                need(keep, device, tree_size(shop.disk, Path::new(from.as_str()))?);
            }
            Action::SetAside { .. } | Action::Reboot {} | Action::Script(_) => {}
        }
    }
    let mut found = Vec::new();
    for (dir, bytes) in needed.into_values() {
        let free = shop.disk.free(&dir)?;
        if free < bytes + MARGIN {
            let dir = dir.display();
            found.push(format!(
                "the file system of {dir} has {free} bytes free, and {bytes} are needed; make room"
            ));
        }
    }
    Ok(found)
}

/// The nearest directory above a path that is there, and its file system.
fn nearest(disk: &dyn Disk, path: &Path) -> Result<(PathBuf, u64), DiskError> {
    for above in path.ancestors().skip(1) {
        if let Some(stat) = disk.stat(above)? {
            return Ok((above.to_owned(), stat.device));
        }
    }
    Err(DiskError::said("look at", path, "nothing above it is there"))
}
