//! Backward: undoing the stage under way, or all of them.

use airlift_bundle::gate::Stage;

use super::engine::{Engine, Stop, cut_short};
use super::gates::{Answer, Passage};
use super::outcome::{Outcome, Progress};
use crate::disk::DiskError;
use crate::journal::{At, Record};
use crate::step::{Fault, undo};

impl Engine<'_> {
    /// Takes the node back to where it was before the first stage, as far as the gates let it.
    pub fn rollback(&mut self) -> Outcome {
        self.go_back().unwrap_or_else(Stop::into_outcome)
    }

    fn go_back(&mut self) -> Result<Outcome, Stop> {
        self.journal.settle()?;
        loop {
            match self.state().at {
                At::Empty => {
                    self.purge()?;
                    return Ok(Outcome::NothingToDo);
                }
                At::Committed | At::PurgingEnd => return Ok(no_way_back()),
                At::Forward | At::Doing => {
                    if self.state().stage == Some(Stage::Commit) {
                        return Ok(no_way_back());
                    }
                    self.write(Record::Fail {
                        cause: "go on: the operator ordered the way back".to_owned(),
                    })?;
                }
                At::Failing | At::UndoingFailed => {
                    self.undo_stage()?;
                }
                At::Rest if self.state().set.is_none() => {
                    // a set may have been staged and never taken
                    self.purge()?;
                    return Ok(Outcome::NothingToDo);
                }
                At::Rest => self.write(Record::Rollback {})?,
                At::Unwinding | At::UndoingBack => {
                    self.undo_stage()?;
                }
                At::Back => match self.state().finished.last().copied() {
                    Some(stage) => {
                        if let Answer::Wait { need, hint } =
                            self.gates.may(Passage::Unwind(stage), self.journal.state())
                        {
                            return Ok(Outcome::Waiting { need, hint });
                        }
                        self.write(Record::Unwind { stage })?;
                    }
                    None => self.write(Record::Purge {})?,
                },
                At::PurgingBack => {
                    self.purge()?;
                    self.write(Record::Returned {})?;
                    return Ok(Outcome::Done(None));
                }
            }
        }
    }

    /// Undoes what is left of the stage under way, last step first. An operator's signals don't stop it.
    pub(super) fn undo_stage(&mut self) -> Result<(), Stop> {
        self.home.release_reserve(self.shop.disk);
        while let Some((step, before)) = self.state().to_undo() {
            let (step, before) = (step.clone(), before.clone());
            let planned = self.step(&step)?;
            if matches!(self.state().at, At::Failing | At::Unwinding) {
                self.write(Record::Undo { step: step.clone() })?;
            }
            if let Err(fault) = undo(&self.shop, planned, &before) {
                cut_short(&fault)?;
                return Err(Stop::With(self.held_undoing(&step.to_string(), &fault)));
            }
            self.write(Record::Undone { step: step.clone() })?;
            self.watcher.see(Progress::StepUndone { step });
        }
        let Some(stage) = self.state().stage else { return Ok(()) };
        self.write(Record::Cleared { stage })?;
        self.watcher.see(Progress::StageUndone { stage });
        Ok(())
    }

    fn held_undoing(&self, step: &str, fault: &Fault) -> Outcome {
        let first = match &self.state().cause {
            Some(cause) => format!("; the first cause was: failed to {cause}"),
            None => String::new(),
        };
        Outcome::Held {
            cause: format!("undo {step}: failed to {fault}{first}"),
            hint: "see to the cause, then go on undoing with: airlift-node rollback".to_owned(),
        }
    }

    /// Removes what was kept and staged. Announced, or nothing was ever begun.
    pub(super) fn purge(&self) -> Result<(), Stop> {
        self.home.purge(self.shop.disk).map_err(not_removed)
    }

    /// Removes the node's own key, at the very end.
    pub(super) fn forget_key(&self) -> Result<(), Stop> {
        self.home.forget_key(self.shop.disk).map_err(not_removed)
    }
}

fn not_removed(error: DiskError) -> Stop {
    Stop::With(Outcome::Held {
        cause: Fault::from(error).to_string(),
        hint: "see to the disk, then type what was typed before: it goes on from here".to_owned(),
    })
}

fn no_way_back() -> Outcome {
    Outcome::Held {
        cause: "go back: commit has begun, and what the way back needs is gone".to_owned(),
        hint: "type: airlift-node commit".to_owned(),
    }
}
