//! `airlift keys`: every known TOML key with its fate under a contract.

use super::args::Format;
use super::ui::Ui;
use super::{exit, output};
use crate::contract::{self, Use};
use crate::mke3::catalog;
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
    fate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

pub fn run(ui: Ui, target: Option<&str>, filter: Option<&str>, format: Format) -> anyhow::Result<u8> {
    let contract = match target {
        Some(id) => contract::by_id(id),
        None => contract::all().iter().rev().find(|c| c.allows == Use::Compile).copied(),
    };
    let Some(contract) = contract else {
        let known: Vec<_> = contract::all().iter().map(|c| c.id).collect();
        ui.fail(&format!("no contract for {} is known", target.unwrap_or_default()), Some(&known.join(", ")));
        return Ok(exit::USAGE);
    };
    let wanted = |key: &catalog::Key| filter.is_none_or(|text| key.pattern.contains(text));
    let rows: Vec<Row> = catalog::all().filter(|k| wanted(k)).map(|key| row(key, contract)).collect();
    match format {
        Format::Json => output::print_json(&rows)?,
        Format::Text => {
            let mut text = format!("Keys of MKE 3 under {}: {}\n", contract.id, rows.len());
            for row in &rows {
                write!(text, "{}: {}", row.key, row.fate)?;
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
            output::print(&text)?;
        }
    }
    Ok(exit::DONE)
}

fn row(key: &'static catalog::Key, contract: &contract::Contract) -> Row {
    let mut row = Row {
        key: key.pattern,
        since: key.since,
        seen: key.seen,
        secret: key.secret,
        fate: String::new(),
        to: None,
        why: key.outdated,
    };
    match rules().find(|rule: &&Rule| rule.keys.contains(&key.pattern)).map(|rule| rule.act) {
        Some(Act::Field { path, fate }) if contract.has(path) => {
            row.fate = fate.to_string();
            row.to = Some(path);
        }
        Some(Act::Field { .. }) => {
            row.fate = "dropped".to_owned();
            row.why = Some("the release has no field for it");
        }
        Some(Act::Drop { why, .. }) => {
            row.fate = "dropped".to_owned();
            row.why = Some(why);
        }
        Some(Act::Code(_)) => {
            row.fate = "depends on its value".to_owned();
            row.why = Some("`airlift check` tells it for a file");
        }
        None => row.fate = "refused".to_owned(),
    }
    row
}
