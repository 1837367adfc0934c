//! `airlift keys`: every known TOML key with its fate under a contract.

use super::answer::Answer;
use super::exit;
use crate::contract::{self, Use};
use crate::mke3::catalog;
use crate::translate::fates::{Possible, possible};
use crate::translate::{Act, Rule, rules};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Row {
    key: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    since: &'static str,
    seen: &'static str,
    secret: bool,
    /// That of a value that is not MKE 3's default, set alone.
    fate: String,
    /// What other values, decisions and other keys can make of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    or: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

pub fn run(target: Option<&str>, filter: Option<&str>) -> anyhow::Result<Answer> {
    let contract = match target {
        Some(id) => contract::by_id(id),
        None => contract::all().iter().rev().find(|c| c.allows == Use::Compile).copied(),
    };
    let Some(contract) = contract else {
        let known: Vec<_> = contract::all().iter().map(|c| c.id).collect();
        let text = format!("no contract for {} is known", target.unwrap_or_default());
        return Ok(Answer::new(exit::USAGE).problem(text, Some(&format!("known are {}", known.join(", ")))));
    };
    let wanted = |key: &catalog::Key| filter.is_none_or(|text| key.pattern.contains(text));
    let rows: Vec<Row> = catalog::all().filter(|k| wanted(k)).map(|key| row(key, contract)).collect();
    let mut text = format!(
        "Keys of MKE 3 under {}: {}, each with the fate of a value that is not MKE 3's default, set alone\n",
        contract.id,
        rows.len()
    );
    for row in &rows {
        write!(text, "{}: {}", row.key, row.fate)?;
        if !row.or.is_empty() {
            write!(text, " (or, by value, decision or other keys: {})", row.or.join(", "))?;
        }
        if let Some(to) = row.to {
            write!(text, " -> spec.{to}")?;
        }
        if let Some(why) = row.why {
            write!(text, ", {why}")?;
        }
        if row.secret {
            text.push_str(" (secret)");
        }
        text.push('\n');
    }
    Answer::new(exit::DONE).result(&rows, text)
}

fn row(key: &'static catalog::Key, contract: &contract::Contract) -> Row {
    let mut row = Row {
        key: key.pattern,
        since: key.since,
        seen: key.seen,
        secret: key.secret,
        fate: String::new(),
        or: Vec::new(),
        to: None,
        why: key.outdated,
    };
    match possible(key.pattern, contract.id) {
        Some(Possible { typical, others }) => {
            row.fate = typical.to_string();
            row.or = others.iter().map(ToString::to_string).collect();
        }
        None => unreachable!("a test compares the table with the catalogue: {}", key.pattern),
    }
    match rules().find(|rule: &&Rule| rule.keys.contains(&key.pattern)).map(|rule| rule.act) {
        Some(Act::Field { path, .. }) if contract.has(path) => row.to = Some(path),
        Some(Act::Field { .. }) => row.why = Some("the release has no field for it"),
        Some(Act::Drop { why, .. }) => row.why = Some(why),
        Some(Act::Code(_)) | None => {}
    }
    row
}
