//! Proof that a set is what the compiler makes of a site directory, without the signing key or any secret.
//!
//! [`Against`] takes the place of the directory that a compile writes to: every file is compared, byte by byte, with the
//! one that lies in the set, as it is made. What differs is named with its first differing byte, in a structured
//! document also with the path of the value, in a bundle with the entry. Signatures can't be remade without the key;
//! they are verified instead.

mod against;
mod place;

pub use against::{Against, Difference, What};
