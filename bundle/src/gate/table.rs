//! The gate protocol as one table: what each part of a site may do, what it needs for that, and what may take the place
//! of a node that doesn't answer. Compiler, executor, report and hand-over read it; the model check takes each entry out
//! in turn and shows what goes wrong without it.
//!
//! [`ROWS`] holds the needs. [`Promise`] names what holds beside them; [`super::protocol`] keeps both.

use std::fmt;

use super::stage::Stage;
use super::word::{Look, Naming, Say, Word};

/// Who a row is for. On the way back the hub is the leader, or the manager that an operator has put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Every node.
    Any,
    /// The leader.
    Leader,
    /// A manager that is not the leader.
    OtherManager,
    /// A worker.
    Worker,
    /// The leader, being hub.
    LeadingHub,
    /// A manager that has taken over the hub.
    NewHub,
    /// Whoever is not the hub.
    Follower,
}

/// What a row lets its part do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Begin a stage.
    Begin(Stage),
    /// Give a word.
    Give(Word),
    /// Begin *k0s away*, the first pass back.
    LeaveK0s,
    /// Begin *MKE 3 back*, the second pass back.
    BringBack,
    /// Let k0s run again on a controller that was rebooted.
    Resume,
    /// Open the next attempt.
    OpenAttempt,
    /// Clear away both stacks on a host that the site went on without.
    LeaveOut,
}

/// Whose word a need asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// The leader's.
    Leader,
    /// The hub's.
    Hub,
    /// That of all managers but the leader.
    OtherManagers,
    /// That of all workers.
    Workers,
    /// That of every other node.
    Others,
    /// That of the manager before this one in the plan; the first after the leader asks nobody.
    ManagerBefore,
}

/// One thing that an act needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A word of others.
    Of {
        /// The word.
        word: Word,
        /// Whose.
        whom: Whom,
        /// The operator's word that takes the place of one who can't give it.
        instead: Option<Naming>,
        /// Asked only if this node itself has given that word.
        once: Option<Word>,
    },
    /// A word that this node itself has given.
    Own(Word),
    /// An operator's word.
    Say(Say),
    /// Something that this node looks at itself.
    Look(Look),
}

/// What one part needs for one act.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Who.
    pub part: Part,
    /// What it may do.
    pub act: Act,
    /// What it needs for it.
    pub needs: &'static [Need],
}

const fn of(word: Word, whom: Whom) -> Need {
    Need::Of { word, whom, instead: None, once: None }
}

const fn of_or(word: Word, whom: Whom, instead: Naming) -> Need {
    Need::Of { word, whom, instead: Some(instead), once: None }
}

const fn once(given: Word, word: Word, whom: Whom, instead: Naming) -> Need {
    Need::Of { word, whom, instead: Some(instead), once: Some(given) }
}

const fn row(part: Part, act: Act, needs: &'static [Need]) -> Row {
    Row { part, act, needs }
}

use Act::{Begin, BringBack, Give, LeaveK0s, LeaveOut, OpenAttempt, Resume};
use Naming::{LeftBehind, Lost, Without};
use Need::Own;
use Part::{Any, Follower, Leader, LeadingHub, NewHub, OtherManager, Worker};
use Whom::{Hub, ManagerBefore, OtherManagers, Others, Workers};

