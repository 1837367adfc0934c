//! The seam to the machine: its files below a root directory, and its programs. Tests bring a tree and stand-ins of
//! their own.
//!
//! Reading never hangs and is never large: only regular files count (a pipe or a device in a file's place is an
//! error), and every file has a limit.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;

/// Where the programs of a node lie. The caller's own PATH never counts: this runs as root.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a program may take. `docker info` takes a second or two on a busy manager.
const PATIENCE: Duration = Duration::from_secs(20);
/// Largest file that is read; the tables below /proc of a busy node have some megabytes.
const LARGEST: u64 = 32 << 20;

/// A machine to look at.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What stands for `/`.
    pub root: PathBuf,
    /// Directories of programs, as in PATH.
    pub path: String,
    /// How long a program may take.
    pub patience: Duration,
}

/// Why something could not be seen.
#[derive(Debug)]
pub struct Unseen {
    path: String,
    why: io::Error,
}

impl Unseen {
    /// Whether there is nothing of that name.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self.why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

impl Machine {
    /// The machine that this process runs on.
    #[must_use]
    pub fn this() -> Self {
        Self { root: PathBuf::from("/"), path: PATH.to_owned(), patience: PATIENCE }
    }

    /// Where `path`, an absolute one of the machine, lies for this process.
    #[must_use]
    pub fn locate(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Whether there is a directory at `path`.
    #[must_use]
    pub fn is_dir(&self, path: &str) -> bool {
        self.locate(path).is_dir()
    }

    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Unseen> {
        read(&self.locate(path), OFlag::empty()).map_err(|why| Unseen { path: path.to_owned(), why })
    }

    /// The same of a file that must not be a symbolic link.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn read_no_link(&self, path: &str) -> Result<Vec<u8>, Unseen> {
        read(&self.locate(path), OFlag::O_NOFOLLOW).map_err(|why| Unseen { path: path.to_owned(), why })
    }

    /// The file at `path` as text.
    ///
    /// # Errors
    /// Why it could not be read, or that it is not UTF-8.
    pub fn text(&self, path: &str) -> Result<String, Unseen> {
        String::from_utf8(self.read(path)?).map_err(|_| Unseen {
            path: path.to_owned(),
            why: io::Error::new(io::ErrorKind::InvalidData, "it is not text"),
        })
    }

    /// The same, and `None` where there is no such file.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn text_if_there(&self, path: &str) -> Result<Option<String>, Unseen> {
        match self.text(path) {
            Ok(text) => Ok(Some(text)),
            Err(unseen) if unseen.is_absent() => Ok(None),
            Err(unseen) => Err(unseen),
        }
    }

    /// The names in the directory at `path`, sorted; those that are not text are left out.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn list(&self, path: &str) -> Result<Vec<String>, Unseen> {
        let names = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(self.locate(path))? {
                names.extend(entry?.file_name().into_string());
            }
            names.sort();
            Ok(names)
        };
        names().map_err(|why| Unseen { path: path.to_owned(), why })
    }
}

fn read(path: &Path, more: OFlag) -> io::Result<Vec<u8>> {
    // without O_NONBLOCK, opening a pipe waits for its writer
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | more;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {LARGEST} bytes"),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    #[test]
    fn whatever_lies_in_a_files_place_reading_ends_with_a_reason() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let machine = Machine { root: root.path().to_owned(), ..Machine::this() };
        mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        fs::create_dir(at("directory")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(at("huge"))
            .unwrap()
            .set_len(LARGEST + 1)
            .unwrap();
        symlink("huge", at("link")).unwrap();
        for (name, why) in [
            ("pipe", "not a regular file"),
            ("directory", "not a regular file"),
            ("loop", "symbolic link"),
            ("zero", "not a regular file"),
            ("huge", "larger than"),
            ("none", "No such file"),
        ] {
            let unseen = machine.read(&format!("/{name}")).unwrap_err();
            assert!(unseen.to_string().contains(why), "{unseen}");
            assert_eq!(unseen.is_absent(), name == "none");
        }
        assert!(machine.read_no_link("/link").unwrap_err().to_string().contains("symbolic link"));
    }
}
