//! Forward: stage by stage, as far as the gates let the node.

use airlift_bundle::gate::Stage;
use airlift_bundle::plan::{Check, Severity, Step, StepId};

use super::engine::{Engine, Stop, Watcher, cut_short};
use super::gates::{Answer, Passage};
use super::outcome::{Outcome, Progress};
use super::room;
use crate::journal::{At, Record, Standing};
use crate::step::{
    Acted, Fault, Look, Probe, Workshop, act, is_done_after_all, look, make_ready, probe, run_check,
    run_recovery, undo,
};

/// Why a stage stops before its end.
enum Halt {
    /// A step can't be done: the stage is undone.
    Fault(Fault),
    /// The engine stops where it stands.
    Stop(Stop),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Engine<'_> {
    /// Goes on from wherever the node stands, through `until` or as far as it may.
    pub fn apply(&mut self, until: Option<Stage>) -> Outcome {
        self.go_forward(until).unwrap_or_else(Stop::into_outcome)
    }

    fn go_forward(&mut self, until: Option<Stage>) -> Result<Outcome, Stop> {
        self.journal.settle()?;
        let mut done = None;
        loop {
            match self.state().at {
                At::Empty => return Ok(Outcome::NothingToDo),
                At::Committed => return Ok(ended(done)),
                At::Back | At::Unwinding | At::UndoingBack | At::PurgingBack => return Ok(on_the_way_back()),
                At::Failing | At::UndoingFailed => {
                    self.undo_stage()?;
                }
                At::PurgingEnd => done = Some(self.end_commit()?),
                At::Forward | At::Doing => {
                    let Some(stage) = self.state().stage else { return Ok(Outcome::NothingToDo) };
                    if let Some(outcome) = self.run_stage(stage)? {
                        return Ok(outcome);
                    }
                    done = Some(stage);
                }
                At::Rest => {
                    let Some(stage) =
                        self.next_stage()?.filter(|next| until.is_none_or(|until| *next <= until))
                    else {
                        return Ok(ended(done));
                    };
                    if let Some(outcome) = self.may_begin(stage)? {
                        return Ok(outcome);
                    }
                    self.home.make_ready(self.shop.disk).map_err(|error| held_before(stage, error.into()))?;
                    self.write(Record::Begin { stage })?;
                }
            }
        }
    }

    /// The stage after the last finished one; none when all are.
    fn next_stage(&self) -> Result<Option<Stage>, Stop> {
        if self.state().set.is_none() {
            return Ok(None);
        }
        let role = self.role()?;
        let last = self.state().finished.last().copied().unwrap_or(Stage::Check);
        Ok(Stage::ALL.into_iter().find(|stage| *stage > last && stage.is_for(role)))
    }

    /// Everything that must be so before a stage begins; nothing is written for it.
    fn may_begin(&mut self, stage: Stage) -> Result<Option<Outcome>, Stop> {
        if let Answer::Wait { need, hint } = self.gates.may(Passage::Begin(stage), self.journal.state()) {
            return Ok(Some(Outcome::Waiting { need, hint }));
        }
        let mut found = self.what_no_longer_holds(stage)?;
        found.extend(self.what_has_no_room(stage)?);
        found.extend(self.what_does_not_open(stage)?);
        if stage == Stage::Prepare {
            found.extend(run_checks(&self.shop, &self.plan()?.checks, self.watcher)?);
        }
        Ok(if found.is_empty() { None } else { Some(Outcome::Blocked(found)) })
    }

    fn what_no_longer_holds(&self, stage: Stage) -> Result<Vec<String>, Stop> {
        let mut found = Vec::new();
        for (_, step) in self.plan()?.all_steps() {
            let is_due = step.holds_until.is_some_and(|until| stage <= until);
            if !is_due || self.state().standing(&step.id).is_none() {
                continue;
            }
            let why = match probe(&self.shop, step) {
                Ok(Probe::InEffect) => continue,
                Ok(Probe::NotInEffect(why)) => format!("is no longer in effect: {why}"),
                Ok(Probe::Unknown(seen)) => format!("can't be told to be in effect: {seen}"),
                Err(fault) => {
                    cut_short(&fault)?;
                    format!("can't be looked at: failed to {fault}")
                }
            };
            found.push(format!("{} ({}), which must hold before {stage}, {why}", step.id, step.title));
        }
        Ok(found)
    }

