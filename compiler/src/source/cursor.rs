//! Takes a table apart, member by member, and reports what is wrong with it.

use super::{Entry, File, Kind, Node, Place, Value};
use crate::diag::{Finding, Findings, codes::input as code};
use crate::origin::{Source, Tracked};
use std::collections::BTreeSet;
use std::ops::Range;

/// A value taken from an input, with its place and its dotted path.
#[derive(Clone, Debug)]
pub struct Field<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
    /// Its path in the file, for example `registries.image.url`.
    pub path: String,
}

impl<T> Field<T> {
    /// The value with its origin.
    pub fn tracked(self) -> Tracked<T> {
        let source = self.source();
        Tracked::new(self.value, source)
    }

    /// The origin alone.
    pub fn source(&self) -> Source {
        Source::new(self.place.file.shared_label(), self.path.clone())
    }

    /// Another value from the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Field<U> {
        Field { value: f(self.value), place: self.place, path: self.path }
    }

    /// A finding at this value.
    pub fn finding(&self, code: &'static crate::diag::Code, message: impl Into<String>) -> Finding {
        Finding::new(code, message).at(self.place.clone())
    }
}

/// A walk over one table. Ask for each member that is known, then [`finish`](Self::finish) to report the rest.
#[derive(Debug)]
pub struct Cursor<'a> {
    file: &'a File,
    path: String,
    entries: &'a [Entry],
    span: Range<usize>,
    known: BTreeSet<&'static str>,
}

impl<'a> Cursor<'a> {
    /// Starts at a table; anything else is reported. `path` is empty at the top.
    pub fn new(
        file: &'a File,
        node: &'a Node,
        path: impl Into<String>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let path = path.into();
        match &node.value {
            Value::Map(entries) => {
                Some(Self { file, path, entries, span: node.span.clone(), known: BTreeSet::new() })
            }
            other => {
                let what = if path.is_empty() { file.label().to_owned() } else { format!("`{path}`") };
                findings.push(
                    Finding::new(code::TYPE, format!("{what} must be a table, not {}", other.kind()))
                        .at(file.place(node.span.clone())),
                );
                None
            }
        }
    }

    /// The path of a member.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where this table stands.
    pub fn place(&self) -> Place {
        self.file.place(self.span.clone())
    }

    /// The member as it is. A null counts as absent.
    pub fn node(&mut self, key: &'static str) -> Option<Field<&'a Node>> {
        self.known.insert(key);
        let entry = self.entries.iter().find(|e| e.key == key)?;
        if entry.node.value == Value::Null {
            return None;
        }
        Some(Field {
            value: &entry.node,
            place: self.file.place(entry.node.span.clone()),
            path: self.path_of(key),
        })
    }

    /// A text member.
    pub fn str(&mut self, key: &'static str, findings: &mut Findings) -> Option<Field<String>> {
        self.typed(key, Kind::Str, findings, |value| match value {
            Value::Str(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// A whole number.
    pub fn int(&mut self, key: &'static str, findings: &mut Findings) -> Option<Field<i64>> {
        self.typed(key, Kind::Int, findings, |value| match value {
            Value::Int(number) => Some(*number),
            _ => None,
        })
    }

    /// A switch.
    pub fn bool(&mut self, key: &'static str, findings: &mut Findings) -> Option<Field<bool>> {
        self.typed(key, Kind::Bool, findings, |value| match value {
            Value::Bool(on) => Some(*on),
            _ => None,
        })
    }

    /// A text member that must be there.
    pub fn required_str(&mut self, key: &'static str, findings: &mut Findings) -> Option<Field<String>> {
        self.require(key, findings);
        self.str(key, findings)
    }

    /// A list, element by element, each with its own path `key[0]`.
    pub fn list(&mut self, key: &'static str, findings: &mut Findings) -> Vec<Field<&'a Node>> {
        let Some(field) = self.node(key) else { return Vec::new() };
        match &field.value.value {
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(i, node)| Field {
                    value: node,
                    place: self.file.place(node.span.clone()),
                    path: format!("{}[{i}]", field.path),
                })
                .collect(),
            other => {
                findings.push(wrong(&field, Kind::List, other.kind()));
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub fn strings(&mut self, key: &'static str, findings: &mut Findings) -> Vec<Field<String>> {
        let mut texts = Vec::new();
        for item in self.list(key, findings) {
            match &item.value.value {
                Value::Str(text) => texts.push(item.clone().map(|_| text.clone())),
                other => findings.push(wrong(&item, Kind::Str, other.kind())),
            }
        }
        texts
    }

    /// A table below this one.
    pub fn table(&mut self, key: &'static str, findings: &mut Findings) -> Option<Cursor<'a>> {
        let field = self.node(key)?;
        Cursor::new(self.file, field.value, field.path, findings)
    }

    /// Reports a missing member.
    pub fn require(&mut self, key: &'static str, findings: &mut Findings) {
        if self.node(key).is_none() {
            let path = self.path_of(key);
            findings.push(
                Finding::new(code::MISSING, format!("`{path}` is missing"))
                    .at(self.place())
                    .label("expected in this table")
                    .help(format!("add `{key}`")),
            );
        }
    }

    /// All members, for tables whose keys are data.
    pub fn entries(&self) -> impl Iterator<Item = (&'a Entry, String)> + '_ {
        self.entries.iter().map(|entry| (entry, self.path_of(&entry.key)))
    }

    /// Reports every member that was not asked for, with the nearest name that would have been.
    pub fn finish(self, findings: &mut Findings) {
        for entry in self.entries.iter().filter(|e| !self.known.contains(e.key.as_str())) {
            let path = self.path_of(&entry.key);
            let near = nearest(&entry.key, self.known.iter().copied());
            let help = match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", self.known.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            findings.push(
                Finding::new(code::UNKNOWN, format!("unknown key `{path}`"))
                    .at(self.file.place(entry.key_span.clone()))
                    .help(help),
            );
        }
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        kind: Kind,
        findings: &mut Findings,
        take: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Field<T>> {
        let field = self.node(key)?;
        match take(&field.value.value) {
            Some(value) => Some(field.map(|_| value)),
            None => {
                findings.push(wrong(&field, kind, field.value.value.kind()));
                None
            }
        }
    }
}

fn wrong(field: &Field<&Node>, want: Kind, got: Kind) -> Finding {
    let finding = Finding::new(code::TYPE, format!("`{}` must be {want}, not {got}", field.path))
        .at(field.place.clone())
        .label(format!("this is {got}"));
    match (want, got) {
        (Kind::Str, Kind::Int | Kind::Float | Kind::Bool) => finding.help("put it in quotes"),
        (Kind::Int | Kind::Bool, Kind::Str) => finding.help("take the quotes away"),
        _ => finding,
    }
}

/// The candidate that a misspelt word most likely meant, if any is near enough.
pub fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |s: &str| s.to_lowercase().replace(['-', '_'], "");
    let word = plain(word);
    names
        .map(|name| (strsim::jaro_winkler(&word, &plain(name)), name))
        .filter(|(score, _)| *score >= 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, name)| name)
}
