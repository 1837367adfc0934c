//! The nodes of a site, from all inputs that know something about them.
//!
//! Facts come from the best source that has them: survey, then nodes.json, then hosts.yaml. Where two disagree, a
//! finding shows both places. An [`Inventory`] exists only if every node has a name, a role and a private IPv4
//! address, and if there is a leader among its managers.

use super::address::HostAddress;
use super::hosts::{Host, Hosts};
use super::keys::{AgeRecipient, SshHostKey};
use super::known_hosts::KnownHosts;
use super::matching::{Identity, Match};
use super::nodes::{KubeNode, Nodes};
use super::settings::Settings;
use super::survey::SurveyFile;
use super::values::{InterfaceName, KeyPath, NodeName, Parse, ProfileName, Role, UserName, Version};
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::origin::Tracked;
use crate::source::{Field, Place, nearest};
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
    let merged: Vec<Option<NodeFacts>> =
        parts.iter().map(|part| Merge { sources, part, findings }.node()).collect();
    let complete = sources.hosts.complete && merged.iter().all(Option::is_some);
    let mut nodes: Vec<NodeFacts> = merged.into_iter().flatten().collect();
    unique(&nodes, findings);
    counts(&nodes, complete, findings);
    named_hosts(sources.settings, &nodes, complete, findings);
    let leader = leader(sources.settings, &nodes, complete, findings)?;
    if !complete {
        return None;
    }
    // The sort is stable: managers and workers keep the order of hosts.yaml.
    nodes.sort_by_key(|node| (node.name.value != leader, node.role.value));
    external_address(sources.settings, &nodes, findings);
    Some(Inventory { nodes })
}

/// One host with the node and the survey that are the same machine.
struct Part<'a> {
    host: &'a Host,
    node: Option<&'a KubeNode>,
    survey: Option<&'a SurveyFile>,
}

/// Finds node and survey of each host. `None` where an input is of another cluster.
fn identify<'a>(sources: &Sources<'a>, findings: &mut Findings) -> Option<Vec<Part<'a>>> {
    let hosts = &sources.hosts.hosts;
    let empty: &[KubeNode] = &[];
    let kube_nodes = sources.nodes.map_or(empty, |nodes| &nodes.nodes);
    let node_ids: Vec<Identity> = kube_nodes.iter().map(Identity::of_node).collect();
    let survey_ids: Vec<Identity> = sources.surveys.iter().map(Identity::of_survey).collect();
    let mut host_ids: Vec<Identity> = hosts.iter().map(Identity::of_host).collect();
    let mut failed = false;

    // A survey knows all addresses of a machine, so that it can connect a host to a node that share nothing.
    let mut surveys: Vec<Option<usize>> = vec![None; hosts.len()];
    let mut nodes: Vec<Option<usize>> = vec![None; hosts.len()];
    for (i, host) in hosts.iter().enumerate() {
        let (Some(id), Some(slot)) = (host_ids.get_mut(i), surveys.get_mut(i)) else { continue };
        match id.find(&survey_ids) {
            Match::None => {}
            Match::One(found) => {
                *slot = Some(found);
                if let Some(other) = survey_ids.get(found) {
                    id.learn(other);
                }
            }
            Match::Several(found) => {
                failed = true;
                let places =
                    found.iter().filter_map(|i| sources.surveys.get(*i)).map(|s| s.hostname.place.clone());
                findings.push(ambiguous(host, "surveys", places));
            }
        }
        if let Some(slot) = nodes.get_mut(i) {
            match id.find(&node_ids) {
                Match::None => {}
                Match::One(found) => {
                    *slot = Some(found);
                    if let Some(other) = node_ids.get(found) {
                        id.learn(other);
                    }
                }
                Match::Several(found) => {
                    failed = true;
                    let places =
                        found.iter().filter_map(|i| kube_nodes.get(*i)).map(|n| n.name.place.clone());
                    findings.push(ambiguous(host, "nodes", places));
                }
            }
        }
        // A host found only as a node may have a survey under the node's name.
        if let Some(slot) = surveys.get_mut(i)
            && slot.is_none()
            && let Match::One(found) = id.find(&survey_ids)
        {
            *slot = Some(found);
        }
    }
    failed |= shared(hosts, &nodes, "node of nodes.json", findings);
    failed |= shared(hosts, &surveys, "survey", findings);
    if let Some(kube) = sources.nodes {
        failed |= !same_nodes(hosts, sources.hosts.complete, kube, &nodes, failed, findings);
    }
    stray_surveys(sources.surveys, &surveys, hosts, findings);
    if failed {
        return None;
    }
    let at = |list: &[Option<usize>], i: usize| list.get(i).copied().flatten();
    Some(
        hosts
            .iter()
            .enumerate()
            .map(|(i, host)| Part {
                host,
                node: at(&nodes, i).and_then(|n| kube_nodes.get(n)),
                survey: at(&surveys, i).and_then(|s| sources.surveys.get(s)),
            })
            .collect(),
    )
}

