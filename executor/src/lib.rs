//! The executor's work, apart from its command line.
//!
//! `airlift-node` runs as root on the node, so it is small: it knows the format (the `airlift-bundle` crate), files and
//! processes, and nothing of Kubernetes. It opens no network connection and asks the C library for no user and no
//! host name, so one static binary runs on every Linux.
//!
//! One file per subcommand lies in [`commands`]; each gives back an [`Exit`](exit::Exit) and says what it
//! found as [`Event`](event::Event)s, which [`output`] shows to people or to programs.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

pub mod args;
pub mod commands;
pub mod disk;
pub mod event;
pub mod exit;
pub mod gate;
pub mod journal;
pub mod machine;
pub mod output;
pub mod refusal;
pub mod replace;
pub mod run;
pub mod sealed;
pub mod step;
pub mod survey;
pub mod trust_store;
