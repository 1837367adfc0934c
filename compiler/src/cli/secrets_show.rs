//! What `airlift secrets show` says: names, kinds, recipients, fingerprints. A fingerprint is one of the public part; of
//! a secret without a public part there is none, since a digest of a short password gives it away.

use crate::secrets::{Entry, Kind, Store};
use airlift_bundle::signature::PublicKey;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// All of it.
#[derive(Serialize)]
pub struct Shown {
    store: PathBuf,
    site: String,
    secrets: Vec<One>,
    /// Recipients by node.
    recipients: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct One {
    name: String,
    kind: Kind,
    made: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// Nodes that have it sealed, or something made of it.
    sealed_to: Vec<String>,
}

impl Shown {
    pub fn of(store: &Store, path: &Path) -> Self {
        let secrets = store.entries.iter().map(|(name, entry)| One {
            name: name.clone(),
            kind: entry.kind,
            made: entry.made.clone(),
            fingerprint: fingerprint(entry),
            sealed_to: sealed_to(store, name, entry.kind),
        });
        let recipients = store.seals.iter().filter_map(|(node, seals)| {
            let to = seals.values().map(|seal| &seal.recipient).find(|to| !to.is_empty())?;
            Some((node.clone(), to.clone()))
        });
        Self {
            store: path.to_owned(),
            site: store.site.clone(),
            secrets: secrets.collect(),
            recipients: recipients.collect(),
        }
    }
}

/// A certificate's as `openssl x509 -fingerprint -sha256` prints it, a receipt key's as `airlift keygen` does.
fn fingerprint(entry: &Entry) -> Option<String> {
    match entry.kind {
        Kind::Authority => {
            let (_, pem) = x509_parser::pem::parse_x509_pem(entry.public.as_bytes()).ok()?;
            let pairs: Vec<String> =
                Sha256::digest(&pem.contents).iter().map(|b| format!("{b:02X}")).collect();
            Some(pairs.join(":"))
        }
        Kind::ReceiptKey => Some(entry.public.parse::<PublicKey>().ok()?.fingerprint().to_string()),
        _ => None,
    }
}

fn sealed_to(store: &Store, name: &str, kind: Kind) -> Vec<String> {
    let file = match kind {
        Kind::JoinToken => "join/token",
        Kind::ReceiptKey => "receipt/key",
        Kind::ReleaseCodes => "receipt/codes",
        _ => name,
    };
    let of_node = name.split_once('/').map(|(_, node)| node).filter(|_| file != name);
    let has = |files: &BTreeMap<String, _>| {
        ["age", "plain"].iter().any(|end| files.contains_key(&format!("{file}.{end}")))
    };
    let nodes = store.seals.iter().filter(|(node, files)| of_node.is_none_or(|of| of == *node) && has(files));
    nodes.map(|(node, _)| node.clone()).collect()
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "store of the site {}: {}", self.site, self.store.display())?;
        let width = self.secrets.iter().map(|one| one.name.len()).max().unwrap_or_default();
        for one in &self.secrets {
            let to = match one.sealed_to.as_slice() {
                [] => "not sealed".to_owned(),
                nodes => format!("sealed to {}", nodes.join(", ")),
            };
            writeln!(f, "{:width$}  {:13}  {}  {to}", one.name, one.kind.words(), one.made)?;
            if let Some(fingerprint) = &one.fingerprint {
                writeln!(f, "{:width$}  {fingerprint}", "")?;
            }
        }
        for (node, recipient) in &self.recipients {
            writeln!(f, "{node}: {recipient}")?;
        }
        Ok(())
    }
}
