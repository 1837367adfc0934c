//! Files with secrets in them: written for the owner alone, refused when others can read them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// No key or password file is larger, in bytes.
const LIMIT: u64 = 64 << 10;

/// Why a private file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// It can't be opened or read.
    #[error("can't read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner can read or write it.
    #[error("{p} can be read by others (mode {mode:04o}); `chmod 600 {p}` closes it", p = .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a small text file.
    #[error("{} is not a small text file", .0.display())]
    Kind(PathBuf),
    /// It is there already.
    #[error("{} is there already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// It can't be written.
    #[error("can't write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads a small text file that only its owner can read.
///
/// # Errors
/// It is not there, others can read it, or it is no small text.
pub fn read_private(path: &Path) -> Result<String, PrivateFileError> {
    let read = |source| PrivateFileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    let about = file.metadata().map_err(read)?;
    if !about.is_file() || about.len() > LIMIT {
        return Err(PrivateFileError::Kind(path.to_owned()));
    }
    if about.mode() & 0o077 != 0 {
        return Err(PrivateFileError::Open { path: path.to_owned(), mode: about.mode() & 0o7777 });
    }
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text).map_err(|_| PrivateFileError::Kind(path.to_owned()))?;
    Ok(text)
}

/// Writes a file with this mode so that at every instant, crashes included, its name holds the whole old content or the
/// whole new one: beside, flushed, renamed, flushed. What an interrupted run left beside it is removed first.
///
/// # Errors
/// It can't be written; what was there is then as it was.
pub fn replace_private(path: &Path, content: &[u8], mode: u32) -> Result<(), PrivateFileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let write = || -> io::Result<()> {
        remove(&partial)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(content)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| {
        let _ = remove(&partial);
        PrivateFileError::Write { path: path.to_owned(), source }
    })
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes a file that must not be there yet, with this mode whatever the umask, and flushes it.
///
/// # Errors
/// It is there already, or can't be written; then nothing is left of it.
pub fn write_private(path: &Path, content: &[u8], mode: u32) -> Result<(), PrivateFileError> {
    let write = |source| PrivateFileError::Write { path: path.to_owned(), source };
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            return Err(PrivateFileError::Exists(path.to_owned()));
        }
        Err(e) => return Err(write(e)),
    };
    let mut fill = || {
        file.write_all(content)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()
    };
    fill().map_err(|e| {
        // Half a key is worse than none; what can't be removed is named by the error all the same.
        let _ = std::fs::remove_file(path);
        write(e)
    })
}