/// The table. An act that has no row for a part is not for that part.
pub const ROWS: &[Row] = &[
    // forward
    row(Any, Begin(Stage::Prepare), &[]),
    row(
        Leader,
        Give(Word::Go),
        &[of_or(Word::Prepared, OtherManagers, LeftBehind), Need::Say(Say::OutageBegins)],
    ),
    row(Leader, Begin(Stage::Freeze), &[Own(Word::Go)]),
    row(OtherManager, Begin(Stage::Freeze), &[of(Word::Go, Whom::Leader)]),
    row(
        Leader,
        Give(Word::FrozenAll),
        &[of_or(Word::Frozen, OtherManagers, LeftBehind), Need::Look(Look::EtcdEqual)],
    ),
    row(Leader, Begin(Stage::Stop), &[Own(Word::FrozenAll), of_or(Word::Stopped, OtherManagers, LeftBehind)]),
    row(OtherManager, Begin(Stage::Stop), &[of(Word::FrozenAll, Whom::Leader)]),
    row(Worker, Begin(Stage::Stop), &[of(Word::FrozenAll, Whom::Leader)]),
    row(
        Leader,
        Begin(Stage::Start),
        &[of_or(Word::Stopped, Others, LeftBehind), Need::Look(Look::Mke3Silent)],
    ),
    row(
        OtherManager,
        Begin(Stage::Start),
        &[
            of(Word::Up, Whom::Leader),
            of_or(Word::Joined, ManagerBefore, Without),
            Need::Look(Look::Mke3Silent),
        ],
    ),
    row(
        Leader,
        Give(Word::MembersComplete),
        &[of_or(Word::Joined, OtherManagers, Without), Need::Look(Look::MembersShown)],
    ),
    row(Worker, Begin(Stage::Start), &[of(Word::MembersComplete, Whom::Leader)]),
    row(Leader, Begin(Stage::Adopt), &[Own(Word::MembersComplete), of_or(Word::Started, Workers, Without)]),
    row(OtherManager, Begin(Stage::Adopt), &[of(Word::Adopted, Whom::Leader)]),
    row(
        Leader,
        Begin(Stage::Settle),
        &[of_or(Word::Clear, OtherManagers, Without), Need::Say(Say::VendorDone)],
    ),
    row(Leader, Begin(Stage::Commit), &[Need::Say(Say::Commit)]),
    row(OtherManager, Begin(Stage::Commit), &[of(Word::Accepted, Whom::Leader), Need::Say(Say::Commit)]),
    row(Worker, Begin(Stage::Commit), &[of(Word::Accepted, Whom::Leader), Need::Say(Say::Commit)]),
    row(OtherManager, LeaveOut, &[of(Word::Accepted, Whom::Leader), Need::Say(Say::LeaveOut)]),
    row(Worker, LeaveOut, &[of(Word::Accepted, Whom::Leader), Need::Say(Say::LeaveOut)]),
    // after a reboot
    row(Leader, Resume, &[Need::Look(Look::Mke3Silent)]),
    row(OtherManager, Resume, &[Need::Look(Look::Mke3Silent)]),
    // back, first pass
    row(
        LeadingHub,
        LeaveK0s,
        &[
            once(Word::Up, Word::Away, OtherManagers, Lost),
            once(Word::MembersComplete, Word::Away, Workers, Lost),
        ],
    ),
    row(NewHub, LeaveK0s, &[]),
    row(Follower, LeaveK0s, &[]),
    row(Follower, Give(Word::Away), &[]),
    // back, second pass
    row(LeadingHub, Give(Word::Back), &[]),
    row(NewHub, Give(Word::Back), &[of_or(Word::Away, Others, Lost)]),
    row(LeadingHub, BringBack, &[Own(Word::Back), Need::Look(Look::K0sSilent)]),
    row(NewHub, BringBack, &[Own(Word::Back), Need::Look(Look::K0sSilent)]),
    row(Follower, BringBack, &[of(Word::Back, Hub), Need::Look(Look::K0sSilent)]),
    row(Leader, OpenAttempt, &[of_or(Word::Returned, Others, Lost)]),
];

/// What holds beside the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// 1: a manager that has given `frozen`, and a worker that has given `stopped`, wait for `back`.
    FrozenWaitsForBack,
    /// 1: a manager whose `stop` fails stays frozen.
    FailedStopStaysFrozen,
    /// 2: who has given `away` begins no stage again in this attempt.
    AwayIsFinal,
    /// 2: from its first `back` on the leader begins no stage of this attempt.
    BackIsFinal,
    /// 2: the hub gives `back` only when its own k0s is away.
    BackAfterOwnAway,
    /// 2: a failed stage gives no `away`, it can be tried again.
    OnlyRollbackGivesAway,
    /// 3: from `accepted` on there is no way back.
    AcceptedIsFinal,
    /// 4: nobody acts on a node's silence before `adopt`.
    QuietUntilAdopt,
    /// 5: who was told of a new hub follows it alone: no stage, no forward word.
    NewHubOnlyTakesBack,
    /// 5: a hub that may have missed `accepted` does not go back with half of the managers lost.
    NoMinorityHubAfterClear,
    /// Words of another attempt say nothing in this one.
    AttemptsApart,
    /// A node enters an attempt only where it stands at MKE 3.
    EnterFromMke3,
    /// Forward, half or more of the managers can't be named.
    MajorityGoesForward,
    /// After a reboot a controller's k0s waits for the operator.
    RebootWaits,
}

