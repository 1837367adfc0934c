//! Proves that every key of the file has exactly one fate.

use super::run::fault;
use super::{Fate, Uses};
use crate::contract::Contract;
use crate::diag::{Findings, codes::translate as code};
use crate::mke3::Config;
use std::collections::BTreeMap;

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
#[derive(Clone, Debug, Default)]
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
    pub fn check(&self, uses: &Uses, findings: &mut Findings) {
        for account in &self.list {
            let is_named = uses.of(&account.path).next().is_some();
            if account.fate.has_output() && !is_named {
                let text = format!("`{}` counts as {}, but no document names it", account.path, account.fate);
                findings.push(fault(code::FATE_MISMATCH, text));
            }
            if account.fate.has_no_output() && is_named {
                let text = format!("`{}` counts as {}, but a document names it", account.path, account.fate);
                findings.push(fault(code::FATE_MISMATCH, text));
            }
        }
        for place in uses.without_origin() {
            findings.push(fault(code::FATE_MISMATCH, format!("`{place}` has no origin")));
        }
    }
}
