//! Which fates each key can have: what `airlift keys` shows without a file.
//!
//! One line of `fates.txt` per key of the catalogue: its name, the fate of a typical value (one that is not MKE 3's
//! default, while what it needs to be taken stands beside it and all else is at its default) under each contract in the order of [`contract::all`](crate::contract::all), then behind `|` every other
//! fate that a value, a decision or other keys can give it. A test translates every key with all kinds of values, and
//! the fixtures, under all contracts: what comes out must be declared, and what is declared must come out.

use super::Fate;
use crate::contract;

const TABLE: &str = include_str!("fates.txt");

/// The fates that a key can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possible {
    /// That of a typical value, one that is not MKE 3's default.
    pub typical: Fate,
    /// The others, by value, decision and other keys.
    pub others: Vec<Fate>,
}

/// The possible fates of a key, by its pattern, under a contract. `None` where either is not known.
pub fn possible(pattern: &str, contract: &str) -> Option<Possible> {
    let column = contract::all().iter().position(|c| c.id == contract)?;
    let (columns, others) = declared(pattern)?;
    let typical = *columns.get(column)?;
    let mut others: Vec<Fate> = others.into_iter().chain(columns).filter(|fate| *fate != typical).collect();
    others.sort();
    others.dedup();
    Some(Possible { typical, others })
}

/// The columns of a key, and what stands behind them.
fn declared(pattern: &str) -> Option<(Vec<Fate>, Vec<Fate>)> {
    // A name may hold blanks; a fate doesn't.
    let line = TABLE.lines().find_map(|line| line.strip_prefix(pattern)?.strip_prefix(": "))?;
    let (columns, others) = line.split_once('|').unwrap_or((line, ""));
    let fates = |text: &str| text.split_whitespace().filter_map(fate).collect();
    Some((fates(columns), fates(others)))
}

fn fate(word: &str) -> Option<Fate> {
    Fate::ALL.into_iter().find(|fate| fate.to_string() == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mke3::catalog::{self, Allowed, Kind, Literal};
    use crate::translate::testing::{BESIDE, CONTRACTS, Run, file_with, run, toml};
    use rayon::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;

    type Seen = BTreeMap<&'static str, BTreeSet<Fate>>;

    fn note(run: &Run, seen: &mut Seen) {
        for account in &run.translation.accounts.list {
            seen.entry(account.pattern).or_default().insert(account.fate);
        }
    }

    /// The answers that findings offer, as pairs of key and answer.
    fn offers(run: &Run) -> Vec<(String, String)> {
        let help = run.findings.iter().filter_map(|finding| finding.help.as_deref());
        let lines = help.flat_map(str::lines).filter(|line| line.starts_with("  "));
        let pairs = lines.filter_map(|line| line.trim().split_once("  # ")?.0.split_once(": "));
        pairs.map(|(key, answer)| (key.to_owned(), answer.to_owned())).collect()
    }

    /// Translates it as it is, and once for each answer that is asked for.
    fn walk(text: &str, contract: &str, seen: &mut Seen) {
        let first = run(text, contract, &[]);
        note(&first, seen);
        for (key, answer) in offers(&first) {
            note(&run(text, contract, &[(&key, &answer)]), seen);
        }
    }

    /// Other values of a key, as TOML texts.
    fn values(key: &catalog::Key) -> Vec<String> {
        let mut values: Vec<String> = key
            .defaults()
            .map(|default| match default {
                Literal::Bool(on) => on.to_string(),
                Literal::Int(number) => number.to_string(),
                Literal::Str(text) => format!("{text:?}"),
            })
            .collect();
        if let Allowed::Words { words, .. } = key.allowed {
            let quoted =
                |word: &&str| if key.kind.is_list() { format!("[{word:?}]") } else { format!("{word:?}") };
            values.extend(words.iter().map(quoted));
        }
        match key.kind {
            Kind::Bool => values.extend(["true".to_owned(), "false".to_owned()]),
            Kind::Text(_) => values.push("\"\"".to_owned()),
            Kind::List(_) | Kind::ListOrCommas => values.push("[]".to_owned()),
            _ => {}
        }
        values.sort();
        values.dedup();
        values
    }

    fn of(key: &'static catalog::Key) -> (Vec<Fate>, Seen) {
        let mut seen = Seen::new();
        let typical = CONTRACTS.map(|contract| {
            let text = file_with(key, BESIDE);
            let mut one = Seen::new();
            walk(&text, contract, &mut one);
            let first = run(&text, contract, &[]);
            for (pattern, fates) in one {
                seen.entry(pattern).or_default().extend(fates);
            }
            let account = first.translation.accounts.list.iter().find(|a| a.pattern == key.pattern);
            account.expect("a test shows that each key has an account").fate
        });
        if !key.pattern.contains(['[', '<', '"']) {
            let base: Vec<_> = BESIDE.iter().filter(|(path, _)| *path != key.pattern).copied().collect();
            for value in values(key) {
                let text = toml(&[base.as_slice(), &[(key.pattern, &value)]].concat());
                // A value that MKE 3 does not take has no fate.
                if readable(&text) {
                    walk(&text, "v4.1.5", &mut seen);
                }
            }
        }
        (typical.to_vec(), seen)
    }

    fn readable(text: &str) -> bool {
        let file = crate::source::File::new("mke3.toml", text);
        crate::mke3::Config::read(&file, &BTreeMap::new(), &mut crate::diag::Findings::new()).is_some()
    }

    #[test]
    fn what_a_translation_gives_is_what_is_declared() {
        let keys: Vec<&'static catalog::Key> = catalog::all().collect();
        let found: Vec<(Vec<Fate>, Seen)> = keys.par_iter().map(|key| of(key)).collect();
        let mut seen = Seen::new();
        for text in [
            include_str!("../../../examples/acme/mke3.toml"),
            include_str!("../../../tests/fixtures/mke3/small.toml"),
            include_str!("../../../tests/fixtures/mke3/enterprise.toml"),
            include_str!("../../../tests/fixtures/mke3/unsupported.toml"),
        ] {
            CONTRACTS.iter().for_each(|contract| walk(text, contract, &mut seen));
        }
        for (_, one) in &found {
            for (pattern, fates) in one {
                seen.entry(pattern).or_default().extend(fates);
            }
        }
        let mut table = String::new();
        for (key, (typical, _)) in keys.iter().zip(&found) {
            let list = |fates: &[Fate]| fates.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let others: Vec<Fate> = seen.get(key.pattern).into_iter().flatten().copied().collect();
            let others: Vec<Fate> = others.into_iter().filter(|fate| !typical.contains(fate)).collect();
            let _ = writeln!(table, "{}: {} | {}", key.pattern, list(typical), list(&others));
        }
        let table: String =
            table.lines().map(|line| format!("{}\n", line.trim_end_matches([' ', '|']))).collect();
        if table != TABLE {
            println!("--- fates.txt as it should be\n{table}--- end");
            let wrong: Vec<_> = table.lines().filter(|line| !TABLE.lines().any(|l| l == *line)).collect();
            panic!("{} keys have other fates than `fates.txt` says: {wrong:#?}", wrong.len());
        }
    }
}