impl Promise {
    /// Every one, with its number in the protocol's list of promises where it has one.
    pub const ALL: [(Self, Option<u8>); 14] = [
        (Self::FrozenWaitsForBack, Some(1)),
        (Self::FailedStopStaysFrozen, Some(1)),
        (Self::AwayIsFinal, Some(2)),
        (Self::BackIsFinal, Some(2)),
        (Self::BackAfterOwnAway, Some(2)),
        (Self::OnlyRollbackGivesAway, Some(2)),
        (Self::AcceptedIsFinal, Some(3)),
        (Self::QuietUntilAdopt, Some(4)),
        (Self::NewHubOnlyTakesBack, Some(5)),
        (Self::NoMinorityHubAfterClear, Some(5)),
        (Self::AttemptsApart, None),
        (Self::EnterFromMke3, None),
        (Self::MajorityGoesForward, None),
        (Self::RebootWaits, None),
    ];
}

/// One entry of the table, for the model check to take out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A need: which row of [`ROWS`], which of its needs.
    Need(usize, usize),
    /// The operator's word that may take the place of a missing node in that need.
    Instead(usize, usize),
    /// A promise.
    Promise(Promise),
}

impl Entry {
    /// Every entry of the table.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (r, row) in ROWS.iter().enumerate() {
            for (n, need) in row.needs.iter().enumerate() {
                all.push(Self::Need(r, n));
                if matches!(need, Need::Of { instead: Some(_), .. }) {
                    all.push(Self::Instead(r, n));
                }
            }
        }
        all.extend(Promise::ALL.map(|(promise, _)| Self::Promise(promise)));
        all
    }
}

/// The table as it holds, or with one entry taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    missing: Option<Entry>,
}

impl Table {
    /// The protocol.
    pub const PROTOCOL: Self = Self { missing: None };

    /// The protocol with one entry taken out, to see what goes wrong. For the model check alone.
    #[doc(hidden)]
    #[must_use]
    pub const fn without(entry: Entry) -> Self {
        Self { missing: Some(entry) }
    }

    /// Whether the promise holds.
    #[must_use]
    pub fn keeps(&self, promise: Promise) -> bool {
        self.missing != Some(Entry::Promise(promise))
    }

    /// What `part` needs for `act`; `None` when the act is not for it. `parts` are all parts that a node plays.
    #[must_use]
    pub fn needs(&self, parts: impl Fn(Part) -> bool, act: Act) -> Option<Vec<Need>> {
        let (r, row) = ROWS.iter().enumerate().find(|(_, row)| row.act == act && parts(row.part))?;
        let needs = row.needs.iter().enumerate().filter(|(n, _)| self.missing != Some(Entry::Need(r, *n)));
        Some(
            needs
                .map(|(n, need)| match *need {
                    Need::Of { word, whom, once, .. } if self.missing == Some(Entry::Instead(r, n)) => {
                        Need::Of { word, whom, instead: None, once }
                    }
                    need => need,
                })
                .collect(),
        )
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any node",
            Self::Leader => "leader",
            Self::OtherManager => "other manager",
            Self::Worker => "worker",
            Self::LeadingHub => "leader as hub",
            Self::NewHub => "new hub",
            Self::Follower => "any but the hub",
        })
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(stage) => write!(f, "begin {stage}"),
            Self::Give(word) => write!(f, "give {word}"),
            Self::LeaveK0s => f.write_str("begin k0s away"),
            Self::BringBack => f.write_str("begin MKE 3 back"),
            Self::Resume => f.write_str("let k0s run after a reboot"),
            Self::OpenAttempt => f.write_str("open the next attempt"),
            Self::LeaveOut => f.write_str("begin commit --left-out"),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leader => "the leader",
            Self::Hub => "the hub",
            Self::OtherManagers => "all other managers",
            Self::Workers => "all workers",
            Self::Others => "every other node",
            Self::ManagerBefore => "the manager before it",
        })
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of { word, whom, once, .. } => {
                write!(f, "{word} of {whom}")?;
                once.map_or(Ok(()), |given| write!(f, ", once it has given {given}"))
            }
            Self::Own(word) => write!(f, "{word} given by itself"),
            Self::Say(say) => write!(f, "the operator's word {say}"),
            Self::Look(look) => write!(f, "its own look: {look}"),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (r, n) = match self {
            Self::Promise(promise) => return write!(f, "{promise:?}"),
            Self::Need(r, n) | Self::Instead(r, n) => (*r, *n),
        };
        let Some((row, need)) = ROWS.get(r).and_then(|row| Some((row, row.needs.get(n)?))) else {
            return f.write_str("no such entry");
        };
        match (self, need) {
            (Self::Instead(..), Need::Of { instead: Some(naming), .. }) => {
                write!(f, "{}, {}: --{naming} in place of {need}", row.part, row.act)
            }
            _ => write!(f, "{}, {}: {need}", row.part, row.act),
        }
    }
}
