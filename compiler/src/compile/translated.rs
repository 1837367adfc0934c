//! All documents of a site, with their ledger.

use super::Inputs;
use crate::access::answers::Answers;
use crate::access::{self, Around};
use crate::diag::Findings;
use crate::diag::codes::{output, site};
use crate::document::{Document, Format, NodeDocuments, Tree, node_documents};
use crate::ledger::Ledger;
use crate::mke3::Config;
use crate::secrets::Secret;
use crate::site::Site;
use crate::site::networks::{Range, overlaps, usable};
use crate::translate::{Manifest, Translation, translate};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// What a site becomes.
#[derive(Debug)]
pub struct Translated<'a> {
    /// What it was made of.
    pub inputs: &'a Inputs,
    /// mke4.yaml, manifests and fates.
    pub translation: Translation,
    /// What goes to the nodes, and k0sctl.yaml. `None` for a bare TOML file or where the site is not whole.
    pub nodes: Option<NodeDocuments>,
    /// Accounts and rights. Their account is in the ledger.
    pub access: Option<access::Translation>,
    /// The account of everything.
    pub ledger: Ledger,
}

impl<'a> Translated<'a> {
    /// Translates what was read.
    pub fn new(inputs: &'a Inputs, findings: &mut Findings) -> Self {
        tracing::debug!(contract = inputs.contract.id, "translate");
        let mut translation = translate(&inputs.mke3, &inputs.surroundings, inputs.contract, findings);
        if let Some(access) = &inputs.access {
            exempt_logins(&mut translation.mke4, access);
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
        let documents: Vec<(&str, &Tree)> = shared
            .iter()
            .map(|d| (d.label.as_str(), &d.tree))
            .chain(nodes.iter().flat_map(all).map(|d| (d.label.as_str(), &d.tree)))
            .collect();
        translation.accounts.check(documents.iter().map(|(_, tree)| *tree), findings);
        let mut ledger = Ledger::new(inputs.contract.id, &translation.accounts, documents);
        let mut access = rights(inputs, &translation, findings);
        if let Some(access) = &mut access {
            let access::Account { things, objects } = std::mem::take(&mut access.account);
            ledger.access = things;
            ledger.values.extend(objects);
        }
        tracing::debug!(
            keys = ledger.keys.len(),
            values = ledger.values.len(),
            "account for every key and value"
        );
        Self { inputs, translation, nodes, access, ledger }
    }

    /// The password hashes of access/, by the names of their slots.
    pub fn passwords(&self) -> impl Iterator<Item = (&str, Secret)> {
        let slots = self.access.iter().flat_map(access::Translation::slots);
        slots.filter_map(|(slot, user)| Some((slot, self.inputs.access.as_ref()?.hash(user)?.field()?)))
    }

    /// mke4.yaml and the objects beside it, as they stand in the open.
    pub fn shared(&self) -> Vec<Document> {
        shared(&self.translation)
    }
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
    let mke4 =
        Document { label: "mke4.yaml".to_owned(), format: Format::Yaml, tree: translation.mke4.clone() };
    std::iter::once(mke4).chain(translation.manifests.iter().map(manifest)).collect()
}

/// Objects as one `List`, which kubectl applies in order.
fn manifest(manifest: &Manifest) -> Document {
    let mut list = Tree::map();
    let origin = Tree::List(manifest.objects.clone()).origin();
    list.set("apiVersion", Tree::leaf("v1", &origin));
    list.set("kind", Tree::leaf("List", &origin));
    list.set("items", Tree::List(manifest.objects.clone()));
    Document { label: format!("manifests/{}.yaml", manifest.name), format: Format::Yaml, tree: list }
}

/// k0sctl.yaml and every node's documents, each once.
fn all(nodes: &NodeDocuments) -> impl Iterator<Item = &Document> {
    let mut seen = BTreeSet::new();
    let files = nodes.nodes.iter().flat_map(|node| &node.files).map(|placed| placed.document.as_ref());
    let once = files.filter(move |document| seen.insert(document.label.as_str()));
    std::iter::once(&nodes.k0sctl).chain(once)
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
