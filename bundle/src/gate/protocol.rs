//! The protocol of one site: the table, applied to the states of its nodes.
//!
//! [`Protocol::step`] is the only thing that changes a [`NodeState`]. It is pure: no clock, no I/O, the same answer every
//! time; what it refuses leaves the state as it was. [`Protocol::gate`] says what an act still waits for,
//! [`Protocol::acts`] what a node may come to next, [`Protocol::hashes`] which words of others a node must be able to
//! check. The model check drives exactly these functions.

use std::collections::BTreeSet;

use super::site::{Node, Site};
use super::stage::Stage;
use super::state::{Event, Mke3, NodeState, Position};
use super::table::{Act, Need, Part, Promise, ROWS, Table, Whom};
use super::word::{Attempt, Look, Naming, Say, Word};
use crate::plan::Role;

/// The gate protocol on one site.
#[derive(Clone, Debug)]
pub struct Protocol {
    site: Site,
    table: Table,
}

/// What stands before an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    Ready,
    /// These; each can still come.
    Waiting(Vec<Missing>),
    /// It can't be done from here.
    Refused(Refusal),
}

/// One thing that an act waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A word of another node, or the operator's word in its place.
    Word {
        /// Whose.
        from: Node,
        /// The word.
        word: Word,
        /// The operator's word that takes its place, if one can.
        instead: Option<Naming>,
    },
    /// A word that this node has to give first.
    Own(Word),
    /// An operator's word.
    Say(Say),
    /// A look of its own.
    Look(Look),
}

/// Why an event or an act is refused. To be read after "refused: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// It doesn't follow from where the node stands.
    #[error("it does not follow from where this node stands; airlift-node status shows what does")]
    OutOfOrder,
    /// The act is for another part of the site.
    #[error("it is not for a node of this role")]
    NotForThisNode,
    /// The act still waits for something.
    #[error("the gate is not open; airlift-node status shows what it waits for")]
    Waiting,
    /// The word is of another attempt.
    #[error("the word is of another attempt; airlift-node status on both nodes shows the attempt")]
    OtherAttempt,
    /// That node never gives such a word.
    #[error("a node of that role never gives this word")]
    NotItsWord,
    /// The word comes from a leader that was replaced.
    #[error("the operator put another hub in that node's place")]
    OldHub,
    /// The word is given already.
    #[error("the word is given already; airlift-node receipt shows it again")]
    Given,
    /// The host isn't one that the node waits for in that way.
    #[error("this node does not wait for that host in that way")]
    NotWaitedFor,
    /// Half or more of the managers would be named.
    #[error("half or more of the managers would be named; the site can only go back: airlift-node rollback")]
    TooManyNamed,
    /// The node has given `away`, or the site goes back.
    #[error("the site goes back in this attempt; airlift-node rollback")]
    GoesBack,
    /// `accepted` is known here.
    #[error("the site is accepted, there is no way back; airlift-node status says what is left to do")]
    Accepted,
    /// The controller was rebooted.
    #[error("this machine was rebooted; airlift-node apply lets k0s run again first")]
    Rebooted,
    /// The host can't be hub.
    #[error("only a manager that is not the leader can take over as hub")]
    NoHub,
    /// All attempts are used up.
    #[error("all nine attempts are used up; compile with fresh secrets")]
    NoAttemptLeft,
    /// The node is not one of this site.
    #[error("the site has no such node")]
    NoSuchNode,
    /// In the midst of an attempt leader, hub and this node's role stay what they are.
    #[error("another leader or role can't be taken in the midst of an attempt; first: airlift-node rollback")]
    OtherSite,
}

impl Protocol {
    /// The protocol on this site.
    #[must_use]
    pub const fn new(site: Site) -> Self {
        Self { site, table: Table::PROTOCOL }
    }

