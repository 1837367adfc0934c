//! The secrets of a site: made or taken once, kept in one encrypted store, sealed to the nodes that need them.
//!
//! ```text
//! inputs, randomness ─make─► Store ─seal─► sealed/<node>/<name>.age, sealed/public.json ─compile─► bundles
//!                           (one file,     (inputs of a compile, fit to be seen)
//!                            passphrase)
//! ```
//!
//! - [`policy`] is the one table that says who gets what. CA keys go to the leader alone.
//! - [`make`] fills a [`Store`]; what is there stays as it is. [`StoreFile`] keeps it, outside of the site directory.
//! - [`seal`] is the only random step between the store and a set. What it sealed before and what is still right stays,
//!   byte for byte.
//! - [`Sealed`] is what a compile reads. It needs neither the store nor any secret.
//!
//! No type here that holds a secret has Debug, Display, Clone or Serialize, and no message shows one.

mod authority;
mod codes;
mod error;
mod join;
pub mod make;
pub mod policy;
mod public;
mod random;
pub mod seal;
mod sealed;
mod secret;
mod store;
mod store_file;

pub use error::SecretsError;
pub use public::{Public, PublicNode};
pub use sealed::{Sealed, next};
pub use secret::Secret;
pub use store::{Entry, Kind, Store};
pub use store_file::{StoreFile, default_path};
