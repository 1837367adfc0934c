//! From a command line to an exit code.

use std::io::{self, Write as _};

use super::{apply, check, inspect, receipt, rollback, status, survey, trust, verify};
use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::output::Output;
use crate::refusal::Refusals;

/// What a subcommand ends with.
pub(super) type Outcome = Result<Exit, Failure>;

/// Why a subcommand ended early.
pub(super) enum Failure {
    /// What it was given is refused.
    Refused(Refusals),
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
    let shown = match outcome {
        Ok(exit) => Ok(exit),
        Err(Failure::Refused(refusals)) => output.refused(refusals),
        Err(Failure::Output(error)) => Err(error),
    };
    match shown.and_then(|exit| output.end(exit).map(|()| exit)) {
        Ok(exit) => exit,
        Err(error) => {
            // nobody may be left to read this, and a result that nobody read is not "done"
            let _ = writeln!(io::stderr(), "failed to write the output: {error}");
            Exit::Refused
        }
    }
}