    /// The file systems that a stage would fill.
    fn what_has_no_room(&self, stage: Stage) -> Result<Vec<String>, Stop> {
        room::shortages(&self.shop, self.steps(stage)?)
            .or_else(|fault| Ok(vec![format!("failed to {fault}")]))
    }

    /// The secrets that the node's keys don't open: a refusal now is better than a failure in the outage. `commit`
    /// must not hang on them.
    fn what_does_not_open(&self, stage: Stage) -> Result<Vec<String>, Stop> {
        let secrets = if stage == Stage::Commit { &[] } else { self.plan()?.secrets.as_slice() };
        let opened = secrets.iter().map(|secret| self.shop.contents.secret(&secret.name));
        Ok(opened.filter_map(Result::err).map(|fault| format!("failed to {fault}")).collect())
    }

    /// Goes through the last stage, once all others are done.
    pub fn commit(&mut self) -> Outcome {
        match self.next_stage() {
            Ok(Some(next)) if self.state().at == At::Rest && next != Stage::Commit => Outcome::Held {
                cause: format!("commit: {next} is not done"),
                hint: "type: airlift-node apply".to_owned(),
            },
            Ok(_) => self.apply(None),
            Err(stop) => stop.into_outcome(),
        }
    }

    /// Runs a recovery of the plan, by operator's word. It may be run at any time, and again.
    pub fn recover(&mut self, name: &StepId) -> Outcome {
        self.run_named(name).unwrap_or_else(Stop::into_outcome)
    }

