//! What forward and backward share.

use airlift_bundle::gate::Stage;
use airlift_bundle::plan::{NodePlan, Role, Step, StepId};

use super::gates::Gates;
use super::home::Home;
use super::notice;
use super::outcome::{Outcome, Progress};
use crate::journal::{Journal, JournalError, Record, State};
use crate::step::{Fault, Interrupt, Workshop};

/// Who is told what happens.
pub trait Watcher {
    /// This happened.
    fn see(&mut self, progress: Progress);
}

/// Takes a node through its plan.
pub struct Engine<'a> {
    pub(super) shop: Workshop<'a>,
    pub(super) home: &'a Home,
    pub(super) journal: Journal<'a>,
    /// None where nothing of it is needed any more, see [`super::load`].
    pub(super) plan: Option<&'a NodePlan>,
    pub(super) gates: &'a mut dyn Gates,
    pub(super) watcher: &'a mut dyn Watcher,
    /// Whether logins show that a run is under way.
    is_posted: bool,
}

/// Why the engine stops where it stands. The journal says enough to go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// It ends so.
    With(Outcome),
    /// The journal can't be written.
    Journal(JournalError),
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Stop {
    pub(super) fn into_outcome(self) -> Outcome {
        match self {
            Self::With(outcome) => outcome,
            Self::Journal(error @ (JournalError::Stuck { .. } | JournalError::Misplaced(_))) => {
                Outcome::Stuck {
                    cause: error.to_string(),
                    hint: "keep the state directory as it is, and ask for help with: airlift-node status"
                        .to_owned(),
                }
            }
            Self::Journal(error @ (JournalError::Disk(_) | JournalError::Lost)) => Outcome::Held {
                cause: error.to_string(),
                hint: "see to the disk, then type what was typed before: it goes on from here".to_owned(),
            },
        }
    }
}

impl<'a> Engine<'a> {
    /// An engine for the node whose journal this is. The caller holds the lock.
    #[must_use]
    pub fn new(
        shop: Workshop<'a>,
        home: &'a Home,
        journal: Journal<'a>,
        plan: Option<&'a NodePlan>,
        gates: &'a mut dyn Gates,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        Self { shop, home, journal, plan, gates, watcher, is_posted: false }
    }

    /// The journal.
    #[must_use]
    pub const fn journal(&self) -> &Journal<'a> {
        &self.journal
    }

    pub(super) const fn state(&self) -> &State {
        self.journal.state()
    }

    pub(super) fn write(&mut self, record: Record) -> Result<(), Stop> {
        let line = record.at(self.shop.machine.now());
        self.journal.append(&line)?;
        if !self.is_posted && self.state().is_pending() {
            notice::post(self.shop.disk, self.home, notice::UNDER_WAY);
            self.is_posted = true;
        }
        Ok(())
    }

    pub(super) fn plan(&self) -> Result<&'a NodePlan, Stop> {
        self.plan.ok_or_else(|| {
            Stop::With(Outcome::Stuck {
                cause: "find the set that this node works with".to_owned(),
                hint: "give the set again: airlift-node apply SET".to_owned(),
            })
        })
    }

    pub(super) fn steps(&self, stage: Stage) -> Result<&'a [Step], Stop> {
        Ok(self.plan()?.steps(stage))
    }

    pub(super) fn step(&self, id: &StepId) -> Result<&'a Step, Stop> {
        let found = self.plan()?.all_steps().find(|(_, step)| step.id == *id);
        found.map(|(_, step)| step).ok_or_else(|| {
            Stop::With(Outcome::Stuck {
                cause: format!("find the step {id} in the plan, which the journal says was begun"),
                hint: "use the set with which it was begun".to_owned(),
            })
        })
    }

    pub(super) fn role(&self) -> Result<Role, Stop> {
        Ok(self.plan()?.node.role)
    }

    /// A signal since the last look.
    pub(super) fn interrupted(&self) -> Result<(), Fault> {
        self.shop.go_on()
    }
}

/// Power is about to go: no more of anything.
pub(super) fn cut_short(fault: &Fault) -> Result<(), Stop> {
    match fault {
        Fault::Interrupted(Interrupt::PowerDown) => Err(Stop::With(Outcome::CutShort)),
        _ => Ok(()),
    }
}
