//! What the exit code of `airlift` says. Programs may rely on these.

use std::process::ExitCode;

/// The work is done.
pub const DONE: u8 = 0;
/// Something unforeseen: an output that can't be written, a file that vanished.
pub const FAILED: u8 = 1;
/// The command line is wrong. The number is clap's.
pub const USAGE: u8 = 2;
/// The input has errors.
pub const INPUT: u8 = 3;
/// The cluster can't be migrated as it is.
pub const BLOCKED: u8 = 4;
/// An operator must choose first.
pub const DECISION: u8 = 5;
/// A set, bundle or signature is not what it should be.
pub const REFUSED: u8 = 6;

/// All of them with their meaning, for the manual.
pub const ALL: [(u8, &str); 7] = [
    (DONE, "done"),
    (FAILED, "something unforeseen: an output that can't be written, a file that vanished"),
    (USAGE, "wrong command line"),
    (INPUT, "the input has errors"),
    (BLOCKED, "the cluster can't be migrated as it is"),
    (DECISION, "an operator must choose first"),
    (REFUSED, "a set, bundle or signature is not what it should be"),
];

/// As the process returns it.
pub fn code(number: u8) -> ExitCode {
    ExitCode::from(number)
}
