//! The archive of a bundle: one description of its bytes, a writer and a reader that both follow it.
//!
//! The layout says which bytes follow which, given a manifest. The writer fills in the contents. The reader takes the
//! manifest out of the first entry and holds the archive against the layout that this manifest makes: nothing in
//! a tar header is ever interpreted, so an attack on a tar reader has nothing to attack.

mod frame;
mod layout;
mod read;
mod write;

pub use read::{Bundle, read};
pub use write::{LEVEL, write};
