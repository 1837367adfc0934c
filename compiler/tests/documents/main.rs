//! The documents of the nodes, as other programs read them.

mod fixture;
mod flags;
mod hostile;
mod origins;
mod readers;
mod schema;
mod snapshots;
