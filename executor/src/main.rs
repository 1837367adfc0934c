//! `airlift-node`: checks and applies an Airlift bundle on the node that it names.

use std::process::ExitCode;

use airlift_node::{args, commands};

fn main() -> ExitCode {
    commands::run(args::parse()).into()
}
