//! All documents of the nodes, with their places there.

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
    pub nodes: Vec<NodeFiles>,
    /// Warnings.
    pub findings: Findings,
}

/// One node's documents. Which there are depends on its name and its role.
#[derive(Clone, Debug)]
pub struct NodeFiles {
    /// Its name.
    pub name: Tracked<String>,
    /// What k0s is there.
    pub role: Role,
    /// How k0s is installed there.
    pub flags: InstallFlags,
    /// Its files, sorted by path.
    pub files: Vec<Placed>,
}

/// A document with its place on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The document, labelled `nodes/<name><path>`; one that is the same on every node is there once, labelled
    /// `nodes/*<path>`.
    pub document: Arc<Document>,
    /// Absolute path.
    pub path: String,
    /// Owner; the group is root's.
    pub owner: &'static str,
    /// Permissions.
    pub mode: u32,
}

/// Makes them. Either everything is there, or the findings say what is in the way.
pub fn node_documents(
    mke4: &Tree,
    site: &Surroundings,
    contract: &Contract,
) -> Result<NodeDocuments, Findings> {
    let mut findings = Findings::new();
    let Some(cluster) = Cluster::new(mke4, site, contract, &mut findings) else { return Err(findings) };
    let shared = k0s::cluster_config(&cluster, &mut findings);
    let flags: Vec<_> =
        cluster.nodes.iter().map(|node| install_flags(&cluster, node, &mut findings)).collect();
    let policy = audit::policy(&cluster, &mut findings);
    if findings.stop() {
        return Err(findings);
    }
    let k0sctl = Document::new("k0sctl.yaml", Format::Yaml, k0sctl::k0sctl(&cluster, &flags, &shared));
    let everywhere = |mut document: Document| {
        let path = std::mem::take(&mut document.label);
        document.label = format!("nodes/*{path}");
        Placed { document: Arc::new(document), path, owner: "root", mode: 0o644 }
    };
    let shared_files: Vec<Placed> = containerd::files(&cluster)
        .into_iter()
        .chain(owner::mke3_drop_ins(contract))
        .map(everywhere)
        .collect();
    let nodes = cluster.nodes.iter().zip(flags).map(|(node, flags)| {
        let role = flags.role;
        let place = |path: &str, mode, format, tree| {
            let label = format!("nodes/{}{path}", node.host.name.value);
            Placed {
                document: Arc::new(Document::new(label, format, tree)),
                path: path.to_owned(),
                owner: "root",
                mode,
            }
        };
        let mut files = vec![place(
            &format!("/etc/systemd/system/{}", role.unit()),
            0o644,
            Format::Unit,
            units::service(&flags, contract),
        )];
        if role == Role::Controller {
            files.push(place(CONFIG, 0o600, Format::Yaml, k0s::controller_config(&shared, node)));
            if let Some((path, document)) = &policy {
                files.push(place(&path.value, 0o644, document.format, document.tree.clone()));
            }
        }
        let condition = owner::k0s_drop_in(role, contract);
        files.push(place(&condition.label, 0o644, condition.format, condition.tree));
        files.extend(shared_files.iter().cloned());
        files.sort_by(|a, b| a.path.cmp(&b.path));
        NodeFiles { name: node.host.name.clone(), role, flags, files }
    });
    let nodes = nodes.collect();
    Ok(NodeDocuments { k0sctl, nodes, findings })
}
