//! `airlift-node`: checks and applies an Airlift bundle on the node that it names.

use std::process::ExitCode;

use airlift_node::{args, commands, machine};

fn main() -> ExitCode {
    let cli = args::parse();
    machine::leave_no_core();
    commands::run(cli).into()
}
