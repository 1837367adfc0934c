//! Forward: stage by stage, as far as the gates let the node.

use std::io::Read as _;

use airlift_bundle::digest::{Hasher, Sha256};
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::{Event, Position};
use airlift_bundle::gate::table::Act;
use airlift_bundle::plan::{Action, Check, Content, Severity, Step, StepId};

use super::engine::{Engine, Stop, Watcher, cut_off, cut_short};
use super::gates::Halted;
use super::outcome::{Outcome, Progress};
use super::room;
use crate::gate::give;
use crate::journal::{At, Before, Mark, Record, Standing, Target, next};
use crate::step::{
    Acted, Fault, Look, Probe, Workshop, act, clear, holds_secrets, is_done_after_all, is_volatile, look,
    make_ready, probe, run_check, run_recovery, undo,
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
    /// Goes on from wherever the node stands, through `until` or as far as the gates let it.
    pub fn apply(&mut self, until: Stage) -> Outcome {
        self.go_forward(until).unwrap_or_else(Stop::into_outcome)
    }

    fn go_forward(&mut self, until: Stage) -> Result<Outcome, Stop> {
        self.journal.settle()?;
        self.note_boot()?;
        self.give_receipts()?;
        let mut done = None;
        loop {
            match self.state().at {
                At::Empty => return Ok(Outcome::NothingToDo),
                At::Committed => return Ok(ended(done)),
                At::Back | At::Unwinding | At::UndoingBack | At::Returned | At::PurgingBack => {
                    return Ok(on_the_way_back());
                }
                At::LeavingOut => return Ok(being_left_out()),
                At::Failing | At::UndoingFailed => {
                    self.undo_stage()?;
                }
                At::Removed => {
                    self.settle_receipts()?;
                    self.forget_kept()?;
                    self.write(Record::Purge {})?;
                }
                At::PurgingEnd => {
                    self.purge()?;
                    self.forget_key()?;
                    self.write(Record::Purged {})?;
                    done = Some(Stage::Commit);
                }
                At::Forward | At::Doing => {
                    let Some(stage) = self.state().stage else { return Ok(Outcome::NothingToDo) };
                    if stage > until && stage != Stage::Commit {
                        let why = format!(
                            "stop after {until}: {stage} was begun; leave --stage out to go on with it"
                        );
                        return Ok(Outcome::Refused(vec![why]));
                    }
                    if let Some(outcome) = self.resume(stage)? {
                        return Ok(outcome);
                    }
                    if let Some(outcome) = self.run_stage(stage)? {
                        return Ok(outcome);
                    }
                    done = Some(stage);
                }
                At::Rest => {
                    if let Some(outcome) = self.pass_gate(until)? {
                        return Ok(if outcome == Outcome::NothingToDo { ended(done) } else { outcome });
                    }
                }
            }
        }
    }

    /// From where no stage is under way to the next one, or to a word on the way to it. Gives an outcome when the run
    /// ends here.
    fn pass_gate(&mut self, until: Stage) -> Halted {
        if self.state().set.is_none() {
            return Ok(Some(Outcome::NothingToDo));
        }
        if self.gate()?.position() == Position::Returned {
            return self.waits_for_attempt().map(Some);
        }
        if let Some(outcome) = self.resume(until)? {
            return Ok(Some(outcome));
        }
        match self.forward_act(until)? {
            Some(Act::Give(word)) => {
                if let Some(outcome) = self.must_lead_on(Act::Give(word))? {
                    return Ok(Some(outcome));
                }
                self.give(word)
            }
            Some(act @ Act::Begin(stage)) => {
                if let Some(outcome) = self.must_lead_on(act)? {
                    return Ok(Some(outcome));
                }
                if let Some(outcome) = self.may_begin(stage)? {
                    return Ok(Some(outcome));
                }
                self.home.make_ready(self.shop.disk).map_err(|error| held_before(stage, error.into()))?;
                self.write(Record::Begin { stage })?;
                Ok(None)
            }
            _ => Ok(Some(self.barred(until)?.unwrap_or(Outcome::NothingToDo))),
        }
    }

    /// A plan that can't look where a gate asks it to ends before that gate.
    fn must_lead_on(&self, act: Act) -> Halted {
        let plan = self.plan()?;
        let stage = match (act, self.gate()?.position()) {
            (Act::Begin(stage), _) => stage,
            (_, Position::At(stands)) => {
                let after = |stage: &Stage| *stage > stands && stage.is_for(plan.node.role);
                Stage::ALL.into_iter().find(after).unwrap_or(stands)
            }
            _ => return Ok(None),
        };
        let missing = plan.looks_missing(stage);
        if missing.is_empty() {
            return Ok(None);
        }
        let looks: Vec<&str> = missing.iter().map(|look| look.as_str()).collect();
        Ok(Some(Outcome::Waiting {
            needs: vec![format!(
                "a set that leads to {stage}: the one at work does not tell how to look for {}",
                looks.join(", ")
            )],
            hint: "compile one that does, under a higher serial, and apply it; or go back: airlift-node rollback"
                .to_owned(),
        }))
    }

    /// Lets k0s run again on a controller that was rebooted, and does again what a reboot takes away.
    fn resume(&mut self, until: Stage) -> Halted {
        if self.gate()?.state().is_paused() {
            if let Some(outcome) = self.words(Act::Resume)? {
                return Ok(Some(outcome));
            }
            if let Some(outcome) = self.looks(Act::Resume)? {
                return Ok(Some(outcome));
            }
            self.event(Event::Resume, None)?;
        }
        match self.renew(until) {
            Ok(()) => Ok(None),
            Err(fault) => {
                cut_short(&fault)?;
                Ok(Some(Outcome::Held {
                    cause: fault.to_string(),
                    hint: "see to the cause, then: airlift-node apply".to_owned(),
                }))
            }
        }
    }

    /// Does finished steps again whose work lies below `/run`. Their records announced it; taking them back first
    /// clears what a crash left of an earlier try. What was there before the step comes back all the same, and stays
    /// when the node goes back. `commit` leaves no secret on the node, so it brings none back.
    fn renew(&mut self, until: Stage) -> Result<(), Fault> {
        let done: Vec<_> = self
            .state()
            .steps
            .iter()
            .filter_map(|begun| match &begun.standing {
                Standing::Done { before } => Some((begun.step.clone(), Some(before.clone()))),
                // what a reboot takes of a secret that was there before us is not ours to bring back
                Standing::Skipped if !self.step(&begun.step).is_ok_and(holds_secrets) => {
                    Some((begun.step.clone(), None))
                }
                Standing::Skipped | Standing::Doing { .. } => None,
            })
            .collect();
        for (id, before) in done {
            let Ok(step) = self.step(&id) else { continue };
            if !is_volatile(step) {
                continue;
            }
            if until == Stage::Commit && holds_secrets(step) {
                clear(&self.shop, step)?;
                continue;
            }
            if probe(&self.shop, step)? == Probe::InEffect {
                continue;
            }
            match &before {
                Some(before) => undo(&self.shop, step, before)?,
                None => clear(&self.shop, step)?,
            }
            // with the directories that the reboot took as well
            let Look::Ready(now) = look(&self.shop, step)? else { continue };
            let is_taken = matches!(now, Before::Place { target: Target::Kept, .. });
            if before.is_none() && is_taken {
                // not ours, and not gone: somebody has changed it
                continue;
            }
            act(&self.shop, step, &now)?;
            self.watcher.see(Progress::StepRenewed { step: id });
        }
        Ok(())
    }

    /// Everything that must be so before a stage begins. What changes with the minute is looked at last.
    fn may_begin(&mut self, stage: Stage) -> Halted {
        if let Some(outcome) = self.words(Act::Begin(stage))? {
            return Ok(Some(outcome));
        }
        let mut found = self.what_no_longer_holds(stage)?;
        found.extend(self.what_has_no_room(stage)?);
        found.extend(self.what_does_not_open(stage)?);
        found.extend(self.what_was_changed(stage)?);
        if stage == Stage::Prepare {
            found.extend(self.what_keeps_it_silent()?);
            found.extend(run_checks(&self.shop, &self.plan()?.checks, self.watcher)?);
        }
        if !found.is_empty() {
            return Ok(Some(Outcome::Blocked(found)));
        }
        self.looks(Act::Begin(stage))
    }

    /// Before anything is changed: will the node be able to tell the others?
    fn what_keeps_it_silent(&self) -> Result<Option<String>, Stop> {
        let papers = self.papers()?;
        let node = &papers.plan.node.name;
        if papers.plan.secrets.iter().any(|secret| secret.name.as_str() == give::KEY) {
            return match give::Keys::open(self.shop.contents, papers.site, node) {
                Ok(_) => Ok(None),
                Err(fault) => {
                    cut_short(&fault)?;
                    Ok(Some(format!("failed to {fault}")))
                }
            };
        }
        let alone = papers.site.nodes.len() == 1;
        Ok((!alone).then(|| {
            "the set has no receipt key for this node, and others wait for its words: airlift secrets seal, then \
             compile again"
                .to_owned()
        }))
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

    /// The blobs in the state directory that are not what was verified when they were taken. They are hashed once more as
    /// they are placed; here nothing has been changed yet.
    fn what_was_changed(&self, stage: Stage) -> Result<Vec<String>, Stop> {
        let mut found = Vec::new();
        for step in self.steps(stage)? {
            let Action::Place { content: content @ Content::Blob { name, sha256 }, .. } = &step.action else {
                continue;
            };
            match digest(&self.shop, name.as_str(), content) {
                Ok(digest) if digest == *sha256 => {}
                Ok(_) => found.push(format!(
                    "the blob {name} in the state directory is not what the manifest says any more; \
                     `airlift-node apply SET` takes it from the set again"
                )),
                Err(fault) => {
                    cut_short(&fault)?;
                    cut_off(&fault)?;
                    found.push(format!(
                        "failed to read the blob {name}: {fault}; `airlift-node apply SET` takes it again"
                    ));
                }
            }
        }
        Ok(found)
    }

    /// Goes through the last stage, once all others are done.
    pub fn commit(&mut self) -> Outcome {
        let stands_before = match self.state().at {
            // and not what the gate says: on a node that was rebooted it has another reason to stay shut
            At::Rest => self.state().awaits_commit(),
            At::Forward | At::Doing | At::Failing | At::UndoingFailed => {
                self.state().stage == Some(Stage::Commit)
            }
            _ => true,
        };
        if stands_before {
            self.apply(Stage::Commit)
        } else if self.state().position().is_none_or(|position| position == Position::Returned) {
            Outcome::Refused(vec!["commit: this node has nothing under way".to_owned()])
        } else {
            Outcome::Refused(vec!["commit: the stages before it are not done".to_owned()])
        }
    }

    /// Runs a recovery of the plan, by operator's word. It may be run at any time, and again.
    pub fn recover(&mut self, name: &StepId) -> Outcome {
        self.run_named(name).unwrap_or_else(Stop::into_outcome)
    }

    fn run_named(&mut self, name: &StepId) -> Result<Outcome, Stop> {
        if next(self.state().at, Mark::Recovery).is_none() || self.state().set.is_none() {
            let why = format!("run the recovery {name}: this node has nothing under way that it could mend");
            return Ok(Outcome::Refused(vec![why]));
        }
        let recoveries = &self.plan()?.recoveries;
        let Some(recovery) = recoveries.iter().find(|recovery| recovery.id == *name) else {
            let known: Vec<&str> = recoveries.iter().map(|recovery| recovery.id.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Ok(Outcome::Blocked(vec![format!("the plan has no recovery {name}; it has {known}")]));
        };
        self.home.make_ready(self.shop.disk).map_err(|error| held_before(Stage::Check, error.into()))?;
        self.write(Record::Recovery { name: name.clone(), ended: None })?;
        match run_recovery(&self.shop, recovery) {
            Ok((code, seen, said)) => {
                self.write(Record::Recovery { name: name.clone(), ended: Some(code) })?;
                Ok(if code == Some(0) {
                    Outcome::Recovered { name: name.clone(), said }
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
        let began = self.shop.machine.now();
        match self.do_steps(stage) {
            Ok(Acted::Done) => {
                self.write(Record::End { stage })?;
                let seconds = self.since(began);
                self.watcher.see(Progress::StageDone { stage, seconds });
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
        if stage == Stage::Commit {
            let hint = "commit only goes forward; see to the cause, then: airlift-node commit".to_owned();
            return Ok(Outcome::Held { cause, hint });
        }
        self.watcher.see(Progress::StageFails { stage, cause: cause.clone() });
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
        let (id, title, began) = (step.id.clone(), step.title.clone(), self.shop.machine.now());
        let boot = self.shop.machine.boot_id()?;
        if let Some((_, begun_in, before)) = self.state().doing() {
            let (same_boot, before) = (begun_in == boot, before.clone());
            if is_done_after_all(&self.shop, step, same_boot)? {
                self.write(Record::Done { step: id.clone() })?;
                let seconds = self.since(began);
                self.watcher.see(Progress::StepDone { stage, step: id, title, seconds });
                return Ok(Acted::Done);
            }
            // in commit there may be nothing to take it back with; doing it again is all that is left
            if stage != Stage::Commit || step.undo_class() != airlift_bundle::plan::UndoClass::None {
                self.watcher.see(Progress::StepRetried { step: id.clone() });
                undo(&self.shop, step, &before)?;
            }
        }
        if step.is_in_k0s() {
            // it may have been left there, perhaps by another set
            clear(&self.shop, step)?;
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
        self.watcher.see(Progress::StepBegins { stage, step: id.clone(), title: title.clone() });
        self.write(Record::Do { step: id.clone(), boot, before: before.clone() })?;
        let acted = act(&self.shop, step, &before)?;
        if acted == Acted::Done {
            self.write(Record::Done { step: id.clone() })?;
            let seconds = self.since(began);
            self.watcher.see(Progress::StepDone { stage, step: id, title, seconds });
        }
        Ok(acted)
    }

    /// Seconds since then, by a clock that may have been set meanwhile.
    fn since(&self, began: u64) -> u64 {
        self.shop.machine.now().saturating_sub(began)
    }
}

/// The digest of what a placed file is to hold.
fn digest(shop: &Workshop<'_>, name: &str, content: &Content) -> Result<Sha256, Fault> {
    let (mut reader, mut hasher) = (shop.contents.open(content)?, Hasher::new());
    let (mut buffer, size, mut read) = (vec![0; 1 << 20], shop.contents.size(content)?, 0);
    loop {
        shop.go_on()?;
        let count = reader.read(&mut buffer).map_err(|error| Fault::said(error.to_string()))?;
        if count == 0 {
            return Ok(hasher.finish().0);
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        read += count as u64;
        shop.machine.passed(name, read, size);
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
                cut_off(&fault)?;
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
        Ok(found) if found.is_empty() => Outcome::Checked,
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

fn being_left_out() -> Outcome {
    let why = "go forward: both stacks are being cleared away here: airlift-node commit --left-out";
    Outcome::Refused(vec![why.to_owned()])
}

const fn ended(done: Option<Stage>) -> Outcome {
    match done {
        Some(stage) => Outcome::Done(Some(stage)),
        None => Outcome::NothingToDo,
    }
}

fn on_the_way_back() -> Outcome {
    Outcome::Refused(vec!["go forward: the node is on its way back: airlift-node rollback".to_owned()])
}

/// A record has room for so much of a cause.
fn limited(cause: &str) -> String {
    cause.chars().take(4000).collect()
}
