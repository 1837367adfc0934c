//! What steps work with: the disk, the machine, the contents of the bundle, the keep dir.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use airlift_bundle::name::EntryName;
use airlift_bundle::plan::{Content, ScriptFile, SecretName, StepId};
use serde::Serialize;

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
    /// So many bytes of this many are copied.
    fn passed(&self, _what: &str, _bytes: u64, _of: u64) {}
    /// Whether an operator's signal ends what is under way.
    fn heeds_operator(&self) -> bool {
        true
    }
}

/// A machine where only a power cut stops what is under way.
pub struct Steadfast<'a>(pub &'a dyn Machine);

impl Machine for Steadfast<'_> {
    fn boot_id(&self) -> Result<String, Fault> {
        self.0.boot_id()
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    fn reboot(&self) -> Result<(), Fault> {
        self.0.reboot()
    }

    fn run(&self, job: &Job<'_>) -> Result<Ran, Fault> {
        self.0.run(job)
    }

    fn interrupt(&self) -> Option<Interrupt> {
        std::iter::from_fn(|| self.0.interrupt()).find(|interrupt| *interrupt == Interrupt::PowerDown)
    }

    fn passed(&self, what: &str, bytes: u64, of: u64) {
        self.0.passed(what, bytes, of);
    }

    fn heeds_operator(&self) -> bool {
        false
    }
}

/// How far something has come that takes long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pace {
    /// What.
    pub what: String,
    /// How much of it is done.
    pub done: u64,
    /// Of how much.
    pub of: u64,
    /// `bytes`, or `seconds` that a script may take at most.
    pub unit: &'static str,
}

impl Pace {
    /// Bytes are copied.
    #[must_use]
    pub fn copying(what: &str, done: u64, of: u64) -> Self {
        Self { what: what.to_owned(), done, of, unit: "bytes" }
    }

    /// A script runs.
    #[must_use]
    pub fn running(what: &str, done: u64, of: u32) -> Self {
        Self { what: what.to_owned(), done, of: of.into(), unit: "seconds" }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, done, of, unit } = self;
        match *unit {
            "bytes" => write!(f, "{what}: {} of {} MiB", done >> 20, of.div_ceil(1 << 20)),
            _ => write!(f, "{what}: {done} seconds, of at most {of}"),
        }
    }
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
