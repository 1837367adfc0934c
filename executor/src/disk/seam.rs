//! What can be done to a file system.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::error::DiskError;

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A socket.
    Socket,
    /// A pipe or a device.
    Special,
}

impl Kind {
    /// The word for it, with its article.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Dir => "a directory",
            Self::Link => "a symbolic link",
            Self::Socket => "a socket",
            Self::Special => "a pipe or a device",
        }
    }
}

/// Numeric owner and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub user: u32,
    /// Group id.
    pub group: u32,
}

impl Owner {
    /// The superuser and its group.
    pub const ROOT: Self = Self { user: 0, group: 0 };
}

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds, below a thousand million.
    pub nanoseconds: i64,
}

/// When a file was last read and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Last read.
    pub access: Time,
    /// Last change of content.
    pub change: Time,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its kind.
    pub kind: Kind,
    /// The twelve permission bits.
    pub mode: u32,
    /// Owner and group.
    pub owner: Owner,
    /// Size in bytes.
    pub size: u64,
    /// Bytes that it takes on the disk.
    pub allocated: u64,
    /// The file system that it lies on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// How many names it has.
    pub links: u64,
    /// Its times.
    pub times: Times,
}

/// Extended attributes: names with values.
pub type Xattrs = BTreeMap<OsString, Vec<u8>>;

/// A file system. Paths are absolute and normalised, and mean places below the disk's root. Only the methods in the
/// second half change anything.
pub trait Disk {
    /// What `path` stands for; `None` when nothing is there.
    ///
    /// # Errors
    /// What the system reports; a symbolic link on the way.
    fn stat(&self, path: &Path) -> Result<Option<Stat>, DiskError>;
    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// What the system reports.
    fn list(&self, dir: &Path) -> Result<Vec<OsString>, DiskError>;
    /// Reads from `offset` on as much as the file has and `buffer` holds; 0 at the end.
    ///
    /// # Errors
    /// What the system reports.
    fn read_at(&self, file: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError>;
    /// Where a symbolic link points.
    ///
    /// # Errors
    /// What the system reports.
    fn read_link(&self, link: &Path) -> Result<PathBuf, DiskError>;
    /// All extended attributes of a file, a directory or a symbolic link.
    ///
    /// # Errors
    /// What the system reports.
    fn xattrs(&self, path: &Path) -> Result<Xattrs, DiskError>;
    /// Bytes that can be written to the file system of `dir`.
    ///
    /// # Errors
    /// What the system reports.
    fn free(&self, dir: &Path) -> Result<u64, DiskError>;

    /// Makes an empty file, mode 0600; refuses a name that is taken.
    ///
    /// # Errors
    /// What the system reports.
    fn create(&self, file: &Path) -> Result<(), DiskError>;
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// What the system reports; a part may have been written.
    fn write_at(&self, file: &Path, offset: u64, bytes: &[u8]) -> Result<(), DiskError>;
    /// Sets a file's size; what is added reads as zeros.
    ///
    /// # Errors
    /// What the system reports.
    fn set_size(&self, file: &Path, size: u64) -> Result<(), DiskError>;
    /// Makes a file at least `size` bytes long and has the disk space for all of it set aside.
    ///
    /// # Errors
    /// What the system reports.
    fn reserve(&self, file: &Path, size: u64) -> Result<(), DiskError>;
    /// Sets owner and group.
    ///
    /// # Errors
    /// What the system reports.
    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), DiskError>;
    /// Sets the permission bits of a file or directory.
    ///
    /// # Errors
    /// What the system reports.
    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), DiskError>;
    /// Sets one extended attribute.
    ///
    /// # Errors
    /// What the system reports.
    fn set_xattr(&self, path: &Path, name: &OsStr, value: &[u8]) -> Result<(), DiskError>;
    /// Removes one extended attribute, if it is there.
    ///
    /// # Errors
    /// What the system reports.
    fn remove_xattr(&self, path: &Path, name: &OsStr) -> Result<(), DiskError>;
    /// Sets the times.
    ///
    /// # Errors
    /// What the system reports.
    fn set_times(&self, path: &Path, times: Times) -> Result<(), DiskError>;
    /// Makes a directory, mode 0700.
    ///
    /// # Errors
    /// What the system reports.
    fn make_dir(&self, dir: &Path) -> Result<(), DiskError>;
    /// Makes a symbolic link.
    ///
    /// # Errors
    /// What the system reports.
    fn make_link(&self, target: &Path, link: &Path) -> Result<(), DiskError>;
    /// Gives a thing one more name.
    ///
    /// # Errors
    /// What the system reports; another file system, or one without hard links, among it.
    fn hard_link(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    /// Renames; what had the new name is gone.
    ///
    /// # Errors
    /// What the system reports.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    /// Renames to a name that nothing has.
    ///
    /// # Errors
    /// What the system reports.
    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    /// Removes a name of anything but a directory.
    ///
    /// # Errors
    /// What the system reports.
    fn unlink(&self, path: &Path) -> Result<(), DiskError>;
    /// Removes an empty directory.
    ///
    /// # Errors
    /// What the system reports.
    fn remove_dir(&self, dir: &Path) -> Result<(), DiskError>;
    /// Flushes content and attributes of a file.
    ///
    /// # Errors
    /// What the system reports. What was written before may be lost then, whatever a second call says.
    fn sync_file(&self, file: &Path) -> Result<(), DiskError>;
    /// Flushes the names in a directory, and its attributes.
    ///
    /// # Errors
    /// What the system reports.
    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError>;
    /// Flushes everything, for what scripts have done.
    ///
    /// # Errors
    /// What the system reports.
    fn sync_all(&self) -> Result<(), DiskError>;
}
