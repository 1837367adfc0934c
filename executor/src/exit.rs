//! Exit codes. Each says one thing, for good: drivers branch on them.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// The command line is wrong; nothing was read or written.
    Usage = 2,
    /// It was so already; nothing was written.
    NothingToDo = 3,
    /// The node stands at a gate and needs the word of another node or of the operator.
    Waiting = 4,
    /// The input is not accepted, or can't be read; nothing was written.
    Refused = 5,
    /// A check says that the node is not ready; nothing was written.
    Blocked = 6,
    /// A step failed and its stage was undone.
    RolledBack = 7,
    /// A step failed; the node is held where it is safe, and the last lines say what to type.
    Held = 8,
    /// Neither forward nor back; the last lines name the recovery.
    Stuck = 9,
}

impl Exit {
    /// Every exit code, in the order of its number.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Usage,
        Self::NothingToDo,
        Self::Waiting,
        Self::Refused,
        Self::Blocked,
        Self::RolledBack,
        Self::Held,
        Self::Stuck,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The word for it in events and in the manual.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Usage => "usage",
            Self::NothingToDo => "nothing to do",
            Self::Waiting => "waiting at a gate",
            Self::Refused => "refused",
            Self::Blocked => "blocked by a check",
            Self::RolledBack => "failed and rolled back",
            Self::Held => "failed and held",
            Self::Stuck => "stuck",
        }
    }

    /// The table for the manual.
    #[must_use]
    pub fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {}  {}\n", exit.code(), exit.as_str()));
        format!("Exit codes:\n{}", lines.concat())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
