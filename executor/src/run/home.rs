//! The state directory.
//!
//! ```text
//! journal            what happened
//! sets/PLAN_ID/      bundle.tar.zst, plan.json, set.json of the set that the node works with
//! blobs/HEX          its blobs
//! receipts/          the words that this node has given, see crate::gate::give
//! reserve            disk space for going back on a full disk; given up when that begins
//! old/ copies/ …     what steps keep, see crate::step
//! made-motd.d        there while /etc/motd.d is ours, see super::notice
//! age.key            the node's own key, made by `airlift-node survey`
//! ```
//!
//! All but the journal, the receipts and the key goes when the node is back; the key opens what a new attempt seals to it. After
//! `commit` it goes too: there is nothing left to open, and it would open the sealed files that lie on a stick.

use std::path::{Path, PathBuf};

use airlift_bundle::digest::Sha256;
use airlift_bundle::value::PlanId;

use super::notice;
use crate::disk::{Disk, DiskError, Kind, ensure_dir, remove_file, remove_tree};
use crate::sealed::AGE_KEY;
use crate::step::Keep;

/// The state directory; the plan's keep dir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
    keep: Keep,
}

impl Home {
    /// Where it is on a node.
    pub const PATH: &'static str = "/var/lib/airlift";
    /// Bytes of the reserve: what an undo writes beside links and renames is small.
    pub const RESERVE: u64 = 2 << 20;

    /// The state directory at `path`.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), keep: Keep::at(path) }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What steps keep.
    #[must_use]
    pub const fn keep(&self) -> &Keep {
        &self.keep
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The directory of all staged sets.
    #[must_use]
    pub fn sets(&self) -> PathBuf {
        self.path.join("sets")
    }

    /// The directory of one set.
    #[must_use]
    pub fn set(&self, plan_id: PlanId) -> PathBuf {
        self.sets().join(plan_id.to_string())
    }

    /// The directory of all blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// One blob.
    #[must_use]
    pub fn blob(&self, sha256: Sha256) -> PathBuf {
        self.blobs().join(sha256.to_string())
    }

    /// The words that this node has given.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.path.join("receipts")
    }

    fn reserve(&self) -> PathBuf {
        self.path.join("reserve")
    }

    /// Makes the rooms that steps need, and the reserve; writes nothing when they are there.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn make_ready(&self, disk: &dyn Disk) -> Result<(), DiskError> {
        for room in self.keep.rooms() {
            ensure_dir(disk, &room, 0o700)?;
        }
        let reserve = self.reserve();
        if disk.stat(&reserve)?.is_none_or(|stat| stat.size < Self::RESERVE) {
            remove_file(disk, &reserve)?;
            disk.create(&reserve)?;
            disk.reserve(&reserve, Self::RESERVE)?;
            disk.sync_file(&reserve)?;
            disk.sync_dir(&self.path)?;
        }
        Ok(())
    }

    /// Gives the reserve up. If that fails, going back is tried all the same.
    pub(super) fn release_reserve(&self, disk: &dyn Disk) {
        let _ = remove_file(disk, &self.reserve());
    }

    /// Something that only work on the node leaves: what a step has kept, or a word that was given; none where nothing was
    /// ever begun.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn left_by_work(&self, disk: &dyn Disk) -> Result<Option<PathBuf>, DiskError> {
        for room in self.keep.rooms().chain([self.receipts()]) {
            if disk.stat(&room)?.is_some_and(|stat| stat.kind == Kind::Dir)
                && let Some(name) = disk.list(&room)?.first()
            {
                return Ok(Some(room.join(name)));
            }
        }
        Ok(None)
    }

    /// Removes the node's own key.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn forget_key(&self, disk: &dyn Disk) -> Result<(), DiskError> {
        remove_file(disk, Path::new(AGE_KEY))?;
        disk.sync_dir(&self.path)
    }

    /// Has logins say where the node stands, in two lines at most.
    pub fn post(&self, disk: &dyn Disk, said: &str, hint: &str) {
        let line = |text: &str| text.lines().collect::<Vec<_>>().join(" | ");
        notice::post(disk, self, &format!("Airlift: {}\n{}\n", line(said), line(hint)));
    }

    /// Removes everything but the journal, the receipts and the node's key, the login message too; the staged set last.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn purge(&self, disk: &dyn Disk) -> Result<(), DiskError> {
        if disk.stat(&self.path)?.is_none() {
            return Ok(());
        }
        notice::remove(disk, self)?;
        for path in self.keep.rooms().chain([self.reserve(), self.blobs(), self.sets()]) {
            remove_tree(disk, &path)?;
        }
        // also when all was gone: a crash may have come before the flush
        disk.sync_dir(&self.path)
    }
}
