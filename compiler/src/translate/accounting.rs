//! Proves that every key of the file has exactly one fate.

use super::Fate;
use super::run::fault;
use crate::contract::Contract;
use crate::diag::{Findings, codes::translate as code};
use crate::document::Tree;
use crate::mke3::Config;
use crate::origin::Source;
use std::collections::{BTreeMap, BTreeSet};

/// What became of one value of the file.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its path: `registries[0].ca_bundle`.
    pub path: String,
    /// The catalogue's pattern.
    pub pattern: &'static str,
    /// Line and column in the file.
    pub at: (usize, usize),
    /// The value as it may be shown: secrets are masked.
    pub shown: String,
    /// Whether MKE 3 would do the same without it.
    pub is_default: bool,
    /// Its fate.
    pub fate: Fate,
    /// Why; may be empty.
    pub why: String,
}

/// The accounts of all values of the file, in the file's order.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// The label of the file.
    pub file: String,
    /// One for each value.
    pub list: Vec<Account>,
}

impl Accounts {
    /// Joins instances and fates. A value without a fate or with two becomes a finding.
    pub(super) fn new(
        mke3: &Config,
        contract: &Contract,
        fates: BTreeMap<String, Vec<(Fate, String)>>,
        findings: &mut Findings,
    ) -> Self {
        let mut list = Vec::new();
        for instance in mke3.instances() {
            let given = fates.get(instance.path.as_str()).or_else(|| fates.get(instance.key.pattern));
            let (fate, why) = match given.map(Vec::as_slice) {
                Some([one]) => one.clone(),
                Some([first, ..]) => {
                    let finding =
                        fault(code::TWO_FATES, format!("`{}` has more than one fate", instance.path));
                    findings.push(finding.at(instance.place.clone()));
                    first.clone()
                }
                Some([]) | None => {
                    let text = format!("`{}` has no fate under {}", instance.path, contract.id);
                    findings.push(fault(code::NO_FATE, text).at(instance.place.clone()));
                    continue;
                }
            };
            list.push(Account {
                path: instance.path.clone(),
                pattern: instance.key.pattern,
                at: instance.place.file.line_column(instance.place.span.start),
                shown: instance.display.clone(),
                is_default: mke3.is_default(&instance.path),
                fate,
                why,
            });
        }
        Self { file: mke3.file().label().to_owned(), list }
    }

    /// Compares fates with the documents: what was carried is some scalar's origin, what was dropped is none's.
    pub fn check<'t>(&self, documents: impl IntoIterator<Item = &'t Tree>, findings: &mut Findings) {
        let mut named: BTreeSet<&Source> = BTreeSet::new();
        let documents: Vec<&Tree> = documents.into_iter().collect();
        let leaves: Vec<_> = documents.iter().flat_map(|doc| doc.leaves()).collect();
        for (_, leaf) in &leaves {
            named.extend(leaf.origin.sources());
        }
        for account in &self.list {
            let is_named = named.iter().any(|s| s.file == self.file && covers(&account.path, &s.path));
            if account.fate.has_output() && !is_named {
                let text = format!("`{}` counts as {}, but no document names it", account.path, account.fate);
                findings.push(fault(code::FATE_MISMATCH, text));
            }
            if account.fate.has_no_output() && is_named {
                let text = format!("`{}` counts as {}, but a document names it", account.path, account.fate);
                findings.push(fault(code::FATE_MISMATCH, text));
            }
        }
        for (path, leaf) in &leaves {
            if leaf.origin.is_empty() {
                findings.push(fault(code::FATE_MISMATCH, format!("`{path}` has no origin")));
            }
        }
    }
}

/// Whether a source path is this account's, or of an element of its list.
fn covers(account: &str, source: &str) -> bool {
    source.strip_prefix(account).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}
