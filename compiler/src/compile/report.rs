//! `report.txt`: what a reviewer reads first. The page with everything is a later one.

use super::Translated;
use crate::blob::Taken;
use crate::diag::{Findings, render};
use crate::document::{NodeDocuments, Role};
use crate::ledger::KeyEntry;
use crate::site::{NodeFacts, Site};
use crate::translate::Fate;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Report<'a> {
    site: String,
    serial: u64,
    source: String,
    contract: &'static str,
    k0s: &'static str,
    kubernetes: String,
    tool: &'static str,
    nodes: Vec<Node>,
    places: Vec<Places>,
    keys: usize,
    fates: Vec<Count>,
    lost: Vec<&'a KeyEntry>,
    rights: Vec<String>,
    findings: Vec<String>,
}

#[derive(Serialize)]
struct Node {
    name: String,
    role: String,
    address: String,
}

/// What is put in place on some nodes.
#[derive(Serialize)]
struct Places {
    /// Which: `every node`.
    on: &'static str,
    places: Vec<Place>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Place {
    path: String,
    mode: String,
    owner: &'static str,
}

#[derive(Serialize)]
struct Count {
    name: String,
    count: usize,
}

/// The text.
///
/// # Errors
/// The template asks for what it is not given: a fault that the tests find.
pub fn text(
    translated: &Translated<'_>,
    site: &Site,
    nodes: &NodeDocuments,
    blobs: &[Taken],
    findings: &Findings,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report.txt", include_str!("../../../templates/report.txt.j2"))?;
    let contract = translated.inputs.contract;
    let ledger = &translated.ledger;
    let lost: Vec<&KeyEntry> = ledger.keys.iter().filter(|k| k.fate == Fate::Dropped).collect();
    let fates: Vec<Count> =
        ledger.count().into_iter().map(|(fate, count)| Count { name: fate.to_string(), count }).collect();
    let mut findings = findings.clone();
    findings.sort();
    let findings: Vec<String> = findings.iter().map(|finding| render(finding, false)).collect();
    let report = Report {
        site: site.settings.site.value.to_string(),
        serial: site.settings.serial.value,
        source: site.settings.mke3_version.value.to_string(),
        contract: contract.id,
        k0s: contract.k0s.version,
        kubernetes: format!("1.{}", contract.kubernetes.minor),
        tool: env!("CARGO_PKG_VERSION"),
        nodes: site.inventory.nodes.iter().map(node).collect(),
        places: places(nodes, blobs, site.settings.data_dir.value.as_str()),
        keys: ledger.keys.len(),
        fates,
        lost,
        rights: translated.access.iter().flat_map(|access| access.report.summary.lines()).collect(),
        findings,
    };
    environment.get_template("report.txt")?.render(Value::from(Serde(report)))
}

fn node(facts: &NodeFacts) -> Node {
    Node {
        name: facts.name.value.to_string(),
        role: facts.role.value.to_string(),
        address: facts.private_address.value.to_string(),
    }
}

/// What is put in place where. It depends on the role alone, so a large site needs no more lines than a small one.
fn places(nodes: &NodeDocuments, blobs: &[Taken], data_dir: &str) -> Vec<Places> {
    let roles: Vec<(Role, BTreeSet<Place>)> = nodes
        .one_of_each_role()
        .map(|node| {
            let files = nodes.files(node).into_iter().map(|p| place(p.path, p.mode, p.owner));
            let blobs = blobs.iter().filter(|taken| taken.is_for(&node.flags)).map(|taken| {
                let (path, mode) = taken.place(data_dir);
                place(path, mode, "root")
            });
            (node.flags.role, files.chain(blobs).collect())
        })
        .collect();
    let everywhere = |place: &&Place| roles.iter().all(|(_, places)| places.contains(*place));
    let (mut all, mut groups) = (Vec::new(), Vec::new());
    for (n, (role, places)) in roles.iter().enumerate() {
        let (shared, own): (Vec<&Place>, Vec<&Place>) = places.iter().partition(everywhere);
        if n == 0 {
            all = shared;
        }
        groups.push((if *role == Role::Controller { "managers" } else { "workers" }, own));
    }
    groups.insert(0, ("every node", all));
    let groups = groups.into_iter().filter(|(_, places)| !places.is_empty());
    groups.map(|(on, places)| Places { on, places: places.into_iter().cloned().collect() }).collect()
}

fn place(path: String, mode: u32, owner: &'static str) -> Place {
    Place { path, mode: format!("{mode:04o}"), owner }
}
