//! The account of a translation: every input key with its fate and where it went, every output value with its
//! origin. Written as `ledger.json`, asked by `airlift explain`.

mod build;
mod explain;

pub use build::{KeyEntry, Ledger, ValueEntry};
pub use explain::{Answer, explain};
