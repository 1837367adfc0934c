//! Gates: what the engine asks the protocol before an act, and what it does so that a gate opens.
//!
//! Words of others have been heard before; what is left is asked for here, in this order: the operator's word, once the
//! words of others are there; then the node's own looks, at the moment of the act, however often they were taken before.

use std::collections::BTreeSet;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::codes::CodeHashes;
use airlift_bundle::gate::protocol::{Gate, Missing};
use airlift_bundle::gate::state::{Event, Position};
use airlift_bundle::gate::table::Act;
use airlift_bundle::gate::word::{Attempt, Look, Naming, Say, Word};
use airlift_bundle::name::NodeName;

use super::engine::{Engine, Stop, cut_off, cut_short};
use super::outcome::{Outcome, Progress};
use crate::gate::heard::{Brought, Sorted, sort};
use crate::gate::{NodeGate, give, sentence};
use crate::journal::{Accepted, At, Mark, Record, next};
use crate::step::{Fault, Sight, run_look};

/// What an operator says of hosts that can't speak for themselves, by flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Hosts, and what is said of each.
    pub named: Vec<(NodeName, Naming)>,
    /// The manager that takes over.
    pub hub: Option<NodeName>,
}

/// Why this node's receipts are not written.
enum Unwritten {
    /// What signs them can't be had, and will not be.
    NoKey(Fault),
    /// The disk does not take them.
    Disk(Fault),
}

/// What stops a run that is not done.
pub(super) type Halted = Result<Option<Outcome>, Stop>;

