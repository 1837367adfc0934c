//! What went wrong with a file, and with which.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// An operation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What was tried, as a verb.
    pub verb: &'static str,
    /// With what.
    pub path: PathBuf,
    /// Why it failed.
    pub why: Why,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The system said so, by this error number.
    System(i32),
    /// This symbolic link lies on the way, and points there.
    Link(PathBuf, PathBuf),
    /// Something else, in words that follow a colon.
    Said(String),
}

impl DiskError {
    /// The system refused to `verb` this `path`.
    #[must_use]
    pub fn system(verb: &'static str, path: &Path, errno: Errno) -> Self {
        Self { verb, path: path.to_owned(), why: Why::System(errno.raw_os_error()) }
    }

    /// There was another reason.
    #[must_use]
    pub fn said(verb: &'static str, path: &Path, why: impl Into<String>) -> Self {
        Self { verb, path: path.to_owned(), why: Why::Said(why.into()) }
    }

    /// Whether the system said this.
    #[must_use]
    pub fn is(&self, errno: Errno) -> bool {
        self.why == Why::System(errno.raw_os_error())
    }
}

impl fmt::Display for DiskError {
    /// A fragment that reads well after "failed to".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.verb, self.path.display())?;
        match &self.why {
            Why::System(errno) => io::Error::from_raw_os_error(*errno).fmt(f),
            Why::Link(link, to) => {
                write!(
                    f,
                    "{} is a symbolic link to {}; the plan must name the real place",
                    link.display(),
                    to.display()
                )
            }
            Why::Said(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for DiskError {}
