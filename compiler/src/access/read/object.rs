//! Takes an answer apart: objects by member, lists by page.

use crate::diag::codes::{access as code, input};
use crate::diag::{Finding, Findings};
use crate::site::values::SLOT;
use crate::source::{Entry, File, Node, Place, Value};
use std::collections::BTreeMap;

/// What all readers share.
pub(super) struct Reading {
    /// What is wrong.
    pub(super) findings: Findings,
    /// Members that nothing reads, each once: kind of object, name, place.
    pub(super) unread: BTreeMap<(&'static str, String), Place>,
}

impl Reading {
    pub(super) fn incomplete(&mut self, place: Place, message: impl Into<String>) {
        self.findings.push(Finding::new(code::INCOMPLETE, message).at(place).help(COLLECT_AGAIN));
    }

    pub(super) fn twice(&mut self, place: Place, first: Place, message: impl Into<String>) {
        self.findings.push(
            Finding::new(code::TWICE, message).at(place).label("again here").also(first, "first here").help(
                "accounts changed while they were read, or two exports are mixed: run collect.sh again",
            ),
        );
    }
}

/// The way out of a bad export.
pub(super) const COLLECT_AGAIN: &str = "run collect.sh again, as an administrator, and copy all of access/";

/// An object of the export.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub(super) file: &'a File,
    node: &'a Node,
    entries: &'a [Entry],
    /// What it is, for messages: `a user`.
    what: &'static str,
}

impl<'a> Object<'a> {
    /// Starts at an object. Members outside `known` are noted as unread; an empty list says that all are data.
    pub(super) fn new(
        file: &'a File,
        node: &'a Node,
        what: &'static str,
        known: &[&str],
        reading: &mut Reading,
    ) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            reading.findings.push(not_this(file, node, what));
            return None;
        };
        let object = Self { file, node, entries, what };
        if known.is_empty() {
            object.keys_once(reading);
        } else {
            if let Some(reply) = object.error_reply(known) {
                reading.findings.push(reply);
                return None;
            }
            for entry in entries.iter().filter(|e| !known.contains(&e.key.as_str())) {
                let key = (what, entry.key.clone());
                reading.unread.entry(key).or_insert_with(|| file.place(entry.key_span.clone()));
            }
        }
        Some(object)
    }

    pub(super) fn place(&self) -> Place {
        self.file.place(self.node.span.clone())
    }

    /// Where a member stands, or the whole where it is absent: a name says more than a brace.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.get(key).map_or_else(|| self.place(), |node| self.file.place(node.span.clone()))
    }

    /// Members as data.
    pub(super) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// A member; null counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|e| e.key == key).map(|e| &e.node).filter(|n| n.value != Value::Null)
    }

    /// A text, empty where it is absent.
    pub(super) fn text(&self, key: &str, reading: &mut Reading) -> String {
        match self.get(key).map(|n| (&n.value, n)) {
            None => String::new(),
            // On the leader such a name would give way to a secret, for everybody to read.
            Some((Value::Str(text), node)) if text.contains(SLOT) => {
                let message = format!("`{key}` of {} looks like the slot of a secret", self.what);
                let help = "give it another name in MKE 3 and collect again";
                let place = self.file.place(node.span.clone());
                reading.findings.push(Finding::new(input::VALUE, message).at(place).help(help));
                String::new()
            }
            Some((Value::Str(text), _)) => text.clone(),
            Some((_, node)) => {
                self.wrong(key, "text", node, reading);
                String::new()
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str, reading: &mut Reading) -> Option<String> {
        if self.get(key).is_none() {
            let message = format!("{} has no `{key}`", self.what);
            reading.findings.push(Finding::new(input::MISSING, message).at(self.place()).help(COLLECT_AGAIN));
            return None;
        }
        Some(self.text(key, reading)).filter(|text| !text.is_empty())
    }

    /// A switch, off where it is absent.
    pub(super) fn flag(&self, key: &str, reading: &mut Reading) -> bool {
        match self.get(key).map(|n| (&n.value, n)) {
            None => false,
            Some((Value::Bool(on), _)) => *on,
            Some((_, node)) => {
                self.wrong(key, "true or false", node, reading);
                false
            }
        }
    }

    /// A count, where there is one.
    pub(super) fn count(&self, key: &str, reading: &mut Reading) -> Option<(usize, Place)> {
        let node = self.get(key)?;
        match node.value {
            Value::Int(n) if n >= 0 => {
                Some((usize::try_from(n).unwrap_or(usize::MAX), self.file.place(node.span.clone())))
            }
            _ => {
                self.wrong(key, "a whole number", node, reading);
                None
            }
        }
    }

    /// A list, empty where it is absent.
    pub(super) fn list(&self, key: &str, reading: &mut Reading) -> &'a [Node] {
        match self.get(key).map(|n| (&n.value, n)) {
            None => &[],
            Some((Value::List(items), _)) => items,
            Some((_, node)) => {
                self.wrong(key, "a list", node, reading);
                &[]
            }
        }
    }

    /// Texts of a list.
    pub(super) fn texts(&self, key: &str, reading: &mut Reading) -> Vec<&'a str> {
        let mut texts = Vec::new();
        for node in self.list(key, reading) {
            match &node.value {
                Value::Str(text) => texts.push(text.as_str()),
                _ => self.wrong(key, "a list of texts", node, reading),
            }
        }
        texts
    }

    /// An object below this one.
    pub(super) fn object(
        &self,
        key: &str,
        what: &'static str,
        known: &[&str],
        reading: &mut Reading,
    ) -> Option<Object<'a>> {
        Object::new(self.file, self.get(key)?, what, known, reading)
    }

    fn wrong(&self, key: &str, want: &str, node: &Node, reading: &mut Reading) {
        let message = format!("`{key}` of {} must be {want}, not {}", self.what, node.value.kind());
        let place = self.file.place(node.span.clone());
        reading.findings.push(Finding::new(input::TYPE, message).at(place).help(COLLECT_AGAIN));
    }

    /// Names as data stand once.
    pub(super) fn keys_once(&self, reading: &mut Reading) {
        let mut seen: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in self.entries {
            if let Some(first) = seen.insert(&entry.key, entry) {
                let (again, first) = (entry.key_span.clone(), first.key_span.clone());
                let message = format!("{} `{}` stands twice", self.what, shown(&entry.key));
                reading.twice(self.file.place(again), self.file.place(first), message);
            }
        }
    }

    /// Whether this is what a server answers when it refuses.
    fn error_reply(&self, known: &[&str]) -> Option<Finding> {
        if self.entries.iter().any(|e| known.contains(&e.key.as_str()) && e.key != "kind") {
            return None;
        }
        let status = self.get("kind").is_some_and(|n| n.value == Value::Str("Status".to_owned()));
        let entry = ["errors", "error", "message"].iter().find_map(|key| self.get(key));
        let entry = entry.or(status.then_some(self.node))?;
        let message = format!("{} was asked for, but the server answered with an error", self.what);
        let finding = Finding::new(code::ERROR_REPLY, message).at(self.file.place(entry.span.clone()));
        Some(finding.note("the login may have expired, or lacked rights").help(COLLECT_AGAIN))
    }
}

