//! What a run says on its way, and how it ends.

use std::fmt;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::word::{Look, Word};
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{Line, Severity, StepId};
use serde::Serialize;

use crate::exit::Exit;
use crate::step::{Fault, Pace, Sight};

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
    /// A step is about to be done.
    StepBegins {
        /// Its stage.
        stage: Stage,
        /// The step.
        step: StepId,
        /// What it does.
        title: Line,
    },
    /// Something takes long.
    UnderWay(Pace),
    /// A step is done.
    StepDone {
        /// Its stage.
        stage: Stage,
        /// The step.
        step: StepId,
        /// What it does.
        title: Line,
        /// How long it took in this run.
        seconds: u64,
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
        /// How long it took in this run.
        seconds: u64,
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
    /// A step is not undone, since what it did goes with something else.
    StepLeft {
        /// The step.
        step: StepId,
        /// With what, and why.
        why: String,
    },
    /// All of a stage is undone.
    StageUndone {
        /// The stage.
        stage: Stage,
    },
    /// A step whose work does not outlive a reboot is done again.
    StepRenewed {
        /// The step.
        step: StepId,
    },
    /// The receipt of a word that this node gives is written.
    Given {
        /// The word.
        word: Word,
    },
    /// A receipt for which nobody waits could not be written.
    NotGiven {
        /// Why.
        cause: String,
    },
    /// A word of another node is taken.
    Heard {
        /// Whose.
        from: NodeName,
        /// The word.
        word: Word,
    },
    /// The node looked at what a gate asks.
    Looked {
        /// For what.
        look: Look,
        /// What it found.
        sight: Sight,
    },
    /// The first pass back is done.
    K0sAway {},
    /// What the script printed that clears away both stacks: how the host joins as a new node.
    LeftOut {
        /// Its lines.
        said: String,
    },
}

impl fmt::Display for Progress {
    /// Lines for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checked { check, severity, said, waived, .. } => {
                let word = match severity {
                    Severity::Pass => "ok",
                    Severity::Warning => "warning",
                    Severity::Blocker => "blocked",
                    Severity::Unknown => "unknown",
                };
                write!(f, "{word}: {check}")?;
                if !said.is_empty() {
                    write!(f, ": {}", said.lines().collect::<Vec<_>>().join(" | "))?;
                }
                match waived {
                    Some(reason) => writeln!(f, " (waived: {reason})"),
                    None => writeln!(f),
                }
            }
            Self::StageBegins { stage } => writeln!(f, "{stage}: begins"),
            // the line about its end says the same; whoever waits long hears of it meanwhile
            Self::StepBegins { .. } => Ok(()),
            Self::UnderWay(pace) => writeln!(f, "    at work, {pace}"),
            Self::StepDone { step, title, seconds, .. } => {
                writeln!(f, "    done {step}: {title}{}", Took(*seconds))
            }
            Self::StepSkipped { step, title, .. } => writeln!(f, "    no change {step}: {title}"),
            Self::StepRetried { step } => {
                writeln!(f, "    interrupted before, taken back and begun anew: {step}")
            }
            Self::StageDone { stage, seconds } => writeln!(f, "{stage}: done{}", Took(*seconds)),
            Self::StageFails { stage, cause } => {
                writeln!(f, "{stage}: failed to {cause}\n{stage}: undoing it")
            }
            Self::StepUndone { step } => writeln!(f, "    undone {step}"),
            Self::StepLeft { step, why } => writeln!(f, "    left {step}: {why}"),
            Self::StageUndone { stage } => writeln!(f, "{stage}: undone"),
            Self::StepRenewed { step } => writeln!(f, "    done again after the reboot {step}"),
            Self::Given { word } => writeln!(f, "gives {word}: airlift-node receipt shows it"),
            Self::NotGiven { cause } => writeln!(f, "goes on without a receipt: {cause}"),
            Self::Heard { from, word } => writeln!(f, "heard {word} of {from}"),
            Self::Looked { look, sight: Sight::Seen } => writeln!(f, "look {look}: seen"),
            Self::Looked { look, sight: Sight::NotSeen(said) } => {
                writeln!(f, "look {look}: not seen: {said}")
            }
            Self::Looked { look, sight: Sight::Unknown(said) } => writeln!(f, "look {look}: unknown: {said}"),
            Self::K0sAway {} => writeln!(f, "k0s is away"),
            Self::LeftOut { said } => writeln!(f, "{said}"),
        }
    }
}

