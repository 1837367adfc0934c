//! What a run says on its way, and how it ends.

use airlift_bundle::gate::Stage;
use airlift_bundle::plan::{Line, Severity, StepId};
use serde::Serialize;

use crate::exit::Exit;

/// Something that happened during a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "progress", rename_all = "kebab-case")]
pub enum Progress {
    /// A check was made.
    Checked {
        /// The check.
        check: StepId,
        /// What it asks.
        title: Line,
        /// What it found.
        severity: Severity,
        /// What it said.
        said: String,
        /// The reason why a blocker counts as a warning.
        #[serde(skip_serializing_if = "Option::is_none")]
        waived: Option<Line>,
    },
    /// A stage begins, or goes on after a crash.
    StageBegins {
        /// The stage.
        stage: Stage,
    },
    /// A step is done.
    StepDone {
        /// Its stage.
        stage: Stage,
        /// The step.
        step: StepId,
        /// What it does.
        title: Line,
    },
    /// A step was in effect already.
    StepSkipped {
        /// Its stage.
        stage: Stage,
        /// The step.
        step: StepId,
        /// What it does.
        title: Line,
    },
    /// A step that a crash has interrupted is taken back before it is done again.
    StepRetried {
        /// The step.
        step: StepId,
    },
    /// A stage is done.
    StageDone {
        /// The stage.
        stage: Stage,
    },
    /// A stage is given up and gets undone.
    StageFails {
        /// The stage.
        stage: Stage,
        /// Why.
        cause: String,
    },
    /// A step is undone.
    StepUndone {
        /// The step.
        step: StepId,
    },
    /// All of a stage is undone.
    StageUndone {
        /// The stage.
        stage: Stage,
    },
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for is done; the last stage that is.
    Done(Option<Stage>),
    /// It was so already.
    NothingToDo,
    /// The node stands at a gate.
    Waiting {
        /// What it waits for.
        need: String,
        /// What to type then.
        hint: String,
    },
    /// A check or a step that has to hold is in the way; no stage was begun.
    Blocked(Vec<String>),
    /// A stage failed and was undone.
    Undone {
        /// The stage.
        stage: Stage,
        /// The first cause, after "failed to".
        cause: String,
    },
    /// The node is held where it is.
    Held {
        /// Why, after "failed to".
        cause: String,
        /// What to do about it, and what to type then.
        hint: String,
    },
    /// Neither forward nor back.
    Stuck {
        /// Why, after "failed to".
        cause: String,
        /// The way out.
        hint: String,
    },
    /// The machine is about to reboot, as planned.
    Rebooting,
    /// The machine shuts down; the run stopped where it was, as in a power cut.
    CutShort,
}

impl Outcome {
    /// The exit code for it. A failed `start` or later leaves the node held: k0s is away, MKE 3 is not back.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Done(_) => Exit::Done,
            Self::NothingToDo => Exit::NothingToDo,
            Self::Waiting { .. } | Self::Rebooting => Exit::Waiting,
            Self::Blocked(_) => Exit::Blocked,
            Self::Undone { stage, .. } => match stage {
                Stage::Check | Stage::Prepare | Stage::Freeze | Stage::Stop => Exit::RolledBack,
                Stage::Start | Stage::Adopt | Stage::Settle | Stage::Commit => Exit::Held,
            },
            Self::Held { .. } | Self::CutShort => Exit::Held,
            Self::Stuck { .. } => Exit::Stuck,
        }
    }
}
