//! The subcommands, one file each.

mod inspect;
mod keys;
mod run;
mod trust;
mod verify;

pub use run::run;
