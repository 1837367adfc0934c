//! The same text without its secrets.
//!
//! Done before anything else looks at the values: each secret gives way to its slot, and all later work, places of
//! messages included, happens on the blanked text. So neither a message nor a `Debug` can show a secret: it is not
//! there. Blanking a blanked text changes nothing.
//!
//! Taken out are the values of secret keys, proxy addresses with a password in them, private keys wherever they
//! stand, and values of unknown keys whose names sound secret. What stays: comments, header values and flags.
//! MKE's own export has no comments; header values go to every client anyway.

use super::catalog::{Level, Shape, quote, root};
use super::secret::{OPEN, SecretSlot, looks_secret, must_hide};
use crate::secrets::Secret;
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
    let mut search = Search::default();
    search.table(tree, Some(root()), "", false);
    search.edits.sort_by_key(|(span, _)| span.start);
    let mut text = String::with_capacity(file.text().len());
    let mut from = 0;
    for (span, slot) in search.edits {
        text.push_str(file.text().get(from..span.start).unwrap_or_default());
        text.push_str(&format!("\"{}\"", slot.placeholder()));
        from = span.end;
    }
    text.push_str(file.text().get(from..).unwrap_or_default());
    Blanked { file: File::new(file.label(), text), problems: search.problems }
}

/// The secrets of a file that parses to this tree, for the store; slots are not among them.
pub(super) fn taken(tree: &Node) -> Vec<(SecretSlot, Secret)> {
    let mut search = Search { values: Some(Vec::new()), ..Search::default() };
    search.table(tree, Some(root()), "", false);
    search.values.unwrap_or_default()
}

#[derive(Default)]
struct Search {
    edits: Vec<(Range<usize>, SecretSlot)>,
    problems: BTreeMap<String, Problem>,
    /// Where they are asked for.
    values: Option<Vec<(SecretSlot, Secret)>>,
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

    fn hide(&mut self, node: &Node, path: &str) {
        let slot = SecretSlot::of(path);
        match &node.value {
            Value::Str(text) if text.is_empty() || *text == slot.placeholder() => return,
            Value::Str(text) if text.contains(OPEN) => {
                self.problems.insert(path.to_owned(), Problem::Slot);
            }
            Value::Str(text) => {
                if let Some(values) = &mut self.values {
                    values.push((slot.clone(), Secret::new(text.clone())));
                }
            }
            other => {
                self.problems.insert(path.to_owned(), Problem::Type(other.kind()));
            }
        }
        self.edits.push((node.span.clone(), slot));
    }
}
