//! Where a node stands: a pure fold over the records of its journal.

use std::collections::BTreeMap;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::{Event, Position};
use airlift_bundle::name::{NodeName, SiteName};
use airlift_bundle::plan::StepId;
use airlift_bundle::value::{PlanId, Serial};

use super::record::{Accepted, Before, Line, Record};
use super::table::{At, next};
use crate::gate::NodeGate;
use airlift_bundle::digest::Sha256;

/// Where a node stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// As far as the order of records is concerned.
    pub at: At,
    /// The set that the node works with; none before the first and after a finished way back.
    pub set: Option<Accepted>,
    /// The site that the node stands in, also when it works with no set of it any more.
    pub site: Option<SiteName>,
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
    /// Where the node stands in the protocol of its site; it outlives the set.
    pub gate: Option<NodeGate>,
    /// The boot of the last record that names one.
    pub boot: Option<String>,
    /// What the operator typed in this attempt.
    pub said: Vec<String>,
    /// When the stages of this attempt began and ended, in seconds since 1970.
    pub times: BTreeMap<Stage, (u64, Option<u64>)>,
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

    /// Where the node stands in the protocol.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.gate.as_ref().map(NodeGate::position)
    }

    /// Whether the last stage before `commit` that is for this node is done, and no other is under way.
    #[must_use]
    pub fn awaits_commit(&self) -> bool {
        let is_last = |stage: &Stage| {
            *stage < Stage::Commit && self.set.as_ref().is_some_and(|set| stage.is_for(set.role))
        };
        let last = Stage::ALL.into_iter().rev().find(is_last);
        self.at == At::Rest && last.is_some_and(|stage| self.position() == Some(Position::At(stage)))
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
    pub fn follow(&mut self, line: &Line) -> Result<(), String> {
        let record = &line.record;
        let at = next(self.at, record.mark())
            .ok_or_else(|| format!("{:?} may not come at {:?}", record.mark(), self.at))?;
        self.must_fit(record)?;
        let gate = self.gate_after(record)?;
        self.note(line, gate.as_ref());
        self.gate = gate;
        match record {
            Record::Accept(set) => {
                let Accepted { serial, plan_id, set: digest, .. } = set;
                let latest = Ratchet { serial: *serial, plan_id: *plan_id, set: *digest };
                self.ratchet.insert(set.site.clone(), latest);
                self.set = Some(set.clone());
            }
            Record::Begin { stage } => {
                // in a new attempt `prepare` may be gone through once more
                self.finished.retain(|finished| finished < stage);
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
            Record::Purged {} => {
                self.cause = None;
                if self.at == At::PurgingBack {
                    self.set = None;
                }
            }
            Record::Boot { id } => self.boot = Some(id.clone()),
            Record::Undo { .. }
            | Record::Rollback {}
            | Record::Returned {}
            | Record::Purge {}
            | Record::Protocol { .. }
            | Record::Recovery { .. } => {}
        }
        self.at = at;
        Ok(())
    }

    /// What a record means in the protocol.
    fn event(&self, record: &Record) -> Option<Event<NodeName>> {
        Some(match record {
            Record::Begin { stage } => Event::Begin(*stage),
            Record::End { stage } => Event::Done(*stage),
            Record::Cleared { stage } if self.at == At::Failing => Event::Failed(*stage),
            Record::Rollback {} => Event::Rollback,
            Record::Returned {} => Event::Mke3Back,
            Record::Boot { id } if self.boot.as_ref().is_some_and(|before| before != id) => Event::Rebooted,
            Record::Protocol { event, .. } => event.clone(),
            _ => return None,
        })
    }

    /// Where the node stands in the protocol after a record, if the protocol lets it be.
    fn gate_after(&self, record: &Record) -> Result<Option<NodeGate>, String> {
        if let Record::Accept(set) = record {
            let before = self.gate.as_ref().filter(|_| self.site.as_ref() == Some(&set.site));
            return NodeGate::take(before, set).map(Some);
        }
        let Some(event) = self.event(record) else { return Ok(self.gate.clone()) };
        let gate = self.gate.as_ref().ok_or("no set was taken")?;
        gate.step(&event).map(Some).map_err(|why| format!("{event:?} is refused: {why}"))
    }

    /// What is for reports alone.
    fn note(&mut self, line: &Line, gate: Option<&NodeGate>) {
        let attempt = |gate: Option<&NodeGate>| gate.map(|gate| gate.state().attempt());
        let elsewhere = matches!(&line.record, Record::Accept(set) if self.site.as_ref() != Some(&set.site));
        if elsewhere || attempt(gate) != attempt(self.gate.as_ref()) {
            self.said.clear();
            self.times.clear();
        }
        match &line.record {
            Record::Accept(set) => self.site = Some(set.site.clone()),
            Record::Begin { stage } => {
                self.times.insert(*stage, (line.at, None));
            }
            Record::End { stage } => {
                if let Some((_, ended)) = self.times.get_mut(stage) {
                    *ended = Some(line.at);
                }
            }
            Record::Protocol { event: Event::Heard { .. }, .. } => {}
            Record::Protocol { note: Some(note), .. } => self.said.push(note.clone()),
            _ => {}
        }
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
            Record::Skip { step } | Record::Do { step, .. } => match self.doing() {
                Some((doing, ..)) => doing == step,
                None => self.standing(step).is_none(),
            },
            Record::Done { step } => self.doing().is_some_and(|(doing, ..)| doing == step),
            Record::Undo { step } | Record::Undone { step } => {
                self.to_undo().is_some_and(|(undo, _)| undo == step)
            }
            Record::End { stage } => self.stage == Some(*stage),
            Record::Cleared { stage } => self.stage == Some(*stage) && self.to_undo().is_none(),
            Record::Unwind { stage } => {
                self.finished.last() == Some(stage)
                    && match self.position() {
                        Some(Position::LeavingK0s) => *stage >= Stage::Start,
                        Some(Position::Returning) => *stage < Stage::Start,
                        _ => false,
                    }
            }
            Record::Purge {} if self.at == At::Rest => self.position() == Some(Position::Returned),
            Record::Returned {} => self.finished.is_empty() && self.steps.is_empty(),
            Record::Protocol { event, .. } => match event {
                Event::K0sAway => self.finished.last().is_none_or(|last| *last < Stage::Start),
                // records of their own say these
                Event::Begin(_)
                | Event::Done(_)
                | Event::Failed(_)
                | Event::Rollback
                | Event::Mke3Back
                | Event::Rebooted
                | Event::SetTaken => false,
                _ => true,
            },
            Record::Fail { .. } => self.stage != Some(Stage::Commit),
            Record::Accept(set) => {
                self.ratchet.get(&set.site).is_none_or(|latest| latest.serial <= set.serial)
            }
            _ => true,
        };
        if fits { Ok(()) } else { Err(format!("{record:?} does not fit what is under way")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: Stage = Stage::Stop;

    fn id(name: &str) -> StepId {
        name.parse().unwrap()
    }

    fn begins(name: &str) -> Record {
        Record::Do { step: id(name), boot: "1".to_owned(), before: Before::Script {} }
    }

    /// In the midst of a stage with these steps done, and perhaps one begun.
    fn state(at: At, done: &[&str], doing: Option<&str>) -> State {
        let before = Before::Script {};
        let is_done = |name: &&str| (id(name), Standing::Done { before: before.clone() });
        let is_begun = |name| (id(name), Standing::Doing { boot: "1".to_owned(), before: before.clone() });
        let steps = done.iter().map(is_done).chain(doing.map(is_begun));
        let steps = steps.map(|(step, standing)| Begun { stage: STAGE, step, standing }).collect();
        State { at, stage: Some(STAGE), steps, ..State::default() }
    }

    #[test]
    fn a_record_names_what_is_under_way() {
        let (doing, between) = (state(At::Doing, &["a"], Some("b")), state(At::Forward, &["a"], None));
        let (failing, cleared) = (state(At::Failing, &["a", "b"], None), state(At::Failing, &[], None));
        let gone = State { finished: vec![STAGE], ..State::default() };
        let other = Stage::Start;
        let skip = |name| Record::Skip { step: id(name) };
        let done = |name| Record::Done { step: id(name) };
        let undo = |name| Record::Undo { step: id(name) };
        let undone = |name| Record::Undone { step: id(name) };
        let table = [
            (&doing, begins("b"), begins("c")),
            (&doing, skip("b"), skip("a")),
            (&doing, done("b"), done("a")),
            (&between, begins("c"), begins("a")),
            (&between, skip("c"), skip("a")),
            (&between, Record::End { stage: STAGE }, Record::End { stage: other }),
            (&failing, undo("b"), undo("a")),
            (&failing, undone("b"), undone("a")),
            (&cleared, Record::Cleared { stage: STAGE }, Record::Cleared { stage: other }),
        ];
        for (state, fits, does_not) in table {
            assert_eq!(state.must_fit(&fits), Ok(()));
            assert!(state.must_fit(&does_not).is_err(), "{does_not:?}");
        }
        assert!(failing.must_fit(&Record::Cleared { stage: STAGE }).is_err(), "not all is undone");
        assert!(gone.must_fit(&Record::Unwind { stage: STAGE }).is_err(), "nobody goes back");
        assert!(State::default().must_fit(&Record::Returned {}).is_ok());
        for left in [gone, between] {
            assert!(left.must_fit(&Record::Returned {}).is_err(), "something is left");
        }
    }

    /// A set of a site with one node, which waits for nobody.
    fn accept(site: &str, serial: u64) -> Record {
        let digest = "0".repeat(64);
        serde_json::from_value(serde_json::json!({"accept": {
            "site": site, "serial": serial, "plan_id": digest, "set": digest, "bundle": digest, "node": "m1",
            "role": "leader", "nodes": {"managers": ["m1"], "workers": []},
        }}))
        .unwrap()
    }

    fn boot(id: &str) -> Record {
        Record::Boot { id: id.to_owned() }
    }

    fn followed(state: &State, records: impl IntoIterator<Item = Record>) -> Result<State, String> {
        let mut state = state.clone();
        records.into_iter().try_for_each(|record| {
            let before = state.clone();
            let followed = state.follow(&record.at(1));
            assert!(followed.is_ok() || state == before, "a refused record changed something");
            followed
        })?;
        Ok(state)
    }

    #[test]
    fn a_commit_is_not_given_up() {
        let fail = Record::Fail { cause: "stop".to_owned() };
        for stage in Stage::ALL {
            let state = State { stage: Some(stage), ..state(At::Forward, &[], None) };
            assert_eq!(state.must_fit(&fail).is_ok(), stage != Stage::Commit, "{stage}");
        }
    }

    #[test]
    fn k0s_is_away_when_all_from_start_on_is_undone_and_its_last_stage_is_what_goes_next() {
        let away = Record::Protocol { event: Event::K0sAway, note: None };
        for stage in Stage::ALL {
            let state = State { finished: vec![stage], ..State::default() };
            assert_eq!(state.must_fit(&away).is_ok(), stage < Stage::Start, "{stage}");
        }
        assert!(State::default().must_fit(&away).is_ok());
    }

    #[test]
    fn a_set_is_not_older_than_the_latest_of_its_site() {
        let state = followed(&State::default(), [accept("acme", 7)]).unwrap();
        for (serial, is_taken) in [(6, false), (7, true), (8, true)] {
            assert_eq!(followed(&state, [accept("acme", serial)]).is_ok(), is_taken, "{serial}");
        }
        let elsewhere = followed(&state, [accept("zeta", 1)]).unwrap();
        assert!(followed(&elsewhere, [accept("acme", 6)]).is_err(), "another site between made it forget");
        let serials: Vec<u64> = elsewhere.ratchet.values().map(|latest| latest.serial.get()).collect();
        assert_eq!(serials, [7, 1]);
    }

    #[test]
    fn the_protocol_hears_of_what_the_records_say() {
        let failing = state(At::Failing, &[], None);
        let booted = State { boot: Some("1".to_owned()), ..State::default() };
        let cleared = Record::Cleared { stage: STAGE };
        let said = Event::Say(airlift_bundle::gate::word::Say::ALL[0]);
        for (state, record, event) in [
            (&failing, Record::Begin { stage: STAGE }, Some(Event::Begin(STAGE))),
            (&failing, Record::End { stage: STAGE }, Some(Event::Done(STAGE))),
            (&failing, cleared.clone(), Some(Event::Failed(STAGE))),
            (&booted, cleared, None),
            (&failing, Record::Rollback {}, Some(Event::Rollback)),
            (&failing, Record::Returned {}, Some(Event::Mke3Back)),
            (&failing, boot("1"), None),
            (&booted, boot("1"), None),
            (&booted, boot("2"), Some(Event::Rebooted)),
            (&failing, Record::Protocol { event: said.clone(), note: None }, Some(said)),
            (&failing, Record::Purged {}, None),
        ] {
            assert_eq!(state.event(&record), event, "{record:?}");
        }
    }

    #[test]
    fn where_a_node_stands_outlives_a_set_of_its_site_and_no_set_of_another() {
        let prepare = Stage::Prepare;
        let state =
            followed(&State::default(), [accept("acme", 1), Record::Begin { stage: prepare }]).unwrap();
        let state = followed(&state, [Record::End { stage: prepare }]).unwrap();
        let fresh = followed(&State::default(), [accept("acme", 1)]).unwrap();
        assert_ne!(state.gate, fresh.gate);
        let corrected = followed(&state, [accept("acme", 2)]).unwrap();
        assert_eq!((&corrected.gate, corrected.times.len()), (&state.gate, 1));
        let elsewhere = followed(&state, [accept("zeta", 2)]).unwrap();
        assert_eq!(elsewhere.times.len(), 0, "the other site's receipts would tell of this one");
        assert_eq!(elsewhere.gate, followed(&State::default(), [accept("zeta", 2)]).unwrap().gate);
        assert!(followed(&State::default(), [boot("1")]).is_err(), "a node without a set has no journal");
    }
}
