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

/// Looks up `file:path`, or a path alone. A path of a table or map stands for all below it. For an input that is not
/// the TOML file (`hosts.yaml:hosts[0].address`) the answer is every value that depends on it.
pub fn explain(ledger: &Ledger, query: &str) -> Answer {
    let keys: Vec<_> = ledger.keys.iter().filter(|k| matches(&k.key, query)).cloned().collect();
    let mut values: Vec<_> = ledger.values.iter().filter(|v| matches(&v.value, query)).cloned().collect();
    if keys.is_empty() && values.is_empty() {
        let from = |v: &&ValueEntry| v.from.sources().any(|s| matches(&s.to_string(), query));
        values = ledger.values.iter().filter(from).cloned().collect();
    }
    let mut perhaps = Vec::new();
    if keys.is_empty() && values.is_empty() {
        let names = || {
            ledger.keys.iter().map(|k| k.key.as_str()).chain(ledger.values.iter().map(|v| v.value.as_str()))
        };
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
            writeln!(f, "    at line {}, column {}", key.line, key.column)?;
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
