//! From the store to sealed files: one age file for each node and secret.
//!
//! Sealing is random, so a file that is right already is kept: a plan then changes only where something changed. Right
//! means that the store noted the same recipient and the same envelope, and that the file is still the one that came out.
//! Nothing is written here; the caller gets everything at once, or findings. An input that says something else than the store
//! is one of these: the digest for the check of drift follows the input, so an old secret beside it would pass that check.

use super::codes::Hashes;
use super::join::{self, Joins};
use super::make::{self, CODES, JOIN, RECEIPT, of_node};
use super::policy::{self, Item, Need, NodeNeeds, Slots};
use super::public::{Public, PublicNode, Servers};
use super::secret::Secret;
use super::store::{Entry, Seal, Store};
use super::{authority, error::SecretsError};
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::site::{NodeFacts, Site, SiteFiles};
use airlift_bundle::digest::Sha256;
use airlift_bundle::name::SiteName;
use airlift_bundle::plan::Role;
use airlift_bundle::sealed::{Address, scalar};
use airlift_bundle::value::Format;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// What sealing came to.
pub struct SealedFiles {
    /// Files to write, by their paths in the site directory.
    pub write: BTreeMap<String, Vec<u8>>,
    /// Files to remove, likewise.
    pub remove: Vec<String>,
    /// `public.json`, to be written last: path and bytes.
    pub public: (String, Vec<u8>),
    /// How many files stayed as they were.
    pub kept: usize,
    /// Secrets that lie in the clear, as `NODE: NAME`.
    pub plaintext: Vec<String>,
}

/// Seals everything that the nodes of a site need. The store gets new notes; it has to be written after the files.
/// `passwords` are the hashes of access/, by the names of their slots.
///
/// # Errors
/// A name that the format refuses, or a store that is damaged inside. What a person can mend are findings; then nothing
/// is to be written.
pub fn seal(
    store: &mut Store,
    site: &Site,
    files: &SiteFiles,
    slots: &Slots,
    passwords: Vec<(&str, Secret)>,
    plaintext: bool,
    findings: &mut Findings,
) -> Result<Option<SealedFiles>, SecretsError> {
    findings.extend(make::differing(store, site, files, passwords)?.iter().map(|name| differs(name)));
    let name: SiteName = site.settings.site.value.to_string().parse()?;
    let needs = policy::needs(site, slots)?;
    let folder = site.settings.paths.sealed.value.as_str();
    let drift = current_drift(store, site, files, findings);
    let values = Values { store, servers: policy::servers(site), needs: &needs, drift };
    let mut out = SealedFiles {
        write: BTreeMap::new(),
        remove: Vec::new(),
        public: (format!("{folder}/{}", Public::FILE), Vec::new()),
        kept: 0,
        plaintext: Vec::new(),
    };
    let mut public = Public {
        format: Format,
        site: name.clone(),
        configuration: make::blanked_digest(site)?,
        servers: policy::servers(site),
        authorities: BTreeMap::new(),
        nodes: BTreeMap::new(),
    };
    for one in &authority::ALL {
        if let Some(entry) = values.entry(one.key, findings) {
            public.authorities.insert(authority::certificate_of(one.key), entry.public.clone());
        }
    }
    let mut seals: BTreeMap<String, BTreeMap<String, Seal>> = BTreeMap::new();
    for (planned, facts) in needs.iter().zip(&site.inventory.nodes) {
        let NodeNeeds { node, needs, .. } = planned;
        let recipient = Recipient::of(facts);
        if recipient.is_none() {
            findings.push(no_key(facts, site));
        }
        let receipt = values.entry(&of_node(RECEIPT, node), findings);
        let codes = values.entry(&of_node(CODES, node), findings);
        let mut listed = BTreeMap::new();
        for need in needs {
            let Some(value) = values.of(planned, need, findings)? else { continue };
            let address = Address { site: &name, node, name: &need.name };
            let envelope = match address.wrap(value.expose(), need.room) {
                Ok(envelope) => Zeroizing::new(envelope),
                Err(error) => {
                    findings.push(too_long(&error, need));
                    continue;
                }
            };
            let clear = plaintext && matches!(need.item, Item::Password);
            if clear {
                out.plaintext.push(format!("{node}: {}", need.name));
            }
            let to = if clear { "" } else { recipient.as_ref().map_or("", |r| r.text.as_str()) };
            if to.is_empty() && !clear {
                continue;
            }
            let file = format!("{}.{}", need.name, if clear { "plain" } else { "age" });
            let label = format!("{folder}/{node}/{file}");
            let envelope_digest = Sha256::of(&envelope);
            let old = values.store.seals.get(node.as_str()).and_then(|seals| seals.get(&file));
            let there = files.get(&label).and_then(|file| Some(Sha256::of(&file.read().ok()?)));
            let seal = match old {
                Some(old)
                    if old.recipient == to && old.envelope == envelope_digest && there == Some(old.file) =>
                {
                    out.kept += 1;
                    old.clone()
                }
                _ => {
                    let bytes = match &recipient {
                        Some(recipient) if !clear => recipient.encrypt(&envelope)?,
                        _ => envelope.to_vec(),
                    };
                    let seal = Seal {
                        recipient: to.to_owned(),
                        envelope: envelope_digest,
                        file: Sha256::of(&bytes),
                    };
                    out.write.insert(label, bytes);
                    seal
                }
            };
            listed.insert(file.clone(), seal.file);
            seals.entry(node.to_string()).or_default().insert(file, seal);
        }
        if let (Some(recipient), Some(receipt), Some(codes)) = (recipient, receipt, codes) {
            let codes: Hashes = serde_json::from_str(&codes.public).map_err(|_| {
                SecretsError::Value(format!("the store's hashes of codes of {node} are damaged"))
            })?;
            let receipt = receipt.public.parse()?;
            public.nodes.insert(
                node.clone(),
                PublicNode { role: planned.role, recipient: recipient.text, receipt, files: listed, codes },
            );
        }
    }
    if findings.stop() {
        return Ok(None);
    }
    let wanted: BTreeSet<String> = seals
        .iter()
        .flat_map(|(node, seals)| seals.keys().map(move |file| format!("{folder}/{node}/{file}")))
        .collect();
    let ours = |label: &&str| label.ends_with(".age") || label.ends_with(".plain");
    let stale = files.below(folder).filter(ours).filter(|label| !wanted.contains(*label));
    out.remove = stale.map(str::to_owned).collect();
    out.public.1 = public.to_json()?;
    store.seals = seals;
    Ok(Some(out))
}

