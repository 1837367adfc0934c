//! Who is who: finds the same node in hosts.yaml, nodes.json and the surveys.
//!
//! An exact name is the best evidence, then an address, then a short name against a fully qualified one. Evidence
//! that points at two nodes is never decided silently.

use super::address::HostAddress;
use super::hosts::Host;
use super::nodes::KubeNode;
use super::survey::SurveyFile;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What a node can be recognised by.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    pub names: Vec<String>,
    pub addresses: Vec<IpAddr>,
}

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    None,
    One(usize),
    /// Name and address, or a short name, point at more than one.
    Several(Vec<usize>),
}

impl Identity {
    pub fn of_host(host: &Host) -> Self {
        let mut names: Vec<String> = host.hostname.iter().map(|n| n.value.to_string()).collect();
        let mut addresses: Vec<IpAddr> = host.private_address.iter().map(|a| a.value).collect();
        match &host.address.value {
            HostAddress::Ip(ip) => addresses.push(*ip),
            HostAddress::Dns(name) => names.push(name.clone()),
        }
        Self { names, addresses }
    }

    pub fn of_node(node: &KubeNode) -> Self {
        let mut names = vec![node.name.value.to_string()];
        names.extend(node.hostname.iter().map(|name| name.value.clone()));
        let addresses = node.internal.iter().chain(&node.external).map(|a| a.value).collect();
        Self { names, addresses }
    }

    pub fn of_survey(survey: &SurveyFile) -> Self {
        let mut names: Vec<String> = survey.node_name.iter().map(|n| n.value.to_string()).collect();
        names.push(survey.hostname.value.to_string());
        names.extend(survey.fqdn.iter().map(|name| name.value.clone()));
        let addresses = survey.addresses.iter().map(|(_, a)| a.value).collect();
        Self { names, addresses }
    }

    /// Takes in another's names and addresses.
    pub fn learn(&mut self, other: &Identity) {
        self.names.extend(other.names.iter().cloned());
        self.addresses.extend(other.addresses.iter().copied());
    }
}

/// Many identities, by all that they can be recognised by.
#[derive(Debug, Default)]
pub(super) struct Index {
    identities: Vec<Identity>,
    names: BTreeMap<String, Vec<usize>>,
    /// What stands before each dot of a name.
    short_names: BTreeMap<String, Vec<usize>>,
    addresses: BTreeMap<IpAddr, Vec<usize>>,
}

impl FromIterator<Identity> for Index {
    fn from_iter<T: IntoIterator<Item = Identity>>(identities: T) -> Self {
        let mut index = Self { identities: identities.into_iter().collect(), ..Self::default() };
        for (i, identity) in index.identities.iter().enumerate() {
            for name in &identity.names {
                index.names.entry(name.clone()).or_default().push(i);
                for short in short_names(name) {
                    index.short_names.entry(short.to_owned()).or_default().push(i);
                }
            }
            for address in &identity.addresses {
                index.addresses.entry(*address).or_default().push(i);
            }
        }
        index
    }
}

impl Index {
    pub fn get(&self, i: usize) -> Option<&Identity> {
        self.identities.get(i)
    }

    /// Finds the same node among them.
    pub fn find(&self, wanted: &Identity) -> Match {
        let mut sure = BTreeSet::new();
        sure.extend(wanted.names.iter().filter_map(|name| self.names.get(name)).flatten());
        sure.extend(wanted.addresses.iter().filter_map(|address| self.addresses.get(address)).flatten());
        if sure.is_empty() {
            sure.extend(wanted.names.iter().filter_map(|name| self.short_names.get(name)).flatten());
            let short = wanted.names.iter().flat_map(|name| short_names(name));
            sure.extend(short.filter_map(|short| self.names.get(short)).flatten());
        }
        let sure: Vec<usize> = sure.into_iter().copied().collect();
        match sure.as_slice() {
            [] => Match::None,
            [one] => Match::One(*one),
            _ => Match::Several(sure),
        }
    }
}

/// The shorter names of a fully qualified one.
fn short_names(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').filter_map(|(dot, _)| name.get(..dot)).filter(|short| !short.is_empty())
}
