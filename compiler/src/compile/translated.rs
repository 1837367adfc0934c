//! All documents of a site, with their ledger.

use super::Inputs;
use crate::access::answers::Answers;
use crate::access::{self, Around};
use crate::diag::Findings;
use crate::diag::codes::{output, site};
use crate::document::{Document, Format, Leaf, NodeDocuments, Tree, node_documents};
use crate::ledger::{self, Ledger, LedgerWriter, ValueEntry};
use crate::mke3::Config;
use crate::secrets::Secret;
use crate::site::Site;
use crate::site::networks::{Range, overlaps, usable};
use crate::translate::{Manifest, Translation, Uses, translate};
use ipnet::IpNet;
use rayon::prelude::*;
use std::io::{self, Write};
use std::sync::Arc;

/// What a site becomes.
#[derive(Debug)]
pub struct Translated<'a> {
    /// What it was made of.
    pub inputs: &'a Inputs,
    /// mke4.yaml, manifests and fates.
    pub translation: Translation,
    /// mke4.yaml and the objects beside it, as they stand in the open.
    pub shared: Vec<Document>,
    /// What goes to the nodes, and k0sctl.yaml. `None` for a bare TOML file or where the site is not whole.
    pub nodes: Option<NodeDocuments>,
    /// Accounts and rights. Their account is in the ledger.
    pub access: Option<access::Translation>,
    /// The account of everything, but for the values, which [`each_value`](Self::each_value) hands out.
    pub ledger: Ledger,
}

/// So many nodes' documents are made at once: enough for all cores, few enough to be held.
const AT_ONCE: usize = 128;

impl<'a> Translated<'a> {
    /// Translates what was read.
    pub fn new(inputs: &'a Inputs, findings: &mut Findings) -> Self {
        tracing::debug!(contract = inputs.contract.id, "translate");
        let mut translation = translate(&inputs.mke3, &inputs.surroundings, inputs.contract, findings);
        if let Some(access) = &inputs.access {
            exempt_logins(Arc::make_mut(&mut translation.mke4), access);
        }
        networks(inputs, findings);
        findings.append(inputs.site.as_ref().map(Site::absences).unwrap_or_default());
        let nodes = inputs.site.as_ref().and_then(|_| {
            match node_documents(&translation.mke4, &inputs.surroundings, inputs.contract) {
                Ok(nodes) => {
                    findings.append(nodes.findings.clone());
                    Some(nodes)
                }
                Err(found) => {
                    // That two nodes are one has been told with its places.
                    let told = findings.has(site::HOST_TWICE);
                    findings.extend(found.into_iter().filter(|f| !told || f.code.id != output::NODES.id));
                    None
                }
            }
        });
        let shared = shared(&translation);
        let uses = uses(&translation.accounts.file, &shared, nodes.as_ref());
        translation.accounts.check(&uses, findings);
        let mut ledger = Ledger::new(inputs.contract.id, &translation.accounts, &uses);
        let mut access = rights(inputs, &translation, findings);
        if let Some(access) = &mut access {
            ledger.access = std::mem::take(&mut access.account.things);
        }
        tracing::debug!(keys = ledger.keys.len(), "account for every key and value");
        Self { inputs, translation, shared, nodes, access, ledger }
    }

    /// The password hashes of access/, by the names of their slots.
    pub fn passwords(&self) -> impl Iterator<Item = (&str, Secret)> {
        let slots = self.access.iter().flat_map(access::Translation::slots);
        slots.filter_map(|(slot, user)| Some((slot, self.inputs.access.as_ref()?.hash(user)?.field()?)))
    }

    /// Documents that are no node's own: mke4.yaml, manifests, k0sctl.yaml.
    fn common(&self) -> impl Iterator<Item = &Document> {
        self.shared.iter().chain(self.nodes.as_ref().map(|nodes| &nodes.k0sctl))
    }

    /// Objects of the export of rights, as values.
    fn objects(&self) -> &[ValueEntry] {
        self.access.as_ref().map_or(&[], |access| &access.account.objects)
    }

    /// Hands out every scalar of every document, in the order of `ledger.json`.
    pub fn each_value(&self, each: &mut dyn FnMut(ValueEntry)) {
        let mut tell =
            |document: &Document| values(document, &mut |place, leaf| each(ValueEntry::new(place, leaf)));
        self.common().for_each(&mut tell);
        for (nodes, node) in self.nodes.iter().flat_map(|nodes| nodes.nodes.iter().map(move |n| (nodes, n))) {
            nodes.documents(node).for_each(|document| tell(&document));
        }
        self.objects().iter().cloned().for_each(each);
    }

    /// Writes `ledger.json`. The documents of nodes are made for it, some at once, and dropped again.
    ///
    /// # Errors
    /// `out` can't take it.
    pub fn write_ledger(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = LedgerWriter::begin(&self.ledger, out)?;
        for document in self.common() {
            writer.write(&entries(document)?)?;
        }
        if let Some(nodes) = &self.nodes {
            for some in nodes.nodes.chunks(AT_ONCE) {
                let written = some.par_iter().map(|node| {
                    let each = nodes.documents(node).map(|document| entries(&document));
                    each.collect::<io::Result<Vec<_>>>().map(|entries| entries.concat())
                });
                for entries in written.collect::<io::Result<Vec<_>>>()? {
                    writer.write(&entries)?;
                }
            }
        }
        let mut objects = Vec::new();
        for object in self.objects() {
            ledger::append(&mut objects, object)?;
        }
        writer.write(&objects)?;
        writer.finish()
    }
}

