//! `airlift-node check [SET]`: runs the checks of this node's plan. They only look.

use super::node::{Node, Shown, find_set, machine};
use super::run::{Ending, Failure};
use crate::args::Check;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::run::{check, load};
use crate::step::Workshop;

pub(super) fn run(args: &Check, output: &Output) -> Ending {
    let node = Node::open(&args.node)?;
    let machine = machine(output)?;
    node.must_be_own()?;
    let loaded = match &args.set {
        Some(set) => Some(find_set(&node, set, &args.keys, output)?.on_medium(&node)),
        None => {
            let state = node.journal()?.map(|journal| journal.state().clone()).unwrap_or_default();
            load(&node.disk, &node.home, &state).map_err(|fault| Refusal::staging_damaged(&fault))?
        }
    };
    let Some(loaded) = loaded else { return Err(Refusal::no_set().into()) };
    let shop = Workshop { disk: &node.disk, machine: &machine, contents: &loaded, keep: node.home.keep() };
    let outcome = check(&shop, &loaded.plan().checks, &mut Shown(output));
    output.ended(&outcome).map_err(Failure::Output)?;
    Ok(outcome.exit())
}
