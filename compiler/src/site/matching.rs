//! Who is who: finds the same node in hosts.yaml, nodes.json and the surveys.
//!
//! An exact name is the best evidence, then an address, then a short name against a fully qualified one. Evidence
//! that points at two nodes is never decided silently.

use super::address::HostAddress;
use super::hosts::Host;
use super::nodes::KubeNode;
use super::survey::SurveyFile;
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

    fn same_name(&self, other: &Identity) -> bool {
        self.names.iter().any(|name| other.names.contains(name))
    }

    fn same_address(&self, other: &Identity) -> bool {
        self.addresses.iter().any(|address| other.addresses.contains(address))
    }

    /// One of two names is the first label of the other.
    fn same_short_name(&self, other: &Identity) -> bool {
        let short =
            |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
        self.names.iter().any(|a| other.names.iter().any(|b| short(a, b) || short(b, a)))
    }

    /// Finds the same node among others.
    pub fn find(&self, among: &[Identity]) -> Match {
        let by = |same: &dyn Fn(&Identity) -> bool| -> Vec<usize> {
            among.iter().enumerate().filter(|(_, other)| same(other)).map(|(i, _)| i).collect()
        };
        let names = by(&|other| self.same_name(other));
        let addresses = by(&|other| self.same_address(other));
        let sure: Vec<usize> = match (names.is_empty(), addresses.is_empty()) {
            (true, true) => by(&|other| self.same_short_name(other)),
            _ => {
                let mut both = names;
                both.extend(addresses);
                both.sort_unstable();
                both.dedup();
                both
            }
        };
        match sure.as_slice() {
            [] => Match::None,
            [one] => Match::One(*one),
            _ => Match::Several(sure),
        }
    }
}
