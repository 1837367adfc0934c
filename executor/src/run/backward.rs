//! Backward: undoing the stage under way, or all of them in two passes; and out, where the site went on without the node.

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::protocol::Gate;
use airlift_bundle::gate::state::{Event, Position};
use airlift_bundle::gate::table::Act;
use airlift_bundle::gate::word::Word;
use airlift_bundle::plan::Action;

use super::engine::{Engine, Stop, cut_short};
use super::gates::Halted;
use super::outcome::{Outcome, Progress};
use crate::journal::{At, Record, Standing, State};
use crate::step::{Fault, Steadfast, Workshop, clear, forget, must_be_kept, run_recovery, undo};

impl Engine<'_> {
    /// The same engine with the way back ordered, before it hears the words of others.
    #[must_use]
    pub const fn bound_back(mut self) -> Self {
        self.goes_back = true;
        self
    }

    /// Takes the node back to where it was before the first stage, in two passes, as far as the gates let it.
    pub fn rollback(&mut self) -> Outcome {
        self.go_back().unwrap_or_else(Stop::into_outcome)
    }

    fn go_back(&mut self) -> Result<Outcome, Stop> {
        self.journal.settle()?;
        self.note_boot()?;
        self.goes_back = true;
        self.give_receipts()?;
        if self.state().at.is_failing() {
            return self.undo_failed();
        }
        loop {
            match self.state().at {
                At::Empty => {
                    self.purge()?;
                    return Ok(Outcome::NothingToDo);
                }
                At::Committed | At::Removed | At::PurgingEnd | At::LeavingOut => {
                    return Ok(no_way_back(self.state()));
                }
                At::Forward | At::Doing => {
                    if self.state().stage == Some(Stage::Commit) {
                        return Ok(no_way_back(self.state()));
                    }
                    if let Gate::Refused(refusal) = self.gate()?.gate(Act::LeaveK0s) {
                        return Ok(Outcome::Refused(vec![refusal.to_string()]));
                    }
                    self.write(Record::Fail {
                        cause: "go on: the operator ordered the way back".to_owned(),
                    })?;
                }
                At::Failing | At::UndoingFailed | At::Unwinding | At::UndoingBack => {
                    self.undo_stage()?;
                }
                At::Rest if self.state().set.is_none() => {
                    // a set may have been staged and never taken
                    self.purge()?;
                    return Ok(Outcome::NothingToDo);
                }
                // a set was taken for the next attempt, and nothing was begun
                At::Rest if self.gate()?.position() == Position::Returned => self.write(Record::Purge {})?,
                At::Rest => {
                    if let Some(outcome) = self.words(Act::LeaveK0s)? {
                        return Ok(outcome);
                    }
                    self.write(Record::Rollback {})?;
                }
                At::Back => {
                    if let Some(outcome) = self.pass_back()? {
                        return Ok(outcome);
                    }
                }
                At::Returned => {
                    self.give_receipts()?;
                    self.settle_receipts()?;
                    self.write(Record::Purge {})?;
                }
                At::PurgingBack => {
                    self.purge()?;
                    self.write(Record::Purged {})?;
                    return Ok(Outcome::Done(None));
                }
            }
        }
    }

    /// A stage that failed, or was interrupted, was being undone: only that is brought to its end. The way back is the
    /// whole site's, and takes an order of its own.
    fn undo_failed(&mut self) -> Result<Outcome, Stop> {
        let state = self.state();
        let (stage, cause) = (state.stage, state.cause.clone().unwrap_or_default());
        self.undo_stage()?;
        Ok(stage.map_or(Outcome::NothingToDo, |stage| Outcome::Undone { stage, cause }))
    }

    /// One step of the two passes: what they undo, and the gate between them.
    fn pass_back(&mut self) -> Halted {
        let last = self.state().finished.last().copied();
        match self.gate()?.position() {
            Position::LeavingK0s => match last {
                Some(stage) if stage >= Stage::Start => self.write(Record::Unwind { stage })?,
                _ => {
                    self.event(Event::K0sAway, None)?;
                    self.watcher.see(Progress::K0sAway {});
                }
            },
            Position::Returning => match last {
                Some(stage) => self.write(Record::Unwind { stage })?,
                None => self.write(Record::Returned {})?,
            },
            _ => return self.turn(),
        }
        Ok(None)
    }

    /// k0s is away: the hub gives `back`, everybody waits for it, and MKE 3 comes back.
    fn turn(&mut self) -> Halted {
        let gives = |(act, _): &(Act, Gate)| *act == Act::Give(Word::Back);
        if self.gate()?.acts().iter().any(gives) {
            return self.give(Word::Back);
        }
        if let Some(outcome) = self.words(Act::BringBack)? {
            return Ok(Some(outcome));
        }
        if let Some(outcome) = self.looks(Act::BringBack)? {
            return Ok(Some(outcome));
        }
        self.event(Event::BringBack, None)?;
        Ok(None)
    }

    /// Clears away both stacks, on a host that the site went on without.
    pub fn leave_out(&mut self) -> Outcome {
        self.go_out().unwrap_or_else(Stop::into_outcome)
    }

    fn go_out(&mut self) -> Result<Outcome, Stop> {
        self.journal.settle()?;
        self.note_boot()?;
        let is_left_out = |engine: &Self| engine.state().position() == Some(Position::LeftOut);
        loop {
            match self.state().at {
                At::Removed if is_left_out(self) => {
                    self.forget_kept()?;
                    self.write(Record::Purge {})?;
                }
                At::PurgingEnd if is_left_out(self) => {
                    self.purge()?;
                    self.forget_key()?;
                    self.write(Record::Purged {})?;
                    return Ok(Outcome::Done(None));
                }
                At::Committed if is_left_out(self) => return Ok(Outcome::NothingToDo),
                At::Removed | At::PurgingEnd | At::Committed => {
                    let why = "clear away both stacks: commit has begun or is done here: airlift-node commit";
                    return Ok(Outcome::Refused(vec![why.to_owned()]));
                }
                At::LeavingOut => {
                    if let Some(outcome) = self.clear_both()? {
                        return Ok(outcome);
                    }
                }
                _ if self.state().set.is_none() => {
                    let why = "clear away both stacks: this node has nothing under way".to_owned();
                    return Ok(Outcome::Refused(vec![why]));
                }
                _ => {
                    if self.plan()?.left_out.is_none() {
                        let why = "the set at work does not tell how to clear away both stacks";
                        return Ok(Outcome::Refused(vec![why.to_owned()]));
                    }
                    if let Some(outcome) = self.words(Act::LeaveOut)? {
                        return Ok(outcome);
                    }
                    self.home.make_ready(self.shop.disk).map_err(|error| self.held_leaving(&error.into()))?;
                    self.event(Event::LeaveOut, None)?;
                }
            }
        }
    }

    fn clear_both(&mut self) -> Halted {
        let Some(script) = &self.plan()?.left_out else {
            return Ok(Some(Outcome::Refused(vec!["the set at work has no way to go on".to_owned()])));
        };
        match run_recovery(&self.shop, script) {
            Ok((Some(0), _, said)) => {
                self.clear_half_done()?;
                self.event(Event::LeftOut, None)?;
                self.watcher.see(Progress::LeftOut { said });
                Ok(None)
            }
            Ok((_, seen, _)) => Err(self.held_leaving(&Fault::said(format!("run {}: {seen}", script.id)))),
            Err(fault) => {
                cut_short(&fault)?;
                Err(self.held_leaving(&fault))
            }
        }
    }

    /// Removes what an interrupted step left beside its target, which may be a secret: nobody will take it back.
    fn clear_half_done(&self) -> Result<(), Stop> {
        for begun in &self.state().steps {
            let step = self.step(&begun.step)?;
            if matches!(step.action, Action::Place { .. }) {
                clear(&self.shop, step).map_err(|fault| self.held_leaving(&fault))?;
            }
        }
        Ok(())
    }

    fn held_leaving(&self, fault: &Fault) -> Stop {
        Stop::With(Outcome::Held {
            cause: fault.to_string(),
            hint: "see to the cause, then: airlift-node commit --left-out".to_owned(),
        })
    }

    /// Undoes what is left of the stage under way, last step first. An operator's signals don't stop it.
    pub(super) fn undo_stage(&mut self) -> Result<(), Stop> {
        self.home.release_reserve(self.shop.disk);
        let machine = Steadfast(self.shop.machine);
        let shop = Workshop { machine: &machine, ..self.shop };
        while let Some((step, before)) = self.state().to_undo() {
            let (step, before) = (step.clone(), before.clone());
            let planned = self.step(&step)?;
            if matches!(self.state().at, At::Failing | At::Unwinding) {
                if matches!(self.state().standing(&step), Some(Standing::Done { .. })) {
                    let kept = must_be_kept(&shop, planned, &before);
                    kept.map_err(|fault| Stop::With(self.held_undoing(&step.to_string(), &fault)))?;
                }
                self.write(Record::Undo { step: step.clone() })?;
            }
            let undone = match self.state().at {
                // set aside whole, before MKE 3 comes back
                At::UndoingBack if planned.is_in_k0s() => Err("it goes with k0s' data".to_owned()),
                _ => match undo(&shop, planned, &before) {
                    Ok(()) => Ok(()),
                    Err(fault) => {
                        cut_short(&fault)?;
                        // the operator's word: on a k0s that does not answer there would be no way on
                        if !self.goes_back || !planned.is_in_k0s() {
                            return Err(Stop::With(self.held_undoing(&step.to_string(), &fault)));
                        }
                        Err(format!("failed to {fault}; it is in k0s' data, and goes with that"))
                    }
                },
            };
            self.write(Record::Undone { step: step.clone() })?;
            self.watcher.see(match undone {
                Ok(()) => Progress::StepUndone { step },
                Err(why) => Progress::StepLeft { step, why },
            });
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
            cause: format!("{fault} (undoing the step {step}){first}"),
            hint: "see to the cause, then go on undoing with: airlift-node rollback".to_owned(),
        }
    }

    /// Removes what was kept and staged. Announced, or nothing was ever begun.
    pub(super) fn purge(&self) -> Result<(), Stop> {
        self.home.purge(self.shop.disk).map_err(|error| not_removed(&error.into()))
    }

    /// Removes what steps have kept outside of the keep dir: there is no way back any more.
    pub(super) fn forget_kept(&self) -> Result<(), Stop> {
        for begun in &self.state().steps {
            forget(&self.shop, self.step(&begun.step)?).map_err(|fault| not_removed(&fault))?;
        }
        Ok(())
    }

    /// Removes the node's own key, at the very end.
    pub(super) fn forget_key(&self) -> Result<(), Stop> {
        self.home.forget_key(self.shop.disk).map_err(|error| not_removed(&error.into()))
    }
}

fn not_removed(fault: &Fault) -> Stop {
    Stop::With(Outcome::Held {
        cause: fault.to_string(),
        hint: "see to the disk, then type what was typed before: it goes on from here".to_owned(),
    })
}

/// Nothing was changed by asking, so it is no failure.
fn no_way_back(state: &State) -> Outcome {
    let is_left_out = matches!(state.position(), Some(Position::LeavingOut | Position::LeftOut));
    let (what, command) =
        if is_left_out { ("clearing both stacks away", "commit --left-out") } else { ("commit", "commit") };
    let then = match state.at {
        At::Committed => "is done".to_owned(),
        _ => format!("has begun, and what the way back needs is gone: airlift-node {command}"),
    };
    Outcome::Refused(vec![format!("go back: {what} {then}")])
}
