//! Sites made in the test.

use airlift::contract::Contract;
use airlift::document::{NodeDocuments, Placed, Tree, node_documents};
use airlift::origin::{Source, Tracked};
use airlift::surroundings::{HostEntry, Login, Registry, SshEntry, Surroundings};

pub fn tracked<T>(value: T, file: &str, path: impl Into<String>) -> Tracked<T> {
    Tracked::new(value, Source::new(file, path))
}

pub fn text(value: &str, file: &str, path: impl Into<String>) -> Tracked<String> {
    tracked(value.to_owned(), file, path)
}

/// Private addresses are 10.0.0.x, external ones 192.0.2.x.
pub fn site(managers: usize, workers: usize) -> Surroundings {
    let host = |i: usize| {
        let manager = i < managers;
        let number = if manager { i + 1 } else { i - managers + 1 };
        let at = |field: &str| format!("hosts[{i}].{field}");
        HostEntry {
            name: text(
                &format!("{}{number}", if manager { "mgr" } else { "wrk" }),
                "hosts.yaml",
                at("hostname"),
            ),
            manager: tracked(manager, "hosts.yaml", at("role")),
            ssh: SshEntry {
                address: text(&format!("192.0.2.{}", i + 11), "hosts.yaml", at("address")),
                port: tracked(22, "hosts.yaml", at("port")),
                user: text("ubuntu", "hosts.yaml", at("user")),
                key_path: Some(text("/home/ops/.ssh/id_ed25519", "hosts.yaml", at("keyPath"))),
            },
            private_address: Some(text(&format!("10.0.0.{}", i + 11), "hosts.yaml", at("privateAddress"))),
            private_interface: None,
            profile: None,
        }
    };
    Surroundings {
        external_address: Some(text("mke.corp.example:33001", "site.yaml", "external_address")),
        image_registry: Some(Registry {
            url: text("registry.corp.example:5000/mke", "site.yaml", "registries.image.url"),
            ca: Some(text(
                "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
                "site.yaml",
                "registries.image.ca",
            )),
            login: Some(Login {
                username: text("puller", "login.yaml", "username"),
                password: text("registry/image-password", "login.yaml", "password"),
            }),
        }),
        hosts: (0..managers + workers).map(host).collect(),
        ..Surroundings::default()
    }
}

/// What a translation might make for the site: the defaults of the release, the site's own facts, and values from
/// every part of the TOML file that ends in a document of a node.
pub fn mke4(contract: &Contract, site: &Surroundings) -> Tree {
    let mut doc = contract.default_document();
    let mut put = |path: &str, value: Tree| {
        if contract.has(path) {
            doc.set(&format!("spec.{path}"), value);
        }
    };
    let toml = |value: &str, path: &str| Tree::from(text(value, "mke3.toml", path));
    if let Some(address) = &site.external_address {
        put("apiServer.externalAddress", address.clone().into());
    }
    if let Some(registry) = &site.image_registry {
        put("registries.imageRegistry.url", registry.url.clone().into());
        if let Some(ca) = &registry.ca {
            put("registries.imageRegistry.caData", ca.clone().into());
        }
    }
    put("airgap.enabled", tracked(true, "site.yaml", "airgap").into());
    put("apiServer.audit.enabled", tracked(true, "mke3.toml", "kube_api_server_auditing").into());
    put("apiServer.audit.level", toml("Request", "audit_log_configuration.level"));
    put("apiServer.sans", Tree::strings([text("mke-old.corp.example", "mke3.toml", "sans")]));
    put("network.serviceCIDR", toml("10.96.0.0/16", "service_cluster_ip_range"));
    put("network.nodePortRange", toml("32768-35535", "nodeport_range"));
    put("etcd.storageQuota", toml("8GB", "etcd_storage_quota"));
    let mut extra = Tree::map();
    extra.set_key("", "event-ttl", toml("2h", "custom_kube_api_server_flags"));
    put("apiServer.extraArgs", extra);
    let mut extra = Tree::map();
    extra.set_key("", "v", Tree::from(tracked(2_i64, "mke3.toml", "custom_kubelet_flags")));
    put("kubelet.extraArgs", extra);
    let mut profile = Tree::map();
    profile.set("name", toml("big", "custom_kubelet_flags_profiles"));
    profile.set("values.maxPods", tracked(250_i64, "mke3.toml", "custom_kubelet_flags_profiles"));
    put("kubelet.customProfiles", Tree::List(vec![profile]));
    for (i, host) in site.hosts.iter().enumerate() {
        doc.set(&format!("spec.hosts[{i}].ssh.address"), host.ssh.address.clone());
    }
    doc
}

/// The documents of a site of this size for a release.
pub fn documents(contract: &'static Contract, managers: usize, workers: usize) -> NodeDocuments {
    let site = site(managers, workers);
    node_documents(&mke4(contract, &site), &site, contract).unwrap()
}

/// The file at a path of a node.
pub fn file(docs: &NodeDocuments, node: &str, path: &str) -> Placed {
    let node = docs.nodes.iter().find(|n| n.name.value == node).unwrap();
    docs.files(node).into_iter().find(|f| f.path == path).unwrap_or_else(|| panic!("no {path}"))
}