    /// The protocol with another table. For the model check alone.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_table(site: Site, table: Table) -> Self {
        Self { site, table }
    }

    /// The site.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// The state of a node that has done nothing yet.
    #[must_use]
    pub fn start(&self, node: Node) -> NodeState {
        NodeState::new(node, self.site.leader(), Attempt::FIRST)
    }

    /// The state of a node that takes a set of this site, in which it is `node`, having followed the plan of `old`.
    /// It stays in its attempt; hosts that are gone are forgotten.
    ///
    /// # Errors
    /// [`Refusal::OtherSite`] where it stands in the midst of an attempt.
    pub fn take_set(&self, old: &Self, state: &NodeState, node: Node) -> Result<NodeState, Refusal> {
        let find = |before: Node| old.site.name(before).and_then(|name| self.site.find(name));
        let rests = matches!(state.position, Position::At(Stage::Check) | Position::Returned);
        let role = |site: &Site, node| (site.role(node), node == site.leader());
        let leader = find(old.site.leader()) == Some(self.site.leader());
        let hub = find(state.hub).filter(|hub| self.site.role(*hub).is_manager());
        let same = leader && hub.is_some() && role(&self.site, node) == role(&old.site, state.node);
        if !same && !rests {
            return Err(Refusal::OtherSite);
        }
        let mut next = state.clone();
        next.node = node;
        next.hub = hub.filter(|_| same).unwrap_or(self.site.leader());
        next.named = state.named.iter().filter_map(|(host, naming)| Some((find(*host)?, *naming))).collect();
        next.heard = state.heard.iter().filter_map(|(from, word)| Some((find(*from)?, *word))).collect();
        self.step(&next, &Event::SetTaken)
    }

    /// The looks that a node must take before an act.
    #[must_use]
    pub fn looks(&self, state: &NodeState, act: Act) -> Vec<Look> {
        let needs = self.table.needs(|part| self.plays(state, part), act).unwrap_or_default();
        needs
            .into_iter()
            .filter_map(|need| match need {
                Need::Look(look) if !needless(state, act, look) => Some(look),
                _ => None,
            })
            .collect()
    }

    /// The words that a node can ever give: it needs a code for each.
    #[must_use]
    pub fn own_words(&self, node: Node) -> BTreeSet<Word> {
        let (role, leads) = (self.site.role(node), node == self.site.leader());
        let gives = |part| match part {
            Part::Any => true,
            Part::Leader | Part::LeadingHub => leads,
            Part::OtherManager | Part::NewHub => role == Role::Manager,
            Part::Worker => role == Role::Worker,
            // The leader too, once another manager is hub.
            Part::Follower => !leads || self.site.managers().count() > 1,
        };
        let given = ROWS.iter().filter(|row| gives(row.part)).filter_map(|row| match row.act {
            Act::Give(word) => Some(word),
            _ => None,
        });
        let stages = Stage::ALL.into_iter().filter(|stage| stage.is_for(role));
        given.chain(stages.filter_map(|stage| closing_word(stage, role))).chain([Word::Returned]).collect()
    }

    /// The words of others that a node may have to check, in whatever turn the migration takes: it needs the hash of
    /// each.
    #[must_use]
    pub fn hashes(&self, node: Node) -> BTreeSet<(Node, Word)> {
        let role = self.site.role(node);
        let plays = |part: Part| match part {
            Part::Any | Part::Follower => true,
            Part::Leader | Part::LeadingHub => role == Role::Leader,
            Part::OtherManager | Part::NewHub => role == Role::Manager,
            Part::Worker => role == Role::Worker,
        };
        let mut asked = BTreeSet::new();
        for need in ROWS.iter().filter(|row| plays(row.part)).flat_map(|row| row.needs) {
            let Need::Of { word, whom, .. } = *need else { continue };
            let hubs = || self.site.managers();
            let whose: Vec<Node> = match whom {
                Whom::Hub => hubs().collect(),
                whom => self.asked(whom, node, self.site.leader(), |_| false),
            };
            // A host that is named drops out of the managers' order, so any of those before may be asked.
            let before =
                (whom == Whom::ManagerBefore).then(|| self.other_managers().take_while(|m| *m != node));
            for from in whose.into_iter().chain(before.into_iter().flatten()) {
                asked.insert((from, word));
                // Who has returned is away.
                if word == Word::Away {
                    asked.insert((from, Word::Returned));
                }
            }
        }
        if role != Role::Leader {
            // The first word of the next attempt.
            asked.insert((self.site.leader(), Word::Prepared));
        }
        asked.retain(|(from, word)| *from != node && self.own_words(*from).contains(word));
        asked
    }

    /// Every act that the node may come to from where it stands, with the gate before it. A gate that is refused is left
    /// out.
    #[must_use]
    pub fn acts(&self, state: &NodeState) -> Vec<(Act, Gate)> {
        let stages = Stage::ALL.into_iter().map(Act::Begin);
        let words = Word::ALL.iter().copied().map(Act::Give);
        let rest = [Act::LeaveK0s, Act::BringBack, Act::Resume, Act::OpenAttempt, Act::LeaveOut];
        stages
            .chain(words)
            .chain(rest)
            .map(|act| (act, self.gate(state, act)))
            .filter(|(_, gate)| !matches!(gate, Gate::Refused(_)))
            .collect()
    }

    /// What stands before an act.
    #[must_use]
    pub fn gate(&self, state: &NodeState, act: Act) -> Gate {
        let Some(needs) = self.table.needs(|part| self.plays(state, part), act) else {
            return Gate::Refused(Refusal::NotForThisNode);
        };
        if let Err(refusal) = self.stands(state, act) {
            return Gate::Refused(refusal);
        }
        let missing: Vec<Missing> =
            needs.into_iter().flat_map(|need| self.missing(state, act, need)).collect();
        if missing.is_empty() { Gate::Ready } else { Gate::Waiting(missing) }
    }

    /// Whether the controllers of this node may act on another node's silence (promise 4).
    #[must_use]
    pub fn acts_on_silence(&self, state: &NodeState) -> bool {
        let from = if self.table.keeps(Promise::QuietUntilAdopt) { Stage::Adopt } else { Stage::Start };
        matches!(state.position, Position::At(stage) | Position::In(stage) if stage >= from)
    }

    /// The state after an event.
    ///
    /// # Errors
    /// Why the event can't happen to a node in this state.
    pub fn step(&self, state: &NodeState, event: &Event<Node>) -> Result<NodeState, Refusal> {
        let mut next = state.clone();
        self.apply(&mut next, event)?;
        if next.position != state.position || *event == Event::Rebooted {
            next.seen.clear();
        }
        Ok(next)
    }

    fn apply(&self, state: &mut NodeState, event: &Event<Node>) -> Result<(), Refusal> {
        match *event {
            Event::Begin(stage) => {
                self.ready(state, Act::Begin(stage))?;
                state.position = Position::In(stage);
            }
            Event::Done(stage) => {
                in_order(state.position == Position::In(stage))?;
                state.position = Position::At(stage);
                state.given.extend(closing_word(stage, self.site.role(state.node)));
            }
            Event::Failed(stage) => {
                in_order(state.position == Position::In(stage) && stage != Stage::Commit)?;
                state.position = self.after_failure(state, stage);
                state.paused = false;
            }
            Event::Give(word) => {
                self.ready(state, Act::Give(word))?;
                state.given.insert(word);
            }
            Event::Heard { from, word, attempt } => self.hear(state, from, word, attempt)?,
            Event::Say(say) => {
                state.said.insert(say);
            }
            Event::Saw(look) => {
                state.seen.insert(look);
            }
            Event::Name { host, naming } => self.name(state, host, naming)?,
            Event::Hub(host) => self.take_hub(state, host)?,
            Event::Rollback => {
                self.ready(state, Act::LeaveK0s)?;
                if state.has_begun(Stage::Start) {
                    state.position = Position::LeavingK0s;
                } else {
                    self.leave(state, self.left_of_mke3(state));
                }
            }
            Event::K0sAway => {
                in_order(state.position == Position::LeavingK0s)?;
                let by_itself = !self.table.keeps(Promise::FrozenWaitsForBack);
                self.leave(state, if by_itself { Mke3::Runs } else { Mke3::Stopped });
            }
            Event::BringBack => {
                self.ready(state, Act::BringBack)?;
                state.position = Position::Returning;
            }
            Event::Mke3Back => {
                in_order(state.position == Position::Returning)?;
                state.position = Position::Returned;
                state.given.insert(Word::Returned);
            }
            Event::OpenAttempt => {
                self.ready(state, Act::OpenAttempt)?;
                let next = state.attempt.next().ok_or(Refusal::NoAttemptLeft)?;
                *state = NodeState::new(state.node, self.site.leader(), next);
            }
            Event::Rebooted => state.paused = self.waits_after_reboot(state),
            Event::Resume => {
                self.ready(state, Act::Resume)?;
                state.paused = false;
            }
            // `accepted` is no receipt that a gate may ask for again, but the end of the way back.
            Event::SetTaken => state.heard.retain(|(_, word)| *word == Word::Accepted),
            Event::LeaveOut => {
                self.ready(state, Act::LeaveOut)?;
                state.position = Position::LeavingOut;
                state.paused = false;
            }
            Event::LeftOut => {
                in_order(state.position == Position::LeavingOut)?;
                state.position = Position::LeftOut;
            }
        }
        Ok(())
    }

    /// k0s is away; whoever is not the hub has said so by it.
    fn leave(&self, state: &mut NodeState, mke3: Mke3) {
        state.position = Position::Away(mke3);
        state.paused = false;
        if self.plays(state, Part::Follower) {
            state.given.insert(Word::Away);
        }
    }

    fn ready(&self, state: &NodeState, act: Act) -> Result<(), Refusal> {
        match self.gate(state, act) {
            Gate::Ready => Ok(()),
            Gate::Waiting(_) => Err(Refusal::Waiting),
            Gate::Refused(refusal) => Err(refusal),
        }
    }

    /// Whether the node plays that part now.
    fn plays(&self, state: &NodeState, part: Part) -> bool {
        let (leader, hub) = (state.node == self.site.leader(), state.node == state.hub);
        match part {
            Part::Any => true,
            Part::Leader => leader,
            Part::OtherManager => self.site.role(state.node) == Role::Manager,
            Part::Worker => self.site.role(state.node) == Role::Worker,
            Part::LeadingHub => leader && hub,
            Part::NewHub => !leader && hub,
            Part::Follower => !hub,
        }
    }

    /// Whether the act follows from where the node stands; its needs are another matter.
    fn stands(&self, state: &NodeState, act: Act) -> Result<(), Refusal> {
        use Position::{At, Away, In, Returned};
        let accepted = self.knows_accepted(state);
        match act {
            Act::Begin(stage) => {
                self.goes_forward(state, stage == Stage::Commit)?;
                let before = self.stage_before(state, stage).ok_or(Refusal::NotForThisNode)?;
                let again = state.position == Away(Mke3::Stopped)
                    && stage == Stage::Start
                    && !self.table.keeps(self.finality(state));
                in_order(state.position == At(before) || again)
            }
            Act::Give(word) if state.given.contains(&word) => Err(Refusal::Given),
            Act::Give(Word::Away) => in_order(matches!(state.position, Away(_))),
            Act::Give(Word::Back) => {
                let early =
                    !self.table.keeps(Promise::BackAfterOwnAway) && matches!(state.position, At(_) | In(_));
                in_order(matches!(state.position, Away(_) | Returned) || early)
            }
            Act::Give(word) => {
                self.goes_forward(state, false)?;
                in_order(given_at(word).is_some_and(|stage| state.position == At(stage)))
            }
            Act::LeaveK0s if accepted && self.table.keeps(Promise::AcceptedIsFinal) => Err(Refusal::Accepted),
            Act::LeaveK0s => {
                in_order(matches!(state.position, At(stage) | In(stage) if stage != Stage::Commit))
            }
            Act::BringBack => in_order(matches!(state.position, Away(_))),
            Act::Resume => in_order(state.paused && matches!(state.position, At(_) | In(_))),
            Act::OpenAttempt => match state.attempt.next() {
                None => Err(Refusal::NoAttemptLeft),
                Some(_) => in_order(state.position == Returned),
            },
            Act::LeaveOut => in_order(!matches!(
                state.position,
                At(Stage::Commit) | In(Stage::Commit) | Position::LeavingOut | Position::LeftOut
            )),
        }
    }

    /// Whether the node goes forward at all. `commit` also does under another hub: `accepted` is the leader's last word.
    fn goes_forward(&self, state: &NodeState, commit: bool) -> Result<(), Refusal> {
        let told = self.table.keeps(Promise::NewHubOnlyTakesBack) && state.hub != self.site.leader();
        if !commit && (told || state.heard.iter().any(|(_, word)| *word == Word::Back)) {
            return Err(Refusal::GoesBack);
        }
        if state.paused { Err(Refusal::Rebooted) } else { Ok(()) }
    }

    /// Which promise keeps this node from beginning again once it is away.
    fn finality(&self, state: &NodeState) -> Promise {
        if state.node == self.site.leader() { Promise::BackIsFinal } else { Promise::AwayIsFinal }
    }

    fn knows_accepted(&self, state: &NodeState) -> bool {
        state.given.contains(&Word::Accepted) || state.has_heard(self.site.leader(), Word::Accepted)
    }

    /// The stage that a node of this role has done before that one.
    fn stage_before(&self, state: &NodeState, stage: Stage) -> Option<Stage> {
        let role = self.site.role(state.node);
        if !stage.is_for(role) {
            return None;
        }
        Stage::ALL.into_iter().rfind(|before| *before < stage && before.is_for(role))
    }

    /// Where a node stands when the stage is undone.
    fn after_failure(&self, state: &NodeState, stage: Stage) -> Position {
        if !self.table.keeps(Promise::OnlyRollbackGivesAway) && stage == Stage::Start {
            return Position::Away(Mke3::Stopped);
        }
        let thaws = !self.table.keeps(Promise::FailedStopStaysFrozen) && stage == Stage::Stop;
        let before = if thaws { Some(Stage::Prepare) } else { self.stage_before(state, stage) };
        Position::At(before.unwrap_or(Stage::Check))
    }

    /// What is left of MKE 3 where `start` was not begun (promise 1): before its word a node goes back by itself.
    fn left_of_mke3(&self, state: &NodeState) -> Mke3 {
        let by_itself = !self.table.keeps(Promise::FrozenWaitsForBack);
        let worker = self.site.role(state.node) == Role::Worker;
        match state.position {
            Position::At(Stage::Check | Stage::Prepare)
            | Position::In(Stage::Check | Stage::Prepare | Stage::Freeze) => Mke3::Runs,
            _ if by_itself => Mke3::Runs,
            Position::In(Stage::Stop) if worker => Mke3::Runs,
            Position::At(Stage::Freeze) | Position::In(Stage::Stop) => Mke3::Frozen,
            _ => Mke3::Stopped,
        }
    }

    /// Whether k0s stays off after a reboot: on a controller, until `accepted` is known there.
    fn waits_after_reboot(&self, state: &NodeState) -> bool {
        let k0s = state.has_begun(Stage::Start) || state.position == Position::LeavingK0s;
        self.table.keeps(Promise::RebootWaits)
            && k0s
            && self.site.role(state.node).is_manager()
            && !self.knows_accepted(state)
    }

    fn hear(&self, state: &mut NodeState, from: Node, word: Word, attempt: Attempt) -> Result<(), Refusal> {
        let leader = self.site.leader();
        if self.site.name(from).is_none() || from == state.node {
            return Err(Refusal::NoSuchNode);
        }
        if !self.own_words(from).contains(&word) {
            return Err(Refusal::NotItsWord);
        }
        if attempt > state.attempt && from == leader && word.is_forward() {
            let rests = match state.position {
                Position::At(Stage::Check | Stage::Prepare) | Position::Returned => true,
                Position::At(_) | Position::Away(_) => !self.table.keeps(Promise::EnterFromMke3),
                _ => false,
            };
            if !rests {
                return Err(Refusal::OtherAttempt);
            }
            let position = state.position;
            *state = NodeState::new(state.node, leader, attempt);
            if !self.table.keeps(Promise::EnterFromMke3) {
                state.position = position;
            }
        } else if attempt != state.attempt && self.table.keeps(Promise::AttemptsApart) {
            return Err(Refusal::OtherAttempt);
        }
        let last = matches!(word, Word::Away | Word::Returned | Word::Accepted);
        let old = from == leader && state.hub != leader && !last;
        if self.table.keeps(Promise::NewHubOnlyTakesBack)
            && (old || (word == Word::Back && from != state.hub))
        {
            return Err(Refusal::OldHub);
        }
        state.heard.insert((from, word));
        Ok(())
    }

    fn name(&self, state: &mut NodeState, host: Node, naming: Naming) -> Result<(), Refusal> {
        let waits = self.acts(state).into_iter().any(|(_, gate)| match gate {
            Gate::Waiting(missing) => missing.iter().any(|missing| {
                matches!(missing, Missing::Word { from, instead, .. } if *from == host && *instead == Some(naming))
            }),
            _ => false,
        });
        if !waits {
            return Err(Refusal::NotWaitedFor);
        }
        let managers = self.site.managers().filter(|manager| match naming {
            _ if *manager == host => true,
            // Who has spoken in the meantime is not lost.
            Naming::Lost => state.has_lost(*manager) && !is_away(state, *manager),
            _ => state.goes_without(*manager),
        });
        let many = self.site.role(host).is_manager() && self.site.is_half_of_managers(managers.count());
        let refused = match naming {
            // The way back may name any number, but for a hub that may have missed `accepted`: hosts that have heard
            // it start k0s by themselves, and half of them may have a quorum.
            Naming::Lost => {
                self.table.keeps(Promise::NoMinorityHubAfterClear)
                    && self.plays(state, Part::NewHub)
                    && state.given.contains(&Word::Clear)
            }
            _ => self.table.keeps(Promise::MajorityGoesForward),
        };
        if many && refused {
            return Err(Refusal::TooManyNamed);
        }
        state.named.insert((host, naming));
        Ok(())
    }

    fn take_hub(&self, state: &mut NodeState, host: Node) -> Result<(), Refusal> {
        let leader = self.site.leader();
        if self.site.role(host) != Role::Manager || host == state.hub {
            return Err(Refusal::NoHub);
        }
        if self.knows_accepted(state) {
            return Err(Refusal::Accepted);
        }
        in_order(!state.given.contains(&Word::Back))?;
        in_order(!matches!(state.position, Position::LeavingOut | Position::LeftOut))?;
        state.hub = host;
        if self.table.keeps(Promise::NewHubOnlyTakesBack) {
            state.heard.retain(|(from, word)| {
                *word != Word::Back && (*from != leader || matches!(word, Word::Away | Word::Returned))
            });
        }
        Ok(())
    }

    fn other_managers(&self) -> impl Iterator<Item = Node> + '_ {
        self.site.managers().filter(|manager| *manager != self.site.leader())
    }

    /// The nodes that `whom` means at `node`, without `node` itself. `named` are out of the managers' order.
    fn asked(&self, whom: Whom, node: Node, hub: Node, named: impl Fn(Node) -> bool) -> Vec<Node> {
        let mut asked: Vec<Node> = match whom {
            Whom::Leader => vec![self.site.leader()],
            Whom::Hub => vec![hub],
            Whom::OtherManagers => self.other_managers().collect(),
            Whom::Workers => self.site.nodes().filter(|n| self.site.role(*n) == Role::Worker).collect(),
            Whom::Others => self.site.nodes().collect(),
            Whom::ManagerBefore => {
                let before = self.other_managers().take_while(|manager| *manager != node);
                before.filter(|manager| !named(*manager)).last().into_iter().collect()
            }
        };
        asked.retain(|from| *from != node);
        asked
    }

    /// What is missing of one need.
    fn missing(&self, state: &NodeState, act: Act, need: Need) -> Vec<Missing> {
        let one = |missing: bool, what: Missing| if missing { vec![what] } else { Vec::new() };
        match need {
            Need::Own(word) => one(!state.given.contains(&word), Missing::Own(word)),
            Need::Say(say) => one(!state.said.contains(&say), Missing::Say(say)),
            Need::Look(look) if needless(state, act, look) => Vec::new(),
            Need::Look(look) => one(!state.seen.contains(&look), Missing::Look(look)),
            Need::Of { once: Some(given), .. } if !state.given.contains(&given) => Vec::new(),
            // Promise 1: MKE 3 never stopped here, or came back by itself.
            Need::Of { word: Word::Back, .. }
                if act == Act::BringBack && state.position == Position::Away(Mke3::Runs) =>
            {
                Vec::new()
            }
            Need::Of { word, whom, instead, .. } => {
                let named = |host| state.goes_without(host);
                let heard = |from| state.has_heard(from, word) || word == Word::Away && is_away(state, from);
                let replaced = |from| match instead {
                    None => false,
                    Some(Naming::Lost) => state.has_lost(from),
                    Some(_) => state.goes_without(from),
                };
                self.asked(whom, state.node, state.hub, named)
                    .into_iter()
                    .filter(|from| !heard(*from) && !replaced(*from))
                    .map(|from| Missing::Word { from, word, instead })
                    .collect()
            }
        }
    }
}

