//! The nodes of a site, from all inputs that know something about them.
//!
//! Facts come from the best source that has them: survey, then nodes.json, then hosts.yaml. Where two disagree, a
//! finding shows both places. An [`Inventory`] exists only if every node has a name, a role and a private IPv4
//! address, and if there is a leader among its managers.

use super::address::HostAddress;
use super::facts::facts;
use super::hosts::Hosts;
use super::identify::identify;
use super::keys::{AgeRecipient, SshHostKey};
use super::known_hosts::KnownHosts;
use super::nodes::Nodes;
use super::rules;
use super::settings::Settings;
use super::survey::SurveyFile;
use super::values::{InterfaceName, KeyPath, NodeName, ProfileName, Role, UserName};
use crate::diag::Findings;
use crate::diag::codes::site as code;
use crate::origin::Tracked;
use crate::source::Place;
use std::net::{IpAddr, Ipv4Addr};

/// All nodes: the leader first, then the other managers in the order of hosts.yaml, then the workers in that order.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// Never empty; the first is the leader.
    pub nodes: Vec<NodeFacts>,
}

/// How mkectl reaches a node.
#[derive(Clone, Debug)]
pub struct Ssh {
    /// Address or name, usually external.
    pub address: Tracked<HostAddress>,
    /// Port.
    pub port: Tracked<u16>,
    /// User.
    pub user: Tracked<UserName>,
    /// Private key on the machine with mkectl.
    pub key_path: Option<Tracked<KeyPath>>,
}

/// What is known about a node.
#[derive(Clone, Debug)]
pub struct NodeFacts {
    /// Its name in Kubernetes.
    pub name: Tracked<NodeName>,
    /// Its role.
    pub role: Tracked<Role>,
    /// How mkectl reaches it.
    pub ssh: Ssh,
    /// Its address in the cluster's network. Explicit, because k0s would find docker0 by itself.
    pub private_address: Tracked<Ipv4Addr>,
    /// `privateInterface` of hosts.yaml, or the interface on which the survey saw the private address.
    pub private_interface: Option<Tracked<InterfaceName>>,
    /// All addresses that reach beyond the node, for identity.
    pub addresses: Vec<Tracked<IpAddr>>,
    /// The kernel's host name, where a survey tells it.
    pub machine_name: Option<Tracked<NodeName>>,
    /// Kubelet profile by its MKE 3 name.
    pub profile: Option<Tracked<ProfileName>>,
    /// The node's own age key.
    pub age_recipient: Option<Tracked<AgeRecipient>>,
    /// Its SSH host key, from the survey or known_hosts.
    pub ssh_host_key: Option<Tracked<SshHostKey>>,
    /// amd64, where it is known.
    pub architecture: Option<Tracked<String>>,
    /// Operating system for people, for example "Ubuntu 22.04.4 LTS" or "ubuntu 22.04".
    pub os: Option<Tracked<String>>,
    /// The kubelet's version, for example v1.27.10-mirantis-1.
    pub kubelet_version: Option<Tracked<String>>,
    /// The survey, where there is one.
    pub survey: Option<SurveyFile>,
    /// Its entry in hosts.yaml, for messages.
    pub place: Place,
    /// Where its name stands, for messages.
    pub name_place: Place,
    /// Where its private address stands, for messages.
    pub private_address_place: Place,
}

impl Inventory {
    /// The leader.
    pub fn leader(&self) -> Option<&NodeFacts> {
        self.nodes.first()
    }

    /// The managers, leader first.
    pub fn managers(&self) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.iter().filter(|node| node.role.value == Role::Manager)
    }

    /// The workers.
    pub fn workers(&self) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.iter().filter(|node| node.role.value == Role::Worker)
    }

    /// A node by its name.
    pub fn get(&self, name: &str) -> Option<&NodeFacts> {
        self.nodes.iter().find(|node| node.name.value.as_str() == name)
    }
}

/// What the inventory is made of.
pub(super) struct Sources<'a> {
    pub settings: &'a Settings,
    pub hosts: &'a Hosts,
    pub nodes: Option<&'a Nodes>,
    pub surveys: &'a [SurveyFile],
    pub known_hosts: Option<&'a KnownHosts>,
}

/// Merges all sources. `None` with at least one finding that stops, where a node or the leader lacks something.
pub(super) fn merge(sources: &Sources<'_>, findings: &mut Findings) -> Option<Inventory> {
    let parts = identify(sources, findings)?;
    let merged: Vec<Option<NodeFacts>> = parts.iter().map(|part| facts(sources, part, findings)).collect();
    let complete = sources.hosts.complete && merged.iter().all(Option::is_some);
    let mut nodes: Vec<NodeFacts> = merged.into_iter().flatten().collect();
    rules::unique(&nodes, findings);
    // Where inputs disagree about roles, counting them would only add noise.
    rules::counts(&nodes, complete && !findings.has(code::DISAGREE), findings);
    rules::node_network(sources.settings, &nodes, findings);
    rules::named_hosts(sources.settings, &nodes, complete, findings);
    let leader = rules::leader(sources.settings, &nodes, complete, findings)?;
    if !complete {
        return None;
    }
    // The sort is stable: managers and workers keep the order of hosts.yaml.
    nodes.sort_by_key(|node| (node.name.value != leader, node.role.value));
    rules::external_address(sources.settings, &nodes, findings);
    Some(Inventory { nodes })
}
