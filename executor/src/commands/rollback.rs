//! `airlift-node rollback` and `airlift-node commit`: the two ends of a migration.

use airlift_bundle::gate::word::{Naming, Say};

use super::node::{Brings, Node, run_engine};
use super::run::Ending;
use crate::args::{Commit, Rollback};
use crate::output::Output;
use crate::run::Orders;

/// Takes the node back.
pub(super) fn run(args: Rollback, output: &Output) -> Ending {
    let named = args.lost.into_iter().map(|host| (host, Naming::Lost)).collect();
    let orders = Orders { named, hub: args.hub };
    let brings = Brings { words: args.words, orders, goes_back: true, ..Brings::default() };
    run_engine(&Node::open(&args.node)?, brings, output, |engine| engine.rollback())
}

/// Ends the migration for good.
pub(super) fn commit(args: Commit, output: &Output) -> Ending {
    let left_out = args.left_out;
    let says: &[Say] = if left_out { &[Say::LeaveOut] } else { &[Say::Commit] };
    let brings = Brings { words: args.words, says, ..Brings::default() };
    run_engine(&Node::open(&args.node)?, brings, output, |engine| {
        if left_out { engine.leave_out() } else { engine.commit() }
    })
}
