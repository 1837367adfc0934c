//! From documents in memory to a set on disk: signatures and files that appear whole or not at all.

mod blob;
mod directory;
mod issued;
mod key;
mod private_file;

pub use blob::BlobCopy;
pub use directory::{Existing, OutputError, SetWriter};
pub use issued::{ISSUED, Issued, SerialError, Standing, standing};
pub use key::{KeyError, Protection, SigningKey};
pub use private_file::{PrivateFileError, read_private, write_private};
