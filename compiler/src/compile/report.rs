//! `report.txt`: what a reviewer reads first. The page with everything is a later one.

use super::Translated;
use crate::diag::{Findings, render};
use crate::document::{NodeDocuments, NodeFiles};
use crate::ledger::KeyEntry;
use crate::site::{NodeFacts, Site};
use crate::translate::Fate;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

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
    places: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    mode: String,
    owner: &'static str,
    path: String,
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
        nodes: site.inventory.nodes.iter().zip(&nodes.nodes).map(|(f, n)| node(f, n)).collect(),
        keys: ledger.keys.len(),
        fates,
        lost,
        rights: translated.access.iter().flat_map(|access| access.report.summary.lines()).collect(),
        findings,
    };
    environment.get_template("report.txt")?.render(Value::from(Serde(report)))
}

fn node(facts: &NodeFacts, files: &NodeFiles) -> Node {
    let places = files
        .files
        .iter()
        .map(|p| Place { mode: format!("{:04o}", p.mode), owner: p.owner, path: p.path.clone() })
        .collect();
    Node {
        name: facts.name.value.to_string(),
        role: facts.role.value.to_string(),
        address: facts.private_address.value.to_string(),
        places,
    }
}
