//! Network ranges: whether they can be used, and whether they overlap.

use super::inventory::Inventory;
use super::settings::Settings;
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::origin::Tracked;
use crate::source::Place;
use ipnet::IpNet;
use std::net::IpAddr;

/// A range or a single address, with the words that messages call it by.
#[derive(Clone, Debug)]
pub struct Range {
    /// For example "the pod network", "node `mgr1`".
    pub called: String,
    /// The range; a single address has the longest prefix.
    pub net: Tracked<IpNet>,
    /// Where it stands.
    pub place: Option<Place>,
}

impl Range {
    /// A range.
    pub fn new(called: impl Into<String>, net: Tracked<IpNet>, place: Option<Place>) -> Self {
        Self { called: called.into(), net, place }
    }

    fn meets(&self, other: &Range) -> bool {
        let (a, b) = (&self.net.value, &other.net.value);
        a.contains(b) || b.contains(a)
    }

    fn shown(&self) -> String {
        if self.single() {
            format!("{} ({})", self.called, self.net.value.addr())
        } else {
            format!("{} ({})", self.called, self.net.value)
        }
    }

    fn single(&self) -> bool {
        self.net.value.prefix_len() == self.net.value.max_prefix_len()
    }
}

/// Reports where the cluster's own networks (pods, services) overlap each other or what lies outside of them. What
/// lies outside may overlap as it likes: a registry may stand in the node network.
pub fn overlaps(cluster: &[Range], outside: &[Range], findings: &mut Findings) {
    for (i, a) in cluster.iter().enumerate() {
        for b in cluster.iter().skip(i + 1).filter(|b| a.meets(b)) {
            findings.push(overlap(a, b));
        }
        // One finding for all nodes of a site, not one for each.
        let (singles, networks): (Vec<&Range>, Vec<&Range>) =
            outside.iter().filter(|b| a.meets(b)).partition(|b| b.single());
        findings.extend(networks.into_iter().map(|b| overlap(a, b)));
        if let Some((first, others)) = singles.split_first() {
            let mut finding = overlap(a, first);
            if !others.is_empty() {
                let others: Vec<String> = others.iter().map(|b| b.shown()).collect();
                finding = finding.note(format!("as do {}", others.join(", ")));
            }
            findings.push(finding);
        }
    }
}

fn overlap(a: &Range, b: &Range) -> Finding {
    let verb = if b.single() { "lies in" } else { "overlaps" };
    let message = format!("{} {verb} {}", b.shown(), a.shown());
    // A place is shown for each side that has one.
    let (first, second) = if a.place.is_some() { (a, b) } else { (b, a) };
    let finding = Finding::new(code::OVERLAP, message)
        .at_opt(first.place.clone())
        .label(first.called.clone())
        .note("packets to the one would be sent to the other")
        .help("pod and service networks are MKE 3's and stay as they are: the other side must have other addresses");
    match (&first.place, &second.place) {
        (Some(_), Some(place)) => finding.also(place.clone(), second.called.clone()),
        _ => finding,
    }
}

/// Whether a pod or service network can be used by k0s: IPv4, and not too small. `smallest` is the longest prefix.
pub fn usable(range: &Range, smallest: u8, findings: &mut Findings) {
    let bad = |message: String, help: String| {
        Finding::new(code::RANGE, message).at_opt(range.place.clone()).help(help)
    };
    let net = &range.net.value;
    if net.addr() != net.network() {
        findings.push(bad(
            format!("{} ({net}) has bits behind its prefix", range.called),
            format!("the network is `{}`", net.trunc()),
        ));
    }
    match net {
        IpNet::V6(_) => findings.push(bad(
            format!("{} ({net}) is IPv6; MKE 4k has IPv4 only", range.called),
            "an MKE 3 cluster with an IPv6 network can't be migrated with Airlift".to_owned(),
        )),
        IpNet::V4(v4) if v4.prefix_len() > smallest => findings.push(bad(
            format!("{} ({net}) is too small", range.called),
            format!("it needs a prefix of /{smallest} or shorter"),
        )),
        IpNet::V4(_) => {}
    }
}

/// Addresses of a site that no cluster network may cover: nodes, and registries and the external address given as IP.
pub fn fixed_ranges(settings: &Settings, inventory: Option<&Inventory>) -> Vec<Range> {
    let mut ranges = Vec::new();
    if let Some(network) = &settings.node_network {
        ranges.push(Range::new("the node network", network.clone().tracked(), Some(network.place.clone())));
    }
    for node in inventory.iter().flat_map(|inventory| &inventory.nodes) {
        let address = node.private_address.map_ref(|ip| IpNet::from(IpAddr::V4(*ip)));
        // Within the node network nothing more is said about each node.
        let covered =
            settings.node_network.as_ref().is_some_and(|network| network.value.contains(&address.value));
        if !covered {
            ranges.push(Range::new(
                format!("node `{}`", node.name.value),
                address,
                Some(node.private_address_place.clone()),
            ));
        }
    }
    let mut registries: Vec<IpAddr> = Vec::new();
    for registry in settings.registry_addresses() {
        if let Some(ip) = registry.value.endpoint.host.ip()
            && !registries.contains(&ip)
        {
            registries.push(ip);
            let place = registry.place.clone();
            ranges.push(Range::new("the registry", registry.tracked().map(|_| IpNet::from(ip)), Some(place)));
        }
    }
    if let Some(external) = &settings.external_address
        && let Some(ip) = external.value.host.ip()
    {
        let place = external.place.clone();
        ranges.push(Range::new(
            "the external address",
            external.clone().tracked().map(|_| IpNet::from(ip)),
            Some(place),
        ));
    }
    ranges
}
