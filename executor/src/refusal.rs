//! What the executor refuses by itself, in one table; what the format refuses comes from
//! [`airlift_bundle::Error`] and is taken over as it is.

use std::io;
use std::path::Path;

use airlift_bundle::{Error, Problems};
use serde::Serialize;

/// One refusal, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Stable code: `AB…` from the format, `AN…` from the executor.
    pub code: &'static str,
    /// A lower-case fragment that reads well after "failed to".
    pub text: String,
    /// What to do next.
    pub hint: String,
}

impl Refusal {
    fn new(code: &'static str, text: String, hint: impl Into<String>) -> Self {
        Self { code, text, hint: hint.into() }
    }

    /// There is no trust file.
    #[must_use]
    pub fn no_trust(path: &Path) -> Self {
        Self::new(
            "AN001",
            format!("find the trust file {}", path.display()),
            "on a node: airlift-node trust add KEY.pub --role author --fingerprint '…'; \
             on a workstation: --public-key KEY.pub",
        )
    }

    /// Others could change the trust file.
    #[must_use]
    pub fn exposed_trust(path: &Path, why: &str) -> Self {
        Self::new(
            "AN002",
            format!("rely on the trust file {}: {why}", path.display()),
            format!("look at its keys, then: chown root:root {0}; chmod 0644 {0}", path.display()),
        )
    }

    /// The key or the trust file lies in the set that it is to vouch for.
    #[must_use]
    pub fn trust_in_set(path: &Path) -> Self {
        Self::new(
            "AN003",
            format!("trust {}: it lies in the set that it is to vouch for", path.display()),
            "use a file that reached this machine by another way than the set",
        )
    }

    /// The trust file can't be written.
    #[must_use]
    pub fn unwritable(path: &Path, source: &io::Error) -> Self {
        Self::new(
            "AN004",
            format!("write {}: {source}", path.display()),
            "run this as root, on a disk with room",
        )
    }

    /// The bundle has no file of this name.
    #[must_use]
    pub fn no_entry(bundle: &Path, entry: &str) -> Self {
        Self::new(
            "AN005",
            format!("find {entry} in {}", bundle.display()),
            format!("airlift-node inspect {} lists what is in it", bundle.display()),
        )
    }

    /// The trust file is not text.
    #[must_use]
    pub fn not_text(path: &Path) -> Self {
        Self::new("AN006", format!("read {}: it is not text", path.display()), "check the path")
    }
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        Self::new(error.code(), error.to_string(), error.hint())
    }
}

/// All that is wrong with what a command was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals(pub Vec<Refusal>);

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl From<Error> for Refusals {
    fn from(error: Error) -> Self {
        Refusal::from(&error).into()
    }
}

impl From<Problems> for Refusals {
    fn from(problems: Problems) -> Self {
        Self(problems.iter().map(Refusal::from).collect())
    }
}
