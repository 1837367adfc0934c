//! Why secrets can't be made, kept or sealed. Each message names the way out; none shows a secret.

use crate::emit::PrivateFileError;
use std::io;
use std::path::PathBuf;

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store would lie in the site directory, which is copied, packed and read.
    #[error("the store {} lies inside the site directory; name a place outside of it with --store", .0.display())]
    Inside(PathBuf),
    /// The store is a link.
    #[error("{} is a symbolic link; name the store itself", .0.display())]
    Link(PathBuf),
    /// There is no folder for it.
    #[error("{} is no directory; make it first, or look whether the medium is mounted", .0.display())]
    Parent(PathBuf),
    /// There is no store yet.
    #[error("{} is not there; `airlift secrets new` makes it", .0.display())]
    Absent(PathBuf),
    /// Another process holds it.
    #[error("another airlift is at work on {}; wait for it to end", .0.display())]
    Busy(PathBuf),
    /// The file can't be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The system refused.
    #[error("can't write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The passphrase is wrong.
    #[error("the passphrase does not open {}", .0.display())]
    Passphrase(PathBuf),
    /// It is something else, or not whole.
    #[error("{} is not a whole store ({why}); take its last backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is something else, and must not be destroyed for a store.
    #[error("{} is no store of Airlift ({why}); nothing was destroyed", .path.display())]
    NoStore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It was made by a newer Airlift.
    #[error("{} has the form {form}; this Airlift knows form 1, take a newer one", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        form: u32,
    },
    /// It belongs to another site.
    #[error("{} is the store of the site {is}, not of {wanted}; name the right one with --store", .path.display())]
    OtherSite {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        is: String,
        /// Whose it should be.
        wanted: String,
    },
    /// A name that the store has not.
    #[error("the store has no {0}; `airlift secrets show` lists what it has")]
    Unknown(String),
    /// A value that can't be a secret.
    #[error("{0}")]
    Value(String),
    /// The system gave no randomness, or a key could not be made.
    #[error("can't make {what}: {why}")]
    Make {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The format refused.
    #[error(transparent)]
    Format(#[from] airlift_bundle::Error),
}

impl SecretsError {
    /// The way out, where the message has no room for it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Passphrase(_) => Some(
                "sets that are compiled already need no passphrase. If it is lost: `airlift secrets destroy` takes the store \
                 away without it (type the sentence that it asks for), `airlift secrets new` and `seal` make other secrets; \
                 then raise `serial` in site.yaml and compile a new set for all nodes",
            ),
            _ => None,
        }
    }
}