/// A time that is worth a word.
struct Took(u64);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 60, self.0 % 60) {
            (0, 0) => Ok(()),
            (0, seconds) => write!(f, " ({seconds} s)"),
            (minutes, seconds) => write!(f, " ({minutes} min {seconds} s)"),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for is done; the last stage that is.
    Done(Option<Stage>),
    /// It was so already.
    NothingToDo,
    /// What was brought of others' words is sorted.
    Listened,
    /// Every check passes; nothing was changed.
    Checked,
    /// A recovery is done.
    Recovered {
        /// Its name.
        name: StepId,
        /// What it printed.
        said: String,
    },
    /// The node stands at a gate.
    Waiting {
        /// What it waits for, one line each.
        needs: Vec<String>,
        /// What to type then.
        hint: String,
    },
    /// What was typed is refused, for these reasons; it changed nothing.
    Refused(Vec<String>),
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
    CutShort {
        /// What to type after the boot.
        then: String,
    },
}

impl Outcome {
    /// A signal while something is only looked at: nothing was begun, and no more is looked at.
    #[must_use]
    pub fn cut_off(fault: &Fault) -> Self {
        Self::Blocked(vec![format!("{fault}; nothing was begun")])
    }

    /// What happened, in lines for people, and what to do.
    #[must_use]
    pub fn said(&self) -> (Vec<String>, Option<String>) {
        let line = |text: String| vec![text];
        match self {
            Self::Done(Some(stage)) => (line(format!("{stage} is done")), None),
            Self::Done(None) => (line("all is done".to_owned()), None),
            Self::NothingToDo => (line("nothing to do".to_owned()), None),
            Self::Listened => (
                line("what this node needs of the words that were brought is in its journal".to_owned()),
                Some("airlift-node status says what is still missing, and what to type".to_owned()),
            ),
            Self::Checked => (line("no check is in the way; nothing was changed".to_owned()), None),
            Self::Recovered { name, said } => {
                let done = format!("the recovery {name} is done");
                (
                    said.lines().map(str::to_owned).chain([done]).collect(),
                    Some("airlift-node status says where this node stands and what to type".to_owned()),
                )
            }
            Self::Waiting { needs, hint } => {
                (needs.iter().map(|need| format!("waiting for {need}")).collect(), Some(hint.clone()))
            }
            Self::Refused(why) => (
                why.iter().map(|why| format!("refused: {why}")).collect(),
                Some("airlift-node status says where this node stands and what to type".to_owned()),
            ),
            Self::Blocked(found) => {
                let hint = "see to each of these, then type the same again".to_owned();
                (found.iter().map(|what| format!("blocked: {what}")).collect(), Some(hint))
            }
            Self::Undone { stage, cause } => {
                let hint = "see to the cause, then: airlift-node apply; or to go back: airlift-node rollback";
                (
                    line(format!("{stage} was undone; the first cause: failed to {cause}")),
                    Some(hint.to_owned()),
                )
            }
            Self::Held { cause, hint } => (line(format!("held: failed to {cause}")), Some(hint.clone())),
            Self::Stuck { cause, hint } => (line(format!("stuck: failed to {cause}")), Some(hint.clone())),
            Self::Rebooting => (
                line("the machine reboots, as planned".to_owned()),
                Some("after the boot type: airlift-node apply".to_owned()),
            ),
            Self::CutShort { then } => (
                line("the machine shuts down; stopped as in a power cut".to_owned()),
                Some(format!("after the boot, {then}")),
            ),
        }
    }

    /// The exit code for it. A failed `start` or later leaves the node held: k0s is away, MKE 3 is not back.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Done(_) | Self::Listened | Self::Checked | Self::Recovered { .. } => Exit::Done,
            Self::NothingToDo => Exit::NothingToDo,
            Self::Waiting { .. } | Self::Rebooting => Exit::Waiting,
            Self::Refused(_) => Exit::Refused,
            Self::Blocked(_) => Exit::Blocked,
            Self::Undone { stage, .. } => match stage {
                Stage::Check | Stage::Prepare | Stage::Freeze | Stage::Stop => Exit::RolledBack,
                Stage::Start | Stage::Adopt | Stage::Settle | Stage::Commit => Exit::Held,
            },
            Self::Held { .. } | Self::CutShort { .. } => Exit::Held,
            Self::Stuck { .. } => Exit::Stuck,
        }
    }
}
