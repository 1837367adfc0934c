//! hosts.yaml, in mkectl's format.
//!
//! mkectl knows `address`, `port`, `user`, `keyPath` and, from 4.2, `privateAddress` or `privateInterface`;
//! `hostname`, `role` and `profile` are Airlift's. Files of k0sctl and MKE 4 are refused by name, a host that
//! stands twice is refused with both places.

use super::address::{HostAddress, port};
use super::rules::twins;
use super::settings::{lower, node_name};
use super::values::{InterfaceName, KeyPath, NodeName, ProfileName, Refusal, Role, UserName, accept, parse};
use crate::diag::codes::{input, site as code};
use crate::diag::{Finding, Findings};
use crate::source::{Cursor, Field, File, Node, Place, yaml};
use std::net::IpAddr;

/// One entry of hosts.yaml.
#[derive(Clone, Debug)]
pub struct Host {
    /// The whole entry.
    pub place: Place,
    /// Its path, `hosts[0]`.
    pub path: String,
    /// `address`, reachable from the machine with mkectl.
    pub address: Field<HostAddress>,
    /// `port`, 22 where it is absent.
    pub port: Field<u16>,
    /// `user`, root where it is absent.
    pub user: Field<UserName>,
    /// `keyPath`
    pub key_path: Option<Field<KeyPath>>,
    /// `privateAddress`
    pub private_address: Option<Field<IpAddr>>,
    /// `privateInterface`
    pub private_interface: Option<Field<InterfaceName>>,
    /// `hostname`: the node's name in Kubernetes.
    pub hostname: Option<Field<NodeName>>,
    /// `role`
    pub role: Option<Field<Role>>,
    /// `profile`
    pub profile: Option<Field<ProfileName>>,
    /// Whether `hostname`, `role` or `privateAddress` was refused: its absence is then already explained.
    pub(super) refused: bool,
}

impl Host {
    /// Whether mkectl would reach the same machine for both.
    pub(super) fn same_ssh(&self, other: &Host) -> bool {
        self.address.value == other.address.value && self.port.value == other.port.value
    }

    /// How messages call it.
    pub fn called(&self) -> String {
        match &self.hostname {
            Some(name) => name.value.to_string(),
            None => self.address.value.to_string(),
        }
    }
}

/// The hosts of a file, and whether every entry could be read.
#[derive(Debug)]
pub(super) struct Hosts {
    pub hosts: Vec<Host>,
    pub complete: bool,
}

/// Reads hosts.yaml. `None` where it holds no list of hosts at all.
pub(super) fn read(file: &File, findings: &mut Findings) -> Option<Hosts> {
    let node = yaml::parse(file, findings)?;
    if let Some(finding) = foreign(file, &node) {
        findings.push(finding);
        return None;
    }
    let mut c = Cursor::new(file, &node, "", findings)?;
    c.require("hosts", findings);
    let entries = c.list("hosts", findings);
    let place = c.place();
    c.finish(findings);
    if entries.is_empty() {
        if node.get("hosts").is_some() {
            findings.push(
                Finding::new(input::EMPTY, format!("{} names no host", file.label()))
                    .at(place)
                    .help("list every node of the MKE 3 cluster, managers and workers"),
            );
        }
        return None;
    }
    let count = entries.len();
    let hosts: Vec<Host> = entries.into_iter().filter_map(|entry| host(&entry, findings)).collect();
    let complete = hosts.len() == count;
    twice(&hosts, findings);
    Some(Hosts { hosts, complete })
}

/// A file of another tool that also lists hosts.
fn foreign(file: &File, node: &Node) -> Option<Finding> {
    let key = node.get("spec").or_else(|| node.get("apiVersion"))?;
    let text = |key: &str| match node.get(key).map(|n| &n.value) {
        Some(crate::source::Value::Str(text)) => text.as_str(),
        _ => "",
    };
    let (what, help) = if text("apiVersion").starts_with("k0sctl.") {
        (
            "a k0sctl file",
            "take address, port, user and keyPath of each `spec.hosts[].ssh` into a list `hosts:`",
        )
    } else if text("kind") == "MKEConfig" || text("apiVersion").starts_with("mke.mirantis.com") {
        (
            "an mke4.yaml",
            "take address, port, user and keyPath of each `spec.hosts[].ssh` into a list `hosts:`",
        )
    } else {
        ("a Kubernetes-like document", "write a list `hosts:` of address, port, user and keyPath")
    };
    Some(
        Finding::new(code::HOSTS_KIND, format!("{} is {what}, not a hosts file of mkectl", file.label()))
            .at(file.place(key.span.clone()))
            .help(help),
    )
}

fn host(entry: &Field<&Node>, findings: &mut Findings) -> Option<Host> {
    let mut c = Cursor::new(&entry.place.file, entry.value, entry.path.clone(), findings)?;
    let default = |key: &str| (entry.place.clone(), format!("{}.{key}", entry.path));
    let address =
        c.required_str("address", findings).map(|f| lower(f, findings)).and_then(|f| parse(f, findings));
    let port = match c.node("port") {
        Some(_) => c.int("port", findings).and_then(|f| accept(f, |n: &i64| port(*n), findings)),
        None => {
            let (place, path) = default("port");
            Some(Field { value: 22, place, path })
        }
    };
    let user = match c.node("user") {
        Some(_) => c.str("user", findings).and_then(|f| parse(f, findings)),
        None => {
            let (place, path) = default("user");
            Some(Field { value: UserName::root(), place, path })
        }
    };
    let key_path = c.str("keyPath", findings).and_then(|f| parse(f, findings));
    let private_address =
        c.str("privateAddress", findings).and_then(|f| accept(f, private_address, findings));
    let private_interface: Option<Field<InterfaceName>> =
        c.str("privateInterface", findings).and_then(|f| parse(f, findings));
    let hostname = c.str("hostname", findings).and_then(|f| node_name(f, findings));
    let role = c.str("role", findings).and_then(|f| parse(f, findings));
    let profile = c.str("profile", findings).and_then(|f| parse(f, findings));
    let refused = (c.node("hostname").is_some() && hostname.is_none())
        || (c.node("role").is_some() && role.is_none())
        || (c.node("privateAddress").is_some() && private_address.is_none());
    c.finish(findings);
    if let (Some(address), Some(interface)) = (&private_address, &private_interface) {
        findings.push(
            interface
                .finding(
                    code::HOST_PRIVATE,
                    format!("`{}` has both privateAddress and privateInterface", entry.path),
                )
                .also(address.place.clone(), "and this")
                .help("keep privateAddress; it is the surer one"),
        );
    }
    Some(Host {
        place: entry.place.clone(),
        path: entry.path.clone(),
        address: address?,
        port: port?,
        user: user?,
        key_path,
        private_address,
        private_interface,
        hostname,
        role,
        profile,
        refused,
    })
}

fn private_address(text: &str) -> Result<IpAddr, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(
            code::ADDRESS,
            "is no IP address",
            "give the node's address in the cluster's own network, without a prefix length",
        )
    })
}

/// Reports hosts with one SSH address. Names and private addresses are compared when all sources are merged.
fn twice(hosts: &[Host], findings: &mut Findings) {
    for (host, earlier) in twins(hosts, |host| &host.address.value).into_values() {
        if host.same_ssh(earlier) {
            findings.push(
                Finding::new(
                    code::HOST_TWICE,
                    format!("`{}` and `{}` have the same SSH address", earlier.path, host.path),
                )
                .at(host.address.place.clone())
                .label("again here")
                .also(earlier.address.place.clone(), "first here")
                .help("remove one entry, or give each node its own"),
            );
        }
    }
}
