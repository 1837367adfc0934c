//! Sets: what lies in one, and whether what lies there is what an author signed.

pub mod blob;
mod index;
mod verify;

pub use blob::BlobReader;
pub use index::{SetFile, SetIndex};
pub use verify::{Report, SignedSet, Signers, VerifiedBundle, VerifiedBytes, verify_set};