fn values(document: &Document, each: &mut impl FnMut(&str, &Leaf)) {
    document.tree.for_each_scalar(&format!("{}:", document.label), each);
}

/// A document's part of `ledger.json`.
fn entries(document: &Document) -> io::Result<Vec<u8>> {
    let mut entries = Vec::new();
    let mut failed = None;
    values(document, &mut |place, leaf| {
        failed = ledger::append(&mut entries, &ValueEntry::new(place, leaf)).err().or(failed.take());
    });
    failed.map_or(Ok(entries), |error| Err(error.into()))
}

/// Which scalars of all documents depend on which value of the MKE 3 file.
fn uses(file: &str, shared: &[Document], nodes: Option<&NodeDocuments>) -> Uses {
    let add = |mut uses: Uses, document: &Document| {
        uses.add(file, &document.label, &document.tree);
        uses
    };
    let uses = shared.iter().fold(Uses::default(), add);
    let Some(nodes) = nodes else { return uses };
    let own = nodes.nodes.par_iter().fold(Uses::default, |uses, node| {
        nodes.documents(node).fold(uses, |uses, document| add(uses, &document))
    });
    own.reduce(Uses::default, Uses::merge).merge(add(uses, &nodes.k0sctl))
}

/// Accounts that the guard against privileged pods exempts go by their logins, where these are others.
fn exempt_logins(mke4: &mut Tree, access: &access::Access) {
    const EXEMPT: &str = "spec.apiServer.ucpauthz.exemptUsers";
    if mke4.get(EXEMPT).is_none() {
        return;
    }
    if let Tree::List(users) = mke4.entry(EXEMPT) {
        for user in users {
            if let Tree::Leaf(leaf) = user
                && let Some(login) = access.login(&leaf.scalar.text())
            {
                *user = Tree::from(login.because(&leaf.origin));
            }
        }
    }
}

/// Who may do what, where the site has an export of it.
fn rights(
    inputs: &Inputs,
    translation: &Translation,
    findings: &mut Findings,
) -> Option<access::Translation> {
    let answers = Answers::read(&inputs.surroundings.decisions, findings);
    let Some(access) = &inputs.access else {
        answers.unused(|_| false, findings);
        return None;
    };
    let off = translation.mke4.switch("spec.apiServer.ucpauthz.disabled").is_some_and(|off| off.value);
    let ways = [("SAML", "auth.samlEnabled"), ("SCIM", "auth.scimEnabled")];
    let on = ways.into_iter().filter(|(_, key)| inputs.mke3.bool(key).value);
    let around = Around {
        has_policy: inputs.contract.has("apiServer.ucpauthz.disabled") && !off,
        provisioning: on.map(|(what, key)| (what, inputs.mke3.place(key))).collect(),
    };
    access.translate(answers, &around, findings)
}

/// mke4.yaml and the objects beside it.
pub(super) fn shared(translation: &Translation) -> Vec<Document> {
    let mke4 = Document::new("mke4.yaml", Format::Yaml, Arc::clone(&translation.mke4));
    std::iter::once(mke4).chain(translation.manifests.iter().map(manifest)).collect()
}

/// Objects as one `List`, which kubectl applies in order.
fn manifest(manifest: &Manifest) -> Document {
    let mut list = Tree::map();
    let origin = Tree::List(manifest.objects.clone()).origin();
    list.set("apiVersion", Tree::leaf("v1", &origin));
    list.set("kind", Tree::leaf("List", &origin));
    list.set("items", Tree::List(manifest.objects.clone()));
    Document::new(format!("manifests/{}.yaml", manifest.name), Format::Yaml, list)
}

/// The cluster's own networks must be usable, and apart from each other and from what lies around them.
fn networks(inputs: &Inputs, findings: &mut Findings) {
    let range = |called: &str, key: &str, mke3: &Config| {
        let net = mke3.str(key);
        let parsed: Option<IpNet> = net.value.parse().ok();
        parsed.map(|parsed| Range::new(called, net.map(|_| parsed), mke3.place(key)))
    };
    let cluster: Vec<Range> = [
        range("the pod network", "cluster_config.pod_cidr", &inputs.mke3),
        range("the service network", "cluster_config.service_cluster_ip_range", &inputs.mke3),
    ]
    .into_iter()
    .flatten()
    .collect();
    for range in &cluster {
        usable(range, SMALLEST, findings);
    }
    let outside = inputs.site.as_ref().map(crate::site::Site::fixed_ranges).unwrap_or_default();
    overlaps(&cluster, &outside, findings);
}

/// A cluster network with a longer prefix has no room for a cluster.
const SMALLEST: u8 = 24;
