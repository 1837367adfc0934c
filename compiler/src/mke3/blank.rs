//! The same text without its secrets.
//!
//! Done before anything else looks at the values: each secret gives way to its slot, and all later work, places of
//! messages included, happens on the blanked text. So neither a message nor a `Debug` can show a secret: it is not
//! there. Blanking a blanked text changes nothing.
//!
//! Taken out are the values of secret keys, proxy addresses with a password in them, private keys wherever they
//! stand, values of unknown keys whose names sound secret, and values of custom flags that look secret (of such a flag
//! its name stays). What stays: comments, header values and all other flags. MKE's own export has no comments; header
//! values go to every client anyway.

use super::catalog::{self, Form, Key, Level, Shape, quote, root};
use super::secret::{OPEN, SecretSlot, looks_secret, must_hide, without_flag_secret};
use crate::source::{File, Kind, Node, Value};
use std::collections::BTreeMap;
use std::ops::Range;

/// A text without secrets, and what its secrets were before.
pub(super) struct Blanked {
    /// The new text under the old label.
    pub(super) file: File,
    /// What was wrong with a secret, by its path; it can't be seen any more.
    pub(super) problems: BTreeMap<String, Problem>,
}

/// What was wrong with a text that was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It was no text.
    Type(Kind),
    /// It held the beginning of a slot, but was not the slot of this key.
    Slot,
    /// It held a private key.
    PrivateKey,
}

/// Takes the secrets out of a file that parses to this tree.
pub(super) fn blank(file: &File, tree: &Node) -> Blanked {
    let mut search = Search { edits: Vec::new(), problems: BTreeMap::new() };
    search.table(tree, Some(root()), "", false);
    search.edits.sort_by_key(|(span, _)| span.start);
    let mut text = String::with_capacity(file.text().len());
    let mut from = 0;
    for (span, put) in search.edits {
        text.push_str(file.text().get(from..span.start).unwrap_or_default());
        text.push_str(&quoted(&put));
        from = span.end;
    }
    text.push_str(file.text().get(from..).unwrap_or_default());
    Blanked { file: File::new(file.label(), text), problems: search.problems }
}

/// A text as TOML writes it, on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

struct Search {
    /// What to put where.
    edits: Vec<(Range<usize>, String)>,
    problems: BTreeMap<String, Problem>,
}

impl Search {
    /// Goes through a table or its rows. `level` is missing where the catalogue knows nothing; `hide` is set below a
    /// name that sounds secret.
    fn table(&mut self, node: &Node, level: Option<&'static Level>, path: &str, hide: bool) {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    let member = level.and_then(|level| level.member(&entry.key));
                    let name = quote(member.as_ref().map_or(entry.key.as_str(), |member| member.name));
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    let sounds = looks_secret(&entry.key) || path.contains("credentials");
                    let hide = hide || (member.is_none() && sounds);
                    match member.map(|member| member.shape) {
                        Some(Shape::Table(level) | Shape::Rows { level, .. }) => {
                            self.table(&entry.node, Some(level), &path, hide);
                        }
                        Some(Shape::Leaf(key)) => match &entry.node.value {
                            Value::Str(text) if must_hide(key, text) => self.hide(&entry.node, &path),
                            _ if is_flags(key) && !hide => self.flags(&entry.node, &path),
                            _ => self.table(&entry.node, None, &path, hide || key.secret),
                        },
                        None => self.table(&entry.node, None, &path, hide),
                    }
                }
            }
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.table(item, level, &format!("{path}[{i}]"), hide);
                }
            }
            _ if hide => self.hide(node, path),
            Value::Str(text) if text.contains("PRIVATE KEY-----") => {
                self.problems.insert(path.to_owned(), Problem::PrivateKey);
                self.hide(node, path);
            }
            _ => {}
        }
    }

    /// A flag, several in one text, or a list of either: the values that look secret give way.
    fn flags(&mut self, node: &Node, path: &str) {
        match &node.value {
            Value::Str(text) => {
                let slot = SecretSlot::of(path);
                let flags = text.split_inclusive(char::is_whitespace).map(|part| {
                    let flag = part.trim_end();
                    let rest = part.get(flag.len()..).unwrap_or_default();
                    without_flag_secret(flag, &slot).map(|safe| safe + rest)
                });
                let safe: Vec<Option<String>> = flags.collect();
                if safe.iter().all(Option::is_none) {
                    return self.table(node, None, path, false);
                }
                // What follows a secret after a blank may belong to it.
                let first = safe.iter().take_while(|part| part.is_none()).count();
                let kept: String = text.split_inclusive(char::is_whitespace).take(first).collect();
                let put = safe.get(first).cloned().flatten().unwrap_or_default();
                self.edits.push((node.span.clone(), kept + put.trim_end()));
            }
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.flags(item, &format!("{path}[{i}]"));
                }
            }
            _ => self.table(node, None, path, false),
        }
    }

    fn hide(&mut self, node: &Node, path: &str) {
        let slot = SecretSlot::of(path);
        match &node.value {
            Value::Str(text) if text.is_empty() || *text == slot.placeholder() => return,
            Value::Str(text) if text.contains(OPEN) => {
                self.problems.insert(path.to_owned(), Problem::Slot);
            }
            Value::Str(_) => {}
            other => {
                self.problems.insert(path.to_owned(), Problem::Type(other.kind()));
            }
        }
        self.edits.push((node.span.clone(), slot.placeholder()));
    }
}

/// Whether a key holds flags.
fn is_flags(key: &Key) -> bool {
    matches!(key.kind, catalog::Kind::List(Form::Flag) | catalog::Kind::Text(Form::FlagText))
}