/// The looks that the gates up to `stage`, and those on the way back from it, ask of a node of this role.
#[must_use]
pub fn looks_through(role: Role, stage: Stage) -> BTreeSet<Look> {
    let plays = |part: Part| match part {
        Part::Any | Part::Follower => true,
        Part::Leader | Part::LeadingHub => role == Role::Leader,
        Part::OtherManager | Part::NewHub => role == Role::Manager,
        Part::Worker => role == Role::Worker,
    };
    let stops = if role.is_manager() { Stage::Freeze } else { Stage::Stop };
    let met = |act: Act| match act {
        Act::Begin(begun) => begun <= stage,
        Act::Give(word) => given_at(word).is_some_and(|at| at < stage),
        Act::Resume => stage >= Stage::Start,
        Act::BringBack => stage >= stops,
        Act::LeaveK0s | Act::OpenAttempt | Act::LeaveOut => false,
    };
    let needs = ROWS.iter().filter(|row| plays(row.part) && met(row.act)).flat_map(|row| row.needs);
    needs.filter_map(|need| if let Need::Look(look) = need { Some(*look) } else { None }).collect()
}

/// Where MKE 3 runs all along, nothing comes back that k0s could be in the way of.
fn needless(state: &NodeState, act: Act, look: Look) -> bool {
    act == Act::BringBack && look == Look::K0sSilent && state.position == Position::Away(Mke3::Runs)
}