fn ambiguous(host: &Host, what: &str, places: impl Iterator<Item = Place>) -> Finding {
    let finding = Finding::new(
        code::DISAGREE,
        format!("`{}` ({}) fits more than one of the {what}", host.path, host.called()),
    )
    .at(host.place.clone())
    .help("give the host's `hostname` and `privateAddress`, or make the other input again");
    places.fold(finding, |finding, place| finding.also(place, "this one fits"))
}

/// Two hosts that are the same node.
fn shared(hosts: &[Host], found: &[Option<usize>], what: &str, findings: &mut Findings) -> bool {
    let mut any = false;
    for (i, (host, mine)) in hosts.iter().zip(found).enumerate() {
        for (earlier, other) in hosts.iter().zip(found).take(i) {
            if mine.is_some() && mine == other {
                any = true;
                findings.push(
                    Finding::new(
                        code::HOST_TWICE,
                        format!("`{}` and `{}` are the same {what}", earlier.path, host.path),
                    )
                    .at(host.address.place.clone())
                    .label("again here")
                    .also(earlier.address.place.clone(), "first here")
                    .help("remove one entry, or correct its address"),
                );
            }
        }
    }
    any
}

/// Whether hosts.yaml and nodes.json name the same nodes.
fn same_nodes(
    hosts: &[Host],
    complete: bool,
    kube: &Nodes,
    found: &[Option<usize>],
    ambiguous: bool,
    findings: &mut Findings,
) -> bool {
    if ambiguous || !complete || !kube.complete {
        // What could not be read would be reported as missing.
        return true;
    }
    let list = |names: Vec<String>| names.join(", ");
    let (Some(host), Some(node)) = (hosts.first(), kube.nodes.first()) else { return true };
    if found.iter().all(Option::is_none) {
        findings.push(
            Finding::new(
                code::OTHER_CLUSTER,
                "nodes.json is of another cluster: no node of it is in hosts.yaml",
            )
            .at(node.name.place.clone())
            .note(format!("hosts.yaml has {}", list(hosts.iter().map(Host::called).collect())))
            .note(format!(
                "nodes.json has {}",
                list(kube.nodes.iter().map(|n| n.name.value.to_string()).collect())
            ))
            .help("make nodes.json with the client bundle of this cluster, or give `hostname` in hosts.yaml"),
        );
        return false;
    }
    let lost: Vec<&Host> = hosts.iter().zip(found).filter(|(_, f)| f.is_none()).map(|(h, _)| h).collect();
    let new: Vec<&KubeNode> =
        kube.nodes.iter().enumerate().filter(|(i, _)| !found.contains(&Some(*i))).map(|(_, n)| n).collect();
    if lost.is_empty() && new.is_empty() {
        return true;
    }
    let mut finding = Finding::new(code::STALE, "hosts.yaml and nodes.json do not name the same nodes")
        .at(lost.first().map_or_else(|| host.place.clone(), |h| h.address.place.clone()));
    if !lost.is_empty() {
        let names = list(lost.iter().map(|h| h.called()).collect());
        finding = finding.label("not in nodes.json").note(format!("only in hosts.yaml: {names}"));
    }
    if let Some(first) = new.first() {
        let names = list(new.iter().map(|n| n.name.value.to_string()).collect());
        finding = finding
            .also(first.name.place.clone(), "not in hosts.yaml")
            .note(format!("only in nodes.json: {names}"));
        if lost.is_empty() {
            finding.place = Some(first.name.place.clone());
            finding.also.clear();
            finding = finding.label("not in hosts.yaml");
        }
    }
    findings.push(finding.help(
        "every node of the cluster must be in hosts.yaml, and only those; make nodes.json again if nodes came or went",
    ));
    false
}

