//! From a site to a set, as a pure function: bytes in, bytes and findings out.
//!
//! [`Inputs::read`] reads everything and chooses the contract, [`Translated::new`] makes the documents and their
//! ledger, [`bundle::pack`] packs them. Each goes as far as the findings allow, so that one run tells all.

pub mod bundle;
#[cfg(test)]
mod hostile;
mod inputs;
mod report;
mod rights;
#[cfg(test)]
mod schema;
mod secrets;
#[cfg(test)]
mod sensitivity;
mod surroundings;
mod translated;

pub use inputs::{Inputs, Sources};
pub use translated::Translated;
