//! What k0s' containerd is told about registries (k0s: `docs/runtime.md`).
//!
//! k0s merges files of `/etc/k0s/containerd.d` into its own configuration. Credentials are never here: those of
//! pods come by pull secrets, those of nodes by a sealed file.

use super::cluster::{Cluster, ImageRegistry};
use super::{Document, Format, Tree};
use crate::contract::ContainerdConfig;
use crate::origin::Tracked;

const DIR: &str = "/etc/k0s/containerd.d";

/// The files, labelled with their paths on the node. The same on every node.
pub(super) fn files(cluster: &Cluster<'_>) -> Vec<Document> {
    let Some(registry) = &cluster.registry else { return Vec::new() };
    let (version, section) = match cluster.contract.k0s.containerd {
        ContainerdConfig::V2 => (2, "io.containerd.grpc.v1.cri"),
        ContainerdConfig::V3 => (3, "io.containerd.cri.v1.images"),
    };
    let mut main = Tree::map();
    main.set("version", cluster.leaf(i64::from(version)));
    main.entry("plugins").child(section).set("registry.config_path", cluster.leaf(format!("{DIR}/certs.d")));
    let mut files = vec![Document::new(format!("{DIR}/registry.toml"), Format::Toml, main)];

    let host = registry.host();
    let folder = format!("{DIR}/certs.d/{}", folder(&host.value));
    let ca = registry.ca.as_ref().map(|ca| {
        let path = format!("{folder}/ca.crt");
        files.push(Document::new(&path, Format::Text, Tree::from(ca.clone()).because(&host.origin)));
        // The entry exists because there is a CA; what it says is the path alone.
        host.map_ref(|_| path).because(&ca.origin)
    });
    files.push(Document::new(format!("{folder}/hosts.toml"), Format::Toml, own(cluster, &host, ca.as_ref())));
    let airgap = cluster.mke4.switch("spec.airgap.enabled").filter(|on| on.value);
    if let Some(airgap) = airgap {
        let tree = mirror(cluster, registry, ca.as_ref()).because(&airgap.origin);
        files.push(Document::new(format!("{DIR}/certs.d/_default/hosts.toml"), Format::Toml, tree));
    }
    files
}

/// The folder of a registry. containerd looks for `host_port_` before `host:port` (containerd:
/// `remotes/docker/config/hosts.go`), and the first is a name for every file system.
fn folder(host: &str) -> String {
    match host.split_once(':') {
        Some((name, port)) => format!("{name}_{port}_"),
        None => host.to_owned(),
    }
}

fn own(cluster: &Cluster<'_>, host: &Tracked<String>, ca: Option<&Tracked<String>>) -> Tree {
    let server = host.map_ref(|host| format!("https://{host}"));
    let mut tree = Tree::map();
    tree.set("server", server.clone());
    tree.set_key("host", &server.value, endpoint(cluster, ca).because(&host.origin));
    tree
}

/// For images under every other name, where there is no way out: first the site's registry, with the layout that
/// k0s' `images.repository` has too. `server` stays away, so that registries inside, which only the cluster's users
/// know, are still asked.
fn mirror(cluster: &Cluster<'_>, registry: &ImageRegistry, ca: Option<&Tracked<String>>) -> Tree {
    let (host, path) = registry.url.value.split_once('/').unwrap_or((&registry.url.value, ""));
    let mut entry = endpoint(cluster, ca);
    let url = match path {
        "" => format!("https://{host}"),
        path => {
            entry.set("override_path", cluster.leaf(true));
            format!("https://{host}/v2/{path}")
        }
    };
    let mut tree = Tree::map();
    tree.set_key("host", &url, entry.because(&registry.url.origin));
    tree
}

fn endpoint(cluster: &Cluster<'_>, ca: Option<&Tracked<String>>) -> Tree {
    let mut entry = Tree::map();
    entry.set("capabilities", Tree::strings(["pull", "resolve"].map(|word| cluster.constant(word))));
    if let Some(ca) = ca {
        entry.set("ca", ca.clone());
    }
    entry
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_folder_is_a_name_for_every_file_system() {
        assert_eq!(super::folder("reg.corp:5000"), "reg.corp_5000_");
        assert_eq!(super::folder("reg.corp"), "reg.corp");
    }
}
