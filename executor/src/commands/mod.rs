//! The subcommands, one file each.

mod apply;
mod check;
mod inspect;
mod keys;
mod node;
mod receipt;
mod rollback;
mod run;
mod status;
mod survey;
mod trust;
mod verify;

pub use run::run;
