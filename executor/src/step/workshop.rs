//! What steps work with: the disk, the machine, the contents of the bundle, the keep dir.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use airlift_bundle::name::EntryName;
use airlift_bundle::plan::{Content, ScriptFile, SecretName, StepId};

use super::fault::Fault;
use super::scripts::{Job, Ran};
use crate::disk::Disk;
use crate::sealed::Secret;

/// What steps work with.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// The node's file system.
    pub disk: &'a dyn Disk,
    /// The machine.
    pub machine: &'a dyn Machine,
    /// What the bundle holds.
    pub contents: &'a dyn Contents,
    /// The keep dir.
    pub keep: &'a Keep,
}

impl Workshop<'_> {
    /// Asks for a signal since the last look; whatever takes long asks before every buffer.
    ///
    /// # Errors
    /// One came.
    pub fn go_on(&self) -> Result<(), Fault> {
        self.machine.interrupt().map_or(Ok(()), |interrupt| Err(Fault::Interrupted(interrupt)))
    }
}

/// The machine apart from its file system.
pub trait Machine {
    /// Changes with every boot.
    ///
    /// # Errors
    /// It can't be read.
    fn boot_id(&self) -> Result<String, Fault>;
    /// Seconds since 1970.
    fn now(&self) -> u64;
    /// Asks for a reboot and returns before it comes.
    ///
    /// # Errors
    /// It can't be asked for.
    fn reboot(&self) -> Result<(), Fault>;
    /// Runs a script.
    ///
    /// # Errors
    /// It can't be started.
    fn run(&self, job: &Job<'_>) -> Result<Ran, Fault>;
    /// The signal that came, if one did.
    fn interrupt(&self) -> Option<Interrupt>;
}

/// Why a run is to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// An operator's signal, by name: the stage under way is undone.
    Signal(&'static str),
    /// The machine shuts down: stop at once, as in a power cut.
    PowerDown,
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(name) => write!(f, "interrupted by {name}"),
            Self::PowerDown => f.write_str("the machine shuts down"),
        }
    }
}

/// What the bundle holds, verified.
pub trait Contents {
    /// A reader of what a placed file is to hold.
    ///
    /// # Errors
    /// It can't be had.
    fn open<'a>(&'a self, content: &Content) -> Result<Box<dyn Read + 'a>, Fault>;
    /// How many bytes that takes, or a little more.
    ///
    /// # Errors
    /// It can't be had.
    fn size(&self, content: &Content) -> Result<u64, Fault>;
    /// The text of a script.
    ///
    /// # Errors
    /// It can't be had.
    fn script(&self, file: &ScriptFile) -> Result<&[u8], Fault>;
    /// A secret.
    ///
    /// # Errors
    /// It can't be opened.
    fn secret(&self, name: &SecretName) -> Result<Secret, Fault>;
}

/// Where things lie below the keep dir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep(PathBuf);

impl Keep {
    /// The rooms, each a directory below the keep dir.
    pub const ROOMS: [&'static str; 6] = ["old", "copies", "parts", "scripts", "evidence", "logs"];

    /// The keep dir at `path`.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every room.
    pub fn rooms(&self) -> impl Iterator<Item = PathBuf> {
        Self::ROOMS.into_iter().map(|room| self.0.join(room))
    }

    pub(super) fn old(&self, step: &StepId) -> PathBuf {
        self.0.join("old").join(step.as_str())
    }

    /// Where the copy of this name lies.
    #[must_use]
    pub fn copy(&self, name: &EntryName) -> PathBuf {
        self.0.join("copies").join(name.as_str())
    }

    pub(super) fn part(&self, step: &StepId) -> PathBuf {
        self.0.join("parts").join(step.as_str())
    }

    pub(super) fn script(&self, step: &StepId) -> PathBuf {
        self.0.join("scripts").join(step.as_str())
    }

    /// What a script of this step said last in this phase.
    #[must_use]
    pub fn log(&self, step: &StepId, phase: &str) -> PathBuf {
        self.0.join("logs").join(format!("{step}.{phase}"))
    }

    pub(super) fn evidence(&self, step: &StepId) -> PathBuf {
        self.0.join("evidence").join(step.as_str())
    }
}
