//! The subcommands, one file each.

mod inspect;
mod keys;
mod run;
mod survey;
mod trust;
mod verify;

pub use run::run;
