//! `airlift-node status`: where this node stands, and what to type. Looks at the journal alone; takes no lock.

use super::node::{Node, show};
use super::run::{Failure, Outcome as Ending};
use crate::args::OnNode;
use crate::event::Event;
use crate::exit::Exit;
use crate::journal::{At, Journal, State};
use crate::output::Output;

pub(super) fn run(args: &OnNode, output: &Output) -> Ending {
    let node = Node::open(args)?;
    let journal = match node.journal() {
        Ok(journal) => journal,
        Err(outcome) => return show(&outcome, output),
    };
    let head = journal.as_ref().map(Journal::head);
    let state = journal.map(|journal| journal.state().clone()).unwrap_or_default();
    let (said, hint) = standing(&state);
    let (site, serial, plan_id) = match &state.set {
        Some(set) => (Some(set.site.clone()), Some(set.serial), Some(set.plan_id)),
        None => (None, None, None),
    };
    let (finished, stage) = (state.finished, state.stage);
    let event = Event::Standing { site, serial, plan_id, finished, stage, said, hint, head };
    output.result(&event).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

/// Where a node in this state stands, in words, and what to type.
pub(super) fn standing(state: &State) -> (String, String) {
    const GO_ON: &str = "to go on: airlift-node apply; to go back: airlift-node rollback";
    const BACK: &str = "to go on going back: airlift-node rollback";
    let stage = state.stage.map(|stage| stage.to_string()).unwrap_or_default();
    let cause = match &state.cause {
        Some(cause) => format!("; the first cause: failed to {cause}"),
        None => String::new(),
    };
    let (said, hint) = match state.at {
        At::Empty => ("this node has taken no set".to_owned(), "to begin: airlift-node apply SET"),
        At::Rest if state.set.is_none() => {
            ("this node is as it was before the migration".to_owned(), "to begin: airlift-node apply SET")
        }
        At::Rest => match state.finished.last() {
            None => (format!("this node has taken a set and done nothing yet{cause}"), GO_ON),
            Some(last) => (format!("this node stands after {last}, which is done{cause}"), GO_ON),
        },
        At::Forward => (format!("{stage} was interrupted, between two steps"), GO_ON),
        At::Doing => {
            let step = state.doing().map(|(step, ..)| step.to_string()).unwrap_or_default();
            (format!("{stage} was interrupted, in its step {step}"), GO_ON)
        }
        At::Failing | At::UndoingFailed => {
            (format!("{stage} is being undone{cause}"), "to go on undoing it: airlift-node rollback")
        }
        At::Back | At::PurgingBack => ("this node is on its way back".to_owned(), BACK),
        At::Unwinding | At::UndoingBack => (format!("this node is on its way back, in {stage}"), BACK),
        At::PurgingEnd => ("commit was interrupted".to_owned(), "to end it: airlift-node commit"),
        At::Committed => ("the migration of this node is done for good".to_owned(), "nothing is left to do"),
    };
    (said, hint.to_owned())
}
