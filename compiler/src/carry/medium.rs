//! What a file system can hold, and reading from it past the cache.

use nix::fcntl::{OFlag, PosixFadviseAdvice, posix_fadvise};
use nix::sys::statfs::{MSDOS_SUPER_MAGIC, Statfs, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// No file of FAT32 is larger, in bytes.
const FAT_FILE: u64 = u32::MAX as u64;
/// A folder of FAT32 has at most so many entries of 32 bytes; a long name takes several.
const FAT_FOLDER: u64 = 65_536;
/// What a small file takes at least; sticks come with clusters of up to this many bytes.
const CLUSTER: u64 = 32 << 10;
/// Direct reads must lie on a multiple of the device's block; this is one of every device's.
const ALIGNMENT: usize = 4096;
/// Size of a read.
const BUFFER: usize = 1 << 20;

/// The file system that a target lies on.
#[derive(Debug)]
pub struct Medium {
    about: Statfs,
    read_only: bool,
}

impl Medium {
    /// The one that holds this directory.
    ///
    /// # Errors
    /// The system can't tell.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let read_only = statvfs(folder)?.flags().contains(FsFlags::ST_RDONLY);
        Ok(Self { about: statfs(folder)?, read_only })
    }

    /// Whether it takes no writes at all.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Bytes that are free for this user. None where the file system doesn't tell: some drivers for FUSE say that it has no
    /// blocks at all.
    pub fn free(&self) -> Option<u64> {
        let block = u64::try_from(self.about.block_size()).unwrap_or(0);
        (self.about.blocks() > 0).then(|| self.about.blocks_available().saturating_mul(block))
    }

    /// How much of it a file of this size takes.
    pub fn takes(&self, size: u64) -> u64 {
        let cluster = match self.is_fat() {
            true => CLUSTER,
            false => u64::try_from(self.about.block_size()).unwrap_or(0).clamp(1, CLUSTER),
        };
        size.div_ceil(cluster).saturating_mul(cluster)
    }

    /// Whether it is FAT. exFAT has neither of its limits.
    pub fn is_fat(&self) -> bool {
        self.about.filesystem_type() == MSDOS_SUPER_MAGIC
    }

    /// Why it can't hold these files (paths below one directory, with sizes), one reason for each.
    pub fn objections<'a>(&self, files: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
        match self.is_fat() {
            true => fat_objections(files),
            false => Vec::new(),
        }
    }
}

fn fat_objections<'a>(files: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: std::collections::BTreeMap<&str, u64> = Default::default();
    for (path, size) in files {
        if size > FAT_FILE {
            found.push(format!("{path} has {size} bytes, and FAT32 holds no file of 4 GiB"));
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        // One entry of its own, and one for each 13 characters of the long name.
        *folders.entry(folder).or_default() += 1 + (name.len() as u64).div_ceil(13);
    }
    for (folder, entries) in folders {
        if entries > FAT_FOLDER {
            found.push(format!("{folder}/ takes {entries} entries, and a folder of FAT32 has {FAT_FOLDER}"));
        }
    }
    found
}

/// A reader of what lies on the medium itself.
#[derive(Debug)]
pub struct ReadBack {
    file: File,
    direct: bool,
    buffer: Vec<u8>,
}

impl ReadBack {
    /// Opens a file for direct reads. Where the file system has none, its pages are dropped from the cache as far as the
    /// system does that; then [`ReadBack::is_direct`] says no.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let open = |flags: OFlag| {
            OpenOptions::new().read(true).custom_flags((flags | OFlag::O_NOFOLLOW).bits()).open(path)
        };
        let (file, direct) = match open(OFlag::O_DIRECT) {
            Ok(file) => (file, true),
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EINVAL as i32) => {
                let file = open(OFlag::empty())?;
                // Advice; whether it was taken nobody says.
                let _ = posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
                (file, false)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { file, direct, buffer: vec![0; BUFFER + ALIGNMENT] })
    }

    /// Whether the bytes surely come from the medium.
    pub fn is_direct(&self) -> bool {
        self.direct
    }

    /// The next bytes; empty at the end.
    ///
    /// # Errors
    /// They can't be read.
    pub fn next_bytes(&mut self) -> io::Result<&[u8]> {
        let start = self.buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let aligned = &mut self.buffer[start..start + BUFFER];
        let n = loop {
            match self.file.read(aligned) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        Ok(&aligned[..n])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fat_holds_no_file_of_4_gib_and_no_folder_without_end() {
        let objections = |files: &[(&str, u64)]| fat_objections(files.iter().copied());
        assert_eq!(objections(&[("a", u64::from(u32::MAX)), ("b/c", 1)]), Vec::<String>::new());
        assert_eq!(objections(&[("blobs/a", 4 << 30)]).len(), 1);
        let names: Vec<String> =
            (0..10_000).map(|n| format!("nodes/node-{n:05}.example.com.tar.zst")).collect();
        let twice: Vec<(&str, u64)> = names.iter().flat_map(|n| [(n.as_str(), 1), (n.as_str(), 1)]).collect();
        let found = objections(&twice);
        assert!(found.len() == 1 && found[0].contains("nodes/ takes 80000 entries"), "{found:?}");
    }

    #[test]
    fn what_is_read_back_is_the_file_to_its_last_byte() {
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        for size in [0, 1, 4095, 4096, 4097, BUFFER, 2 * BUFFER + 5] {
            let path = dir.path().join(size.to_string());
            let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            crate::emit::write_private(&path, &bytes, 0o644).unwrap();
            let mut reader = ReadBack::open(&path).unwrap();
            let mut found = Vec::new();
            while let next @ [_, ..] = reader.next_bytes().unwrap() {
                found.extend_from_slice(next);
            }
            assert!(found == bytes, "{size}");
        }
    }
}
