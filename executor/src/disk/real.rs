//! The node's own file system, below a root directory that is held open.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, FallocateFlags, FileType, FlockOperation, Gid, Mode, OFlags, RenameFlags, Timespec,
    Timestamps, Uid, XattrFlags,
};
use rustix::fs::{
    chownat, fallocate, fchmod, fgetxattr, flistxattr, flock, fremovexattr, fsetxattr, fstatvfs, fsync,
    ftruncate, lgetxattr, linkat, llistxattr, lremovexattr, lsetxattr, mkdirat, open, openat, readlinkat,
    renameat, renameat_with, statat, symlinkat, sync, unlinkat, utimensat,
};
use rustix::io::{Errno, pread, pwrite};

use super::error::{DiskError, Why};
use super::seam::{Disk, Kind, Owner, Stat, Time, Times, Xattrs};

/// The file system below a directory, `/` on a node.
#[derive(Debug)]
pub struct RealDisk {
    root: OwnedFd,
}

/// Keeps a second executor out for as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _directory: OwnedFd,
}

/// The directory of a path, held open, and the last component.
struct Place<'p> {
    parent: OwnedFd,
    name: &'p OsStr,
    verb: &'static str,
    path: &'p Path,
}

const WALK: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const LOOK: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOCTTY);

impl RealDisk {
    /// The file system below `root`.
    ///
    /// # Errors
    /// `root` is no directory that can be opened.
    pub fn below(root: &Path) -> Result<Self, DiskError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root =
            open(root, flags, Mode::empty()).map_err(|errno| DiskError::system("open", root, errno))?;
        Ok(Self { root })
    }

    /// Takes the lock of the directory `dir`; `None` when another process has it. Nothing is written for it.
    ///
    /// # Errors
    /// What the system reports.
    pub fn lock(&self, dir: &Path) -> Result<Option<Lock>, DiskError> {
        self.lock_as(FlockOperation::NonBlockingLockExclusive, dir)
    }

    /// Whether another process has the lock of the directory `dir`. Those who only ask don't see each other.
    ///
    /// # Errors
    /// What the system reports.
    pub fn is_locked(&self, dir: &Path) -> Result<bool, DiskError> {
        Ok(self.lock_as(FlockOperation::NonBlockingLockShared, dir)?.is_none())
    }

    fn lock_as(&self, operation: FlockOperation, dir: &Path) -> Result<Option<Lock>, DiskError> {
        let directory = self.place("lock", dir)?.open(OFlags::DIRECTORY | LOOK)?;
        match flock(&directory, operation) {
            Ok(()) => Ok(Some(Lock { _directory: directory })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(DiskError::system("lock", dir, errno)),
        }
    }

    /// Opens a file that scripts are to hold a lock on; none when it is not there.
    ///
    /// # Errors
    /// What the system reports.
    pub fn open_to_lock(&self, file: &Path) -> Result<Option<OwnedFd>, DiskError> {
        let place = self.place("lock", file)?;
        match place.kind() {
            Ok(_) => place.open(LOOK).map(Some),
            Err(error) if error.is(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn place<'p>(&self, verb: &'static str, path: &'p Path) -> Result<Place<'p>, DiskError> {
        let failed = |errno| DiskError::system(verb, path, errno);
        let mut components = path.components();
        if components.next() != Some(Component::RootDir) {
            return Err(DiskError::said(verb, path, "it is not an absolute path"));
        }
        let mut parent = openat(&self.root, ".", WALK, Mode::empty()).map_err(failed)?;
        let mut name = OsStr::new(".");
        let mut walked = PathBuf::from("/");
        let mut first = true;
        for component in components {
            let Component::Normal(next) = component else {
                return Err(DiskError::said(verb, path, "it is not normalised"));
            };
            if !first {
                walked.push(name);
                parent = match openat(&parent, name, WALK, Mode::empty()) {
                    Ok(inner) => inner,
                    Err(errno) => return Err(on_the_way(verb, path, &walked, parent.as_fd(), name, errno)),
                };
            }
            first = false;
            name = next;
        }
        Ok(Place { parent, name, verb, path })
    }
}

/// Why a directory on the way to `path` could not be entered: a symbolic link gets named.
fn on_the_way(
    verb: &'static str,
    path: &Path,
    walked: &Path,
    parent: BorrowedFd<'_>,
    name: &OsStr,
    errno: Errno,
) -> DiskError {
    match readlinkat(parent, name, Vec::new()) {
        Ok(to) => {
            let to = PathBuf::from(OsString::from_vec(to.into_bytes()));
            DiskError { verb, path: path.to_owned(), why: Why::Link(walked.to_owned(), to) }
        }
        Err(_) => DiskError::system(verb, path, errno),
    }
}

impl Place<'_> {
    fn failed(&self, errno: Errno) -> DiskError {
        DiskError::system(self.verb, self.path, errno)
    }

    fn open(&self, flags: OFlags) -> Result<OwnedFd, DiskError> {
        openat(&self.parent, self.name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| self.failed(errno))
    }

    fn kind(&self) -> Result<Kind, DiskError> {
        let stat =
            statat(&self.parent, self.name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| self.failed(errno))?;
        Ok(kind(FileType::from_raw_mode(stat.st_mode)))
    }

    /// A path of this process that stands for the same thing. Symbolic links can't be opened, and their attributes
    /// are reached by path alone.
    fn by_path(&self) -> PathBuf {
        use std::os::fd::AsRawFd as _;
        Path::new("/proc/self/fd").join(self.parent.as_raw_fd().to_string()).join(self.name)
    }
}

const fn kind(of: FileType) -> Kind {
    match of {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link,
        FileType::Socket => Kind::Socket,
        _ => Kind::Special,
    }
}

/// Asks with a growing buffer: what is there may grow between asking for the size and for the thing.
fn growing(mut ask: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; 256];
    loop {
        match ask(&mut buffer) {
            Ok(size) => {
                buffer.truncate(size);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 4, 0),
            Err(errno) => return Err(errno),
        }
    }
}

#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]
impl Disk for RealDisk {
    fn stat(&self, path: &Path) -> Result<Option<Stat>, DiskError> {
        let place = match self.place("look at", path) {
            Ok(place) => place,
            Err(error) if error.is(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stat = match statat(&place.parent, place.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(place.failed(errno)),
        };
        let time = |seconds, nanoseconds| Time { seconds, nanoseconds };
        Ok(Some(Stat {
            kind: kind(FileType::from_raw_mode(stat.st_mode)),
            mode: stat.st_mode & 0o7777,
            owner: Owner { user: stat.st_uid, group: stat.st_gid },
            size: stat.st_size as u64,
            allocated: stat.st_blocks as u64 * 512,
            device: stat.st_dev,
            inode: stat.st_ino,
            links: stat.st_nlink as u64,
            times: Times {
                access: time(stat.st_atime as i64, stat.st_atime_nsec as i64),
                change: time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            },
        }))
    }

    fn list(&self, dir: &Path) -> Result<Vec<OsString>, DiskError> {
        let place = self.place("list", dir)?;
        let opened = place.open(OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&opened).map_err(|errno| place.failed(errno))? {
            let entry = entry.map_err(|errno| place.failed(errno))?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn read_at(&self, file: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let place = self.place("read", file)?;
        let opened = place.open(LOOK)?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match pread(&opened, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(place.failed(errno)),
            }
        }
        Ok(filled)
    }

    fn read_link(&self, link: &Path) -> Result<PathBuf, DiskError> {
        let place = self.place("read the link", link)?;
        let to = readlinkat(&place.parent, place.name, Vec::new()).map_err(|errno| place.failed(errno))?;
        Ok(PathBuf::from(OsString::from_vec(to.into_bytes())))
    }

    fn xattrs(&self, path: &Path) -> Result<Xattrs, DiskError> {
        let place = self.place("read the attributes of", path)?;
        let by_path = place.by_path();
        let opened = if place.kind()? == Kind::Link { None } else { Some(place.open(LOOK)?) };
        let names = growing(|buffer| match &opened {
            Some(opened) => flistxattr(opened, buffer),
            None => llistxattr(&by_path, buffer),
        });
        let names = match names {
            Ok(names) => names,
            Err(Errno::NOTSUP) => return Ok(Xattrs::new()),
            // no /proc here; without it a link's attributes can't be seen
            Err(Errno::NOENT) if opened.is_none() => return Ok(Xattrs::new()),
            Err(errno) => return Err(place.failed(errno)),
        };
        let mut found = Xattrs::new();
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let name = OsStr::from_bytes(name);
            let value = growing(|buffer| match &opened {
                Some(opened) => fgetxattr(opened, name, buffer),
                None => lgetxattr(&by_path, name, buffer),
            });
            found.insert(name.to_owned(), value.map_err(|errno| place.failed(errno))?);
        }
        Ok(found)
    }

    fn free(&self, dir: &Path) -> Result<u64, DiskError> {
        let place = self.place("look at", dir)?;
        let opened = place.open(LOOK)?;
        let stat = fstatvfs(&opened).map_err(|errno| place.failed(errno))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn create(&self, file: &Path) -> Result<(), DiskError> {
        let place = self.place("make", file)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&place.parent, place.name, flags, Mode::from_raw_mode(0o600))
            .map(drop)
            .map_err(|errno| place.failed(errno))
    }

    fn write_at(&self, file: &Path, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let place = self.place("write", file)?;
        let opened = place.open(OFlags::WRONLY)?;
        let mut written = 0;
        let mut was_short = false;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match pwrite(&opened, rest, offset + written as u64) {
                Ok(0) => return Err(place.failed(Errno::IO)),
                Ok(count) => {
                    was_short |= count < rest.len();
                    written += count;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(place.failed(errno)),
            }
        }
        // a file system in trouble: what it took is looked at before it is believed
        if was_short {
            let mut found = vec![0; bytes.len()];
            if self.read_at(file, offset, &mut found)? != bytes.len() || found != bytes {
                return Err(place.failed(Errno::IO));
            }
        }
        Ok(())
    }

    fn set_size(&self, file: &Path, size: u64) -> Result<(), DiskError> {
        let place = self.place("size", file)?;
        ftruncate(place.open(OFlags::WRONLY)?, size).map_err(|errno| place.failed(errno))
    }

    fn reserve(&self, file: &Path, size: u64) -> Result<(), DiskError> {
        let place = self.place("set disk space aside for", file)?;
        let opened = place.open(OFlags::WRONLY)?;
        let old = statat(&place.parent, place.name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| place.failed(errno))?;
        let old = old.st_size as u64;
        if size <= old {
            return Ok(());
        }
        match fallocate(&opened, FallocateFlags::empty(), old, size - old) {
            Ok(()) => Ok(()),
            // a file system without it: zeros take the space as well
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let zeros = vec![0; usize::try_from(size - old).unwrap_or(usize::MAX)];
                self.write_at(file, old, &zeros)
            }
            Err(errno) => Err(place.failed(errno)),
        }
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), DiskError> {
        let place = self.place("set the owner of", path)?;
        let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
        chownat(&place.parent, place.name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| place.failed(errno))
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), DiskError> {
        let place = self.place("set the mode of", path)?;
        fchmod(place.open(LOOK)?, Mode::from_raw_mode(mode)).map_err(|errno| place.failed(errno))
    }

    fn set_xattr(&self, path: &Path, name: &OsStr, value: &[u8]) -> Result<(), DiskError> {
        let place = self.place("set an attribute of", path)?;
        if place.kind()? == Kind::Link {
            lsetxattr(place.by_path(), name, value, XattrFlags::empty())
        } else {
            fsetxattr(place.open(LOOK)?, name, value, XattrFlags::empty())
        }
        .map_err(|errno| place.failed(errno))
    }

    fn remove_xattr(&self, path: &Path, name: &OsStr) -> Result<(), DiskError> {
        let place = self.place("remove an attribute of", path)?;
        let removed = if place.kind()? == Kind::Link {
            lremovexattr(place.by_path(), name)
        } else {
            fremovexattr(place.open(LOOK)?, name)
        };
        match removed {
            Err(Errno::NODATA) => Ok(()),
            removed => removed.map_err(|errno| place.failed(errno)),
        }
    }

    fn set_times(&self, path: &Path, times: Times) -> Result<(), DiskError> {
        let place = self.place("set the times of", path)?;
        let time = |time: Time| Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds as _ };
        let times = Timestamps { last_access: time(times.access), last_modification: time(times.change) };
        utimensat(&place.parent, place.name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| place.failed(errno))
    }

    fn make_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let place = self.place("make the directory", dir)?;
        mkdirat(&place.parent, place.name, Mode::from_raw_mode(0o700)).map_err(|errno| place.failed(errno))
    }

    fn make_link(&self, target: &Path, link: &Path) -> Result<(), DiskError> {
        let place = self.place("make the link", link)?;
        symlinkat(target, &place.parent, place.name).map_err(|errno| place.failed(errno))
    }

    fn hard_link(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let source = self.place("link", from)?;
        let place = self.place("link", to)?;
        linkat(&source.parent, source.name, &place.parent, place.name, AtFlags::empty())
            .map_err(|errno| place.failed(errno))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let source = self.place("rename", from)?;
        let place = self.place("rename to", to)?;
        renameat(&source.parent, source.name, &place.parent, place.name).map_err(|errno| place.failed(errno))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let source = self.place("rename", from)?;
        let place = self.place("rename to", to)?;
        match renameat_with(&source.parent, source.name, &place.parent, place.name, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // a file system without it: look first; nobody but the executor works in these places
            Err(Errno::INVAL | Errno::NOSYS) => {
                if self.stat(to)?.is_some() {
                    return Err(place.failed(Errno::EXIST));
                }
                self.rename(from, to)
            }
            Err(errno) => Err(place.failed(errno)),
        }
    }

    fn unlink(&self, path: &Path) -> Result<(), DiskError> {
        let place = self.place("remove", path)?;
        unlinkat(&place.parent, place.name, AtFlags::empty()).map_err(|errno| place.failed(errno))
    }

    fn remove_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let place = self.place("remove the directory", dir)?;
        unlinkat(&place.parent, place.name, AtFlags::REMOVEDIR).map_err(|errno| place.failed(errno))
    }

    fn sync_file(&self, file: &Path) -> Result<(), DiskError> {
        let place = self.place("flush", file)?;
        fsync(place.open(LOOK)?).map_err(|errno| place.failed(errno))
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let place = self.place("flush the directory", dir)?;
        fsync(place.open(LOOK | OFlags::DIRECTORY)?).map_err(|errno| place.failed(errno))
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        sync();
        Ok(())
    }
}