/// Whether the node has heard that k0s is away there. Whoever has returned is away.
fn is_away(state: &NodeState, node: Node) -> bool {
    state.has_heard(node, Word::Away) || state.has_heard(node, Word::Returned)
}

/// The word that a node of this role gives by having done the stage.
const fn closing_word(stage: Stage, role: Role) -> Option<Word> {
    Some(match (stage, role) {
        (Stage::Check, _) => return None,
        (Stage::Prepare, _) => Word::Prepared,
        (Stage::Freeze, _) => Word::Frozen,
        (Stage::Stop, _) => Word::Stopped,
        (Stage::Start, Role::Leader) => Word::Up,
        (Stage::Start, Role::Manager) => Word::Joined,
        (Stage::Start, Role::Worker) => Word::Started,
        (Stage::Adopt, Role::Leader) => Word::Adopted,
        (Stage::Adopt, _) => Word::Clear,
        (Stage::Settle, _) => Word::Accepted,
        (Stage::Commit, _) => Word::Committed,
    })
}

/// Where the leader stands when it gives a word that closes no stage.
const fn given_at(word: Word) -> Option<Stage> {
    match word {
        Word::Go => Some(Stage::Prepare),
        Word::FrozenAll => Some(Stage::Freeze),
        Word::MembersComplete => Some(Stage::Start),
        _ => None,
    }
}

const fn in_order(right: bool) -> Result<(), Refusal> {
    if right { Ok(()) } else { Err(Refusal::OutOfOrder) }
}
