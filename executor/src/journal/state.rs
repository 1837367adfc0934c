//! Where a node stands: a pure fold over the records of its journal.

use std::collections::BTreeMap;

use airlift_bundle::gate::Stage;
use airlift_bundle::name::SiteName;
use airlift_bundle::plan::StepId;
use airlift_bundle::value::{PlanId, Serial};

use super::record::{Accepted, Before, Record};
use super::table::{At, next};
use airlift_bundle::digest::Sha256;

/// Where a node stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// As far as the order of records is concerned.
    pub at: At,
    /// The set that the node works with; none before the first and after a finished way back.
    pub set: Option<Accepted>,
    /// The latest set of each site. It only ever grows.
    pub ratchet: BTreeMap<SiteName, Ratchet>,
    /// The finished stages, in order.
    pub finished: Vec<Stage>,
    /// The stage under way, forward or back.
    pub stage: Option<Stage>,
    /// Every step that was begun and not undone, in order.
    pub steps: Vec<Begun>,
    /// Why the last stage was given up, until the next one begins.
    pub cause: Option<String>,
    /// What happened in the protocol.
    pub protocol: Vec<serde_json::Value>,
}

/// The latest set of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratchet {
    /// Its serial.
    pub serial: Serial,
    /// Its plan.
    pub plan_id: PlanId,
    /// Digest of its `set.json`.
    pub set: Sha256,
}

/// A step that was begun and not undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The stage that it belongs to.
    pub stage: Stage,
    /// The step.
    pub step: StepId,
    /// How far it got.
    pub standing: Standing,
}

/// How far a step got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was in effect already.
    Skipped,
    /// It was begun, and not found done.
    Doing {
        /// The boot in which it began.
        boot: String,
        /// What taking it back needs to know.
        before: Before,
    },
    /// It is done.
    Done {
        /// What taking it back needs to know.
        before: Before,
    },
}

impl State {
    /// Whether somebody has to come back to this node: it works with a set and has not reached an end.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        let at_an_end = matches!(self.at, At::Empty | At::PurgingBack | At::PurgingEnd | At::Committed);
        self.set.is_some() && !at_an_end
    }

    /// The step that is to be undone next in the stage under way: the last one that was begun.
    #[must_use]
    pub fn to_undo(&self) -> Option<(&StepId, &Before)> {
        let stage = self.stage?;
        self.steps.iter().rev().take_while(|begun| begun.stage == stage).find_map(|begun| {
            match &begun.standing {
                Standing::Skipped => None,
                Standing::Doing { before, .. } | Standing::Done { before } => Some((&begun.step, before)),
            }
        })
    }

    /// The step under way, forward.
    #[must_use]
    pub fn doing(&self) -> Option<(&StepId, &str, &Before)> {
        match self.steps.last() {
            Some(Begun { step, standing: Standing::Doing { boot, before }, .. }) if self.at == At::Doing => {
                Some((step, boot, before))
            }
            _ => None,
        }
    }

    /// How far a step got; `None` when it was not begun, or was undone.
    #[must_use]
    pub fn standing(&self, step: &StepId) -> Option<&Standing> {
        self.steps.iter().find(|begun| begun.step == *step).map(|begun| &begun.standing)
    }

    /// The last stage that anything of was done.
    #[must_use]
    pub fn reached(&self) -> Option<Stage> {
        self.stage.or(self.finished.last().copied())
    }

    /// Goes on by one record, or says why it may not come now and changes nothing.
    ///
    /// # Errors
    /// The reason, which reads well after the record's name.
    pub fn follow(&mut self, record: &Record) -> Result<(), String> {
        let at = next(self.at, record.mark())
            .ok_or_else(|| format!("{:?} may not come at {:?}", record.mark(), self.at))?;
        self.must_fit(record)?;
        match record {
            Record::Accept(set) => {
                let Accepted { serial, plan_id, set: digest, .. } = set;
                let latest = Ratchet { serial: *serial, plan_id: *plan_id, set: *digest };
                self.ratchet.insert(set.site.clone(), latest);
                self.set = Some(set.clone());
            }
            Record::Begin { stage } => {
                self.stage = Some(*stage);
                self.cause = None;
            }
            Record::Unwind { stage } => {
                self.finished.retain(|finished| finished != stage);
                self.stage = Some(*stage);
            }
            Record::Skip { step } => self.begin(step, Standing::Skipped),
            Record::Do { step, boot, before } => {
                self.begin(step, Standing::Doing { boot: boot.clone(), before: before.clone() });
            }
            Record::Done { .. } => {
                if let Some(Begun { standing, .. }) = self.steps.last_mut()
                    && let Standing::Doing { before, .. } = standing
                {
                    *standing = Standing::Done { before: before.clone() };
                }
            }
            Record::End { stage } => {
                self.finished.push(*stage);
                self.stage = None;
            }
            Record::Fail { cause } => self.cause = Some(cause.clone()),
            Record::Undone { step } => self.steps.retain(|begun| begun.step != *step),
            Record::Cleared { stage } => {
                self.steps.retain(|begun| begun.stage != *stage);
                self.stage = None;
            }
            Record::Returned {} => {
                self.set = None;
                self.cause = None;
            }
            Record::Protocol(event) => self.protocol.push(event.clone()),
            Record::Undo { .. } | Record::Rollback {} | Record::Purge {} | Record::Recovery { .. } => {}
        }
        self.at = at;
        Ok(())
    }

    /// Puts a step on top; one that was begun before takes its own place again.
    fn begin(&mut self, step: &StepId, standing: Standing) {
        let Some(stage) = self.stage else { return };
        self.steps.retain(|begun| begun.step != *step);
        self.steps.push(Begun { stage, step: step.clone(), standing });
    }

    /// What the table can't say: a record names the thing that is under way.
    fn must_fit(&self, record: &Record) -> Result<(), String> {
        let fits = match record {
            Record::Begin { stage } => self.finished.last().is_none_or(|last| last < stage),
            Record::Skip { step } | Record::Do { step, .. } => match self.doing() {
                Some((doing, ..)) => doing == step,
                None => self.standing(step).is_none(),
            },
            Record::Done { step } => self.doing().is_some_and(|(doing, ..)| doing == step),
            Record::Undo { step } | Record::Undone { step } => {
                self.to_undo().is_some_and(|(undo, _)| undo == step)
            }
            Record::End { stage } => {
                self.stage == Some(*stage) && (*stage == Stage::Commit) == (self.at == At::PurgingEnd)
            }
            Record::Cleared { stage } => self.stage == Some(*stage) && self.to_undo().is_none(),
            Record::Unwind { stage } => self.finished.last() == Some(stage),
            Record::Fail { .. } => self.stage != Some(Stage::Commit),
            Record::Purge {} => match self.stage {
                Some(stage) => stage == Stage::Commit,
                None => self.finished.is_empty() && self.steps.is_empty(),
            },
            Record::Accept(set) => {
                self.ratchet.get(&set.site).is_none_or(|latest| latest.serial <= set.serial)
            }
            _ => true,
        };
        if fits { Ok(()) } else { Err(format!("{record:?} does not fit what is under way")) }
    }
}
