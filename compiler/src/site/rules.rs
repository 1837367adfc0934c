//! Rules that concern all nodes together.

use super::address::HostAddress;
use super::inventory::NodeFacts;
use super::settings::Settings;
use super::values::{NodeName, Role};
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::source::{Place, nearest};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// No two nodes may share a name or a private address.
pub(super) fn unique(nodes: &[NodeFacts], findings: &mut Findings) {
    let mut pairs = twins(nodes, |node| &node.name.value);
    pairs.append(&mut twins(nodes, |node| &node.private_address.value));
    for (node, earlier) in pairs.into_values() {
        let (what, place, first) = if node.name.value == earlier.name.value {
            (format!("name `{}`", node.name.value), &node.name_place, &earlier.name_place)
        } else {
            let what = format!("private address {}", node.private_address.value);
            (what, &node.private_address_place, &earlier.private_address_place)
        };
        findings.push(
            Finding::new(code::HOST_TWICE, format!("two hosts have the {what}"))
                .at(place.clone())
                .label("again here")
                .also(first.clone(), "first here")
                .help("remove one entry, or give each node its own"),
        );
    }
}

/// Each item with every earlier one that has the same key, in order. A site has too many nodes to compare all with all.
pub(super) fn twins<'a, T, K: Ord + ?Sized + 'a>(
    items: &'a [T],
    key: impl Fn(&'a T) -> &'a K,
) -> BTreeMap<(usize, usize), (&'a T, &'a T)> {
    let mut seen: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    let mut pairs = BTreeMap::new();
    for (i, item) in items.iter().enumerate() {
        let earlier = seen.entry(key(item)).or_default();
        pairs.extend(earlier.iter().filter_map(|j| Some(((i, *j), (item, items.get(*j)?)))));
        earlier.push(i);
    }
    pairs
}

/// Every private address lies in `node_network`, where one is given.
pub(super) fn node_network(settings: &Settings, nodes: &[NodeFacts], findings: &mut Findings) {
    let Some(network) = &settings.node_network else { return };
    let outside: Vec<&NodeFacts> =
        nodes.iter().filter(|n| !network.value.contains(&IpAddr::V4(n.private_address.value))).collect();
    let Some(first) = outside.first() else { return };
    let names: Vec<String> =
        outside.iter().map(|n| format!("{} ({})", n.name.value, n.private_address.value)).collect();
    findings.push(
        network
            .finding(
                code::OUTSIDE_NETWORK,
                format!("{} of {} nodes lie outside the node network", outside.len(), nodes.len()),
            )
            .also(first.private_address_place.clone(), "the first of them")
            .note(names.join(", "))
            .help(
                "correct the network or the addresses; drop `node_network` if nodes lie in several networks",
            ),
    );
}

/// An odd number of managers, at least one.
pub(super) fn counts(nodes: &[NodeFacts], complete: bool, findings: &mut Findings) {
    let managers: Vec<&NodeFacts> = nodes.iter().filter(|n| n.role.value == Role::Manager).collect();
    let names = || managers.iter().map(|n| n.name.value.to_string()).collect::<Vec<_>>().join(", ");
    // A node that could not be read may be the one that is missing.
    if !complete {
        return;
    }
    match (managers.len(), nodes.first()) {
        (0, Some(first)) => findings.push(
            Finding::new(code::NO_MANAGER, "no host is a manager").at(first.place.file.place(0..0)).help(
                "list the managers in hosts.yaml too; the roles come from hosts.yaml, nodes.json or surveys",
            ),
        ),
        (count, Some(_)) if count % 2 == 0 => {
            let mut finding = Finding::new(code::EVEN_MANAGERS, format!("{count} managers: {}", names()))
                .note("the vendor's upgrade needs an odd number, because etcd needs a majority");
            if let Some(last) = managers.last() {
                finding = finding.at(last.place.clone());
            }
            if count == 2 {
                finding = finding.note("with two managers the vendor's upgrade is known to fail");
            }
            findings.push(finding.help(
                "add a manager to the MKE 3 cluster, or make one a worker, and fetch the inputs again",
            ));
        }
        _ => {}
    }
}

/// Settings that name hosts must name hosts of this site.
pub(super) fn named_hosts(settings: &Settings, nodes: &[NodeFacts], complete: bool, findings: &mut Findings) {
    if !complete {
        return;
    }
    let waivers = settings.waivers.iter().filter_map(|w| w.host.as_ref()).map(|f| (&f.value, f));
    let mut named: Vec<(&NodeName, Place, String)> =
        waivers.map(|(name, f)| (name, f.place.clone(), f.path.clone())).collect();
    named.extend(settings.kubelet_profiles.iter().map(|(name, f)| (name, f.place.clone(), f.path.clone())));
    for (name, place, path) in named {
        if nodes.iter().any(|node| node.name.value == *name) {
            continue;
        }
        findings.push(
            Finding::new(
                code::UNKNOWN_HOST,
                format!("`{path}` names `{name}`, which is no node of this site"),
            )
            .at(place)
            .help(nearest_name(name, nodes)),
        );
    }
}

fn nearest_name(name: &NodeName, nodes: &[NodeFacts]) -> String {
    match nearest(name.as_str(), nodes.iter().map(|node| node.name.value.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<_> = nodes.iter().map(|node| node.name.value.as_str()).collect();
            format!("nodes here: {}", names.join(", "))
        }
    }
}

/// The leader's name: a manager, by `leader` or the first of hosts.yaml.
pub(super) fn leader(
    settings: &Settings,
    nodes: &[NodeFacts],
    complete: bool,
    findings: &mut Findings,
) -> Option<NodeName> {
    let Some(wanted) = &settings.leader else {
        return nodes.iter().find(|n| n.role.value == Role::Manager).map(|n| n.name.value.clone());
    };
    match nodes.iter().find(|n| n.name.value == wanted.value) {
        Some(node) if node.role.value == Role::Manager => Some(node.name.value.clone()),
        Some(_) => {
            findings.push(
                wanted
                    .finding(code::LEADER, format!("the leader `{}` is a worker", wanted.value))
                    .help("name a manager, or leave `leader` out to take the first one"),
            );
            None
        }
        None => {
            if complete {
                findings.push(
                    wanted
                        .finding(
                            code::LEADER,
                            format!("the leader `{}` is no node of this site", wanted.value),
                        )
                        .help(nearest_name(&wanted.value, nodes)),
                );
            }
            None
        }
    }
}

/// The external address must be the balancer's, not a node's.
pub(super) fn external_address(settings: &Settings, nodes: &[NodeFacts], findings: &mut Findings) {
    let Some(external) = &settings.external_address else { return };
    // A site of one manager may well be reached by that manager's own address.
    let single = nodes.iter().filter(|n| n.role.value == Role::Manager).count() == 1;
    for node in nodes {
        let own = match &external.value.host {
            HostAddress::Ip(ip) => {
                node.addresses.iter().any(|a| a.value == *ip) || node.ssh.address.value.ip() == Some(*ip)
            }
            HostAddress::Dns(name) => {
                node.name.value.as_str() == name || node.ssh.address.value == external.value.host
            }
        };
        if own && !(single && node.role.value == Role::Manager) {
            findings.push(
                external
                    .finding(
                        code::EXTERNAL_IS_NODE,
                        format!("the external address is that of the node `{}`", node.name.value),
                    )
                    .also(node.place.clone(), "this node")
                    .note("workers and clients would lose the cluster together with that node")
                    .help("give the load balancer's address: it passes 6443 and 9443 on to all managers"),
            );
        }
    }
}
