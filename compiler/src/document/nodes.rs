//! All documents of the nodes, with their places there.
//!
//! A site may have thousands of nodes, so a node's documents are made when they are asked for. What all nodes share is
//! made once.

use super::cluster::Cluster;
use super::install::{CONFIG, InstallFlags, Role, install_flags};
use super::{Document, Format, Tree, audit, containerd, k0s, k0sctl, owner, units};
use crate::contract::Contract;
use crate::diag::Findings;
use crate::origin::Tracked;
use crate::surroundings::Surroundings;
use std::sync::Arc;

/// What the compile puts beside mke4.yaml.
#[derive(Clone, Debug)]
pub struct NodeDocuments {
    /// k0sctl.yaml.
    pub k0sctl: Document,
    /// The nodes, leader first.
    pub nodes: Vec<Installation>,
    /// Warnings.
    pub findings: Findings,
    contract: &'static Contract,
    /// k0s.yaml but for two addresses.
    config: Tree,
    /// The audit policy and its path, for controllers.
    policy: Option<(String, Document)>,
    /// What is the same on every node.
    everywhere: Vec<Placed>,
}

/// How k0s is installed on one node: all that its documents need to know beyond what nodes share.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The node's name.
    pub name: Tracked<String>,
    /// The flags; they name the role.
    pub flags: InstallFlags,
    address: Tracked<String>,
}

/// A document with its place on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The document, labelled `nodes/<name><path>`; one that is the same on every node is labelled `nodes/*<path>`.
    pub document: Arc<Document>,
    /// Whether it is the same on every node.
    pub everywhere: bool,
    /// Absolute path.
    pub path: String,
    /// Owner; the group is root's.
    pub owner: &'static str,
    /// Permissions.
    pub mode: u32,
}

/// Makes what nodes share. Either everything can be made, or the findings say what is in the way.
pub fn node_documents(
    mke4: &Tree,
    site: &Surroundings,
    contract: &'static Contract,
) -> Result<NodeDocuments, Findings> {
    let mut findings = Findings::new();
    let Some(cluster) = Cluster::new(mke4, site, contract, &mut findings) else { return Err(findings) };
    let config = k0s::cluster_config(&cluster, &mut findings);
    let flags: Vec<_> =
        cluster.nodes.iter().map(|node| install_flags(&cluster, node, &mut findings)).collect();
    let policy = audit::policy(&cluster, &mut findings).map(|(path, document)| (path.value, document));
    if findings.stop() {
        return Err(findings);
    }
    let k0sctl = Document::new("k0sctl.yaml", Format::Yaml, k0sctl::k0sctl(&cluster, &flags, &config));
    let everywhere = |(mode, mut document): (u32, Document)| {
        let path = std::mem::take(&mut document.label);
        document.label = format!("nodes/*{path}");
        Placed { document: Arc::new(document), everywhere: true, path, owner: "root", mode }
    };
    let drop_ins = owner::mke3_drop_ins(contract).map(|document| (0o644, document));
    let everywhere = containerd::files(&cluster).into_iter().chain(drop_ins).map(everywhere).collect();
    let installation = |(node, flags): (&super::Node<'_>, _)| Installation {
        name: node.host.name.clone(),
        flags,
        address: node.address.clone(),
    };
    let nodes = cluster.nodes.iter().zip(flags).map(installation).collect();
    Ok(NodeDocuments { k0sctl, nodes, findings, contract, config, policy, everywhere })
}

impl NodeDocuments {
    /// The files of one of its nodes, sorted by path. Which there are depends on the node's role.
    pub fn files(&self, node: &Installation) -> Vec<Placed> {
        let role = node.flags.role;
        let place = |path: &str, mode, format, tree: Arc<Tree>| {
            let label = format!("nodes/{}{path}", node.name.value);
            let document = Arc::new(Document::new(label, format, tree));
            Placed { document, everywhere: false, path: path.to_owned(), owner: "root", mode }
        };
        let unit = units::service(&node.flags, self.contract);
        let path = format!("/etc/systemd/system/{}", role.unit());
        let mut files = vec![place(&path, 0o644, Format::Unit, unit.into())];
        if role == Role::Controller {
            let config = k0s::controller_config(&self.config, &node.address);
            files.push(place(CONFIG, 0o600, Format::Yaml, config.into()));
            if let Some((path, document)) = &self.policy {
                files.push(place(path, 0o644, document.format, Arc::clone(&document.tree)));
            }
        }
        let condition = owner::k0s_drop_in(role, self.contract);
        files.push(place(&condition.label, 0o644, condition.format, condition.tree));
        files.extend(self.everywhere.iter().cloned());
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// What is the same on every node.
    pub fn everywhere(&self) -> &[Placed] {
        &self.everywhere
    }

    /// The node's documents in the order of their paths; over all nodes each document comes once, since what all nodes
    /// share comes with the first.
    pub fn documents(&self, node: &Installation) -> impl Iterator<Item = Arc<Document>> {
        let first = self.nodes.first().is_some_and(|first| first.name.value == node.name.value);
        let files = self.files(node).into_iter();
        files.filter(move |placed| first || !placed.everywhere).map(|placed| placed.document)
    }

    /// One node of each role. Documents of one role differ in names and addresses alone.
    pub fn one_of_each_role(&self) -> impl Iterator<Item = &Installation> {
        let find = |role| self.nodes.iter().find(move |node| node.flags.role == role);
        [Role::Controller, Role::Worker].into_iter().filter_map(find)
    }
}
