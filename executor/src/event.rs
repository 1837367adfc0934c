//! What a run has to say: one event for one fact. Programs read them as JSON, one a line, people as text.
//!
//! Every JSON line has `schema`, which is 1, and `event`. Within one schema events and fields are added, never changed
//! or removed; a reader skips what it doesn't know. The form is published as `docs/schemas/event.schema.json`.

use std::fmt;

use airlift_bundle::digest::Sha256;
use airlift_bundle::error::printable;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::word::Word;
use airlift_bundle::manifest::{Blob, FileEntry, Manifest};
use airlift_bundle::name::{NodeName, SiteName};
use airlift_bundle::plan::{NodeIdentity, NodePlan};
use airlift_bundle::set::{Report, Signers};
use airlift_bundle::signature::PublicKey;
use airlift_bundle::trust::{KeyRole, TrustFile};
use airlift_bundle::value::{ContractId, PlanId, Serial};
use serde::Serialize;

use crate::exit::Exit;
use crate::gate::give::Given;
use crate::refusal::Refusal;
use crate::run::{Forecast, Progress, StepForecast};
use crate::survey::format::Note;

/// Version of the JSON events.
pub const SCHEMA: u32 = 1;

/// One fact.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A whole set is what an author signed.
    SetVerified {
        /// The site.
        site: SiteName,
        /// Number of the set.
        serial: Serial,
        /// The target release.
        contract: ContractId,
        /// The plan.
        plan_id: PlanId,
        /// The nodes that have a bundle.
        nodes: Vec<NodeName>,
        /// How many files the set lists.
        files: usize,
        /// Their size in bytes.
        bytes: u64,
        /// Who stands behind the set.
        #[serde(flatten)]
        signed: Signed,
    },
    /// One bundle is what an author signed. The rest of its set was not looked at.
    BundleVerified {
        /// The site.
        site: SiteName,
        /// Number of the set.
        serial: Serial,
        /// The plan.
        plan_id: PlanId,
        /// The node that it is for.
        node: NodeIdentity,
        /// Who stands behind the set.
        #[serde(flatten)]
        signed: Signed,
    },
    /// What is in a bundle.
    Bundle {
        /// Who stands behind it; `null` when that could not be verified.
        signed: Option<Signed>,
        /// Why it could not be verified.
        unverified: Vec<Refusal>,
        /// The site.
        site: SiteName,
        /// Number of the set.
        serial: Serial,
        /// The plan.
        plan_id: PlanId,
        /// What the node is to do.
        plan: Box<NodePlan>,
        /// Its files.
        files: Vec<FileEntry>,
        /// The blobs that belong to it.
        blobs: Vec<Blob>,
    },
    /// The node's own key.
    NodeKey {
        /// Whether this run made it.
        made: bool,
        /// The age recipient.
        recipient: String,
        /// SHA-256 of its text.
        fingerprint: String,
    },
    /// The node was surveyed.
    Surveyed {
        /// The kernel's host name.
        hostname: String,
        /// Where the facts are; `null` for standard output.
        output: Option<String>,
        /// What could not be seen, or is odd.
        notes: Vec<Note>,
    },
    /// The key that all trust of this run hangs on came from the command line.
    LoneKey(KeyShown),
    /// How many approvals a set needs on this machine.
    Threshold {
        /// How many.
        needed: usize,
        /// How many approvers are trusted.
        approvers: usize,
    },
    /// A key is trusted.
    Trusted(KeyShown),
    /// A key was trusted before.
    AlreadyTrusted(KeyShown),
    /// Something is refused.
    Problem(Refusal),
    /// Something that a run on a node has done or found.
    Progress(Progress),
    /// What a step would do.
    Forecast(StepForecast),
    /// How a run on a node ended.
    Ended {
        /// What happened, or why it stopped.
        said: Vec<String>,
        /// What to do, and what to type.
        hint: Option<String>,
    },
    /// Something that was brought as a receipt and is passed over.
    PassedOver {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The words that this node has given in its attempt.
    Words {
        /// Each with its file and its code.
        words: Vec<WordShown>,
    },
    /// Receipts were copied onto a medium.
    Copied {
        /// Where they are.
        to: String,
        /// Their names; the signature of each lies beside it.
        files: Vec<String>,
    },
    /// Where a node stands.
    Standing {
        /// The site, if the node works with a set.
        site: Option<SiteName>,
        /// Number of the set.
        serial: Option<Serial>,
        /// The plan.
        plan_id: Option<PlanId>,
        /// The finished stages.
        finished: Vec<Stage>,
        /// The stage under way.
        stage: Option<Stage>,
        /// Where that is, in words.
        said: String,
        /// What to type.
        hint: String,
        /// Digest of the journal's last record.
        head: Option<Sha256>,
        /// The attempt that the node is in.
        attempt: Option<u8>,
        /// The words that it has given in it.
        given: Vec<Word>,
        /// What it may come to, each with what is missing for it.
        next: Vec<NextShown>,
    },
    /// The run is over; always the last event.
    End {
        /// The exit code.
        exit: u8,
        /// The word for it.
        outcome: &'static str,
    },
}

