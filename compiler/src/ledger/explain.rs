//! Answers in both directions: what became of a key, and where a value comes from.

use super::{KeyEntry, Ledger, ValueEntry};
use crate::source::nearest;
use serde::Serialize;
use std::fmt;

/// All that a question matches.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Keys of inputs.
    pub keys: Vec<KeyEntry>,
    /// Values of documents.
    pub values: Vec<ValueEntry>,
    /// Names that were perhaps meant, where nothing matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub perhaps: Vec<String>,
}

/// Hands out every value of every document.
pub type EachValue<'a> = dyn Fn(&mut dyn FnMut(ValueEntry)) + 'a;

/// Looks up `file:path`, or a path alone. A path of a table or map stands for all below it. For an input that is not
/// the TOML file (`hosts.yaml:hosts[0].address`) the answer is every value that depends on it. `access:NAME` is a user,
/// team, role, grant or binding of MKE 3.
///
/// `each_value` is asked anew where nothing was found.
pub fn explain(ledger: &Ledger, each_value: &EachValue<'_>, query: &str) -> Answer {
    let things = ledger.access.iter().filter(|thing| is_about(&thing.key, query));
    let keys: Vec<_> = ledger.keys.iter().filter(|k| matches(&k.key, query)).chain(things).cloned().collect();
    // What is the same on every node is listed once.
    let everywhere = query.strip_prefix("nodes/").and_then(|q| q.split_once('/'));
    let everywhere = everywhere.map(|(_, rest)| format!("nodes/*/{rest}"));
    let asked = |v: &ValueEntry| {
        matches(&v.value, query) || everywhere.as_ref().is_some_and(|query| matches(&v.value, query))
    };
    let filtered = |wanted: &dyn Fn(&ValueEntry) -> bool| {
        let mut values = Vec::new();
        each_value(&mut |value| {
            if wanted(&value) {
                values.push(value);
            }
        });
        values
    };
    let mut values = filtered(&asked);
    if keys.is_empty() && values.is_empty() {
        values = filtered(&|v| v.from.sources().any(|s| matches(&s.to_string(), query)));
    }
    let mut perhaps = Vec::new();
    if keys.is_empty() && values.is_empty() {
        let mut names: Vec<String> =
            ledger.keys.iter().chain(&ledger.access).map(|k| k.key.clone()).collect();
        each_value(&mut |value| names.push(value.value));
        let names = || names.iter().map(String::as_str);
        let last = |name: &str| name.rsplit(['.', ':']).next().map(str::to_owned).unwrap_or_default();
        let tail = last(query);
        perhaps = names().filter(|n| last(n).eq_ignore_ascii_case(&tail)).map(str::to_owned).collect();
        if perhaps.is_empty() {
            perhaps.extend(nearest(query, names()).map(str::to_owned));
        }
        perhaps.truncate(5);
    }
    Answer { keys, values, perhaps }
}

/// Whether `name` (`file:path`) is what was asked for, or lies below it.
fn matches(name: &str, query: &str) -> bool {
    let path = name.split_once(':').map_or(name, |(_, path)| path);
    let below = |whole: &str| {
        whole.strip_prefix(query).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    below(name) || below(path)
}

/// Whether a thing of the export (`access:user:bob.smith@corp.example`) is what was asked for: by its whole name, without
/// its kind, or by the beginning of its name up to a sign (`access:bob.smith`).
fn is_about(name: &str, query: &str) -> bool {
    let Some(query) = query.strip_prefix("access:") else { return false };
    let whole = name.strip_prefix("access:").unwrap_or(name);
    let bare = whole.split_once(':').map_or(whole, |(_, bare)| bare);
    [whole, bare].iter().any(|name| {
        name.strip_prefix(query).is_some_and(|rest| {
            rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_')
        })
    })
}

impl Answer {
    /// Whether nothing matched.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.values.is_empty()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.keys {
            writeln!(f, "{} = {}", key.key, key.value)?;
            let of = if key.file.is_empty() { String::new() } else { format!("{}, ", key.file) };
            writeln!(f, "    at {of}line {}, column {}", key.line, key.column)?;
            let why = if key.why.is_empty() { String::new() } else { format!(": {}", key.why) };
            writeln!(f, "    {}{why}", key.fate)?;
            for to in &key.to {
                writeln!(f, "    -> {to}")?;
            }
        }
        for value in &self.values {
            let shown = value.is.as_str().map_or_else(|| value.is.to_string(), |text| format!("{text:?}"));
            writeln!(f, "{} = {shown}", value.value)?;
            for from in value.from.sources() {
                let from =
                    if from.is_constant() { format!("constant of {}", from.path) } else { from.to_string() };
                writeln!(f, "    <- {from}")?;
            }
        }
        Ok(())
    }
}
