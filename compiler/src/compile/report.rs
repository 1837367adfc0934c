//! `report.txt`: what a reviewer reads first. The page with everything is a later one.
//!
//! What is done on the nodes it takes from their plans, so it leaves nothing out that a bundle does.

use super::bundle::Parts;
use crate::diag::render;
use crate::ledger::KeyEntry;
use crate::translate::Fate;
use airlift_bundle::gate::Stage;
use airlift_bundle::plan::{Action, NodePlan, PlannedNode, Role, Step, UndoClass};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    stages: Vec<Stages>,
    keys: usize,
    fates: Vec<Count>,
    lost: Vec<&'a KeyEntry>,
    rights: Vec<String>,
    findings: Vec<String>,
}

#[derive(Serialize)]
struct Node {
    name: String,
    role: &'static str,
    address: String,
}

/// What is done in one stage.
#[derive(Serialize)]
struct Stages {
    name: &'static str,
    /// What holds meanwhile.
    when: &'static str,
    groups: Vec<Group>,
}

/// What is done on some nodes, in order.
#[derive(Serialize)]
struct Group {
    /// Which: `every node`.
    on: &'static str,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct Count {
    name: String,
    count: usize,
}

/// The text. `planned` are all nodes, `told` is one plan of each role.
///
/// # Errors
/// The template asks for what it is not given: a fault that the tests find.
pub(super) fn text(
    parts: &Parts<'_>,
    planned: &[PlannedNode],
    told: &BTreeMap<Role, NodePlan>,
) -> Result<String, minijinja::Error> {
    let Parts { translated, site, .. } = parts;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report.txt", include_str!("../../../templates/report.txt.j2"))?;
    let contract = translated.inputs.contract;
    let ledger = &translated.ledger;
    let lost: Vec<&KeyEntry> = ledger.keys.iter().filter(|k| k.fate == Fate::Dropped).collect();
    let fates: Vec<Count> =
        ledger.count().into_iter().map(|(fate, count)| Count { name: fate.to_string(), count }).collect();
    let mut findings = parts.findings.clone();
    findings.sort();
    let findings: Vec<String> = findings.iter().map(|finding| render(finding, false)).collect();
    let nodes = site.inventory.nodes.iter().zip(planned).map(|(facts, planned)| Node {
        name: facts.name.value.to_string(),
        role: planned.node.role.as_str(),
        address: facts.private_address.value.to_string(),
    });
    let report = Report {
        site: site.settings.site.value.to_string(),
        serial: site.settings.serial.value,
        source: site.settings.mke3_version.value.to_string(),
        contract: contract.id,
        k0s: contract.k0s.version,
        kubernetes: format!("1.{}", contract.kubernetes.minor),
        tool: env!("CARGO_PKG_VERSION"),
        nodes: nodes.collect(),
        stages: stages(told),
        keys: ledger.keys.len(),
        fates,
        lost,
        rights: translated.access.iter().flat_map(|access| access.report.summary.lines()).collect(),
        findings,
    };
    environment.get_template("report.txt")?.render(Value::from(Serde(report)))
}

/// What is done where, stage by stage. It depends on the role alone, so a large site needs no more lines than a small one.
fn stages(told: &BTreeMap<Role, NodePlan>) -> Vec<Stages> {
    let all: BTreeSet<Role> = told.keys().copied().collect();
    let mut stages = Vec::new();
    for stage in Stage::ALL {
        // Each line once, with the roles that have it.
        let mut lines: Vec<(String, BTreeSet<Role>)> = Vec::new();
        for (role, plan) in told {
            let steps = plan.stages.iter().filter(|planned| planned.stage == stage).flat_map(|s| &s.steps);
            for text in steps.map(line) {
                match lines.iter_mut().find(|(other, _)| *other == text) {
                    Some((_, roles)) => {
                        roles.insert(*role);
                    }
                    None => lines.push((text, BTreeSet::from([*role]))),
                }
            }
        }
        let mut groups: Vec<(BTreeSet<Role>, Vec<String>)> = Vec::new();
        for (text, roles) in lines {
            match groups.iter_mut().find(|(of, _)| *of == roles) {
                Some((_, lines)) => lines.push(text),
                None => groups.push((roles, vec![text])),
            }
        }
        groups.sort_by_key(|(roles, _)| std::cmp::Reverse(roles.len()));
        if !groups.is_empty() {
            let groups = groups.into_iter().map(|(roles, lines)| Group { on: on(&roles, &all), lines });
            stages.push(Stages { name: stage.as_str(), when: when(stage), groups: groups.collect() });
        }
    }
    stages
}

/// One step. A file that is put in place needs no word on the way back: that is the same for all.
fn line(step: &Step) -> String {
    let back = match step.undo_class() {
        UndoClass::Exact => "undone exactly",
        UndoClass::Restores => "undone to something equivalent",
        UndoClass::None => "not undone",
    };
    match &step.action {
        Action::Place { target, owner, mode, .. } => format!("{mode} {owner} {target}"),
        _ => format!("{}: {} ({back})", step.id, step.title),
    }
}

fn on(roles: &BTreeSet<Role>, all: &BTreeSet<Role>) -> &'static str {
    if roles == all {
        return "every node";
    }
    match [Role::Leader, Role::Manager, Role::Worker].map(|role| roles.contains(&role)) {
        [true, false, false] => "the leader",
        [true, true, false] => "every manager",
        [true, false, true] => "the leader and every worker",
        [false, true, false] => "every manager but the leader",
        [false, false, true] => "every worker",
        _ => "every node but the leader",
    }
}

fn when(stage: Stage) -> &'static str {
    match stage {
        Stage::Check => "nothing is changed",
        Stage::Prepare => "MKE 3 still runs",
        Stage::Freeze => "MKE 3's API stops",
        Stage::Stop => "MKE 3 stops",
        Stage::Start => "k0s starts",
        Stage::Adopt => "k0s runs",
        Stage::Settle => "after the vendor's command",
        Stage::Commit => "no way back from here",
    }
}