/// A word that this node has given.
#[derive(Debug, Serialize)]
pub struct WordShown {
    /// The word.
    pub word: Word,
    /// In which attempt.
    pub attempt: u8,
    /// Name of the receipt's file below `/var/lib/airlift/receipts`.
    pub file: Option<String>,
    /// The code that says the same, in groups.
    pub code: Option<String>,
}

impl From<&Given> for WordShown {
    fn from(given: &Given) -> Self {
        let Given { word, attempt, file, code } = given.clone();
        Self { word, attempt: attempt.get(), file, code }
    }
}

/// Something that a node may come to.
#[derive(Debug, Serialize)]
pub struct NextShown {
    /// What, in words.
    pub act: String,
    /// What to type for it once nothing is missing.
    pub command: String,
    /// What is missing, and how to get it.
    pub missing: Vec<String>,
}

/// Who stands behind a set.
#[derive(Debug, Serialize)]
pub struct Signed {
    /// Id of the author's key.
    pub author: String,
    /// Ids of the keys of the approvers that count.
    pub approvers: Vec<String>,
    /// How many approvals are needed here.
    pub needed: usize,
    /// Ids of keys whose approvals were not checked, since they are not trusted as approvers.
    pub uncounted: Vec<String>,
}

/// A key.
#[derive(Debug, Serialize)]
pub struct KeyShown {
    /// What it may do.
    pub role: &'static str,
    /// Its id as minisign prints it.
    pub key: String,
    /// SHA-256 of the key in groups of four digits.
    pub fingerprint: String,
}

impl KeyShown {
    /// `key` in `role`.
    #[must_use]
    pub fn new(role: KeyRole, key: &PublicKey) -> Self {
        Self { role: role.as_str(), key: key.id().to_string(), fingerprint: key.fingerprint().to_string() }
    }
}

