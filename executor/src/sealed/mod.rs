//! Opens sealed secrets: age files that hold one secret for this node.
//!
//! The framing of age (<https://age-encryption.org/v1>, the part that `airlift secrets seal` writes) is read here; every
//! primitive (X25519, HKDF, HMAC, ChaCha20-Poly1305, SHA-2) is a crate's. The crate `age` itself would more than double
//! the crates of a program that runs as root.
//!
//! Guaranteed: nothing is given out before all of it is authenticated; nothing is allocated that the size of the file
//! doesn't bound; keys and secrets are wiped when they are dropped, and nothing here can show one.
//!
//! Refused:
//!
//! - a header in any other bytes than a writer's: base64 with padding, white space or spare bits, lines that are wrapped
//!   elsewhere, another version, text armor;
//! - a passphrase's stanza, and a stanza of a known kind whose form is not exactly its own. Unknown kinds are skipped;
//! - a share that makes the common secret the same for everybody (low order);
//! - a header that was changed by somebody who doesn't know the file's key;
//! - a payload that is cut, swapped, repeated, prolonged, or ends with an empty chunk behind others;
//! - a key file that others may read.

mod header;
mod key_file;
mod keys;
mod payload;
mod primitives;
mod redact;
mod refused;
mod secret;

pub(crate) use key_file::SECRET_PREFIX;
pub use key_file::{AgeKey, SshKey};
pub use keys::{AGE_KEY, Keys, SSH_KEY, open_listed};
pub use redact::redact;
pub use refused::Refused;
pub use secret::Secret;
