//! Scripts: POSIX sh of constant text, run with typed variables.
//!
//! The executor runs a script with `/bin/sh`, a fixed `PATH`, the root directory as working directory, no input, and
//! nothing in the environment but its declared variables and these:
//!
//! ```text
//! AIRLIFT_STEP       id of the step
//! AIRLIFT_PHASE      check, look, do, probe, undo or recover
//! AIRLIFT_KEEP       a directory of the step's own below the keep dir; outlives the step, goes with commit
//! AIRLIFT_EVIDENCE   file that a script with `"completion": "evidence"` writes last
//! ```
//!
//! Exit codes: of `do` and `undo`, 0 is done and anything else is not; of a probe, see [`Script::PROBE_IN_EFFECT`] and
//! [`Script::PROBE_NOT_IN_EFFECT`]; of a check, see [`Check`]. Last lines of output are shown to the operator.

use serde::{Deserialize, Serialize, de};

use super::step::{Line, StepId};
use super::variable::Variable;
use crate::digest::Sha256;
use crate::gate::word::Look;
use crate::name::EntryName;

/// Doing, probing and undoing by scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Script {
    /// Does it.
    pub r#do: ScriptFile,
    /// Looks whether it is in effect; changes nothing.
    pub probe: ScriptFile,
    /// Takes it back.
    pub undo: ScriptUndo,
    /// What an interrupted `do` leaves.
    pub completion: Completion,
    /// How long `do` and `undo` may each run.
    pub seconds: Seconds,
    /// What the scripts get to know, sorted by name.
    pub variables: Vec<Variable>,
}

impl Script {
    /// Exit code of a probe: the step is in effect.
    pub const PROBE_IN_EFFECT: i32 = 10;
    /// Exit code of a probe: the step is not in effect. Any other code is "unknown".
    pub const PROBE_NOT_IN_EFFECT: i32 = 11;
}

/// A script in the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptFile {
    /// The entry.
    pub entry: EntryName,
    /// Its digest, as the manifest has it.
    pub sha256: Sha256,
}

/// How a script step is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScriptUndo {
    /// By this script, byte for byte.
    Exact(ScriptFile),
    /// By this script, to something equivalent.
    Restores(ScriptFile),
    /// By this script, to something equivalent, in k0s' own data, which only an answering k0s can change. On the way
    /// back it does not run: the data is set aside whole. After `start` only.
    InK0s(ScriptFile),
    /// Not at all; in `commit` only.
    None,
}

/// What an interrupted `do` leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completion {
    /// All or nothing; the probe tells which.
    Atomic,
    /// Perhaps a part. The script writes `$AIRLIFT_EVIDENCE` last; without that file the step is undone before it is
    /// done again.
    Evidence,
}

/// A time limit in whole seconds, 1 to 86,400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Seconds(u32);

impl Seconds {
    /// The longest limit, one day.
    pub const MAX: u32 = 86_400;

    /// The limit of this many seconds; none for 0 or more than a day.
    #[must_use]
    pub const fn new(seconds: u32) -> Option<Self> {
        if seconds >= 1 && seconds <= Self::MAX { Some(Self(seconds)) } else { None }
    }

    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a time limit is 1 to 86400 seconds"))
    }
}

/// A look at the node before anything is changed. Its script exits 0 when all is well, 20 to warn and 21 to block;
/// anything else is "unknown", which blocks too. What it prints is the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// Its name, once in a plan.
    pub id: StepId,
    /// What it asks, for people.
    pub title: Line,
    /// The script.
    pub script: ScriptFile,
    /// How long it may run.
    pub seconds: Seconds,
    /// What the script gets to know, sorted by name.
    pub variables: Vec<Variable>,
    /// The reason why its blocking is taken for a warning, as site.yaml has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Line>,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// All is well.
    Pass,
    /// Worth reading.
    Warning,
    /// In the way.
    Blocker,
    /// The script said nothing that is known, or did not end; in the way.
    Unknown,
}

impl Severity {
    /// What an exit code of a check's script means; no code when it was killed.
    #[must_use]
    pub const fn of_exit_code(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Pass,
            Some(20) => Self::Warning,
            Some(21) => Self::Blocker,
            _ => Self::Unknown,
        }
    }
}

/// How the node looks at what a gate asks of it ([`Look`]). Its script exits with [`PlannedLook::SEEN`] or
/// [`PlannedLook::NOT_SEEN`]; anything else is "unknown", which opens no gate either. What it prints is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedLook {
    /// What it looks for, once in a plan.
    pub look: Look,
    /// The script; it changes nothing.
    pub script: ScriptFile,
    /// How long it may run.
    pub seconds: Seconds,
    /// What the script gets to know, sorted by name.
    pub variables: Vec<Variable>,
}

impl PlannedLook {
    /// Exit code of a look: it is so.
    pub const SEEN: i32 = 10;
    /// Exit code of a look: it is not so. Any other code is "unknown".
    pub const NOT_SEEN: i32 = 11;

    /// The name under which its script runs.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.look.as_str()
    }
}

/// A script that runs by operator's word alone: `airlift-node apply --recover NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recovery {
    /// Its name, once in a plan.
    pub id: StepId,
    /// When to use it, for people.
    pub title: Line,
    /// The script; it may be run again at any time.
    pub script: ScriptFile,
    /// How long it may run.
    pub seconds: Seconds,
    /// What the script gets to know, sorted by name.
    pub variables: Vec<Variable>,
}
