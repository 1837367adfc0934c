//! Why a journal can't be read or written.

use std::fmt;
use std::path::PathBuf;

use crate::disk::DiskError;

/// Why a journal can't be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// The disk failed. After a failed write nothing more is written by this process: what is on the disk is known
    /// only by reading it anew.
    Disk(DiskError),
    /// A write failed before.
    Lost,
    /// What is in the file is not what a crash leaves.
    Stuck {
        /// The file.
        path: PathBuf,
        /// The record, counted from 1.
        record: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A record that may not come now. Never written; a fault of the executor.
    Misplaced(String),
}

impl From<DiskError> for JournalError {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

impl fmt::Display for JournalError {
    /// A fragment that reads well after "failed to".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(error) => error.fmt(f),
            Self::Lost => f.write_str("write the journal: a write failed before"),
            Self::Stuck { path, record, why } => {
                write!(f, "read the journal {}: record {record} {why}", path.display())
            }
            Self::Misplaced(why) => write!(f, "go on: {why}"),
        }
    }
}

impl std::error::Error for JournalError {}