fn not_this(file: &File, node: &Node, what: &'static str) -> Finding {
    let place = file.place(node.span.clone());
    let html = matches!(&node.value, Value::Str(text) if text.trim_start().starts_with('<'));
    if html {
        let message = format!("{what} was asked for, but the server answered with a web page");
        return Finding::new(code::ERROR_REPLY, message)
            .at(place)
            .note("a proxy, a login page or another server may have answered")
            .help(COLLECT_AGAIN);
    }
    let message = format!("{what} must be an object, not {}", node.value.kind());
    Finding::new(input::TYPE, message).at(place).help(COLLECT_AGAIN)
}

/// The pages of a list and the items on them. `node` is a list of pages or one page. A page without the items' member
/// is no page; a list whose last page names a next one, or that goes on after its last, is incomplete.
pub(super) fn pages<'a>(
    file: &'a File,
    node: &'a Node,
    what: &'static str,
    items: &'static str,
    known: &[&str],
    reading: &mut Reading,
) -> Vec<(Object<'a>, &'a [Node])> {
    let nodes: &[Node] = match &node.value {
        Value::List(nodes) => nodes,
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        reading.incomplete(file.place(node.span.clone()), format!("{what} has no page"));
    }
    let mut found = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let Some(page) = Object::new(file, node, what, known, reading) else { continue };
        if page.get(items).is_none() {
            reading.incomplete(page.place(), format!("{what} lacks `{items}`"));
            continue;
        }
        let next = page.text("nextPageStart", reading);
        let last = i + 1 == nodes.len();
        let place = || page.get("nextPageStart").map_or_else(|| page.place(), |n| file.place(n.span.clone()));
        if last && !next.is_empty() {
            reading.incomplete(place(), format!("{what} names a next page that is not in the export"));
        } else if !last && next.is_empty() {
            reading.incomplete(place(), format!("{what} is the last one, but another follows"));
        }
        let items = page.list(items, reading);
        found.push((page, items));
    }
    found
}

/// A name as it may be shown: control characters would upset a terminal.
pub fn shown(name: &str) -> String {
    name.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}
