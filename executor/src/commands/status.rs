//! `airlift-node status`: where this node stands, what it waits for, and what to type. Looks at the journal and at the
//! machine's boot alone; asks for the lock, and does not keep it; writes nothing.

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::protocol::{Gate, Refusal::Accepted as AcceptedIsFinal, Refusal::GoesBack};
use airlift_bundle::gate::state::{Event as Happened, Position};
use airlift_bundle::gate::table::Act;

use super::node::Node;
use super::run::{Ending, Failure};
use crate::args::OnNode;
use crate::event::{Event, NextShown};
use crate::exit::Exit;
use crate::gate::NodeGate;
use crate::journal::{At, Journal, Mark, State, next};
use crate::machine::RealMachine;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::step::Machine as _;

pub(super) fn run(args: &OnNode, output: &Output) -> Ending {
    let node = Node::open(args)?;
    let journal = node.journal()?;
    let head = journal.as_ref().map(Journal::head);
    let mut state = journal.map(|journal| journal.state().clone()).unwrap_or_default();
    if state.set.is_some() && state.boot.is_some() {
        let boot = RealMachine::new().and_then(|machine| machine.boot_id());
        see_reboot(&mut state, &boot.map_err(|fault| Refusal::failed(&fault))?);
    }
    let is_at_work = node.is_at_work()?;
    output.result(&event(state, head, is_at_work)).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

/// What the next run will find, if the machine was started anew since the last.
fn see_reboot(state: &mut State, boot: &str) {
    let is_known = state.boot.as_deref().is_none_or(|before| before == boot);
    if is_known || next(state.at, Mark::Boot).is_none() {
        return;
    }
    if let Some(Ok(rebooted)) = state.gate.as_ref().map(|gate| gate.step(&Happened::Rebooted)) {
        state.gate = Some(rebooted);
    }
}

fn event(state: State, head: Option<airlift_bundle::digest::Sha256>, is_at_work: bool) -> Event {
    let (said, hint) = if is_at_work { at_work(&state) } else { standing(&state) };
    let (site, serial, plan_id) = match &state.set {
        Some(set) => (Some(set.site.clone()), Some(set.serial), Some(set.plan_id)),
        None => (None, None, None),
    };
    let gate = state.gate.as_ref();
    let attempt = gate.map(|gate| gate.state().attempt().get());
    let given = gate.map(|gate| gate.state().given().iter().copied().collect()).unwrap_or_default();
    // in the midst of a stage the run itself comes first
    let next = match (state.at, gate) {
        _ if state.set.is_none() => Vec::new(),
        (At::Rest | At::Back | At::Forward | At::Doing, Some(gate)) => shown(gate),
        _ => Vec::new(),
    };
    let (finished, stage) = (state.finished, state.stage);
    Event::Standing { site, serial, plan_id, finished, stage, said, hint, head, attempt, given, next }
}

fn shown(gate: &NodeGate) -> Vec<NextShown> {
    let next = gate.protocol().status(gate.state()).next.into_iter();
    next.map(|next| NextShown {
        act: next.act.to_string(),
        command: next.command.to_owned(),
        missing: next.missing,
    })
    .collect()
}

/// Whether the way back is closed, since the site is accepted.
fn is_accepted(state: &State) -> bool {
    let leave = state.gate.as_ref().map(|gate| gate.gate(Act::LeaveK0s));
    matches!(leave, Some(Gate::Refused(AcceptedIsFinal)))
}

/// Whether the host may be one that the site went on without.
fn may_be_left_out(state: &State) -> bool {
    state.gate.as_ref().is_some_and(|gate| !matches!(gate.gate(Act::LeaveOut), Gate::Refused(_)))
}

/// Where a node stands that an executor is at work on.
fn at_work(state: &State) -> (String, String) {
    let step = match state.doing() {
        Some((step, ..)) => format!(", in its step {step}"),
        None => String::new(),
    };
    let said = match state.stage {
        Some(stage) => format!("airlift-node is at work on this node: {stage}{step}"),
        None => "airlift-node is at work on this node".to_owned(),
    };
    (said, "wait for its end; it is seen where it was typed".to_owned())
}

/// What to type where both ways are open, or one alone.
fn ways(state: &State) -> &'static str {
    if state.stage == Some(Stage::Commit) {
        return "to go on, which is the only way: airlift-node commit";
    }
    let Some(gate) = &state.gate else { return "to go on: airlift-node apply" };
    if Stage::ALL.iter().any(|stage| gate.gate(Act::Begin(*stage)) == Gate::Refused(GoesBack)) {
        "the site goes back; here too: airlift-node rollback"
    } else if matches!(gate.gate(Act::LeaveK0s), Gate::Refused(_)) {
        "to go on: airlift-node apply"
    } else {
        "to go on: airlift-node apply; to go back: airlift-node rollback"
    }
}