/// Surveys of machines that are no hosts.
fn stray_surveys(surveys: &[SurveyFile], found: &[Option<usize>], hosts: &[Host], findings: &mut Findings) {
    for (i, survey) in surveys.iter().enumerate() {
        if !found.contains(&Some(i)) {
            findings.push(
                survey
                    .hostname
                    .finding(code::STALE, format!("{} is of a machine that is not in hosts.yaml", survey.file.label()))
                    .note(format!("hosts.yaml has {}", hosts.iter().map(Host::called).collect::<Vec<_>>().join(", ")))
                    .help("add the node to hosts.yaml (with `hostname` or `privateAddress`), or remove the survey"),
            );
        }
    }
}

struct Merge<'m, 'a> {
    sources: &'m Sources<'a>,
    part: &'m Part<'a>,
    findings: &'m mut Findings,
}

impl Merge<'_, '_> {
    fn node(&mut self) -> Option<NodeFacts> {
        let host = self.part.host;
        let name = self.name();
        let role = self.role();
        let private = self.private_address();
        let (name, role, private) = (name?, role?, private?);
        let private_interface = host.private_interface.clone().map(Field::tracked).or_else(|| {
            let (interface, field) =
                self.part.survey?.addresses.iter().find(|(_, a)| a.value == IpAddr::V4(private.value))?;
            Some(Tracked::new(InterfaceName::parse(interface).ok()?, field.source()))
        });
        Some(NodeFacts {
            ssh: Ssh {
                address: host.address.clone().tracked(),
                port: host.port.clone().tracked(),
                user: host.user.clone().tracked(),
                key_path: host.key_path.clone().map(Field::tracked),
            },
            private_interface,
            addresses: self.addresses(&private),
            machine_name: self.part.survey.map(|s| s.hostname.clone().tracked()),
            profile: self.profile(&name),
            age_recipient: self.part.survey.and_then(|s| s.age_recipient.clone()).map(Field::tracked),
            ssh_host_key: self.ssh_host_key(),
            architecture: self.architecture(),
            os: self.os(),
            kubelet_version: self.part.node.and_then(|n| n.kubelet_version.clone()).map(Field::tracked),
            survey: self.part.survey.cloned(),
            place: host.place.clone(),
            private_address_place: private.place.clone(),
            private_address: private.tracked(),
            name: name.tracked(),
            role: role.tracked(),
        })
    }

