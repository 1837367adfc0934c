//! A set on its way to a medium, and the proof that it arrived.
//!
//! [`carry`] copies what `set.json` lists, with all signatures, and nothing else. Every byte is hashed while it is read
//! from the source, flushed to the medium, and read back from there past the cache; so what it reports as carried lies
//! on the medium. `SHA256SUMS`, the signature and `set.json` go last: a medium without `set.json` holds no set, whoever
//! pulls it out and whenever. Run again, it writes only what is missing or wrong.
//!
//! Refused before the first byte is written: a source whose `set.json` breaks its own rules or (where a key is given) is
//! not signed by it, a target with another set or with foreign files, too little room, a read-only medium, and names or
//! sizes that its file system can't hold.

mod job;
mod leftover;
mod medium;
#[cfg(test)]
mod tests;
mod transfer;

pub use job::{Carried, CarryError, Event, Options, carry};