/// The digest for the check of drift: of the file that is there, or, where its secrets were taken out, the one that the
/// store noted for that very text.
fn current_drift(store: &Store, site: &Site, files: &SiteFiles, findings: &mut Findings) -> Option<Secret> {
    if let Some((exact, _)) = make::drift(site, files) {
        return Some(exact);
    }
    let blanked = make::blanked_digest(site).map(|digest| digest.to_string()).unwrap_or_default();
    let noted = store.get(policy::DRIFT).filter(|entry| entry.public == blanked);
    if noted.is_none() {
        let label = site.mke3_toml.label();
        let text = format!(
            "{label} holds slots in place of secrets, and the store does not know what it was before"
        );
        findings.push(
            Finding::new(code::SEALED_DRIFT, text)
                .help("run `airlift secrets new` once where the file lies as MKE gave it"),
        );
    }
    noted.map(|entry| Secret::new(entry.value.expose().to_owned()))
}

/// To whom a node's secrets are sealed.
struct Recipient {
    text: String,
    key: Box<dyn age::Recipient>,
}

impl Recipient {
    /// The node's own age key, else its SSH host key.
    fn of(facts: &NodeFacts) -> Option<Self> {
        let text = recipient(facts)?;
        let key: Box<dyn age::Recipient> = match text.parse::<age::x25519::Recipient>() {
            Ok(key) => Box::new(key),
            Err(_) => Box::new(text.parse::<age::ssh::Recipient>().ok()?),
        };
        Some(Self { text, key })
    }

    fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, SecretsError> {
        use std::io::Write as _;
        let failed = |why: String| SecretsError::Make { what: "a sealed file".to_owned(), why };
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&*self.key));
        let mut bytes = Vec::with_capacity(plain.len() + 1024);
        let mut writer = encryptor
            .map_err(|e| failed(e.to_string()))?
            .wrap_output(&mut bytes)
            .map_err(|e| failed(e.to_string()))?;
        writer.write_all(plain).and_then(|()| writer.finish()).map_err(|e| failed(e.to_string()))?;
        Ok(bytes)
    }
}