impl Signed {
    /// What is known of `signers` on a machine with this `trust`.
    #[must_use]
    pub fn new(signers: &Signers, trust: &TrustFile) -> Self {
        Self {
            author: signers.author.to_string(),
            approvers: signers.approvers.iter().map(ToString::to_string).collect(),
            needed: trust.threshold(),
            uncounted: signers.uncounted.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Event {
    /// The set of `report`.
    #[must_use]
    pub fn set_verified(report: Report, trust: &TrustFile) -> Self {
        let signed = Signed::new(&report.signers, trust);
        let Report { site, serial, contract, plan_id, nodes, files, bytes, .. } = report;
        Self::SetVerified { site, serial, contract, plan_id, nodes, files, bytes, signed }
    }

    /// The bundle of `manifest`.
    #[must_use]
    pub fn bundle_verified(manifest: &Manifest, signed: Signed) -> Self {
        let Manifest { site, serial, plan_id, plan, .. } = manifest.clone();
        Self::BundleVerified { site, serial, plan_id, node: plan.node, signed }
    }

    /// What is in the bundle of `manifest`.
    #[must_use]
    pub fn bundle(manifest: &Manifest, signed: Result<Signed, Vec<Refusal>>) -> Self {
        let Manifest { site, serial, plan_id, plan, files, blobs, .. } = manifest.clone();
        let (signed, unverified) = match signed {
            Ok(signed) => (Some(signed), Vec::new()),
            Err(why) => (None, why),
        };
        Self::Bundle { signed, unverified, site, serial, plan_id, plan: Box::new(plan), files, blobs }
    }

    /// The end of a run.
    #[must_use]
    pub const fn end(exit: Exit) -> Self {
        Self::End { exit: exit.code(), outcome: exit.as_str() }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetVerified { site, serial, contract, plan_id, nodes, files, bytes, signed } => {
                let bundles = count(nodes.len(), "bundle");
                writeln!(f, "ok: set of site {site}, serial {serial}, for {contract}, {bundles}")?;
                writeln!(f, "    plan {plan_id}")?;
                writeln!(f, "    {} with {bytes} bytes, all as listed in set.json", count(*files, "file"))?;
                write!(f, "{signed}")
            }
            Self::BundleVerified { site, serial, plan_id, node, signed } => {
                writeln!(f, "ok: bundle of {}, site {site}, serial {serial}", shown(node))?;
                writeln!(f, "    plan {plan_id}")?;
                writeln!(f, "    the rest of the set was not looked at")?;
                write!(f, "{signed}")
            }
            Self::Bundle { signed, unverified, site, serial, plan_id, plan, files, blobs } => {
                let node = &plan.node;
                match signed {
                    Some(_) => writeln!(f, "signature verified")?,
                    None => write!(f, "{}", Unverified(unverified))?,
                }
                writeln!(f, "bundle of {}, site {site}, serial {serial}", shown(node))?;
                writeln!(f, "    plan {plan_id}")?;
                if let Some(signed) = signed {
                    write!(f, "{signed}")?;
                }
                let addresses: Vec<_> = node.addresses.iter().map(ToString::to_string).collect();
                writeln!(
                    f,
                    "    addresses {}",
                    if addresses.is_empty() { "none".into() } else { addresses.join(" ") }
                )?;
                writeln!(f, "\n{}:", count(files.len(), "file"))?;
                for FileEntry { path, mode, size, sha256 } in files {
                    writeln!(f, "    {mode} {size:>10} {sha256}  {path}")?;
                }
                writeln!(f, "\n{}:", count(plan.all_steps().count(), "step"))?;
                for (stage, step) in plan.all_steps() {
                    writeln!(f, "    {stage:>8} {}: {}", step.id, step.action)?;
                }
                writeln!(f, "\n{}:", count(blobs.len(), "blob"))?;
                blobs.iter().try_for_each(|Blob { sha256, size, name }| {
                    writeln!(f, "         {size:>10} {sha256}  {name}")
                })
            }
            Self::NodeKey { made, recipient, fingerprint } => {
                let how = if *made { "made this node's key" } else { "this node's key, as it was" };
                writeln!(f, "{how}: {recipient}")?;
                writeln!(f, "    fingerprint {fingerprint}")?;
                writeln!(
                    f,
                    "    write the fingerprint on paper; it is compared before secrets are sealed to this node"
                )
            }
            Self::Surveyed { hostname, output, notes } => {
                let place = output.as_deref().unwrap_or("standard output");
                writeln!(f, "surveyed {hostname}; facts on {place}, {}", count(notes.len(), "note"))?;
                notes.iter().try_for_each(|Note { fact, text }| writeln!(f, "    {fact}: {text}"))
            }
            Self::LoneKey(key) => {
                writeln!(
                    f,
                    "note: this trusts one key from the command line and asks for no approvals; compare it:"
                )?;
                writeln!(f, "{key}")
            }
            Self::Threshold { needed, approvers } => {
                writeln!(f, "approvals needed: {needed}; approvers trusted: {approvers}")?;
                if *needed == 0 && *approvers > 0 {
                    writeln!(
                        f,
                        "note: approvals are not asked for yet; type: airlift-node trust threshold 1"
                    )?;
                }
                Ok(())
            }
            Self::Trusted(key) => writeln!(f, "trusted: {key}"),
            Self::AlreadyTrusted(key) => writeln!(f, "nothing to do, trusted already: {key}"),
            Self::Problem(Refusal { code, text, hint }) => {
                writeln!(f, "error[{code}]: failed to {text}\n  hint: {hint}")
            }
            Self::Progress(progress) => write!(f, "{progress}"),
            Self::Forecast(StepForecast { stage, step, title, forecast }) => {
                write!(f, "{stage:>8} {step} ({title}): ")?;
                match forecast {
                    Forecast::NoChange => writeln!(f, "no change"),
                    Forecast::WillChange { diff } => {
                        writeln!(f, "will change")?;
                        diff.iter().try_for_each(|line| writeln!(f, "           {line}"))
                    }
                    Forecast::CannotKnow { why } => writeln!(f, "cannot know: {why}"),
                    Forecast::Blocked { why } => writeln!(f, "blocked: failed to {why}"),
                }
            }
            Self::Ended { said, hint } => {
                said.iter().try_for_each(|line| writeln!(f, "{line}"))?;
                hint.iter().try_for_each(|hint| writeln!(f, "  hint: {hint}"))
            }
            Self::PassedOver { what, why } => writeln!(f, "passed over {}: {why}", printable(what)),
            Self::Words { words } if words.is_empty() => {
                writeln!(f, "this node has given no word in its attempt")
            }
            Self::Words { words } => words.iter().try_for_each(|WordShown { word, file, code, .. }| {
                let missing = "not there; airlift-node apply writes it";
                let (file, code) = (file.as_deref().unwrap_or(missing), code.as_deref().unwrap_or("-"));
                writeln!(f, "{word:16} code {code:14}  file {file}")
            }),
            Self::Copied { to, files } => {
                writeln!(f, "{} copied to {to}, flushed", count(files.len(), "receipt"))?;
                files.iter().try_for_each(|file| writeln!(f, "    {file}"))
            }
            Self::Standing { site, serial, plan_id, finished, said, hint, next, .. } => {
                writeln!(f, "{said}")?;
                if let (Some(site), Some(serial), Some(plan_id)) = (site, serial, plan_id) {
                    writeln!(f, "    site {site}, serial {serial}")?;
                    writeln!(f, "    plan {plan_id}")?;
                    let done: Vec<&str> = finished.iter().map(|stage| stage.as_str()).collect();
                    writeln!(
                        f,
                        "    done: {}",
                        if done.is_empty() { "nothing yet".to_owned() } else { done.join(", ") }
                    )?;
                }
                for NextShown { act, command, missing } in next {
                    if missing.is_empty() {
                        writeln!(f, "open: {act}: {command}")?;
                    } else {
                        writeln!(f, "waits: {act}, for")?;
                        missing.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
                    }
                }
                writeln!(f, "  hint: {hint}")
            }
            Self::End { outcome, .. } => writeln!(f, "{outcome}"),
        }
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "    signed by author {}", self.author)?;
        let by =
            if self.approvers.is_empty() { String::new() } else { format!(": {}", self.approvers.join(" ")) };
        writeln!(f, "    approvals: {} counted, {} needed{by}", self.approvers.len(), self.needed)?;
        if self.uncounted.is_empty() {
            return Ok(());
        }
        let keys = self.uncounted.join(" ");
        writeln!(f, "    not counted, since the keys are not trusted here as approvers: {keys}")
    }
}

impl fmt::Display for KeyShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, key, fingerprint } = self;
        write!(f, "{role} {key}\n    fingerprint {fingerprint}")
    }
}

/// The loud words over a bundle that nobody vouches for.
pub(crate) struct Unverified<'a>(pub(crate) &'a [Refusal]);

impl fmt::Display for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SIGNATURE NOT VERIFIED: anyone may have written what follows")?;
        self.0.iter().try_for_each(|Refusal { code, text, .. }| writeln!(f, "    [{code}] failed to {text}"))
    }
}

fn shown(node: &NodeIdentity) -> String {
    format!("{} {}", node.role.as_str(), node.name)
}

fn count(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}