impl Engine<'_> {
    pub(super) fn gate(&self) -> Result<&NodeGate, Stop> {
        self.state().gate.as_ref().ok_or_else(|| {
            Stop::With(Outcome::Stuck {
                cause: "find the node's site in its journal".to_owned(),
                hint: "give the set: airlift-node apply SET".to_owned(),
            })
        })
    }

    fn set(&self) -> Result<&Accepted, Stop> {
        self.state().set.as_ref().ok_or_else(|| {
            Stop::With(Outcome::Refused(vec![
                "this node works with no set any more; name it once more: airlift-node apply SET".to_owned(),
            ]))
        })
    }

    /// Writes what the records of stages don't say.
    pub(super) fn event(&mut self, event: Event<NodeName>, note: Option<String>) -> Result<(), Stop> {
        self.write(Record::Protocol { event, note })
    }

    /// The machine was started anew since the last record: the protocol knows before anything else is done.
    pub(super) fn note_boot(&mut self) -> Result<(), Stop> {
        let boot = self.shop.machine.boot_id().map_err(|fault| {
            Stop::With(Outcome::Held {
                cause: fault.to_string(),
                hint: "see to the cause, then type the same again".to_owned(),
            })
        })?;
        let may_be_noted = next(self.state().at, Mark::Boot).is_some() && self.state().set.is_some();
        if !may_be_noted || self.state().boot.as_ref() == Some(&boot) {
            return Ok(());
        }
        self.write(Record::Boot { id: boot })
    }

    /// Makes the receipts of all words that are given, where they are not there. A set without receipt keys, which is of
    /// use where there is nobody to speak to, has none.
    ///
    /// The end of `commit` does not hang on them: no gate waits for that word. Nor does the way back: a node whose key is
    /// gone brings MKE 3 back without a word, and others go on with `--lost`. Only what a disk did not take is held for
    /// once more, before the set goes and the key with it.
    pub(super) fn give_receipts(&mut self) -> Result<(), Stop> {
        let Err(unwritten) = self.write_receipts()? else { return Ok(()) };
        let at = self.state().at;
        let can_do_without = match unwritten {
            Unwritten::NoKey(_) => self.goes_back || at == At::Removed || at.is_failing(),
            Unwritten::Disk(_) => {
                (self.goes_back && at != At::Returned) || at == At::Removed || at.is_failing()
            }
        };
        let (Unwritten::NoKey(fault) | Unwritten::Disk(fault)) = unwritten;
        let cause = format!("write this node's receipts: failed to {fault}");
        if can_do_without {
            self.watcher.see(Progress::NotGiven { cause });
            return Ok(());
        }
        let hint = "see to the cause, then type what was typed before: they are written then".to_owned();
        Err(Stop::With(Outcome::Held { cause, hint }))
    }

    /// Before the set goes, and with it what could make them anew: a crash may have come before their names were flushed.
    pub(super) fn settle_receipts(&self) -> Result<(), Stop> {
        let (disk, receipts) = (self.shop.disk, self.home.receipts());
        let settled = match disk.stat(&receipts) {
            Ok(Some(_)) => disk.sync_dir(&receipts),
            other => other.map(drop),
        };
        settled.map_err(|error| {
            Stop::With(Outcome::Held {
                cause: error.to_string(),
                hint: "see to the disk, then type what was typed before: it goes on from here".to_owned(),
            })
        })
    }

    fn write_receipts(&mut self) -> Result<Result<(), Unwritten>, Stop> {
        let Some(papers) = &self.papers else { return Ok(Ok(())) };
        let Some(set) = &self.state().set else { return Ok(Ok(())) };
        if papers.plan.secrets.iter().all(|secret| secret.name.as_str() != give::KEY) {
            return Ok(Ok(()));
        }
        let (disk, home) = (self.shop.disk, self.home);
        let missing = match give::missing(disk, home, &self.journal) {
            Ok(missing) if missing.is_empty() => return Ok(Ok(())),
            Ok(missing) => missing,
            Err(error) => return Ok(Err(Unwritten::Disk(error.into()))),
        };
        let node = set.node.clone();
        self.journal.flush()?;
        let keys = match give::Keys::open(self.shop.contents, papers.site, &node) {
            Ok(keys) => keys,
            Err(fault) => return Ok(Err(Unwritten::NoKey(fault))),
        };
        if let Err(fault) = give::write(disk, home, &self.journal, &missing, &keys) {
            return Ok(Err(Unwritten::Disk(fault)));
        }
        for word in missing {
            self.watcher.see(Progress::Given { word });
        }
        Ok(Ok(()))
    }

    /// Takes the words of others that were brought. What is right is taken, what is not is told.
    pub fn hear(&mut self, brought: Brought) -> Result<Sorted, Outcome> {
        self.take_words(brought).map_err(Stop::into_outcome)
    }

    fn take_words(&mut self, brought: Brought) -> Result<Sorted, Stop> {
        // where nothing is left but to tidy up, nobody is listened to
        let is_back = self.goes_back && self.state().set.is_none();
        if brought.is_empty() || is_back || next(self.state().at, Mark::Protocol).is_none() {
            return Ok(Sorted::default());
        }
        let plan_id = self.set()?.plan_id;
        let papers = self.papers()?;
        let hashes = papers.codes.map(CodeHashes::parse).transpose();
        let sorted = sort(self.gate()?, (papers.site, plan_id), hashes, brought);
        for (event, how) in &sorted.taken {
            self.event(event.clone(), Some(how.clone()))?;
            if let Event::Heard { from, word, .. } = event {
                self.watcher.see(Progress::Heard { from: from.clone(), word: *word });
            }
        }
        Ok(sorted)
    }

    /// Takes an operator's word on hosts: all of it, or nothing.
    pub fn order(&mut self, orders: &Orders) -> Option<Outcome> {
        self.take_orders(orders).unwrap_or_else(|stop| Some(stop.into_outcome()))
    }

    fn take_orders(&mut self, orders: &Orders) -> Halted {
        let Orders { named, hub } = orders;
        if named.is_empty() && hub.is_none() {
            return Ok(None);
        }
        if next(self.state().at, Mark::Protocol).is_none() {
            return Ok(Some(Outcome::Refused(vec!["this node waits for no host any more".to_owned()])));
        }
        let (Some(site), mut gate) = (self.state().site.clone(), self.gate()?.clone()) else {
            return Ok(None);
        };
        let mut refused = Vec::new();
        let mut events = Vec::new();
        let of_hub = hub.iter().map(|host| {
            let about = format!("{host} takes the leader's place on this node, and the site goes back");
            (Event::Hub(host.clone()), format!("--hub {host}"), about, sentence::of_hub(host, &site))
        });
        let of_named = named.iter().map(|(host, naming)| {
            let about = format!("this node goes on without a word of {host}");
            let event = Event::Name { host: host.clone(), naming: *naming };
            (event, format!("--{naming} {host}"), about, sentence::of_naming(*naming, host))
        });
        for (event, flag, about, sentence) in of_hub.chain(of_named) {
            if knows(&gate, &event) {
                continue;
            }
            match gate.step(&event) {
                Ok(next) => {
                    gate = next;
                    events.push((event, flag, about, sentence));
                }
                Err(why) => refused.push(format!("{flag}: {why}")),
            }
        }
        if !refused.is_empty() {
            return Ok(Some(Outcome::Refused(refused)));
        }
        let mut said = Vec::new();
        for (event, flag, about, sentence) in events {
            if self.operator.ask(&about, &sentence).is_some_and(|typed| typed.trim() == sentence) {
                said.push((event, sentence));
            } else {
                refused.push(format!("{flag} needs your word; add --say '{sentence}'"));
            }
        }
        if !refused.is_empty() {
            return Ok(Some(Outcome::Refused(refused)));
        }
        for (event, sentence) in said {
            self.event(event, Some(sentence))?;
        }
        Ok(None)
    }

    /// Has an act's words together, or says what is missing. Looks come after this, see [`Self::looks`].
    pub(super) fn words(&mut self, act: Act) -> Halted {
        loop {
            let missing = match self.gate()?.gate(act) {
                Gate::Ready => return Ok(None),
                Gate::Refused(refusal) => {
                    return Ok(Some(Outcome::Refused(vec![format!("{act}: {refusal}")])));
                }
                Gate::Waiting(missing) => missing,
            };
            if missing.iter().all(|missing| matches!(missing, Missing::Look(_))) {
                return Ok(None);
            }
            let others =
                missing.iter().any(|missing| matches!(missing, Missing::Word { .. } | Missing::Own(_)));
            let say = missing.iter().find_map(|missing| match missing {
                Missing::Say(say) if !others => Some(*say),
                _ => None,
            });
            let Some(say) = say else {
                if self.ask_for_codes(&missing)? {
                    continue;
                }
                // some may have been typed before the questions were ended
                let Gate::Waiting(missing) = self.gate()?.gate(act) else { continue };
                return self.waits(&missing).map(Some);
            };
            let set = self.set()?;
            let sentence = sentence::of_say(say, &set.site, &set.node);
            match self.operator.ask(about(say), &sentence) {
                Some(typed) if typed.trim() == sentence => self.event(Event::Say(say), Some(sentence))?,
                _ => {
                    let need = format!("{}, in these words: {sentence}", about(say));
                    let command = match say {
                        Say::OutageBegins | Say::VendorDone => "apply",
                        Say::Commit => "commit",
                        Say::LeaveOut => "commit --left-out",
                    };
                    let hint = format!("airlift-node {command} asks for them, or: --say '{sentence}'");
                    return Ok(Some(Outcome::Waiting { needs: vec![need], hint }));
                }
            }
        }
    }

    /// Asks for the codes of words that are missing, one after the other; whether all were typed.
    fn ask_for_codes(&mut self, missing: &[Missing]) -> Result<bool, Stop> {
        let has_codes = self.papers.is_some_and(|papers| papers.codes.is_some());
        if !has_codes || next(self.state().at, Mark::Protocol).is_none() {
            return Ok(false);
        }
        let mut some = false;
        for missing in missing {
            let Missing::Word { from, word, .. } = *missing else { continue };
            let Some(host) = self.gate()?.protocol().site().name(from).cloned() else { continue };
            let mut trouble = None;
            loop {
                let Some(typed) = self.operator.code(&host, word, trouble.as_deref()) else {
                    return Ok(false);
                };
                trouble = self.take_code(&host, word, &typed)?;
                if trouble.is_none() {
                    break;
                }
            }
            some = true;
        }
        Ok(some)
    }

    /// Takes a typed code, or says what is wrong with it.
    fn take_code(&mut self, host: &NodeName, word: Word, typed: &str) -> Result<Option<String>, Stop> {
        let mut brought = Brought::default();
        if let Err(error) = brought.type_in(host.as_str(), word.as_str(), typed) {
            return Ok(Some(trouble(&error)));
        }
        let sorted = self.take_words(brought)?;
        let unfit = sorted.unfit.first().map(|(what, why)| format!("{what}: refused: {why}"));
        Ok(sorted.refused.first().map(trouble).or(unfit))
    }

    fn waits(&self, missing: &[Missing]) -> Result<Outcome, Stop> {
        let gate = self.gate()?;
        let needs = missing.iter().map(|missing| gate.protocol().way(gate.state(), *missing)).collect();
        Ok(Outcome::Waiting { needs, hint: "airlift-node status shows this again".to_owned() })
    }

    /// Takes the looks that an act needs, now.
    pub(super) fn looks(&mut self, act: Act) -> Halted {
        let gate = self.gate()?;
        let looks: BTreeSet<Look> = gate.protocol().looks(gate.state(), act).into_iter().collect();
        for look in looks {
            let plan = self.plan()?;
            let Some(planned) = plan.look(look) else {
                return Ok(Some(Outcome::Waiting {
                    needs: vec![format!(
                        "a look for {look}, which the set at work does not tell how to take"
                    )],
                    hint: "compile a set that does, under a higher serial, and apply it".to_owned(),
                }));
            };
            let sight = match run_look(&self.shop, planned) {
                Ok(sight) => sight,
                Err(fault) => {
                    cut_short(&fault)?;
                    cut_off(&fault)?;
                    Sight::Unknown(format!("failed to {fault}"))
                }
            };
            self.watcher.see(Progress::Looked { look, sight: sight.clone() });
            match sight {
                Sight::Seen if self.gate()?.state().has_seen(look) => {}
                Sight::Seen => self.event(Event::Saw(look), None)?,
                Sight::NotSeen(said) | Sight::Unknown(said) => {
                    let gate = self.gate()?;
                    let way = gate.protocol().way(gate.state(), Missing::Look(look));
                    return Ok(Some(Outcome::Waiting {
                        needs: vec![format!("{way}; it saw: {said}")],
                        hint: "see to it, then type the same again".to_owned(),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Gives a word, as soon as its gate is open.
    pub(super) fn give(&mut self, word: Word) -> Halted {
        let act = Act::Give(word);
        if let Some(outcome) = self.words(act)? {
            return Ok(Some(outcome));
        }
        if let Some(outcome) = self.looks(act)? {
            return Ok(Some(outcome));
        }
        self.event(Event::Give(word), None)?;
        Ok(None)
    }

    /// The next act forward, none beyond `until`.
    pub(super) fn forward_act(&self, until: Stage) -> Result<Option<Act>, Stop> {
        let gate = self.gate()?;
        let stands = match gate.position() {
            Position::At(stage) => stage,
            _ => return Ok(None),
        };
        let acts: Vec<Act> = gate.acts().into_iter().map(|(act, _)| act).collect();
        let give = |act: &&Act| matches!(act, Act::Give(word) if word.is_forward() && stands < until);
        let begin = |act: &&Act| matches!(act, Act::Begin(stage) if *stage <= until);
        Ok(acts.iter().find(give).or_else(|| acts.iter().find(begin)).copied())
    }

    /// Why the node does not go forward though it stands where it could.
    pub(super) fn barred(&self, until: Stage) -> Result<Option<Outcome>, Stop> {
        use airlift_bundle::gate::protocol::Refusal::{NotForThisNode, OutOfOrder};
        let gate = self.gate()?;
        let is_next = |stage: &Stage| match gate.position() {
            Position::At(stands) => *stage > stands && *stage <= until,
            _ => *stage <= until,
        };
        Ok(Stage::ALL.into_iter().filter(is_next).find_map(|stage| match gate.gate(Act::Begin(stage)) {
            Gate::Refused(OutOfOrder | NotForThisNode) | Gate::Ready | Gate::Waiting(_) => None,
            Gate::Refused(why) => Some(Outcome::Refused(vec![format!("begin {stage}: {why}")])),
        }))
    }

    /// Opens or enters the next attempt, on a node that is back at MKE 3.
    pub fn next_attempt(&mut self) -> Option<Outcome> {
        self.open_attempt().unwrap_or_else(|stop| Some(stop.into_outcome()))
    }

    fn open_attempt(&mut self) -> Halted {
        self.set()?;
        if !self.gate()?.leads() || self.state().at != At::Rest {
            // `apply` says what comes first
            return Ok(None);
        }
        let opened = self.gate()?.state().attempt() > Attempt::FIRST;
        if opened && self.gate()?.position() != Position::Returned {
            // typed again after a crash
            return Ok(None);
        }
        if let Some(outcome) = self.words(Act::OpenAttempt)? {
            return Ok(Some(outcome));
        }
        self.event(Event::OpenAttempt, None)?;
        Ok(None)
    }

    /// What a node waits for that is back at MKE 3.
    pub(super) fn waits_for_attempt(&self) -> Result<Outcome, Stop> {
        let gate = self.gate()?;
        let Some(next) = gate.state().attempt().next() else {
            return Ok(Outcome::Refused(vec![
                airlift_bundle::gate::protocol::Refusal::NoAttemptLeft.to_string(),
            ]));
        };
        let (need, hint) = if gate.leads() {
            let hint = "airlift-node apply SET --next-attempt";
            (format!("your order to open attempt {next}; MKE 3 is back here"), hint.to_owned())
        } else {
            let leader = gate.leader();
            let hint = "airlift-node apply SET --receipts DIR";
            (format!("prepared of {leader}, attempt {next}: {leader}.prepared.{next}.json"), hint.to_owned())
        };
        Ok(Outcome::Waiting { needs: vec![need], hint })
    }
}

/// What is wrong with a code, and the way out.
fn trouble(error: &airlift_bundle::error::Error) -> String {
    format!("failed to {error}; {}", error.hint())
}

fn knows(gate: &NodeGate, event: &Event<NodeName>) -> bool {
    let (site, state) = (gate.protocol().site(), gate.state());
    match event {
        Event::Hub(host) => site.find(host) == Some(state.hub()),
        Event::Name { host, naming } => {
            site.find(host).is_some_and(|host| state.named().contains(&(host, *naming)))
        }
        _ => false,
    }
}

/// What an operator says by it.
const fn about(say: Say) -> &'static str {
    match say {
        Say::OutageBegins => "your word that the outage begins",
        Say::VendorDone => "your word that the vendor's command has run, and that its result is accepted",
        Say::Commit => "your word that MKE 3 is removed here, from where there is no way back",
        Say::LeaveOut => "your word that MKE 3 and k0s are both removed here, with all that they hold",
    }
}
