//! A blob on its way into a set: cloned where the file system can share its blocks, else written as it is read.
//!
//! What is hashed is what the set gets: a clone is read back from the set's own file, and bytes that are written are the
//! bytes that were hashed. A hard link would not do: whoever writes to the input later would change the set.

use super::directory::{OutputError, SetWriter, at};
use crate::blob::stream::Copy;
use crate::site::SiteFile;
use airlift_bundle::set::SetFile;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

/// Where blobs and chunks lie until their digest is known.
const INCOMING: &str = "blobs/sha256/incoming";

/// A blob that is being copied.
#[derive(Debug)]
pub struct BlobCopy<'a> {
    writer: &'a SetWriter,
    /// Size of a chunk; `None` for one file.
    cut: Option<u64>,
    /// The files so far; the last one is being written.
    files: Vec<(PathBuf, File)>,
    /// Bytes in the last one.
    filled: u64,
    cloned: bool,
    failed: Option<OutputError>,
}

impl<'a> BlobCopy<'a> {
    /// Begins with a copy of `file`, in chunks of `cut` bytes if it is larger.
    ///
    /// # Errors
    /// The set can't be written.
    pub fn begin(writer: &'a SetWriter, file: &SiteFile, cut: u64) -> Result<Self, OutputError> {
        let cut = (file.size > cut).then_some(cut);
        let mut copy = Self { writer, cut, files: Vec::new(), filled: 0, cloned: false, failed: None };
        copy.next_file()?;
        if let (None, Some(path), Some((_, target))) = (cut, &file.path, copy.files.last()) {
            // Most file systems can't; then the bytes are written.
            let source = File::open(path);
            copy.cloned = source.is_ok_and(|source| rustix::fs::ioctl_ficlone(target, &source).is_ok());
        }
        Ok(copy)
    }

    /// What the pass is to read: the clone in the set, or the file itself.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn source(&self, file: &SiteFile) -> io::Result<Box<dyn Read + Send>> {
        match self.files.last() {
            Some((_, target)) if self.cloned => {
                let mut source = target.try_clone()?;
                source.rewind()?;
                Ok(Box::new(source))
            }
            _ => file.open(),
        }
    }

    /// Why writing failed, if it did.
    pub fn failure(&mut self) -> Option<OutputError> {
        self.failed.take()
    }

    /// Gives the files their names in the set.
    ///
    /// # Errors
    /// The set can't be written.
    pub fn finish(self, pieces: &[SetFile]) -> Result<(), OutputError> {
        debug_assert_eq!(pieces.len(), self.files.len());
        for ((path, _), piece) in self.files.iter().zip(pieces) {
            self.writer.rename(path, piece.path.as_str())?;
        }
        Ok(())
    }

    fn next_file(&mut self) -> Result<(), OutputError> {
        let name = format!("{INCOMING}.{}", self.files.len());
        // Left by an equal blob that was not taken a second time.
        let _ = std::fs::remove_file(self.writer.place(&name));
        self.files.push(self.writer.create(&name)?);
        self.filled = 0;
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), OutputError> {
        while !bytes.is_empty() {
            let room = self.cut.map_or(u64::MAX, |cut| cut - self.filled);
            if room == 0 {
                self.next_file()?;
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            if let Some((path, file)) = self.files.last_mut() {
                file.write_all(now).map_err(at(path))?;
            }
            self.filled += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }
}

impl Copy for BlobCopy<'_> {
    fn copy(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.cloned {
            return Ok(());
        }
        self.write(bytes).map_err(|error| {
            self.failed = Some(error);
            io::Error::other("the set can't be written")
        })
    }
}
