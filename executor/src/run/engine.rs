//! What forward and backward share.

use airlift_bundle::gate::Stage;
use airlift_bundle::plan::{NodePlan, Plan, Step, StepId};

use super::home::Home;
use super::notice;
use super::outcome::{Outcome, Progress};
use crate::gate::Operator;
use crate::journal::{Journal, JournalError, Record, State};
use crate::step::{Fault, Interrupt, Workshop};

/// Who is told what happens.
pub trait Watcher {
    /// This happened.
    fn see(&mut self, progress: Progress);
}

/// What the engine reads of the set that the node works with.
#[derive(Clone, Copy, Debug)]
pub struct Papers<'a> {
    /// The node's plan.
    pub plan: &'a NodePlan,
    /// The site's plan.
    pub site: &'a Plan,
    /// The hashes of others' codes, [`CodeHashes`](airlift_bundle::gate::codes::CodeHashes), if the bundle has them.
    pub codes: Option<&'a [u8]>,
}

/// Takes a node through its plan.
pub struct Engine<'a> {
    pub(super) shop: Workshop<'a>,
    pub(super) home: &'a Home,
    pub(super) journal: Journal<'a>,
    /// None where nothing of it is needed any more, see [`super::load`].
    pub(super) papers: Option<Papers<'a>>,
    pub(super) operator: &'a mut dyn Operator,
    pub(super) watcher: &'a mut dyn Watcher,
    /// Whether logins show that a run is under way.
    is_posted: bool,
    /// Whether the operator ordered the way back.
    pub(super) goes_back: bool,
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
        papers: Option<Papers<'a>>,
        operator: &'a mut dyn Operator,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        Self { shop, home, journal, papers, operator, watcher, is_posted: false, goes_back: false }
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
        let given = |state: &State| state.gate.as_ref().map_or(0, |gate| gate.state().given().len());
        let before = given(self.state());
        let line = record.at(self.shop.machine.now());
        self.journal.append(&line)?;
        if !self.is_posted && self.state().is_pending() {
            notice::post(self.shop.disk, self.home, notice::UNDER_WAY);
            self.is_posted = true;
        }
        if given(self.state()) > before { self.give_receipts() } else { Ok(()) }
    }

    pub(super) fn plan(&self) -> Result<&'a NodePlan, Stop> {
        Ok(self.papers()?.plan)
    }

    pub(super) fn papers(&self) -> Result<Papers<'a>, Stop> {
        self.papers.ok_or_else(|| {
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

    /// A signal since the last look.
    pub(super) fn interrupted(&self) -> Result<(), Fault> {
        self.shop.go_on()
    }
}

/// Power is about to go: no more of anything.
pub(super) fn cut_short(fault: &Fault) -> Result<(), Stop> {
    match fault {
        Fault::Interrupted(Interrupt::PowerDown) => {
            Err(Stop::With(Outcome::CutShort { then: "type: airlift-node status".to_owned() }))
        }
        _ => Ok(()),
    }
}

/// An operator's signal while something is only looked at: nothing is begun, and no more is looked at.
pub(super) fn cut_off(fault: &Fault) -> Result<(), Stop> {
    match fault {
        Fault::Interrupted(interrupt @ Interrupt::Signal(_)) => {
            Err(Stop::With(Outcome::Blocked(vec![format!("{interrupt}; nothing was begun")])))
        }
        _ => Ok(()),
    }
}