/// The recipient of a node as text: its own age key, else its SSH host key.
pub(super) fn recipient(facts: &NodeFacts) -> Option<String> {
    let age = facts.age_recipient.as_ref().map(|key| key.value.to_string());
    age.or_else(|| facts.ssh_host_key.as_ref().map(|key| key.value.to_string()))
}

/// Finds the value for each need.
struct Values<'a> {
    store: &'a Store,
    servers: Servers,
    needs: &'a [NodeNeeds],
    drift: Option<Secret>,
}

impl Values<'_> {
    fn entry(&self, name: &str, findings: &mut Findings) -> Option<&Entry> {
        let entry = self.store.get(name);
        if entry.is_none() {
            let dir = "`airlift secrets new` makes it, or asks for it";
            let text = format!("the store has no {name}");
            // Many nodes may need it; one finding says it.
            if !findings.iter().any(|f| f.message == text) {
                findings.push(Finding::new(code::STORE_LACKS, text).help(dir));
            }
        }
        entry
    }

    /// What goes into the envelope. `None` with a finding.
    fn of(
        &self,
        to: &NodeNeeds,
        need: &Need,
        findings: &mut Findings,
    ) -> Result<Option<Secret>, SecretsError> {
        let copy = |entry: &Entry| Secret::new(entry.value.expose().to_owned());
        let finished = |entry: &Entry| Secret::new(scalar(entry.value.expose()));
        let name = need.name.as_str();
        Ok(match need.item {
            Item::Authority(_) => self.entry(name, findings).map(copy),
            Item::ReceiptKey => self.entry(&of_node(RECEIPT, &to.node), findings).map(copy),
            Item::ReleaseCodes => self.entry(&of_node(CODES, &to.node), findings).map(copy),
            Item::Password | Item::Slot => self.entry(name, findings).map(finished),
            Item::Drift => self.drift.as_ref().map(|secret| Secret::new(secret.expose().to_owned())),
            Item::JoinSecrets => {
                let joining = self.needs.iter().filter(|one| one.role != Role::Leader);
                let mut tokens = Vec::new();
                for one in joining {
                    let Some(entry) = self.entry(&of_node(JOIN, &one.node), findings) else {
                        return Ok(None);
                    };
                    tokens.push((one.node.as_str(), joins(one.role), &entry.value));
                }
                Some(join::manifests(tokens))
            }
            Item::JoinToken => {
                let token = self.entry(&of_node(JOIN, &to.node), findings);
                let ca = self.entry(authority::ALL[0].key, findings);
                let (Some(token), Some(ca)) = (token, ca) else { return Ok(None) };
                let joins = joins(to.role);
                let server = match joins {
                    Joins::Controller => &self.servers.controllers,
                    Joins::Worker => &self.servers.workers,
                };
                let made = join::kubeconfig(joins, &token.value, server, &ca.public);
                Some(made.map_err(|e| SecretsError::Make { what: name.to_owned(), why: e.to_string() })?)
            }
        })
    }
}

fn joins(role: Role) -> Joins {
    if role.is_manager() { Joins::Controller } else { Joins::Worker }
}

fn differs(name: &str) -> Finding {
    Finding::new(code::SEALED_OLD, format!("an input says something else than the store for {name}")).help(
        format!(
            "`airlift secrets new --renew {name}` takes the input's value; if the store's is right, put that into the input"
        ),
    )
}

fn no_key(facts: &NodeFacts, site: &Site) -> Finding {
    let name = &facts.name.value;
    let known_hosts = &site.settings.paths.known_hosts.value;
    Finding::new(code::SEALED_KEY, format!("no key of {name} is known, so nothing can be sealed to it"))
        .at(facts.place.clone())
        .help(format!(
            "run `airlift-node survey` there and copy its file to {}/{name}.json, or \
             `ssh-keyscan -t ed25519 -p {} {} >> {known_hosts}` and compare the fingerprint",
            site.settings.paths.survey.value, facts.ssh.port.value, facts.ssh.address.value,
        ))
}

fn too_long(error: &airlift_bundle::Error, need: &Need) -> Finding {
    Finding::new(code::SEALED_LENGTH, format!("{} can't be sealed: {error}", need.name))
        .help("look at the value: a password of some hundred characters fits, a whole file does not")
}