    fn run_named(&mut self, name: &StepId) -> Result<Outcome, Stop> {
        let recoveries = &self.plan()?.recoveries;
        let Some(recovery) = recoveries.iter().find(|recovery| recovery.id == *name) else {
            let known: Vec<&str> = recoveries.iter().map(|recovery| recovery.id.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Ok(Outcome::Blocked(vec![format!("the plan has no recovery {name}; it has {known}")]));
        };
        self.home.make_ready(self.shop.disk).map_err(|error| held_before(Stage::Check, error.into()))?;
        self.write(Record::Recovery { name: name.clone(), ended: None })?;
        match run_recovery(&self.shop, recovery) {
            Ok((code, seen)) => {
                self.write(Record::Recovery { name: name.clone(), ended: Some(code) })?;
                Ok(if code == Some(0) {
                    Outcome::Done(None)
                } else {
                    Outcome::Held {
                        cause: format!("run the recovery {name}: {seen}"),
                        hint: format!("see to the cause, then: airlift-node apply --recover {name}"),
                    }
                })
            }
            Err(fault) => {
                cut_short(&fault)?;
                Ok(Outcome::Held {
                    cause: fault.to_string(),
                    hint: format!("see to the cause, then: airlift-node apply --recover {name}"),
                })
            }
        }
    }

    /// Does what is left of a stage. Gives an outcome when the run ends with it.
    fn run_stage(&mut self, stage: Stage) -> Result<Option<Outcome>, Stop> {
        self.watcher.see(Progress::StageBegins { stage });
        match self.do_steps(stage) {
            Ok(Acted::Done) if stage == Stage::Commit => {
                self.write(Record::Purge {})?;
                self.end_commit()?;
                Ok(None)
            }
            Ok(Acted::Done) => {
                self.write(Record::End { stage })?;
                self.watcher.see(Progress::StageDone { stage });
                Ok(None)
            }
            Ok(Acted::Rebooting) => Ok(Some(Outcome::Rebooting)),
            Err(Halt::Stop(stop)) => Err(stop),
            Err(Halt::Fault(fault)) => {
                cut_short(&fault)?;
                self.give_up(stage, &fault).map(Some)
            }
        }
    }

    fn give_up(&mut self, stage: Stage, fault: &Fault) -> Result<Outcome, Stop> {
        let cause = fault.to_string();
        self.watcher.see(Progress::StageFails { stage, cause: cause.clone() });
        if stage == Stage::Commit {
            let hint = "commit only goes forward; see to the cause, then: airlift-node commit".to_owned();
            return Ok(Outcome::Held { cause, hint });
        }
        self.write(Record::Fail { cause: limited(&cause) })?;
        self.undo_stage()?;
        Ok(Outcome::Undone { stage, cause })
    }

    fn do_steps(&mut self, stage: Stage) -> Result<Acted, Halt> {
        for step in self.steps(stage)? {
            match self.state().standing(&step.id) {
                Some(Standing::Done { .. } | Standing::Skipped) => continue,
                Some(Standing::Doing { .. }) | None => {}
            }
            self.interrupted()?;
            if self.do_step(stage, step)? == Acted::Rebooting {
                return Ok(Acted::Rebooting);
            }
        }
        self.interrupted()?;
        Ok(Acted::Done)
    }

    fn do_step(&mut self, stage: Stage, step: &Step) -> Result<Acted, Halt> {
        let (id, title) = (step.id.clone(), step.title.clone());
        let boot = self.shop.machine.boot_id()?;
        if let Some((_, begun_in, before)) = self.state().doing() {
            let (same_boot, before) = (begun_in == boot, before.clone());
            if is_done_after_all(&self.shop, step, same_boot)? {
                self.write(Record::Done { step: id.clone() })?;
                self.watcher.see(Progress::StepDone { stage, step: id, title });
                return Ok(Acted::Done);
            }
            // in commit there may be nothing to take it back with; doing it again is all that is left
            if stage != Stage::Commit || step.undo_class() != airlift_bundle::plan::UndoClass::None {
                self.watcher.see(Progress::StepRetried { step: id.clone() });
                undo(&self.shop, step, &before)?;
            }
        }
        let before = match look(&self.shop, step)? {
            Look::InEffect => {
                self.write(Record::Skip { step: id.clone() })?;
                self.watcher.see(Progress::StepSkipped { stage, step: id, title });
                return Ok(Acted::Done);
            }
            Look::Ready(before) => before,
        };
        make_ready(&self.shop, step)?;
        self.write(Record::Do { step: id.clone(), boot, before: before.clone() })?;
        let acted = act(&self.shop, step, &before)?;
        if acted == Acted::Done {
            self.write(Record::Done { step: id.clone() })?;
            self.watcher.see(Progress::StepDone { stage, step: id, title });
        }
        Ok(acted)
    }

    fn end_commit(&mut self) -> Result<Stage, Stop> {
        let stage = Stage::Commit;
        self.purge()?;
        self.forget_key()?;
        self.write(Record::End { stage })?;
        self.watcher.see(Progress::StageDone { stage });
        Ok(stage)
    }
}

/// Runs checks, which only look; what is in the way.
fn run_checks(shop: &Workshop<'_>, checks: &[Check], watcher: &mut dyn Watcher) -> Result<Vec<String>, Stop> {
    let mut found = Vec::new();
    for check in checks {
        let Check { id, title, waived, .. } = check;
        let (severity, said) = match run_check(shop, check) {
            Ok(result) => result,
            Err(fault) => {
                cut_short(&fault)?;
                (Severity::Unknown, format!("failed to {fault}"))
            }
        };
        if severity >= Severity::Blocker && (waived.is_none() || severity == Severity::Unknown) {
            found.push(format!("{id} ({title}): {said}"));
        }
        let (check, title, waived) = (id.clone(), title.clone(), waived.clone());
        watcher.see(Progress::Checked { check, title, severity, said, waived });
    }
    Ok(found)
}

/// What the checks of a plan find; for `check`.
pub fn check(shop: &Workshop<'_>, checks: &[Check], watcher: &mut dyn Watcher) -> Outcome {
    match run_checks(shop, checks, watcher) {
        Ok(found) if found.is_empty() => Outcome::Done(None),
        Ok(found) => Outcome::Blocked(found),
        Err(stop) => stop.into_outcome(),
    }
}

fn held_before(stage: Stage, fault: Fault) -> Stop {
    Stop::With(Outcome::Held {
        cause: format!("get ready for {stage}: failed to {fault}"),
        hint: "see to the disk, then: airlift-node apply".to_owned(),
    })
}

const fn ended(done: Option<Stage>) -> Outcome {
    match done {
        Some(stage) => Outcome::Done(Some(stage)),
        None => Outcome::NothingToDo,
    }
}

fn on_the_way_back() -> Outcome {
    Outcome::Held {
        cause: "go forward: the node is on its way back".to_owned(),
        hint: "type: airlift-node rollback".to_owned(),
    }
}

/// A record has room for so much of a cause.
fn limited(cause: &str) -> String {
    cause.chars().take(4000).collect()
}
