//! Whole sites against the JSON Schema of mke4.yaml.

use super::sensitivity::{Fixture, acme, enterprise, small};
use super::{Inputs, Sources, Translated};
use crate::contract::Use;
use crate::diag::Findings;
use crate::document::yaml;
use crate::site::{Flag, Overrides};
use std::collections::BTreeMap;

fn mke4(fixture: &Fixture) -> serde_json::Value {
    let mut overrides = Overrides::new();
    overrides.set(Flag::Target, Some(fixture.contract));
    let sources = Sources {
        files: &fixture.files,
        overrides: &overrides,
        allow: &BTreeMap::new(),
        allows: Use::Convert,
    };
    let mut findings = Findings::new();
    let inputs = Inputs::read(&sources, &mut findings).expect("a readable site");
    let text = yaml::to_string(&Translated::new(&inputs, &mut findings).translation.mke4);
    serde_saphyr::from_str(&text).expect("YAML")
}

#[test]
fn mke4_yaml_passes_its_schema_for_every_release() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/schemas/mkeconfig.schema.json");
    let schema: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("the schema")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for contract in crate::contract::all() {
        for fixture in [acme(contract.id), enterprise(contract.id), small(contract.id)] {
            let document = mke4(&fixture);
            let errors: Vec<String> =
                schema.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{} for {}: {errors:#?}", fixture.name, contract.id);
        }
    }
    // The schema does refuse.
    let mut broken = mke4(&acme("v4.1.5"));
    broken["spec"]["kubelet"]["maxPodz"] = 1.into();
    assert!(!schema.is_valid(&broken));
}
