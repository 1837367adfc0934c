//! The command line of `airlift`: one file per subcommand, all work in the library.
//!
//! Standard output is data, standard error is talk. Exit codes are in [`exit`].

mod answer;
mod args;
mod ask;
mod carry;
mod check;
mod compile;
mod completions;
mod contracts;
mod convert;
pub mod exit;
mod explain;
mod init;
mod inspect;
mod keygen;
mod keys;
mod loading;
mod man;
mod next;
mod output;
mod progress;
mod rebuild;
mod run;
mod secrets;
mod secrets_show;
mod site_args;
mod ui;
mod verify;
mod whole;

pub use args::{Airlift, Verb};
pub use run::run;
