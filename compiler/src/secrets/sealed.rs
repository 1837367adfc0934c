//! The sealed files as a compile reads them: ciphertext and what may be seen, never a secret.
//!
//! They must fit what stands beside them: every node that needs a secret has it, sealed to the key that the node has now,
//! and nothing is there that nobody needs. All that does not fit is a finding, and the way out is `airlift secrets seal`.

use super::codes::{self, Hashes};
use super::make::blanked_digest;
use super::policy::{self, Item, NodeNeeds, Slots};
use super::public::{Public, PublicNode};
use super::seal::recipient;
use crate::diag::codes::site as code;
use crate::diag::{Code, Finding, Findings};
use crate::site::next::NextStep;
use crate::site::{Site, SiteFiles};
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::codes::CodeHashes;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::Role;
use airlift_bundle::plan::SecretName;
use airlift_bundle::value::Format;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was sealed.
#[derive(Clone, Debug)]
pub struct Sealed {
    public: Public,
    files: BTreeMap<NodeName, Vec<SealedFile>>,
    /// What managers check; of a large site it is large, so it is written once.
    hashes_of_all: Vec<u8>,
    /// What workers check.
    hashes_of_managers: Vec<u8>,
}

/// One file for one node.
#[derive(Clone, Debug)]
pub struct SealedFile {
    /// Name of the secret.
    pub name: SecretName,
    /// What it is.
    pub item: Item,
    /// It lies there in the clear.
    pub plaintext: bool,
    /// Where it lies in the site directory.
    pub label: String,
    /// Its digest.
    pub sha256: Sha256,
}

impl Sealed {
    /// Reads what a site has. `None` where nothing is sealed, or where it does not fit; the findings say which.
    /// `plaintext` takes files in the clear.
    ///
    /// # Errors
    /// A name that the format refuses.
    pub fn read(
        files: &SiteFiles,
        site: &Site,
        slots: &Slots,
        plaintext: bool,
        findings: &mut Findings,
    ) -> Result<Option<Self>, super::SecretsError> {
        let mut found = Findings::new();
        let read =
            Reader { files, site, folder: site.settings.paths.sealed.value.as_str(), findings: &mut found }
                .read(slots, plaintext)?;
        let stop = found.stop();
        findings.append(found);
        Ok(read.filter(|_| !stop))
    }

    /// The files of a node, sorted by name.
    pub fn files(&self, node: &NodeName) -> &[SealedFile] {
        self.files.get(node).map_or(&[], Vec::as_slice)
    }

    /// What belongs to a node and may be seen.
    pub fn node(&self, node: &NodeName) -> Option<&PublicNode> {
        self.public.nodes.get(node)
    }

    /// Certificates of the authorities by their paths below k0s' data directory.
    pub fn authorities(&self) -> &BTreeMap<String, String> {
        &self.public.authorities
    }

    /// The hashes that a node of this role checks typed codes against, as they lie in its bundle.
    pub fn hashes(&self, reader: Role) -> &[u8] {
        if reader.is_manager() { &self.hashes_of_all } else { &self.hashes_of_managers }
    }
}

const AGAIN: &str = "run `airlift secrets new`, then `airlift secrets seal`";

