//! What `status` says on a node: where it stands, what it waits for, and what to type. Every message names a way on.

use std::fmt;

use super::Stage;
use super::protocol::{Gate, Missing, Protocol};
use super::receipt::Receipt;
use super::site::Node;
use super::state::{Mke3, NodeState, Position};
use super::table::Act;
use super::word::{Look, Naming, Say};

/// Where a node stands and what it may come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where it stands, one sentence without a full stop.
    pub stands: String,
    /// What it may do next, each with what is missing for it and how to get that.
    pub next: Vec<Next>,
}

/// One act that a node may come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The act.
    pub act: Act,
    /// What to type when nothing is missing.
    pub command: &'static str,
    /// What is missing, one line each; empty when the gate is open.
    pub missing: Vec<String>,
}

impl Protocol {
    /// What `status` says.
    #[must_use]
    pub fn status(&self, state: &NodeState) -> Status {
        let acts = self.acts(state);
        // a host that may end well is not offered the other end
        let may_commit = acts.iter().any(|(act, _)| *act == Act::Begin(Stage::Commit));
        let acts = acts.into_iter().filter(|(act, _)| *act != Act::LeaveOut || !may_commit);
        let next = acts.map(|(act, gate)| {
            let missing = match gate {
                Gate::Waiting(missing) => missing.iter().map(|what| self.way(state, *what)).collect(),
                Gate::Ready | Gate::Refused(_) => Vec::new(),
            };
            Next { act, command: command(act), missing }
        });
        Status { stands: self.stands_at(state), next: next.collect() }
    }

    fn stands_at(&self, state: &NodeState) -> String {
        let node = self.site().show(state.node());
        let place = match state.position() {
            Position::At(stage) => format!("{stage} is done"),
            Position::In(stage) => {
                format!("{stage} is begun and not done: airlift-node apply goes on, rollback goes back")
            }
            Position::LeavingK0s => "k0s is being taken away: airlift-node rollback goes on".to_owned(),
            Position::Away(Mke3::Runs) => "it is out of this attempt, and MKE 3 runs".to_owned(),
            Position::Away(Mke3::Frozen) => "k0s is away, MKE 3's API is still stopped".to_owned(),
            Position::Away(Mke3::Stopped) => "k0s is away, MKE 3 is still stopped".to_owned(),
            Position::Returning => "MKE 3 is coming back: airlift-node rollback goes on".to_owned(),
            Position::Returned => "MKE 3 is back".to_owned(),
            Position::LeavingOut => {
                "both stacks are being cleared away: airlift-node commit --left-out goes on".to_owned()
            }
            Position::LeftOut => "both stacks are gone, it may join as a new node".to_owned(),
        };
        let paused = if state.is_paused() {
            "; the machine was rebooted, and k0s waits for airlift-node apply"
        } else {
            ""
        };
        format!("{node}, attempt {}: {place}{paused}", state.attempt())
    }

    /// The manager that can take over: the next one in the plan.
    fn next_hub(&self, state: &NodeState) -> Option<Node> {
        self.site().managers().find(|manager| *manager > state.hub())
    }

    /// What is missing, and how to get it.
    #[must_use]
    pub fn way(&self, state: &NodeState, missing: Missing) -> String {
        match missing {
            Missing::Own(word) => format!("{word} given by this node: airlift-node apply"),
            Missing::Say(Say::OutageBegins) => {
                "your word that the outage begins: airlift-node apply asks for it".to_owned()
            }
            Missing::Say(Say::VendorDone) => {
                "your word that the vendor's command has run: airlift-node apply asks for it".to_owned()
            }
            Missing::Say(Say::Commit) => {
                "your word that there is no way back: airlift-node commit asks for it".to_owned()
            }
            Missing::Say(Say::LeaveOut) => {
                "your word that both stacks go from this host: airlift-node commit --left-out asks for it"
                    .to_owned()
            }
            Missing::Look(look) => format!("its own look: {}", looked_for(look)),
            Missing::Word { from, word, instead } => {
                let host = self.site().show(from);
                let file = self
                    .site()
                    .name(from)
                    .map(|name| Receipt::file_name(name, word, state.attempt()))
                    .unwrap_or_default();
                let given = format!(
                    "{word} of {host}: bring {file}: airlift-node receipt --from DIR; or type the code that airlift-node \
                     receipt shows there: airlift-node receipt --code {host} {word} CODE"
                );
                let otherwise = match instead {
                    Some(Naming::LeftBehind) => {
                        format!("if it is off or fenced: airlift-node apply --left-behind {host}")
                    }
                    Some(Naming::Without) => {
                        format!("to go on without it: airlift-node apply --without {host}")
                    }
                    Some(Naming::Lost) => {
                        format!("if it is off and stays off: airlift-node rollback --lost {host}")
                    }
                    None => match self.next_hub(state) {
                        Some(next) => format!(
                            "if it is lost, the site can only go back: airlift-node rollback --hub {}, on every node",
                            self.site().show(next)
                        ),
                        None => "if it is lost: docs/revert.md".to_owned(),
                    },
                };
                format!("{given}; {otherwise}")
            }
        }
    }
}

/// What to type for an act whose gate is open.
const fn command(act: Act) -> &'static str {
    match act {
        Act::Begin(Stage::Commit) => "airlift-node commit",
        Act::Begin(_) | Act::Resume | Act::Give(_) => "airlift-node apply",
        Act::LeaveK0s | Act::BringBack => "airlift-node rollback",
        Act::OpenAttempt => "airlift-node apply SET --next-attempt",
        Act::LeaveOut => "airlift-node commit --left-out",
    }
}

const fn looked_for(look: Look) -> &'static str {
    match look {
        Look::EtcdEqual => "all etcd members hold the same; airlift-node apply looks again",
        Look::MembersShown => "k0s's member list shows all managers; airlift-node apply looks again",
        Look::Mke3Silent => {
            "no other manager answers as MKE 3; where one does, the site went back: airlift-node rollback"
        }
        Look::K0sSilent => {
            "no other manager answers as k0s; where one does, roll it back or switch it off, then airlift-node rollback"
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.stands)?;
        for Next { act, command, missing } in &self.next {
            if missing.is_empty() {
                writeln!(f, "open: {act}: {command}")?;
            } else {
                writeln!(f, "waits: {act}, for")?;
                missing.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
            }
        }
        Ok(())
    }
}