/// Where a node in this state stands, in words, and what to type.
pub(super) fn standing(state: &State) -> (String, String) {
    const BACK: &str = "to go on going back: airlift-node rollback";
    let stage = state.stage.map(|stage| stage.to_string()).unwrap_or_default();
    let cause = match &state.cause {
        Some(cause) => format!("; the first cause: failed to {cause}"),
        None => String::new(),
    };
    let stands =
        || state.gate.as_ref().map(|gate| gate.protocol().status(gate.state()).stands).unwrap_or_default();
    let (said, hint) = match state.at {
        At::Empty => ("this node has taken no set".to_owned(), "to begin: airlift-node apply SET"),
        At::Rest if state.position() == Some(Position::Returned) => {
            let leads = state.gate.as_ref().is_some_and(NodeGate::leads);
            let hint = match (leads, state.set.is_some()) {
                (true, true) => "to try again: airlift-node apply --next-attempt --receipts DIR",
                (true, false) => {
                    "the set is gone from this node; to try again: \
                     airlift-node apply SET --next-attempt --receipts DIR"
                }
                (false, true) => {
                    "when the leader has opened the next attempt: airlift-node apply --receipts DIR, \
                     with its receipt prepared"
                }
                (false, false) => {
                    "the set is gone from this node; when the leader has opened the next attempt: \
                     airlift-node apply SET --receipts DIR, with its receipt prepared"
                }
            };
            (stands(), hint)
        }
        At::Rest if is_accepted(state) && state.awaits_commit() => {
            (stands(), "the site is accepted; to end it for good: airlift-node commit")
        }
        At::Rest if is_accepted(state) && may_be_left_out(state) => (
            stands(),
            "the site is accepted; to go on: airlift-node apply; if it went on without this host: \
             airlift-node commit --left-out",
        ),
        At::Rest if is_accepted(state) => (stands(), "the site is accepted; to go on: airlift-node apply"),
        At::Rest => (format!("{}{cause}", stands()), ways(state)),
        At::Forward => (format!("{stage} was interrupted, between two steps"), ways(state)),
        At::Doing => {
            let step = state.doing().map(|(step, ..)| step.to_string()).unwrap_or_default();
            (format!("{stage} was interrupted, in its step {step}"), ways(state))
        }
        At::Failing | At::UndoingFailed => {
            (format!("{stage} is being undone{cause}"), "to go on undoing it: airlift-node rollback")
        }
        At::Back => (stands(), BACK),
        At::Returned | At::PurgingBack => {
            ("MKE 3 is back, and what was kept is being removed".to_owned(), BACK)
        }
        At::Unwinding | At::UndoingBack => (format!("this node is on its way back, in {stage}"), BACK),
        At::LeavingOut => (stands(), "to go on: airlift-node commit --left-out"),
        At::Removed | At::PurgingEnd if state.position() == Some(Position::LeftOut) => (
            "both stacks are gone, and what was kept is being removed".to_owned(),
            "to end it: airlift-node commit --left-out",
        ),
        At::Removed | At::PurgingEnd => {
            ("commit was interrupted".to_owned(), "to end it: airlift-node commit")
        }
        At::Committed if state.position() == Some(Position::LeftOut) => (stands(), "nothing is left to do"),
        At::Committed => ("the migration of this node is done for good".to_owned(), "nothing is left to do"),
    };
    (said, hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(at: At, stage: Option<Stage>) -> String {
        standing(&State { at, stage, ..State::default() }).1
    }

    #[test]
    fn an_interrupted_commit_has_one_way_and_another_stage_is_told_what_is_open() {
        for at in [At::Forward, At::Doing] {
            assert_eq!(hint(at, Some(Stage::Commit)), "to go on, which is the only way: airlift-node commit");
            assert_eq!(hint(at, Some(Stage::Stop)), "to go on: airlift-node apply");
        }
    }
}
