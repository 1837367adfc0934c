//! Runs all rules over one configuration.

use super::{Accounts, Act, Ctx, Fate, Manifest, Rule, areas};
use crate::contract::Contract;
use crate::diag::{Finding, Findings, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::mke3::Config;
use crate::mke3::catalog::{self, Kind};
use crate::origin::Tracked;
use crate::source::nearest;
use crate::surroundings::Surroundings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a translation made.
#[derive(Debug)]
pub struct Translation {
    /// mke4.yaml.
    pub mke4: Arc<Tree>,
    /// Objects beside it.
    pub manifests: Vec<Manifest>,
    /// The fate of every key that the file holds.
    pub accounts: Accounts,
}

/// Every rule of every area.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    areas::ALL.iter().flat_map(|area| area.iter())
}

/// Translates a configuration. Findings tell what is lost, open or in the way; where one of them stops, the result is
/// good for reading only.
pub fn translate(
    mke3: &Config,
    site: &Surroundings,
    contract: &Contract,
    findings: &mut Findings,
) -> Translation {
    translate_by(rules(), mke3, site, contract, findings)
}

/// As [`translate`], by these rules alone.
pub(super) fn translate_by<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    mke3: &Config,
    site: &Surroundings,
    contract: &Contract,
    findings: &mut Findings,
) -> Translation {
    let mut ctx = Ctx {
        mke3,
        site,
        contract,
        doc: contract.default_document(),
        manifests: Vec::new(),
        findings: Findings::new(),
        asked: BTreeSet::new(),
        fates: BTreeMap::new(),
    };
    super::site::write(&mut ctx);
    for rule in rules {
        run(&mut ctx, rule);
    }
    unused_decisions(&mut ctx);
    let Ctx { doc, manifests, findings: found, fates, .. } = ctx;
    findings.append(found);
    let accounts = Accounts::new(mke3, contract, fates, findings);
    Translation { mke4: doc.into(), manifests, accounts }
}

fn run(ctx: &mut Ctx<'_>, rule: &Rule) {
    tracing::trace!(keys = ?rule.keys, "rule");
    match rule.act {
        Act::Code(run) => run(ctx),
        Act::Drop { why, felt } => {
            for key in ctx.instances(rule.keys) {
                ctx.drop(&key, why, felt);
            }
        }
        Act::Field { path, fate } => {
            for key in rule.keys {
                field(ctx, key, path, fate);
            }
        }
    }
}

fn field(ctx: &mut Ctx<'_>, key: &str, path: &'static str, fate: Fate) {
    let Some(known) = catalog::find(key) else {
        unreachable!("a test looks up every key of every rule: {key}")
    };
    if !ctx.contract.has(path) {
        return ctx.no_field(key, path);
    }
    let value: Tracked<Scalar> = match known.kind {
        Kind::Bool => ctx.mke3.bool(key).map(Scalar::from),
        Kind::Int => ctx.mke3.int(key).map(Scalar::from),
        Kind::Text(_) | Kind::NumberText | Kind::IntOrText => ctx.mke3.str(key).map(Scalar::from),
        Kind::List(_) | Kind::ListOrCommas => {
            let items = ctx.mke3.list(key);
            if items.is_empty() {
                return ctx.fate(key, Fate::Default, "");
            }
            ctx.put(path, Tree::strings(items));
            return ctx.fate(key, fate, "");
        }
    };
    if value.value == Scalar::Str(String::new()) {
        return ctx.fate(key, Fate::Default, "empty: the default of MKE 4k holds");
    }
    ctx.put(path, value);
    ctx.fate(key, fate, "");
}

/// A decision that no rule asks for is a mistake in its name, or about something that this cluster does not have.
fn unused_decisions(ctx: &mut Ctx<'_>) {
    let names: BTreeSet<&str> = areas::decision_keys().collect();
    for (key, given) in &ctx.site.decisions {
        // Those about rights are asked for, and checked, elsewhere.
        if ctx.asked.contains(key) || key.starts_with(crate::access::answers::PREFIX) {
            continue;
        }
        let finding = if names.contains(key.as_str()) {
            given
                .finding(code::DECISION_UNUSED, format!("the decision about `{key}` is not needed here"))
                .help(
                    "this cluster, or the target release, leaves nothing to decide there; take the line away",
                )
        } else {
            let finding =
                given.finding(code::DECISION_UNKNOWN, format!("there is nothing to decide about `{key}`"));
            match nearest(key, names.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("take the line away, or use the name that a finding gives"),
            }
        };
        ctx.findings.push(finding);
    }
}

/// A finding about the tool itself.
pub(super) fn fault(code: &'static crate::diag::Code, message: String) -> Finding {
    Finding::new(code, message)
        .help("this is a fault of Airlift, not of the input; report it with the key's name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::testing::{BESIDE, CONTRACTS, file_with, run};

    #[test]
    fn every_key_of_the_catalogue_stands_in_exactly_one_rule() {
        let mut count: BTreeMap<&str, usize> = catalog::all().map(|key| (key.pattern, 0)).collect();
        for pattern in rules().flat_map(|rule| rule.keys) {
            match count.get_mut(pattern) {
                Some(n) => *n += 1,
                None => panic!("a rule names `{pattern}`, which the catalogue does not know"),
            }
        }
        let wrong: Vec<_> = count.iter().filter(|(_, n)| **n != 1).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_key_has_one_fate_under_every_contract() {
        for contract in CONTRACTS {
            let (mut accounted, mut all) = (0, 0);
            for key in catalog::all() {
                all += 1;
                let run = run(&file_with(key, BESIDE), contract, &[]);
                assert_eq!(run.faults(), [""; 0], "{} under {contract}", key.pattern);
                let account = run.translation.accounts.list.iter().any(|a| a.pattern == key.pattern);
                assert!(account, "`{}` has no account under {contract}", key.pattern);
                accounted += 1;
            }
            println!("{contract}: accounted {accounted} of {all} keys");
        }
    }
}
