//! What k0s' containerd is told about registries (k0s: `docs/runtime.md`).
//!
//! k0s merges files of `/etc/k0s/containerd.d` into its own configuration. A registry's login is a file of its own that
//! root alone can read, its password a slot: it holds for all pods of the node, for those of k0s too, and for the pause
//! image. What a pod brings itself, a pull secret, goes before it.

use super::cluster::{Cluster, ImageRegistry};
use super::{Document, Format, Scalar, Tree};
use crate::contract::ContainerdConfig;
use crate::origin::Tracked;
use crate::surroundings::Login;

const DIR: &str = "/etc/k0s/containerd.d";

/// The files, labelled with their paths on the node, with their permission bits. The same on every node.
pub(super) fn files(cluster: &Cluster<'_>) -> Vec<(u32, Document)> {
    let Some(registry) = &cluster.registry else { return Vec::new() };
    let (version, section) = match cluster.contract.k0s.containerd {
        ContainerdConfig::V2 => (2_i64, "io.containerd.grpc.v1.cri"),
        ContainerdConfig::V3 => (3, "io.containerd.cri.v1.images"),
    };
    let mut main = Tree::map();
    main.set("version", cluster.leaf(version));
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
    let mut files: Vec<_> = files.into_iter().map(|document| (0o644, document)).collect();
    if let Some(login) = &registry.login {
        let mut tree = Tree::map();
        tree.set("version", cluster.leaf(version));
        tree.entry("plugins").child(section).set_key("registry.configs", &host.value, auth(login, &host));
        let tree = tree.because(&login.password.origin);
        files.push((0o600, Document::new(format!("{DIR}/registry-login.toml"), Format::Toml, tree)));
    }
    files
}

fn auth(login: &Login, host: &Tracked<String>) -> Tree {
    let mut entry = Tree::map();
    entry.set("auth.username", login.username.clone());
    entry.set("auth.password", login.password.clone().map(Scalar::Secret));
    entry.because(&host.origin)
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
