//! From a command line to an exit code.

use std::io::{self, Write as _};

use super::{apply, check, inspect, receipt, rollback, status, survey, trust, verify};
use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::output::Output;
use crate::refusal::Refusals;
use crate::run::Outcome;

/// What a subcommand ends with.
pub(super) type Ending = Result<Exit, Failure>;

/// Why a subcommand ended early.
pub(super) enum Failure {
    /// What it was given is refused.
    Refused(Refusals),
    /// The node can't be worked with.
    Ended(Outcome),
    /// Its output can't be written.
    Output(io::Error),
}

impl<T: Into<Refusals>> From<T> for Failure {
    fn from(refusals: T) -> Self {
        Self::Refused(refusals.into())
    }
}

/// Runs the command, shows what it has to say, and gives its exit code.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    let output = Output::new(cli.format);
    let changes_node = match &cli.command {
        Command::Apply(args) => !args.dry_run,
        Command::Rollback(_) | Command::Commit(_) => true,
        _ => false,
    };
    let outcome = match cli.command {
        Command::Verify(args) => verify::run(&args, &output),
        Command::Inspect(args) => inspect::run(&args, &output),
        Command::Survey(args) => survey::run(&args, &output),
        Command::Trust(args) => trust::run(&args, &output),
        Command::Check(args) => check::run(&args, &output),
        Command::Apply(args) => apply::run(args, &output),
        Command::Rollback(args) => rollback::run(args, &output),
        Command::Commit(args) => rollback::commit(args, &output),
        Command::Receipt(args) => receipt::run(args, &output),
        Command::Status(args) => status::run(&args, &output),
    };
    let (exit, shown) = match outcome {
        Ok(exit) => (exit, Ok(())),
        Err(Failure::Refused(refusals)) => (Exit::Refused, output.refused(refusals)),
        Err(Failure::Ended(outcome)) => (outcome.exit(), output.ended(&outcome)),
        Err(Failure::Output(error)) => (Exit::Refused, Err(error)),
    };
    match shown.and_then(|()| output.end(exit)) {
        Ok(()) => exit,
        Err(error) => {
            // nobody may be left to read this
            let _ = writeln!(io::stderr(), "failed to write the output: {error}");
            // what has become of the node stands, whoever reads it; an answer that nobody read is none
            if changes_node { exit } else { Exit::Refused }
        }
    }
}
