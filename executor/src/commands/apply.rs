//! `airlift-node apply [SET]`: goes on with the migration of this node.
//!
//! The set is verified before anything is written, then copied into the state directory; from then on the medium is
//! not read again. `apply` never begins `commit`.

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::word::{Naming, Say};

use super::node::{Brings, FoundSet, Node, find_set, machine, run_engine};
use super::run::{Ending, Failure};
use crate::args::Apply;
use crate::event::Event;
use crate::exit::Exit;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::run::{Forecast, Orders, Outcome, dry_run, load};
use crate::step::Workshop;

pub(super) fn run(args: Apply, output: &Output) -> Ending {
    let node = Node::open(&args.node)?;
    if let Some(name) = &args.recover {
        return run_engine(&node, Brings::default(), output, |engine| engine.recover(name));
    }
    let set = args.set.as_deref().map(|set| find_set(&node, set, &args.keys, output)).transpose()?;
    if args.dry_run {
        return forecast(&node, set.as_ref(), args.stage, output);
    }
    let until = args.stage.unwrap_or(Stage::Settle).min(Stage::Settle);
    let left_behind = args.left_behind.into_iter().map(|host| (host, Naming::LeftBehind));
    let without = args.without.into_iter().map(|host| (host, Naming::Without));
    let orders = Orders { named: left_behind.chain(without).collect(), hub: None };
    let says = &[Say::OutageBegins, Say::VendorDone];
    let brings = Brings { set: set.as_ref(), words: args.words, orders, says, ..Brings::default() };
    let next = args.next_attempt;
    run_engine(&node, brings, output, |engine| {
        let opened = if next { engine.next_attempt() } else { None };
        opened.unwrap_or_else(|| engine.apply(until))
    })
}

fn forecast(node: &Node, set: Option<&FoundSet>, until: Option<Stage>, output: &Output) -> Ending {
    let machine = machine(output)?;
    node.must_be_own()?;
    let state = node.journal()?.map(|journal| journal.state().clone()).unwrap_or_default();
    let loaded = match set {
        Some(set) => {
            set.must_be_admitted(node, &state)?;
            Some(set.on_medium(node))
        }
        None => load(&node.disk, &node.home, &state).map_err(|fault| Refusal::staging_damaged(&fault))?,
    };
    let Some(loaded) = loaded else { return Err(Refusal::no_set().into()) };
    let shop = Workshop { disk: &node.disk, machine: &machine, contents: &loaded, keep: node.home.keep() };
    let mut exit = Exit::NothingToDo;
    let steps = dry_run(&shop, loaded.plan(), &state, until);
    for step in steps.map_err(|fault| Failure::Ended(Outcome::cut_off(&fault)))? {
        match step.forecast {
            Forecast::Blocked { .. } => exit = Exit::Blocked,
            Forecast::NoChange => {}
            Forecast::WillChange { .. } | Forecast::CannotKnow { .. } if exit != Exit::Blocked => {
                exit = Exit::Done;
            }
            Forecast::WillChange { .. } | Forecast::CannotKnow { .. } => {}
        }
        output.result(&Event::Forecast(step)).map_err(Failure::Output)?;
    }
    Ok(exit)
}
