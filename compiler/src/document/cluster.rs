//! The site as the documents of its nodes need it.
//!
//! [`Cluster::new`] is the border: names, addresses, paths and registries that it lets through can stand in a path,
//! a flag, a certificate or a unit. What it refuses, it reports all at once.

use super::Tree;
use crate::contract::Contract;
use crate::diag::{Code, Finding, Findings, codes::output as code};
use crate::origin::Tracked;
use crate::surroundings::{HostEntry, Login, Surroundings};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The checked site: its mke4.yaml, its contract and its nodes.
#[derive(Debug)]
pub struct Cluster<'a> {
    /// The translated mke4.yaml. Its `spec.hosts` are the nodes in the same order.
    pub mke4: &'a Tree,
    /// The target release.
    pub contract: &'a Contract,
    /// The nodes, leader first.
    pub nodes: Vec<Node<'a>>,
    /// The load balancer before the API servers, without a port: in mke4.yaml a port there is that of the UI, while
    /// k0s would take it for the API's.
    pub external: Option<Tracked<String>>,
    /// k0s' data directory.
    pub data_dir: Tracked<String>,
    /// The kubelet's root directory, where this k0s has a flag for it.
    pub kubelet_root: Option<Tracked<String>>,
    /// Where k0s' images are pulled from, where the site or the release says so.
    pub registry: Option<ImageRegistry>,
}

/// A node with a usable name and address.
#[derive(Debug)]
pub struct Node<'a> {
    /// What the site says about it.
    pub host: &'a HostEntry,
    /// Its index in [`Cluster::nodes`] and in `spec.hosts` of mke4.yaml.
    pub index: usize,
    /// Its address inside the cluster.
    pub address: Tracked<String>,
}

/// A registry for images.
#[derive(Debug)]
pub struct ImageRegistry {
    /// `host[:port][/path]`.
    pub url: Tracked<String>,
    /// PEM text of its CA, where it has one of its own.
    pub ca: Option<Tracked<String>>,
    /// The login that it asks for.
    pub login: Option<Login>,
}

impl ImageRegistry {
    /// `host[:port]`.
    pub fn host(&self) -> Tracked<String> {
        self.url.map_ref(|url| url.split('/').next().unwrap_or_default().to_owned())
    }
}

impl Node<'_> {
    /// Whether it is a controller.
    pub fn manager(&self) -> bool {
        self.host.manager.value
    }

    /// Whether it is the first controller.
    pub fn leader(&self) -> bool {
        self.index == 0
    }
}

impl<'a> Cluster<'a> {
    /// Checks the site. Nothing is left out quietly: without a finding every node is there.
    pub fn new(
        mke4: &'a Tree,
        site: &'a Surroundings,
        contract: &'a Contract,
        findings: &mut Findings,
    ) -> Option<Self> {
        let before = findings.iter().count();
        let nodes: Vec<_> =
            site.hosts.iter().enumerate().filter_map(|(i, host)| node(i, host, findings)).collect();
        if !site.hosts.first().is_some_and(|host| host.manager.value) {
            findings.push(
                Finding::new(code::NODES, "the first node is no manager, so there is no leader")
                    .help("name a manager as the leader in site.yaml"),
            );
        }
        twice(&nodes, "name", |node| &node.host.name, findings);
        twice(&nodes, "private address", |node| &node.address, findings);
        let external = mke4.text("spec.apiServer.externalAddress").map(|address| {
            let origin = address.origin.without("cluster_config.controller_port");
            Tracked::with_origin(without_port(address.value), origin)
        });
        let constant = |text: &str| Tracked::with_origin(text.to_owned(), contract.origin());
        let data_dir = mke4
            .text("spec.k8sProviderSpecs.dataDir")
            .or_else(|| site.data_dir.clone())
            .unwrap_or_else(|| constant("/var/lib/k0s"));
        let kubelet_root =
            mke4.text("spec.kubelet.kubeletRootDir").filter(|_| contract.k0s.kubelet_root_flag);
        let registry = mke4
            .text("spec.registries.imageRegistry.url")
            .map(|url| (url, mke4.text("spec.registries.imageRegistry.caData")))
            // Releases without the field: k0s alone takes the registry.
            .or_else(|| site.image_registry.as_ref().map(|of_site| (of_site.url.clone(), of_site.ca.clone())))
            .map(|(url, ca)| {
                // No release has a field for it; only nodes log in.
                let login = site.image_registry.as_ref().and_then(|of_site| of_site.login.clone());
                ImageRegistry { url, ca, login }
            });

        let directory = "an absolute path of letters, digits and `. _ - /`, without `..`";
        require(&data_dir, "the data directory", is_path, directory, findings);
        if let Some(root) = &kubelet_root {
            require(root, "the kubelet's root directory", is_path, directory, findings);
        }
        if let Some(address) = &external {
            require(address, "the external address", is_host, "an IP address or a DNS name", findings);
        }
        if let Some(registry) = &registry {
            let form = "`host[:port]/path` without a scheme";
            require(&registry.url, "the image registry", is_registry, form, findings);
        }
        (findings.iter().count() == before).then_some(Self {
            mke4,
            contract,
            nodes,
            external,
            data_dir,
            kubelet_root,
            registry,
        })
    }

