//! What the tests share.

use crate::access::answers::Answers;
use crate::access::export::Export;
use crate::access::writer::ClusterRoles;
use crate::access::{Around, Options, Translation, read, translate};
use crate::diag::{Findings, render};
use crate::site::rights::{StockRole, SwarmRoles};
use crate::source::{Field, File, Node, Value, yaml};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The text of a fixture.
pub fn fixture(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/access");
    std::fs::read_to_string(folder.join(path)).expect("a fixture")
}

/// Reads one text. Panics where it can't be read.
pub fn export(text: &str) -> Export {
    let mut findings = Findings::new();
    let read = read::read([File::new("access/export.json", text)], &mut findings);
    let said: Vec<String> = findings.iter().map(|f| render(f, false)).collect();
    read.export.unwrap_or_else(|| panic!("{}", said.join("\n")))
}

/// What reading one text says.
pub fn reading(text: &str) -> Findings {
    let mut findings = Findings::new();
    let read = read::read([File::new("access/export.json", text)], &mut findings);
    assert_eq!(read.export.is_none(), findings.stop());
    findings
}

/// A translation and what it says.
pub fn run(export: &Export, options: &Options) -> (Translation, Findings) {
    let mut findings = Findings::new();
    let around = Around { has_policy: true, ..Around::default() };
    let translation = translate(export, options, &around, &ClusterRoles, &mut findings);
    (translation, findings)
}

/// Decisions as site.yaml would hold them.
pub fn answers(given: &[(&str, &str)]) -> Answers {
    let mut findings = Findings::new();
    let answers = Answers::read(&decisions(given), &mut findings);
    assert!(findings.is_empty(), "{findings:?}");
    answers
}

pub fn decisions(given: &[(&str, &str)]) -> BTreeMap<String, Field<String>> {
    let text: String = given.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    let file = File::new("site.yaml", format!("decisions:\n{text}"));
    given
        .iter()
        .map(|(key, value)| {
            let at = file.text().find(key).unwrap_or(0);
            let place = file.place(at..at + key.len());
            ((*key).to_owned(), Field { value: (*value).to_owned(), place, path: format!("decisions.{key}") })
        })
        .collect()
}

/// `access.swarm_roles`.
pub fn swarm_roles(given: &[(&str, StockRole)]) -> SwarmRoles {
    let file = File::new("site.yaml", "access:\n");
    let field = |role: StockRole| Field { value: role, place: file.place(0..6), path: "access".to_owned() };
    given.iter().map(|(name, role)| ((*name).to_owned(), field(*role))).collect()
}

/// The objects of texts with `---` between them, as data.
pub fn documents<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in texts.into_iter().flat_map(|text| text.split("\n---\n")) {
        let mut findings = Findings::new();
        let node = yaml::parse(&File::new("expected", text), &mut findings).expect("a document");
        assert!(found.insert(json(&node).to_string()), "an object stands twice");
    }
    found
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(on) => (*on).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Str(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let members: BTreeMap<String, serde_json::Value> =
                entries.iter().map(|e| (e.key.clone(), json(&e.node))).collect();
            serde_json::json!(members)
        }
    }
}
