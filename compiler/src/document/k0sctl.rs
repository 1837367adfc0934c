//! k0sctl.yaml: the same cluster for those who install over SSH.
//!
//! What k0sctl makes of it on each node is what our unit runs: flags that k0sctl adds by itself are left to it. One
//! thing it can't say: `spec.api.address` of each controller, which k0sctl leaves to k0s.
//!
//! k0sctl substitutes variables in the text before it reads it, so every `$` is doubled.

use super::cluster::Cluster;
use super::install::{InstallFlags, Role, is_bare};
use super::{Leaf, Scalar, Tree};

/// The file. `flags` are those of the nodes, in their order; `config` is what all controllers share.
pub(super) fn k0sctl(cluster: &Cluster<'_>, flags: &[InstallFlags], config: &Tree) -> Tree {
    let mut doc = Tree::map();
    doc.set("apiVersion", cluster.leaf("k0sctl.k0sproject.io/v1beta1"));
    doc.set("kind", cluster.leaf("Cluster"));
    let name = cluster.mke4.text("metadata.name").unwrap_or_else(|| cluster.constant("mke"));
    doc.set("metadata.name", name);
    doc.set("spec.k0s.version", cluster.leaf(cluster.contract.k0s.version));
    doc.set("spec.k0s.config", config.clone());
    let hosts = cluster.nodes.iter().zip(flags).map(|(node, flags)| {
        let mut host = Tree::map();
        let role = match flags.role {
            Role::Controller => "controller+worker",
            Role::Worker => "worker",
        };
        host.set("role", node.host.manager.map_ref(|_| role));
        host.set("ssh.address", node.host.ssh.address.clone());
        host.set("ssh.port", node.host.ssh.port.clone());
        host.set("ssh.user", node.host.ssh.user.clone());
        if let Some(path) = &node.host.ssh.key_path {
            host.set("ssh.keyPath", path.clone());
        }
        host.set("hostname", node.host.name.clone());
        host.set("privateAddress", node.address.clone());
        host.set("dataDir", cluster.data_dir.clone());
        if let Some(on) = flags.flags.get("no-taints") {
            host.set("noTaints", on.map_ref(|on| on == "true"));
        }
        host.set("installFlags", install_flags(flags));
        host
    });
    doc.set("spec.hosts", Tree::List(hosts.collect()));
    doubled(doc)
}

/// Flags that k0sctl adds from other fields.
const ADDED: &[&str] = &["config", "data-dir", "enable-worker", "no-taints", "token-file"];

/// `kubelet-extra-args` is among them in full: k0sctl keeps what it finds there. Double quotes around it are what
/// every version of k0sctl understands.
fn install_flags(flags: &InstallFlags) -> Tree {
    let given = flags.flags.iter().filter(|(name, _)| !ADDED.contains(name));
    Tree::strings(given.map(|(name, value)| {
        value.map_ref(|value| match *name {
            "kubelet-extra-args" => format!("--{name}=\"{value}\""),
            _ if value.chars().all(is_bare) => format!("--{name}={value}"),
            _ => format!("--{name}='{value}'"),
        })
    }))
}

fn doubled(tree: Tree) -> Tree {
    let text = |text: String| text.replace('$', "$$");
    match tree {
        Tree::Map(members) => {
            Tree::Map(members.into_iter().map(|(key, tree)| (text(key), doubled(tree))).collect())
        }
        Tree::List(items) => Tree::List(items.into_iter().map(doubled).collect()),
        Tree::Leaf(Leaf { scalar: Scalar::Str(value), origin }) => {
            Tree::Leaf(Leaf { scalar: Scalar::Str(text(value)), origin })
        }
        leaf => leaf,
    }
}
