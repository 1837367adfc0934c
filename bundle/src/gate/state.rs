//! Where one node stands in the protocol, and the events that move it.
//!
//! The executor writes each event to its journal before it acts on it, and gets its state back by replaying the journal
//! through [`super::protocol::Protocol::step`]. In a journal events carry names ([`Event<NodeName>`]); inside, places
//! ([`Event<Node>`]).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::site::{Node, Site};
use super::stage::Stage;
use super::word::{Attempt, Look, Naming, Say, Word};
use crate::name::NodeName;

/// What is left of MKE 3 on a node that goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mke3 {
    /// It runs, or comes back by itself.
    Runs,
    /// Its engine runs, its API is stopped.
    Frozen,
    /// All of it is stopped.
    Stopped,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// The stage is done, the next not begun. At `check` nothing has been done yet.
    At(Stage),
    /// The stage is begun and not done.
    In(Stage),
    /// In *k0s away*. Who has not begun `start` is away at once.
    LeavingK0s,
    /// k0s is away.
    Away(Mke3),
    /// In *MKE 3 back*.
    Returning,
    /// Back at MKE 3.
    Returned,
    /// Clearing away both stacks, on a host that the site went on without.
    LeavingOut,
    /// Both stacks are gone; the host may join as a new node.
    LeftOut,
}

/// What happened on a node, or was told to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event<N = NodeName> {
    /// It begins a stage.
    Begin(Stage),
    /// The stage is done.
    Done(Stage),
    /// The stage failed or was interrupted, and is undone.
    Failed(Stage),
    /// It gives a word: from now on its receipt may be written and its code shown.
    Give(Word),
    /// It has verified another node's word, from a receipt or a code.
    Heard {
        /// Who gave it.
        from: N,
        /// The word.
        word: Word,
        /// In which attempt.
        attempt: Attempt,
    },
    /// The operator said it here.
    Say(Say),
    /// It looked, and found it so.
    Saw(Look),
    /// The operator named a host that can't speak for itself.
    Name {
        /// The host.
        host: N,
        /// What is said of it.
        naming: Naming,
    },
    /// The operator put this manager in the leader's place as hub.
    Hub(N),
    /// The operator's `rollback`: *k0s away* begins, and is done at once where `start` was not begun.
    Rollback,
    /// *k0s away* is done.
    K0sAway,
    /// *MKE 3 back* begins.
    BringBack,
    /// *MKE 3 back* is done.
    Mke3Back,
    /// The leader opens the next attempt.
    OpenAttempt,
    /// The machine was started anew.
    Rebooted,
    /// `apply` lets k0s run again after that.
    Resume,
    /// The node took a corrected set. Words that it heard under the old plan must be given again under the new one.
    SetTaken,
    /// `commit --left-out` begins.
    LeaveOut,
    /// `commit --left-out` is done.
    LeftOut,
}

impl<N> Event<N> {
    /// The same event, with nodes told by `other`; `None` when it doesn't know one.
    pub fn map<M>(&self, other: impl Fn(&N) -> Option<M>) -> Option<Event<M>> {
        Some(match self {
            Self::Begin(stage) => Event::Begin(*stage),
            Self::Done(stage) => Event::Done(*stage),
            Self::Failed(stage) => Event::Failed(*stage),
            Self::Give(word) => Event::Give(*word),
            Self::Heard { from, word, attempt } => {
                Event::Heard { from: other(from)?, word: *word, attempt: *attempt }
            }
            Self::Say(say) => Event::Say(*say),
            Self::Saw(look) => Event::Saw(*look),
            Self::Name { host, naming } => Event::Name { host: other(host)?, naming: *naming },
            Self::Hub(host) => Event::Hub(other(host)?),
            Self::Rollback => Event::Rollback,
            Self::K0sAway => Event::K0sAway,
            Self::BringBack => Event::BringBack,
            Self::Mke3Back => Event::Mke3Back,
            Self::OpenAttempt => Event::OpenAttempt,
            Self::Rebooted => Event::Rebooted,
            Self::Resume => Event::Resume,
            Self::SetTaken => Event::SetTaken,
            Self::LeaveOut => Event::LeaveOut,
            Self::LeftOut => Event::LeftOut,
        })
    }
}

impl Event<NodeName> {
    /// The event with places instead of names; `None` when the site has no node of such a name.
    #[must_use]
    pub fn at(&self, site: &Site) -> Option<Event<Node>> {
        self.map(|name| site.find(name))
    }
}

impl Event<Node> {
    /// The event with names instead of places.
    #[must_use]
    pub fn named(&self, site: &Site) -> Option<Event<NodeName>> {
        self.map(|node| site.name(*node).cloned())
    }
}

/// The state of one node. Changed by [`super::protocol::Protocol::step`] only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeState {
    pub(super) node: Node,
    pub(super) attempt: Attempt,
    pub(super) position: Position,
    pub(super) paused: bool,
    pub(super) hub: Node,
    pub(super) given: BTreeSet<Word>,
    pub(super) heard: BTreeSet<(Node, Word)>,
    pub(super) named: BTreeSet<(Node, Naming)>,
    pub(super) said: BTreeSet<Say>,
    pub(super) seen: BTreeSet<Look>,
}

impl NodeState {
    pub(super) fn new(node: Node, hub: Node, attempt: Attempt) -> Self {
        Self {
            node,
            attempt,
            position: Position::At(Stage::Check),
            paused: false,
            hub,
            given: BTreeSet::new(),
            heard: BTreeSet::new(),
            named: BTreeSet::new(),
            said: BTreeSet::new(),
            seen: BTreeSet::new(),
        }
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> Node {
        self.node
    }

    /// The attempt that it is in.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Where it stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Whether it has begun that stage, and has not begun to go back.
    #[must_use]
    pub fn has_begun(&self, stage: Stage) -> bool {
        matches!(self.position, Position::At(now) | Position::In(now) if now >= stage)
    }

    /// Whether it is a controller whose k0s waits for the operator after a reboot.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// The hub that it follows.
    #[must_use]
    pub const fn hub(&self) -> Node {
        self.hub
    }

    /// The words that it has given in this attempt: their receipts may be written, and their codes shown, again.
    #[must_use]
    pub const fn given(&self) -> &BTreeSet<Word> {
        &self.given
    }

    /// Whether it has heard this word of that node in this attempt.
    #[must_use]
    pub fn has_heard(&self, from: Node, word: Word) -> bool {
        self.heard.contains(&(from, word))
    }

    /// Whether the operator said that here in this attempt.
    #[must_use]
    pub fn was_told(&self, say: Say) -> bool {
        self.said.contains(&say)
    }

    /// Whether it has looked since it came to where it stands, and found it so.
    #[must_use]
    pub fn has_seen(&self, look: Look) -> bool {
        self.seen.contains(&look)
    }

    /// The hosts that were named here in this attempt, and how.
    #[must_use]
    pub const fn named(&self) -> &BTreeSet<(Node, Naming)> {
        &self.named
    }

    /// Whether the site goes on without that host, as far as this node was told.
    #[must_use]
    pub fn goes_without(&self, host: Node) -> bool {
        [Naming::LeftBehind, Naming::Without].iter().any(|naming| self.named.contains(&(host, *naming)))
    }

    /// Whether that host was named lost.
    #[must_use]
    pub fn has_lost(&self, host: Node) -> bool {
        self.named.contains(&(host, Naming::Lost))
    }
}
