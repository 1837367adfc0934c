//! What the store holds: every secret of a site by name, and a note of what was sealed to whom.
//!
//! The notes let a second run keep a sealed file without being able to open it: they say to which recipient which
//! envelope went, and what came out. Digests of envelopes are secrets too, since a short password could be guessed from
//! one; they are nowhere but here.

use super::error::SecretsError;
use super::secret::Secret;
use airlift_bundle::digest::Sha256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// The form that this Airlift writes and reads.
const FORM: u32 = 1;

/// All secrets of a site.
pub struct Store {
    /// Name of the site.
    pub site: String,
    /// By name: `pki/ca.key`, `join/wrk1`, `mke3/auth.ldap.reader_password`.
    pub entries: BTreeMap<String, Entry>,
    /// By node and by the name of the secret there.
    pub seals: BTreeMap<String, BTreeMap<String, Seal>>,
}

/// One secret.
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// The day on which it was made or taken, `YYYY-MM-DD`.
    pub made: String,
    /// What belongs to it and may be seen: a certificate, a public key, hashes. Else empty.
    pub public: String,
    /// The secret.
    pub value: Secret,
}

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Key of a certificate authority; its certificate is the public part.
    Authority,
    /// Bootstrap token of one node.
    JoinToken,
    /// Key that signs a node's receipts; the public part is minisign's public key.
    ReceiptKey,
    /// Release codes of one node; the public part are their hashes.
    ReleaseCodes,
    /// A secret that lay in an input.
    Input,
    /// A secret that was given for a slot that no input fills.
    Given,
    /// Digest of the exact MKE 3 configuration; the public part is the digest without secrets.
    Digest,
}

impl Kind {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Authority => "CA key",
            Kind::JoinToken => "join token",
            Kind::ReceiptKey => "receipt key",
            Kind::ReleaseCodes => "release codes",
            Kind::Input => "from an input",
            Kind::Given => "given",
            Kind::Digest => "digest",
        }
    }
}

/// What was sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// To whom: an age recipient or an SSH public key; empty for a file in the clear.
    pub recipient: String,
    /// Digest of the envelope.
    pub envelope: Sha256,
    /// Digest of the file.
    pub file: Sha256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<S> {
    form: u32,
    site: String,
    entries: BTreeMap<String, WireEntry<S>>,
    seals: BTreeMap<String, BTreeMap<String, Seal>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry<S> {
    kind: Kind,
    made: String,
    public: S,
    value: S,
}

impl Store {
    /// An empty one.
    pub fn new(site: &str) -> Self {
        Self { site: site.to_owned(), entries: BTreeMap::new(), seals: BTreeMap::new() }
    }

    /// An entry by its name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// What goes into the encrypted file.
    pub(super) fn to_plain(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let entries = self.entries.iter().map(|(name, entry)| {
            let value = entry.value.expose();
            (
                name.clone(),
                WireEntry { kind: entry.kind, made: entry.made.clone(), public: &*entry.public, value },
            )
        });
        let wire = Wire {
            form: FORM,
            site: self.site.clone(),
            entries: entries.collect(),
            seals: self.seals.clone(),
        };
        // Memory once and for all: growing would leave copies behind. Escapes make a text at most six times longer.
        let long: usize = wire.entries.values().map(|e| 6 * e.value.len() + 2 * e.public.len() + 512).sum();
        let seals: usize = wire.seals.values().map(BTreeMap::len).sum();
        let mut plain = Zeroizing::new(Vec::with_capacity(long + 512 * (seals + wire.seals.len() + 1)));
        serde_json::to_writer(&mut *plain, &wire)?;
        Ok(plain)
    }

    /// Reads it again. `path` is for messages.
    pub(super) fn from_plain(plain: &[u8], path: &Path) -> Result<Self, SecretsError> {
        // The parser's own words could show a piece of a secret.
        let damaged = |why: &str| SecretsError::Damaged { path: path.to_owned(), why: why.to_owned() };
        #[derive(Deserialize)]
        struct Head {
            form: u32,
        }
        let head: Head = serde_json::from_slice(plain).map_err(|_| damaged("its content is no store"))?;
        if head.form != FORM {
            return Err(SecretsError::Newer { path: path.to_owned(), form: head.form });
        }
        let wire: Wire<String> =
            serde_json::from_slice(plain).map_err(|_| damaged("its content is no store"))?;
        let entries = wire.entries.into_iter().map(|(name, entry)| {
            let WireEntry { kind, made, public, value } = entry;
            (name, Entry { kind, made, public, value: Secret::new(value) })
        });
        Ok(Self { site: wire.site, entries: entries.collect(), seals: wire.seals })
    }
}
