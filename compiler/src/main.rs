//! `airlift`: see `airlift --help`, and the library for everything else.

use airlift::cli::{Airlift, exit, run};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code(run(Airlift::parse()))
}
