//! `airlift-node rollback` and `airlift-node commit`: the two ends of a migration.

use super::node::{Node, run_engine};
use super::run::Outcome as Ending;
use crate::args::OnNode;
use crate::output::Output;

/// Takes the node back.
pub(super) fn run(args: &OnNode, output: &Output) -> Ending {
    run_engine(&Node::open(args)?, None, output, |engine| engine.rollback())
}

/// Ends the migration for good.
pub(super) fn commit(args: &OnNode, output: &Output) -> Ending {
    run_engine(&Node::open(args)?, None, output, |engine| engine.commit())
}
