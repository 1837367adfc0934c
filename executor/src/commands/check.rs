//! `airlift-node check [SET]`: runs the checks of this node's plan. They only look.

use super::node::{Node, Shown, find_set, machine, show};
use super::run::Outcome as Ending;
use crate::args::Check;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::run::{check, load};
use crate::step::Workshop;

pub(super) fn run(args: &Check, output: &Output) -> Ending {
    let node = Node::open(&args.node)?;
    let machine = machine(output)?;
    let loaded = match &args.set {
        Some(set) => Some(find_set(&node, set, &args.keys, output)?.on_medium(&node)),
        None => {
            let state = match node.journal() {
                Ok(journal) => journal.map(|journal| journal.state().clone()).unwrap_or_default(),
                Err(outcome) => return show(&outcome, output),
            };
            load(&node.disk, &node.home, &state).map_err(|fault| Refusal::staging_damaged(&fault))?
        }
    };
    let Some(loaded) = loaded else { return Err(Refusal::no_set().into()) };
    let shop = Workshop { disk: &node.disk, machine: &machine, contents: &loaded, keep: node.home.keep() };
    show(&check(&shop, &loaded.plan().checks, &mut Shown(output)), output)
}
