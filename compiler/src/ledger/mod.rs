//! The account of a translation: every input key with its fate and where it went, every output value with its
//! origin. Written as `ledger.json`, asked by `airlift explain`.

mod build;
mod explain;
mod write;

pub use build::{KeyEntry, Ledger, ValueEntry};
pub use explain::{Answer, EachValue, explain};
pub use write::{LedgerWriter, append};
