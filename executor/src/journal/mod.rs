//! The journal: what the executor is about to do and what it has done, one record a line.
//!
//! ```text
//! <SHA-256 of the digest before and of this JSON> <JSON of the record>
//! ```
//!
//! What it guarantees:
//!
//! - **Announced.** A record is flushed before the action that it announces.
//! - **Room.** The file is made once at its full size, so a full disk doesn't stop a record; it grows in large pieces
//!   well before it is full.
//! - **One order.** [`TABLE`] says which record may follow which. The writer asks it before writing, the reader while
//!   reading. Where a node stands ([`State`]) is a pure fold over the records.
//! - **Torn is dropped, anything else is refused.** A last record that is cut, with zeros where its bytes should be,
//!   was never acted on: it is dropped, and overwritten by the next. A wrong digest, a record out of order or bytes
//!   after the end make the journal [`JournalError::Stuck`]; nothing guesses then.
//! - **One writer.** Whoever writes holds the lock of the state directory ([`crate::disk::Lock`]).
//!
//! The digest of the last record is the journal's [head](Journal::head).

mod error;
mod file;
mod record;
mod state;
mod table;

pub use error::JournalError;
pub use file::Journal;
pub use record::{Accepted, Before, Line, Record, Target};
pub use state::{Begun, Ratchet, Standing, State};
pub use table::{At, Mark, TABLE, next};
