//! What the executor refuses by itself, in one table; what the format refuses comes from
//! [`airlift_bundle::Error`] and is taken over as it is.

use std::io;
use std::path::Path;

use airlift_bundle::error::printable;
use airlift_bundle::{Error, Problems};
use serde::Serialize;

use crate::run::Refused;

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

    /// No bundle of the set is for this machine.
    #[must_use]
    pub fn other_node(why: String) -> Self {
        Self::new(
            "AN020",
            format!("find this machine in the set: {why}"),
            "use the set that was made for this site; after a change of names or addresses, run survey again and compile",
        )
    }

    /// The node works with no set.
    #[must_use]
    pub fn no_set() -> Self {
        Self::new(
            "AN021",
            "find a set that this node works with".to_owned(),
            "give it: airlift-node apply SET",
        )
    }

    /// Another executor is at work.
    #[must_use]
    pub fn at_work(state: &Path) -> Self {
        Self::new(
            "AN022",
            format!("lock {}: another airlift-node is at work on this node", state.display()),
            "wait for its end, or stop it: Ctrl-C there, or SIGTERM, undoes the stage under way",
        )
    }

    /// The node does not take this set.
    #[must_use]
    pub fn not_admitted(why: &Refused) -> Self {
        let (text, hint) = match why {
            Refused::Older { latest } => (
                format!("take an older set: this node has seen serial {latest} of the site"),
                "use the latest set; to go on with an older one, compile it under a higher serial".to_owned(),
            ),
            Refused::OtherUnderSerial => (
                "take this set: this node has seen another set under the same serial".to_owned(),
                "somebody used a serial twice; compile again under a higher one".to_owned(),
            ),
            Refused::OtherSite(site) => (
                format!("take this set: the node is in the midst of the migration of site {site}"),
                "type: airlift-node rollback".to_owned(),
            ),
            Refused::Differs { through } => (
                format!(
                    "take this set: up to {through}, which this node has reached, its plan differs from the one at work"
                ),
                "roll back with the set at work, then apply this one: airlift-node rollback".to_owned(),
            ),
            Refused::AllIsDone => (
                "take another set: the migration of this node is done for good".to_owned(),
                "nothing is left to do here".to_owned(),
            ),
            Refused::NotNow(_) => (
                "take another set now".to_owned(),
                "first bring what is under way to its end; airlift-node status says how".to_owned(),
            ),
            Refused::Protocol(why) => (
                format!("take this set: {why}"),
                "airlift-node status says where this node stands".to_owned(),
            ),
            Refused::OtherKeepDir(dir) => (
                format!("take this set: its plan keeps things in {dir}"),
                "use the executor that came with the set".to_owned(),
            ),
            Refused::Unreadable(why) => (
                format!("compare this set with the one at work: {why}"),
                "first give the set at work once more, it is copied again: airlift-node apply SET; then this one"
                    .to_owned(),
            ),
        };
        Self::new("AN023", text, hint)
    }

    /// The protocol does not take a word of another node.
    #[must_use]
    pub fn unfit_word(what: &str, why: &str) -> Self {
        Self::new(
            "AN025",
            format!("take {what}: {why}"),
            "airlift-node status says which words this node waits for",
        )
    }

    /// A sentence that nothing asks for.
    #[must_use]
    pub fn other_sentence(said: &str, known: &[String]) -> Self {
        let known: Vec<String> = known.iter().map(|known| format!("'{known}'")).collect();
        Self::new(
            "AN026",
            format!("take --say '{}': nothing asks for that sentence", printable(said)),
            format!("word for word it is one of: {}", known.join(", ")),
        )
    }

    /// A receipt can't be copied onto a medium.
    #[must_use]
    pub fn not_copied(path: &Path, source: &io::Error) -> Self {
        let hint = match (source.kind(), path.parent()) {
            (io::ErrorKind::NotFound, Some(dir)) => {
                format!(
                    "mount the medium if it is not; then: mkdir -p {}, and type the same again",
                    dir.display()
                )
            }
            _ => "see to the medium, then type the same again".to_owned(),
        };
        Self::new("AN027", format!("copy {}: {source}", path.display()), hint)
    }

    /// Others may change the state directory.
    #[must_use]
    pub fn exposed_state(state: &Path, why: &str) -> Self {
        let state = state.display();
        Self::new(
            "AN028",
            format!("trust {state}: {why}"),
            format!("find out who did that; then: chown root:root {state}; chmod 700 {state}"),
        )
    }

    /// The state directory is a link to another place.
    #[must_use]
    pub fn linked_state(state: &Path) -> Self {
        let state = state.display();
        Self::new(
            "AN032",
            format!("use {state}: it is a symbolic link, and no step follows one"),
            format!(
                "where it must lie elsewhere: rm {state}; mkdir {state}; add to /etc/fstab, so that it is there after each \
                 boot: DIR {state} none bind 0 0; mount {state}"
            ),
        )
    }

    /// What the journal says was staged is not there.
    #[must_use]
    pub fn staging_damaged(fault: &impl std::fmt::Display) -> Self {
        Self::new(
            "AN029",
            fault.to_string(),
            "give the set that this node works with once more, it is copied again: airlift-node apply SET",
        )
    }

    /// Keys from the command line, on a machine that knows whom it trusts.
    #[must_use]
    pub fn trust_is_there(flag: &str, file: &Path) -> Self {
        Self::new(
            "AN030",
            format!("take {flag}: this machine has {}, and that alone counts here", file.display()),
            "leave the flag away; to trust another author: airlift-node trust add FILE --role author",
        )
    }

    /// Scripts of an earlier run are still at work.
    #[must_use]
    pub fn scripts_at_work() -> Self {
        Self::new(
            "AN031",
            "end the scripts that an earlier run left behind when it was killed".to_owned(),
            "see with `ps` what they wait for; then type the same again, or restart the machine",
        )
    }

    /// Something on the node failed before anything was begun.
    #[must_use]
    pub fn failed(fault: &impl std::fmt::Display) -> Self {
        let hint = if rustix::process::geteuid().is_root() {
            "see to the cause, then type the same again"
        } else {
            "this needs root; type the same with sudo, or as root"
        };
        Self::new("AN024", fault.to_string(), hint)
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
