//! Facts of this machine, for the compiler: `airlift-node survey`.
//!
//! Guaranteed: nothing is written but the node's own key, and not even that with `--no-key`; nothing waits for ever;
//! whatever can't be seen is said in `notes` and stops nothing; no private half of a key is in what is shown.
//! [`collect`] asks every module here once; the shapes are in [`format`](mod@format), and what is peculiar to the
//! product that is being left lies in [`product`], as a table.

pub mod collect;
pub mod command;
pub mod components;
pub mod engine;
pub mod format;
pub mod key;
pub mod machine;
pub mod mounts;
pub mod names;
pub mod network;
pub mod product;
pub mod ssh;
pub mod system;