    /// The name in Kubernetes: the kubelet's override of a survey, nodes.json, hostname of hosts.yaml, the machine's
    /// own name, a DNS address.
    fn name(&mut self) -> Option<Field<NodeName>> {
        let (host, node, survey) = (self.part.host, self.part.node, self.part.survey);
        let candidates: Vec<Field<NodeName>> = [
            survey.and_then(|s| s.node_name.clone()),
            node.map(|n| n.name.clone()),
            host.hostname.clone(),
            survey.map(|s| s.hostname.clone()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let Some(best) = candidates.first().cloned() else {
            return self.name_from_address();
        };
        for other in candidates.iter().skip(1).filter(|other| other.value != best.value) {
            let same = best.value.short() == other.value.short();
            // Kubernetes may know a machine by its short or its long name; anything else is another machine.
            let code = if same { code::DIFFER } else { code::DISAGREE };
            self.findings.push(
                other
                    .finding(code, format!("one node is called both `{}` and `{}`", best.value, other.value))
                    .also(best.place.clone(), format!("`{}` is taken: the better source", best.value))
                    .help(format!(
                        "write `hostname: {}` for this host, or make the wrong input again",
                        best.value
                    )),
            );
        }
        Some(best)
    }

    fn name_from_address(&mut self) -> Option<Field<NodeName>> {
        let host = self.part.host;
        let HostAddress::Dns(dns) = &host.address.value else {
            self.findings.push(
                host.address
                    .finding(code::HOST_UNNAMED, format!("nothing says what the host {} is called", host.called()))
                    .note("a bundle applies only on the node that it names")
                    .help("add `hostname:` here, or nodes.json, or a survey of the node (`airlift next` shows the commands)"),
            );
            return None;
        };
        let name = NodeName::parse(dns).ok()?;
        self.findings.push(
            host.address
                .finding(
                    code::HOST_NAME_GUESSED,
                    format!("the node's name is taken from its address: `{name}`"),
                )
                .note("Kubernetes may know it by a short name")
                .help("add `hostname:` as `kubectl get nodes` shows it, or nodes.json"),
        );
        Some(host.address.clone().map(|_| name))
    }

    fn role(&mut self) -> Option<Field<Role>> {
        let candidates = [
            self.part.survey.and_then(|s| s.role.clone()),
            self.part.node.map(|n| n.role.clone()),
            self.part.host.role.clone(),
        ];
        let mut candidates = candidates.into_iter().flatten();
        let Some(best) = candidates.next() else {
            let host = self.part.host;
            self.findings.push(
                Finding::new(
                    code::NO_ROLE,
                    format!("nothing says whether {} is a manager or a worker", host.called()),
                )
                .at(host.place.clone())
                .help("add `role: manager` or `role: worker` here, or nodes.json, or a survey of the node"),
            );
            return None;
        };
        for other in candidates.filter(|other| other.value != best.value) {
            self.findings.push(
                other
                    .finding(code::DISAGREE, format!("{} is a {} here", self.part.host.called(), other.value))
                    .also(best.place.clone(), format!("and a {} here", best.value))
                    .help("look at `docker node ls`, and make the wrong input again"),
            );
        }
        Some(best)
    }

    /// By trust: the kubelet's own flag, the interface that hosts.yaml names, nodes.json, hosts.yaml, the only address
    /// that a survey saw, and last an SSH address from a private range.
    fn private_address(&mut self) -> Option<Field<Ipv4Addr>> {
        let (host, node, survey) = (self.part.host, self.part.node, self.part.survey);
        let v4 = |field: &&Field<IpAddr>| field.value.is_ipv4();
        let on_interface = survey.and_then(|s| {
            let wanted = host.private_interface.as_ref()?.value.as_str();
            s.addresses.iter().filter(|(name, _)| name == wanted).map(|(_, a)| a).find(v4).cloned()
        });
        let internal = node.and_then(|n| n.internal.iter().find(v4).or(n.internal.first()).cloned());
        let named =
            [survey.and_then(|s| s.node_ip.clone()), on_interface, internal, host.private_address.clone()];
        let candidates: Vec<Field<IpAddr>> = named.into_iter().flatten().collect();
        let seen: Vec<&Field<IpAddr>> =
            survey.iter().flat_map(|s| &s.addresses).map(|(_, a)| a).filter(v4).collect();
        let best = match candidates.first() {
            Some(best) => {
                self.private_disagreements(best, &candidates, &seen);
                best.clone()
            }
            None => match seen.as_slice() {
                [only] => (*only).clone(),
                _ => self.private_from_ssh()?,
            },
        };
        self.in_node_network(&best);
        match best.value {
            IpAddr::V4(address) => Some(best.map(|_| address)),
            IpAddr::V6(address) => {
                self.findings.push(
                    best.finding(
                        code::IPV6,
                        format!("the private address of {} is IPv6 ({address})", host.called()),
                    )
                    .note("the k0s of these releases makes an IPv4 cluster")
                    .help("give an IPv4 `privateAddress` in hosts.yaml"),
                );
                None
            }
        }
    }

    fn private_disagreements(
        &mut self,
        best: &Field<IpAddr>,
        all: &[Field<IpAddr>],
        seen: &[&Field<IpAddr>],
    ) {
        let called = self.part.host.called();
        for other in all.iter().skip(1).filter(|other| other.value != best.value) {
            self.findings.push(
                other
                    .finding(code::DISAGREE, format!("{called} has the private address {} here", other.value))
                    .also(best.place.clone(), format!("and {} here", best.value))
                    .help("look at `kubectl get nodes -o wide`, and correct the wrong input"),
            );
        }
        if let Some(first) = seen.first()
            && !seen.iter().any(|address| address.value == best.value)
            && best.value.is_ipv4()
        {
            self.findings.push(
                best.finding(
                    code::DISAGREE,
                    format!("{called} has no interface with the address {}", best.value),
                )
                .also(first.place.clone(), "the survey saw this address")
                .help("correct the address, or survey the node again"),
            );
        }
    }

    fn private_from_ssh(&mut self) -> Option<Field<IpAddr>> {
        let host = self.part.host;
        match host.address.value.ip() {
            Some(IpAddr::V4(ip)) if is_private(ip) => {
                self.findings.push(
                    host.address
                        .finding(
                            code::PRIVATE_GUESSED,
                            format!(
                                "the private address of {} is taken from its SSH address: {ip}",
                                host.called()
                            ),
                        )
                        .help("add `privateAddress:`, or nodes.json, to make sure"),
                );
                Some(host.address.clone().map(|_| IpAddr::V4(ip)))
            }
            _ => {
                self.findings.push(
                    host.address
                        .finding(
                            code::NO_PRIVATE_ADDRESS,
                            format!("{} has only an external address", host.called()),
                        )
                        .note("k0s must be told the node's address in the cluster: left alone it takes that of docker0")
                        .help("add `privateAddress:` here, or nodes.json, or a survey of the node"),
                );
                None
            }
        }
    }

    fn in_node_network(&mut self, address: &Field<IpAddr>) {
        if let Some(network) = &self.sources.settings.node_network
            && !network.value.contains(&address.value)
        {
            self.findings.push(
                address
                    .finding(
                        code::OUTSIDE_NETWORK,
                        format!("{} lies outside the node network {}", address.value, network.value),
                    )
                    .also(network.place.clone(), "the node network")
                    .help("correct one of the two; drop `node_network` if nodes lie in several networks"),
            );
        }
    }

    fn addresses(&self, private: &Field<Ipv4Addr>) -> Vec<Tracked<IpAddr>> {
        let mut addresses = vec![private.clone().map(IpAddr::V4)];
        addresses.extend(self.part.survey.iter().flat_map(|s| &s.addresses).map(|(_, a)| a.clone()));
        addresses.extend(self.part.node.iter().flat_map(|n| n.internal.iter().chain(&n.external)).cloned());
        addresses.extend(self.part.host.private_address.clone());
        let mut kept: Vec<Tracked<IpAddr>> = Vec::new();
        for address in addresses {
            if !kept.iter().any(|a| a.value == address.value) {
                kept.push(address.tracked());
            }
        }
        kept
    }

    /// An operator's word first, because a profile is chosen and not found; the node's label last.
    fn profile(&mut self, name: &Field<NodeName>) -> Option<Tracked<ProfileName>> {
        let candidates = [
            self.sources.settings.kubelet_profiles.get(&name.value).cloned(),
            self.part.host.profile.clone(),
            self.part.node.and_then(|n| n.profile.clone()),
        ];
        let mut candidates = candidates.into_iter().flatten();
        let best = candidates.next()?;
        for other in candidates.filter(|other| other.value != best.value) {
            self.findings.push(
                best.finding(
                    code::DIFFER,
                    format!("`{}` gets the kubelet profile `{}`", name.value, best.value),
                )
                .also(other.place.clone(), format!("but has `{}` here", other.value))
                .help("keep one of the two, if the change is not meant"),
            );
        }
        Some(best.tracked())
    }

    fn ssh_host_key(&mut self) -> Option<Tracked<SshHostKey>> {
        let host = self.part.host;
        let port = host.port.value;
        let mut names = vec![host.address.value.to_string()];
        names.extend(host.private_address.iter().map(|a| a.value.to_string()));
        names.extend(host.hostname.iter().map(|n| n.value.to_string()));
        let mut known: Vec<&Field<SshHostKey>> = self
            .sources
            .known_hosts
            .iter()
            .flat_map(|k| names.iter().flat_map(|name| k.find(name, port)))
            .collect();
        known.dedup_by(|a, b| a.value == b.value);
        let surveyed = self.part.survey.and_then(|s| s.ssh_host_key.as_ref());
        let best = surveyed.or(known.first().copied())?;
        if let Some(other) = known.iter().find(|other| other.value != best.value) {
            self.findings.push(
                other
                    .finding(code::KEY_CONFLICT, format!("{} has two SSH host keys", host.called()))
                    .label(other.value.fingerprint())
                    .also(best.place.clone(), best.value.fingerprint())
                    .note("secrets would be sealed to a machine that may not be the node")
                    .help("compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the node; remove the other line"),
            );
        }
        Some(best.clone().tracked())
    }

    fn architecture(&mut self) -> Option<Tracked<String>> {
        let survey = self.part.survey.map(|s| {
            let span = s.file.text().find("\"arch\"").unwrap_or(0);
            let place = s.file.place(span..span + "\"arch\"".len().min(s.file.text().len()));
            Field { value: s.survey.arch.clone(), place, path: "arch".to_owned() }
        });
        let best = survey.or_else(|| self.part.node.and_then(|n| n.architecture.clone()))?;
        if best.value != "amd64" {
            self.findings.push(
                best.finding(
                    code::ARCHITECTURE,
                    format!(
                        "{} is {}; MKE 4k is released for amd64 only",
                        self.part.host.called(),
                        best.value
                    ),
                )
                .help("take the node out of the cluster before the migration"),
            );
        }
        Some(best.tracked())
    }

    fn os(&mut self) -> Option<Tracked<String>> {
        if let Some(os) = self.part.node.and_then(|n| n.os.as_ref()).filter(|os| os.value == "windows") {
            let target = self.sources.settings.target.as_ref().map(|t| t.value);
            if target.is_none_or(|t| t < Version::new(4, 2, 0)) {
                self.findings.push(
                    os.finding(code::WINDOWS, format!("{} is a Windows node", self.part.host.called()))
                        .note("MKE 4.0 and 4.1 have no Windows workers")
                        .help("move its workloads and take it out of the cluster before the migration"),
                );
            }
        }
        if let Some(survey) = self.part.survey {
            let os = &survey.survey.os;
            let source = crate::origin::Source::new(survey.file.label(), "os");
            return Some(Tracked::new(format!("{} {}", os.id, os.version), source));
        }
        self.part.node.and_then(|n| n.os_image.clone()).map(Field::tracked)
    }
}

/// RFC 1918 and RFC 6598.
fn is_private(ip: Ipv4Addr) -> bool {
    ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64)
}

/// No two nodes may share a name or a private address.
fn unique(nodes: &[NodeFacts], findings: &mut Findings) {
    for (i, node) in nodes.iter().enumerate() {
        for earlier in nodes.iter().take(i) {
            let shared = if node.name.value == earlier.name.value {
                Some((format!("name `{}`", node.name.value), &node.place, &earlier.place))
            } else if node.private_address.value == earlier.private_address.value {
                let what = format!("private address {}", node.private_address.value);
                Some((what, &node.private_address_place, &earlier.private_address_place))
            } else {
                None
            };
            let Some((what, place, first)) = shared else { continue };
            findings.push(
                Finding::new(code::HOST_TWICE, format!("two hosts have the {what}"))
                    .at(place.clone())
                    .label("again here")
                    .also(first.clone(), "first here")
                    .help("remove one entry, or give each node its own"),
            );
        }
    }
}

fn counts(nodes: &[NodeFacts], complete: bool, findings: &mut Findings) {
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
fn named_hosts(settings: &Settings, nodes: &[NodeFacts], complete: bool, findings: &mut Findings) {
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

fn leader(
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
fn external_address(settings: &Settings, nodes: &[NodeFacts], findings: &mut Findings) {
    let Some(external) = &settings.external_address else { return };
    for node in nodes {
        let own = match &external.value.host {
            HostAddress::Ip(ip) => {
                node.addresses.iter().any(|a| a.value == *ip) || node.ssh.address.value.ip() == Some(*ip)
            }
            HostAddress::Dns(name) => {
                node.name.value.as_str() == name || node.ssh.address.value == external.value.host
            }
        };
        // A site of one manager may well be reached by that manager's own address.
        let single = nodes.iter().filter(|n| n.role.value == Role::Manager).count() == 1;
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
