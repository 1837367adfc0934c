//! What the tests of the areas share: a translation of a few lines of TOML.

use super::{Fate, Translation, translate};
use crate::contract;
use crate::diag::Findings;
use crate::document::Tree;
use crate::mke3::Config;
use crate::source::{Field, File};
use crate::surroundings::Surroundings;
use std::collections::BTreeMap;

/// A finished translation with its findings.
pub struct Run {
    pub translation: Translation,
    pub findings: Findings,
}

/// Translates `toml` for the contract with this id; `decisions` are pairs of key and answer.
pub fn run(toml: &str, contract: &str, decisions: &[(&str, &str)]) -> Run {
    run_in(toml, contract, decisions, Surroundings::default())
}

/// As [`run`], in a site.
pub fn run_in(toml: &str, contract: &str, decisions: &[(&str, &str)], mut site: Surroundings) -> Run {
    let mut findings = Findings::new();
    let file = File::new("mke3.toml", format!("{toml}\n"));
    let config = Config::read(&file, &BTreeMap::new(), &mut findings);
    let Some(config) = config else { panic!("the test's TOML can't be read: {findings:?}") };
    for (key, answer) in decisions {
        let file = File::new("site.yaml", format!("decisions:\n  {key}: {answer}\n"));
        let place = file.place(0..0);
        let field = Field { value: (*answer).to_owned(), place, path: format!("decisions.{key}") };
        site.decisions.insert((*key).to_owned(), field);
    }
    let contract = contract::by_id(contract).expect("a known contract");
    let translation = translate(&config, &site, contract, &mut findings);
    Run { translation, findings }
}

impl Run {
    /// The scalar at a plain dotted path below `spec`, as text.
    pub fn text(&self, path: &str) -> Option<String> {
        self.translation.mke4.scalar(&format!("spec.{path}")).map(|leaf| leaf.scalar.text())
    }

    /// What stands at a plain dotted path below `spec`.
    pub fn get(&self, path: &str) -> Option<&Tree> {
        self.translation.mke4.get(&format!("spec.{path}"))
    }

    /// The origin of the scalar at a plain dotted path below `spec`, as `file:path` texts.
    pub fn origin(&self, path: &str) -> Vec<String> {
        let leaf = self.translation.mke4.scalar(&format!("spec.{path}"));
        leaf.map(|l| l.origin.sources().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// The fate of a value by its path in the TOML file.
    pub fn fate(&self, path: &str) -> Option<Fate> {
        self.translation.accounts.list.iter().find(|a| a.path == path).map(|a| a.fate)
    }

    /// The codes of all findings, in order of appearance.
    pub fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|f| f.code.id).collect()
    }

    /// All findings as people see them.
    pub fn rendered(&self) -> String {
        self.findings.iter().map(|f| crate::diag::render(f, false)).collect::<Vec<_>>().join("\n\n")
    }
}
