//! Finds node and survey of each host, and what is left over.
//!
//! Inputs that name different machines are refused here: nodes.json of another cluster, a stale one, a survey of a
//! machine that is no host, two hosts that are one node.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::Host;
use super::inventory::Sources;
use super::matching::{Identity, Index, Match};
use super::nodes::{KubeNode, Nodes};
use super::survey::SurveyFile;
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::source::Place;

/// One host with the node and the survey that are the same machine.
pub(super) struct Part<'a> {
    pub host: &'a Host,
    pub node: Option<&'a KubeNode>,
    pub survey: Option<&'a SurveyFile>,
}

/// Finds node and survey of each host. `None` where an input is of another cluster.
pub(super) fn identify<'a>(sources: &Sources<'a>, findings: &mut Findings) -> Option<Vec<Part<'a>>> {
    let hosts = &sources.hosts.hosts;
    let empty: &[KubeNode] = &[];
    let kube_nodes = sources.nodes.map_or(empty, |nodes| &nodes.nodes);
    let node_ids: Index = kube_nodes.iter().map(Identity::of_node).collect();
    let survey_ids: Index = sources.surveys.iter().map(Identity::of_survey).collect();
    let mut host_ids: Vec<Identity> = hosts.iter().map(Identity::of_host).collect();
    let mut failed = false;

    // A survey knows all addresses of a machine, so that it can connect a host to a node that share nothing.
    let mut surveys: Vec<Option<usize>> = vec![None; hosts.len()];
    let mut nodes: Vec<Option<usize>> = vec![None; hosts.len()];
    for (i, host) in hosts.iter().enumerate() {
        let (Some(id), Some(slot)) = (host_ids.get_mut(i), surveys.get_mut(i)) else { continue };
        match survey_ids.find(id) {
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
            match node_ids.find(id) {
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
            && let Match::One(found) = survey_ids.find(id)
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
    let mut earlier_hosts: BTreeMap<usize, Vec<&Host>> = BTreeMap::new();
    for (host, mine) in hosts.iter().zip(found) {
        let Some(mine) = mine else { continue };
        let same = earlier_hosts.entry(*mine).or_default();
        for earlier in &*same {
            any = true;
            // Reported when hosts.yaml was read.
            if !host.same_ssh(earlier) {
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
        same.push(host);
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
    let known: BTreeSet<usize> = found.iter().copied().flatten().collect();
    let new: Vec<&KubeNode> =
        kube.nodes.iter().enumerate().filter(|(i, _)| !known.contains(i)).map(|(_, n)| n).collect();
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
    let known: BTreeSet<usize> = found.iter().copied().flatten().collect();
    for (i, survey) in surveys.iter().enumerate() {
        if !known.contains(&i) {
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
