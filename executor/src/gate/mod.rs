//! The gate protocol on this node: what it knows of the site, what it tells others, what it takes from them.
//!
//! What it guarantees:
//!
//! - **One source.** Where the node stands in the protocol ([`NodeGate`]) is a pure fold of the journal's records, by
//!   [`Protocol::step`](airlift_bundle::gate::protocol::Protocol::step) alone. A record that it refuses can't be written,
//!   and one found in a journal makes the journal stuck.
//! - **Words before deeds.** A word that was heard, an operator's word, a naming, a look are records, flushed before
//!   anything follows from them.
//! - **A word given is a file** ([`give`]): the receipt, signed, beside it the code that says the same. They outlive the
//!   set, whose secrets go with the last purge.
//! - **A word heard is verified** ([`heard`]): by the key or the hash that the verified set has for its giver.
//! - **An operator's word is a sentence** ([`sentence`]) that names site or host. A wrong one changes nothing.

pub mod give;
pub mod heard;
mod operator;
mod roster;
pub mod sentence;
mod standing;

pub use operator::{Operator, Said, Terminal};
pub use roster::Roster;
pub use standing::NodeGate;