    /// The controllers, leader first.
    pub fn managers(&self) -> impl Iterator<Item = &Node<'a>> {
        self.nodes.iter().filter(|node| node.manager())
    }

    /// A constant of the contract.
    pub fn constant(&self, text: &str) -> Tracked<String> {
        Tracked::with_origin(text.to_owned(), self.contract.origin())
    }

    /// A constant in a document.
    pub fn leaf(&self, scalar: impl Into<super::Scalar>) -> Tree {
        Tree::leaf(scalar, &self.contract.origin())
    }
}

fn node<'a>(index: usize, host: &'a HostEntry, findings: &mut Findings) -> Option<Node<'a>> {
    if !is_node_name(&host.name.value) {
        findings.push(refusal(code::NODE_NAME, &host.name, "the name of a node").help(
            "a node is called by lower-case letters, digits, `-` and `.`, as Kubernetes shows it in `kubectl get nodes`",
        ));
        return None;
    }
    let help = "set `privateAddress` of the host, or run `airlift-node survey` on the node: k0s would guess, and might take docker0";
    match &host.private_address {
        Some(address) if is_ip(&address.value) => Some(Node { host, index, address: address.clone() }),
        Some(address) => {
            findings.push(refusal(code::NODE_ADDRESS, address, "the private address of a node").help(help));
            None
        }
        None => {
            let text = format!("the private address of {} is not known", host.name.value);
            findings.push(Finding::new(code::NODE_ADDRESS, text).help(help));
            None
        }
    }
}

fn twice<'a>(
    nodes: &[Node<'a>],
    what: &str,
    of: impl for<'n> Fn(&'n Node<'a>) -> &'n Tracked<String>,
    findings: &mut Findings,
) {
    let mut seen: BTreeMap<&str, &Node<'a>> = BTreeMap::new();
    for node in nodes {
        let other = *seen.entry(&of(node).value).or_insert(node);
        if !std::ptr::eq(other, node) {
            findings.push(
                Finding::new(code::NODES, format!("two nodes have the {what} `{}`", of(node).value))
                    .note(format!("it is given in {} and in {}", sources(of(other)), sources(of(node))))
                    .help("give each node its own"),
            );
        }
    }
}

/// A finding about a value, which says where the value comes from.
pub(super) fn refusal(code: &'static Code, value: &Tracked<String>, what: &str) -> Finding {
    Finding::new(code, format!("{:?} can't be {what}", value.value))
        .note(format!("it comes from {}", sources(value)))
}

fn sources(value: &Tracked<String>) -> String {
    value.origin.sources().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Reports a value that is not what it should be.
pub(super) fn require(
    value: &Tracked<String>,
    what: &str,
    ok: impl Fn(&str) -> bool,
    form: &str,
    findings: &mut Findings,
) {
    if !ok(&value.value) {
        findings.push(refusal(code::VALUE, value, what).help(format!("it must be {form}")));
    }
}

fn without_port(address: String) -> String {
    if let Some((host, _)) = address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host.to_owned();
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => host.to_owned(),
        _ => address,
    }
}

/// An address that a node can have.
pub(super) fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok_and(|ip| !ip.is_unspecified() && !ip.is_loopback())
}

/// An IP address or a DNS name.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    is_ip(text) || text.len() <= 253 && text.split('.').all(label)
}

/// An RFC 1123 subdomain: the name of a node or of a kubelet profile.
pub(super) fn is_node_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// An absolute path that means the same in a shell, a unit and a flag.
pub(super) fn is_path(text: &str) -> bool {
    text.len() > 1
        && text.strip_prefix('/').is_some_and(|rest| {
            rest.split('/').all(|part| {
                !matches!(part, "" | "." | "..")
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            })
        })
}

fn is_registry(text: &str) -> bool {
    let mut parts = text.split('/');
    let host = parts.next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let word = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
    };
    is_host(name) && port.parse::<u16>().is_ok_and(|p| p > 0 && p.to_string() == port) && parts.all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_names_addresses_and_paths_pass() {
        for good in ["mgr1", "mgr-1.corp.example", "10"] {
            assert!(is_node_name(good), "{good}");
        }
        for bad in ["", "Mgr1", "a b", "-a", "a-", "a..b", "../x", "a/b", "a\n", "a_b"] {
            assert!(!is_node_name(bad), "{bad:?}");
        }
        for good in ["10.0.0.1", "fd00::1"] {
            assert!(is_ip(good), "{good}");
        }
        for bad in ["", "0.0.0.0", "::", "127.0.0.1", "10.0.0.1 ", "10.0.0", "010.0.0.1", "10.0.0.1:22"] {
            assert!(!is_ip(bad), "{bad:?}");
        }
        for good in ["/var/lib/k0s", "/a"] {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", "/", "a", "/a/", "//a", "/a/../b", "/a b", "/a%i", "/a$b", "/a\n"] {
            assert!(!is_path(bad), "{bad:?}");
        }
        for good in ["reg", "reg.corp:5000/mke", "10.0.0.9/a/b", "registry.mirantis.com/mke"] {
            assert!(is_registry(good), "{good}");
        }
        for bad in ["", "https://reg/a", "reg/", "reg//a", "reg:0/a", "reg:x", "reg/A", "re g", "reg/a\"b"] {
            assert!(!is_registry(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_port_of_the_ui_is_left_out() {
        for (address, host) in [
            ("mke.corp", "mke.corp"),
            ("mke.corp:33001", "mke.corp"),
            ("10.0.0.9:443", "10.0.0.9"),
            ("[fd00::1]:443", "fd00::1"),
            ("fd00::1", "fd00::1"),
        ] {
            assert_eq!(without_port(address.into()), host);
        }
    }
}
