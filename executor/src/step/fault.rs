//! Why a step could not be done or undone.

use std::fmt;

use super::workshop::Interrupt;
use crate::disk::DiskError;

/// Why a step could not be done or undone; a fragment that reads well after "failed to".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk failed.
    Disk(DiskError),
    /// Something else.
    Said(String),
    /// A signal came.
    Interrupted(Interrupt),
}

impl Fault {
    /// In words.
    #[must_use]
    pub fn said(why: impl Into<String>) -> Self {
        Self::Said(why.into())
    }
}

impl From<DiskError> for Fault {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(error) => error.fmt(f),
            Self::Said(why) => f.write_str(why),
            Self::Interrupted(interrupt) => write!(f, "go on: {interrupt}"),
        }
    }
}

impl std::error::Error for Fault {}
