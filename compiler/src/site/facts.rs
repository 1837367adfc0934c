//! What is known about one node, each fact from the best source that has it.

use super::address::HostAddress;
use super::identify::Part;
use super::inventory::{NodeFacts, Sources, Ssh};
use super::keys::SshHostKey;
use super::values::{InterfaceName, NodeName, Parse, ProfileName, Role, Version};
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::origin::Tracked;
use crate::source::Field;
use std::net::{IpAddr, Ipv4Addr};

/// All facts of a node. `None` with a finding that stops, where its name, role or private address is not known.
pub(super) fn facts(sources: &Sources<'_>, part: &Part<'_>, findings: &mut Findings) -> Option<NodeFacts> {
    Merge { sources, part, findings }.node()
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
            name_place: name.place.clone(),
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
        if host.refused {
            return None;
        }
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
            if host.refused {
                return None;
            }
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
        if host.refused {
            return None;
        }
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
        if let Some(survey) = self.part.survey
            && let Some(os) = &survey.survey.os
        {
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