struct Reader<'a> {
    files: &'a SiteFiles,
    site: &'a Site,
    folder: &'a str,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn push(&mut self, code: &'static Code, text: String) {
        self.findings.push(Finding::new(code, text).help(AGAIN));
    }

    fn read(mut self, slots: &Slots, plaintext: bool) -> Result<Option<Sealed>, super::SecretsError> {
        let label = format!("{}/{}", self.folder, Public::FILE);
        let Some(bytes) = self.files.bytes(&label) else {
            if self.files.below(self.folder).next().is_some() {
                self.push(code::SEALED_FORM, format!("{label} is not there, but sealed files are"));
            } else {
                let text = "no secret is sealed yet: nodes can be shown this set, but not migrated with it";
                self.push(code::SEALED_NONE, text.to_owned());
            }
            return Ok(None);
        };
        let public = match Public::parse(&label, bytes) {
            Ok(public) => public,
            Err(error) => {
                self.push(code::SEALED_FORM, format!("{label} can't be used: failed to {error}"));
                return Ok(None);
            }
        };
        self.whole(&public)?;
        let needs = policy::needs(self.site, slots)?;
        let mut files = BTreeMap::new();
        for (planned, facts) in needs.iter().zip(&self.site.inventory.nodes) {
            let node = &planned.node;
            let Some(listed) = public.nodes.get(node) else {
                self.push(code::SEALED_MISSING, format!("nothing is sealed for {node}"));
                continue;
            };
            if recipient(facts).as_deref() != Some(&*listed.recipient) {
                let text = format!("the secrets of {node} are sealed to another key than it has now");
                self.findings.push(
                    Finding::new(code::SEALED_STALE, text)
                        .at(facts.place.clone())
                        .note("the machine may have been installed anew, or its survey made on another one")
                        .help("compare the key's fingerprint on the machine's console, then run `airlift secrets seal`"),
                );
            }
            if listed.role != planned.role {
                self.push(code::SEALED_STALE, format!("{node} is a {} now", planned.role.as_str()));
            }
            files.insert(node.clone(), self.node(planned, listed, plaintext));
        }
        self.extra(&public, &needs);
        let hashes_of_all = hashes(&public, Role::Manager).to_json()?;
        let hashes_of_managers = hashes(&public, Role::Worker).to_json()?;
        Ok(Some(Sealed { public, files, hashes_of_all, hashes_of_managers }))
    }

    /// What holds for the whole site.
    fn whole(&mut self, public: &Public) -> Result<(), super::SecretsError> {
        if public.site.as_str() != self.site.settings.site.value.as_str() {
            self.push(code::SEALED_STALE, format!("{} belongs to the site {}", self.folder, public.site));
        }
        if public.configuration != blanked_digest(self.site)? {
            let label = self.site.mke3_toml.label();
            self.push(code::SEALED_STALE, format!("{label} changed since its exact digest was sealed"));
        }
        let servers = policy::servers(self.site);
        if public.servers != servers {
            let text = format!(
                "join tokens lead to {} and {}, but nodes join at {} and {} now",
                public.servers.controllers, public.servers.workers, servers.controllers, servers.workers
            );
            self.push(code::SEALED_STALE, text);
        }
        Ok(())
    }

    /// The files of one node.
    fn node(&mut self, planned: &NodeNeeds, listed: &PublicNode, plaintext: bool) -> Vec<SealedFile> {
        let mut found = Vec::new();
        for need in &planned.needs {
            let clear = listed.files.contains_key(&format!("{}.plain", need.name));
            let file = format!("{}.{}", need.name, if clear { "plain" } else { "age" });
            let label = format!("{}/{}/{file}", self.folder, planned.node);
            if clear && !(plaintext && matches!(need.item, Item::Password)) {
                self.findings.push(
                    Finding::new(code::PLAINTEXT_REFUSED, format!("{label} is a secret in the clear"))
                        .help("run `airlift secrets seal` without --plaintext-secrets; for a registry's login, and if everybody who sees the set may know it, give --plaintext-secrets here too"),
                );
                continue;
            }
            let there = self.files.get(&label).and_then(|file| file.read().ok());
            match (there, listed.files.get(&file)) {
                (Some(bytes), Some(digest)) if Sha256::of(&bytes) == *digest => {
                    if clear {
                        self.findings.push(Finding::new(
                            code::PLAINTEXT,
                            format!("IN THE CLEAR: {} of {} goes into the set unsealed; everybody who sees the set knows it", need.name, planned.node),
                        ).help("change that password when the migration is done"));
                    }
                    let (name, item) = (need.name.clone(), need.item);
                    found.push(SealedFile { name, item, plaintext: clear, label, sha256: *digest });
                }
                (Some(_), Some(_)) => {
                    self.push(code::SEALED_STALE, format!("{label} is not the file that was sealed"))
                }
                (None, _) => self.push(code::SEALED_MISSING, format!("{label} is not there")),
                (Some(_), None) => {
                    self.push(code::SEALED_STALE, format!("{label} is not in the list of sealed files"))
                }
            }
        }
        found
    }

    /// What lies there though nobody needs it.
    fn extra(&mut self, public: &Public, needs: &[NodeNeeds]) {
        let folder = self.folder;
        let mut known: BTreeSet<String> = needs
            .iter()
            .flat_map(|one| one.needs.iter().map(move |need| (&one.node, &need.name)))
            .flat_map(|(node, name)| ["age", "plain"].map(|end| format!("{folder}/{node}/{name}.{end}")))
            .collect();
        known.insert(format!("{folder}/{}", Public::FILE));
        let here: BTreeSet<&NodeName> = needs.iter().map(|one| &one.node).collect();
        let gone: Vec<&NodeName> = public.nodes.keys().filter(|node| !here.contains(node)).collect();
        for node in &gone {
            self.push(
                code::SEALED_EXTRA,
                format!("secrets are sealed for {node}, which is no node of this site"),
            );
        }
        let said = |label: &str| gone.iter().any(|node| label.starts_with(&format!("{folder}/{node}/")));
        let labels = self.files.below(folder).filter(|label| !known.contains(*label) && !said(label));
        for label in labels {
            self.push(code::SEALED_EXTRA, format!("{label} is a file that no node needs"));
        }
    }
}

/// The hashes that a node of this role checks typed codes against.
fn hashes(public: &Public, reader: Role) -> CodeHashes {
    let emitters = public.nodes.iter().filter(|(_, emitter)| codes::checks(reader, emitter.role));
    let hashes = emitters.map(|(name, emitter)| (name.clone(), emitter.codes.clone()));
    let hashes: BTreeMap<NodeName, Hashes> = hashes.collect();
    CodeHashes { format: Format, site: public.site.clone(), hashes }
}

/// What `airlift next` says about secrets of a site whose other inputs are whole.
pub fn next(files: &SiteFiles, site: &Site, dir: &str) -> Option<NextStep> {
    let mut findings = Findings::new();
    // Slots of documents are not known here, so files for them seem to be too many.
    let _ = Sealed::read(files, site, &Slots::default(), true, &mut findings);
    let folder = site.settings.paths.sealed.value.as_str();
    let first =
        findings.iter().find(|f| f.code.id != code::SEALED_EXTRA.id && f.code.id != code::PLAINTEXT.id)?;
    let what = match first.code.id == code::SEALED_NONE.id {
        true => format!("{folder}/"),
        false => format!("{folder}/, sealed anew ({})", first.message),
    };
    Some(NextStep {
        what,
        why: "a node gets its keys, tokens and codes sealed to its own key",
        command: format!("airlift secrets new {dir} && airlift secrets seal {dir}"),
        needed: first.severity().stops(),
    })
}
