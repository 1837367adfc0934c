//! Large payload: the k0s binary and image bundles.
//!
//! A blob is read once. In that one pass it is looked at ([`program`], [`images`]), hashed and, on the way into a set,
//! copied; it is never in memory as a whole. [`stream`] is the pass, [`wanted`] knows which images k0s.yaml asks for,
//! [`take`] does it all for a site and says what is wrong.

pub mod images;
pub mod program;
pub mod stream;
mod take;
#[cfg(test)]
mod tests;
pub mod wanted;

pub use take::{From, Into, Taken, take};
