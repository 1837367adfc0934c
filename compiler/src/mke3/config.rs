//! What a read configuration answers.
//!
//! Every accessor takes the path of one value, with the catalogue's spelling or a second one
//! (`cluster_config.pod_cidr`, `registries[0].ca_bundle`), and panics if the catalogue has no such key: that is a slip
//! in Airlift, not in an input. A key that is absent or empty answers with MKE's default, and its origin still names
//! the key, because the absence decides.

use super::catalog::{Form, Found, Key, Kind, Literal, quote, resolve, walk};
use super::forms::{duration, windows_path};
use super::secret::{SecretSlot, looks_secret};
use crate::diag::Findings;
use crate::origin::{Origin, Source, Tracked};
use crate::source::{File, Place};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// An MKE 3 configuration that was read without an error. Holds no secret.
#[derive(PartialEq)]
pub struct Config {
    pub(super) file: Blank,
    /// In the order of the file.
    pub(super) leaves: Vec<Leaf>,
    pub(super) by_path: BTreeMap<String, usize>,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) allowed: Vec<AllowedKey>,
}

/// The file, compared by what it says.
#[derive(Clone)]
pub(super) struct Blank(pub(super) File);

impl PartialEq for Blank {
    fn eq(&self, other: &Self) -> bool {
        self.0.label() == other.0.label() && self.0.text() == other.0.text()
    }
}

/// One value of the file.
#[derive(Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) path: String,
    pub(super) key: &'static Key,
    pub(super) written: Written,
    pub(super) span: Range<usize>,
}

/// What stands there.
#[derive(Debug, PartialEq)]
pub(super) enum Written {
    Bool(bool),
    Int(i64),
    Str(String),
    List(Vec<(String, Range<usize>)>),
    /// A secret was here.
    Secret(SecretSlot),
}

/// One table of the file.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) span: Range<usize>,
    /// For an array of tables.
    pub(super) rows: usize,
}

/// An unknown key that site.yaml or the command line allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedKey {
    /// Its path as written.
    pub path: String,
    /// Why it is allowed.
    pub reason: String,
}

/// One value that the file holds, for the ledger.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Canonical path: `registries[0].ca_bundle`.
    pub path: String,
    /// What the catalogue knows about it.
    pub key: &'static Key,
    /// Where the value stands.
    pub place: Place,
    /// The value for people; `<secret>` for a secret.
    pub display: String,
}

/// One table of an array of tables.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    config: &'a Config,
    path: String,
}

impl Config {
    /// Reads a file. Everything that is wrong goes to `findings`, all in one run; a configuration comes back only
    /// where nothing of it stops a compile. `allow` gives unknown keys that may stay, each with its reason.
    pub fn read(file: &File, allow: &BTreeMap<String, String>, findings: &mut Findings) -> Option<Self> {
        super::read::read(file, allow, findings)
    }

    /// The file's text with each secret replaced by its slot. Reading it again gives the same configuration.
    pub fn blanked(&self) -> String {
        self.file.0.text().to_owned()
    }

    /// The blanked file that all places point into.
    pub fn file(&self) -> &File {
        &self.file.0
    }

    /// A switch.
    pub fn bool(&self, key: &str) -> Tracked<bool> {
        let (key, path) = known(key);
        assert!(key.kind == Kind::Bool, "`{path}` is no switch");
        let value = match (self.written(&path), key.default) {
            (Some(Written::Bool(value)), _) => *value,
            (_, Some(Literal::Bool(default))) => default,
            _ => false,
        };
        Tracked::new(value, self.source(&path))
    }

    /// A number; where MKE writes numbers as text, that text's number. 0 where neither file nor catalogue has one.
    pub fn int(&self, key: &str) -> Tracked<i64> {
        let (key, path) = known(key);
        assert!(matches!(key.kind, Kind::Int | Kind::NumberText | Kind::IntOrText), "`{path}` is no number");
        let value = match self.written(&path) {
            Some(Written::Int(value)) => Some(*value),
            Some(Written::Str(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let value = value.or(match key.default {
            Some(Literal::Int(value)) => Some(value),
            Some(Literal::Str(text)) => text.parse().ok(),
            _ => None,
        });
        Tracked::new(value.unwrap_or(0), self.source(&path))
    }

    /// A text: what is written, or MKE's default where that is empty or absent. A Windows path comes with single
    /// backslashes, a proxy address with a password as its slot.
    pub fn str(&self, key: &str) -> Tracked<String> {
        let (key, path) = known(key);
        let written = self.text(key, &path);
        let value = match (written.is_empty(), key.default) {
            (true, Some(Literal::Str(default))) => default.to_owned(),
            (true, Some(Literal::Int(default))) => default.to_string(),
            _ if key.kind == Kind::Text(Form::WindowsPath) => windows_path(&written),
            _ => written,
        };
        Tracked::new(value, self.source(&path))
    }

    /// Exactly the text that is written, empty where none is.
    pub fn raw_str(&self, key: &str) -> Tracked<String> {
        let (key, path) = known(key);
        Tracked::new(self.text(key, &path), self.source(&path))
    }

    /// A list, each element with its own origin `key[0]`; empty where it is absent. Where MKE also takes one text
    /// with commas, its parts.
    pub fn list(&self, key: &str) -> Vec<Tracked<String>> {
        let (key, path) = known(key);
        assert!(key.kind.is_list(), "`{path}` is no list");
        match self.written(&path) {
            Some(Written::List(items)) => {
                let element = |(i, (text, _)): (usize, &(String, _))| {
                    Tracked::new(text.clone(), self.source(&format!("{path}[{i}]")))
                };
                items.iter().enumerate().map(element).collect()
            }
            Some(Written::Str(text)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| Tracked::new(part.to_owned(), self.source(&path))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The origin of a list as a whole: of being empty, or of having just these elements.
    pub fn list_origin(&self, key: &str) -> Origin {
        Origin::of(self.source(&known(key).1))
    }

    /// The rows of an array of tables, in the file's order.
    pub fn rows(&self, table: &str) -> Vec<Row<'_>> {
        let Some((Found::Rows, path)) = walk(table) else {
            panic!("the catalogue has no array of tables `{table}`");
        };
        let rows = self.tables.get(&path).map_or(0, |table| table.rows);
        (0..rows).map(|i| Row { config: self, path: format!("{path}[{i}]") }).collect()
    }

    /// The entries of a free map, in the file's order.
    pub fn map(&self, table: &str) -> Vec<(String, Tracked<String>)> {
        let Some((Found::FreeMap, path)) = walk(table) else {
            panic!("the catalogue has no free map `{table}`");
        };
        let prefix = format!("{path}.");
        let entries = self.leaves.iter().filter_map(|leaf| {
            let name = leaf.path.strip_prefix(&prefix)?;
            Some((super::catalog::unquote_name(name), self.str(&leaf.path)))
        });
        entries.collect()
    }

    /// A secret's slot, where one is set.
    pub fn secret(&self, key: &str) -> Option<Tracked<SecretSlot>> {
        let (key, path) = known(key);
        assert!(key.secret || key.may_hold_secret, "`{path}` is no secret");
        match self.written(&path)? {
            Written::Secret(slot) => Some(Tracked::new(slot.clone(), self.source(&path))),
            _ => None,
        }
    }

    /// Whether the file has this key with a value that is not empty.
    pub fn is_set(&self, key: &str) -> bool {
        match self.written(&known(key).1) {
            None => false,
            Some(Written::Str(text)) => !text.is_empty(),
            Some(Written::List(items)) => !items.is_empty(),
            Some(Written::Bool(_) | Written::Int(_) | Written::Secret(_)) => true,
        }
    }

    /// Whether nobody chose this value: it is absent, empty, or one that MKE itself writes. Where no page tells the
    /// default, `false` and 0 count as such, because MKE prints them for what is unset.
    pub fn is_default(&self, key: &str) -> bool {
        let (key, path) = known(key);
        let Some(written) = self.written(&path).filter(|_| self.is_set(&path)) else { return true };
        let unknown = key.defaults().next().is_none();
        key.defaults().any(|default| same(key, written, default))
            || (unknown && matches!(written, Written::Bool(false) | Written::Int(0)))
    }

    /// Where a value, a list's element or a table stands.
    pub fn place(&self, key: &str) -> Option<Place> {
        let span = match walk(key) {
            Some((Found::Leaf(_), path)) => match self.leaf(&path) {
                Some(leaf) => leaf.span.clone(),
                None => self.element(&path)?,
            },
            Some((_, path)) => self.tables.get(&path)?.span.clone(),
            None => panic!("the catalogue has no key or table `{key}`"),
        };
        Some(self.file.0.place(span))
    }

    /// Every value that the file holds, in its order. A list is one value.
    pub fn instances(&self) -> impl Iterator<Item = Instance> + '_ {
        self.leaves.iter().map(|leaf| Instance {
            path: leaf.path.clone(),
            key: leaf.key,
            place: self.file.0.place(leaf.span.clone()),
            display: display(leaf),
        })
    }

    /// Whether the file has this table, be it empty.
    pub fn has_table(&self, table: &str) -> bool {
        match walk(table) {
            Some((Found::Leaf(_), _)) | None => panic!("the catalogue has no table `{table}`"),
            Some((_, path)) => self.tables.contains_key(&path),
        }
    }

    /// The unknown keys that were allowed.
    pub fn allowed(&self) -> &[AllowedKey] {
        &self.allowed
    }

    /// The origin of a path in this file.
    fn source(&self, path: &str) -> Source {
        Source::new(self.file.0.label(), path)
    }

    fn leaf(&self, path: &str) -> Option<&Leaf> {
        self.by_path.get(path).and_then(|at| self.leaves.get(*at))
    }

    fn written(&self, path: &str) -> Option<&Written> {
        self.leaf(path).map(|leaf| &leaf.written)
    }

    /// The span of `key[i]`.
    fn element(&self, path: &str) -> Option<Range<usize>> {
        let (list, index) = path.strip_suffix(']')?.rsplit_once('[')?;
        match &self.leaf(list)?.written {
            Written::List(items) => items.get(index.parse::<usize>().ok()?).map(|(_, span)| span.clone()),
            _ => None,
        }
    }

    fn text(&self, key: &Key, path: &str) -> String {
        assert!(!key.secret, "`{path}` is a secret; ask for its slot");
        assert!(key.kind != Kind::Bool && !key.kind.is_list(), "`{path}` is no text");
        match self.written(path) {
            Some(Written::Str(text)) => text.clone(),
            Some(Written::Int(number)) => number.to_string(),
            Some(Written::Secret(slot)) => slot.placeholder(),
            _ => String::new(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("file", &self.file.0.label()).field("leaves", &self.leaves).finish()
    }
}

impl Row<'_> {
    /// The path of the row: `registries[0]`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of one of its members.
    pub fn path_of(&self, name: &str) -> String {
        format!("{}.{}", self.path, quote(name))
    }

    /// See [`Config::bool`].
    pub fn bool(&self, name: &str) -> Tracked<bool> {
        self.config.bool(&self.path_of(name))
    }

    /// See [`Config::int`].
    pub fn int(&self, name: &str) -> Tracked<i64> {
        self.config.int(&self.path_of(name))
    }

    /// See [`Config::str`].
    pub fn str(&self, name: &str) -> Tracked<String> {
        self.config.str(&self.path_of(name))
    }

    /// See [`Config::raw_str`].
    pub fn raw_str(&self, name: &str) -> Tracked<String> {
        self.config.raw_str(&self.path_of(name))
    }

    /// See [`Config::list`].
    pub fn list(&self, name: &str) -> Vec<Tracked<String>> {
        self.config.list(&self.path_of(name))
    }

    /// See [`Config::secret`].
    pub fn secret(&self, name: &str) -> Option<Tracked<SecretSlot>> {
        self.config.secret(&self.path_of(name))
    }

    /// See [`Config::is_set`].
    pub fn is_set(&self, name: &str) -> bool {
        self.config.is_set(&self.path_of(name))
    }

    /// See [`Config::is_default`].
    pub fn is_default(&self, name: &str) -> bool {
        self.config.is_default(&self.path_of(name))
    }

    /// See [`Config::place`].
    pub fn place(&self, name: &str) -> Option<Place> {
        self.config.place(&self.path_of(name))
    }
}

/// The key of a path that names one value.
fn known(path: &str) -> (&'static Key, String) {
    match resolve(path) {
        Some((key, path)) => {
            assert!(
                !path.contains("[]") && !path.contains("<name>"),
                "`{path}` names many values; ask for rows() or map()"
            );
            (key, path)
        }
        None => panic!("the catalogue has no key `{path}`"),
    }
}

/// Whether a value says the same as a default.
fn same(key: &Key, written: &Written, default: Literal) -> bool {
    match (written, default) {
        (Written::Bool(a), Literal::Bool(b)) => *a == b,
        (Written::Int(a), Literal::Int(b)) => *a == b,
        (Written::Int(a), Literal::Str(b)) => a.to_string() == b,
        (Written::Str(a), Literal::Int(b)) => a.trim() == b.to_string(),
        (Written::Str(a), Literal::Str(b)) => match key.kind {
            Kind::Text(Form::Duration) => duration(a) == duration(b),
            Kind::Text(Form::WindowsPath) => windows_path(a) == b,
            _ if key.ignores_case() => a.eq_ignore_ascii_case(b),
            _ => a == b,
        },
        _ => false,
    }
}

/// A value for people.
fn display(leaf: &Leaf) -> String {
    const HIDDEN: &str = "<secret>";
    let careful = leaf.key.may_hold_secret;
    match &leaf.written {
        Written::Secret(_) => HIDDEN.to_owned(),
        Written::Bool(value) => value.to_string(),
        Written::Int(value) => value.to_string(),
        Written::Str(text) => match leaf.key.kind {
            Kind::Text(Form::FlagText) => text.split(' ').map(shown_flag).collect::<Vec<_>>().join(" "),
            // A header may carry a credential.
            Kind::Text(Form::Any) if careful && !text.is_empty() => HIDDEN.to_owned(),
            _ => text.clone(),
        },
        Written::List(items) => {
            let shown = items.iter().map(|(text, _)| match careful {
                true => format!("{:?}", shown_flag(text)),
                false => format!("{text:?}"),
            });
            format!("[{}]", shown.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A flag, without its value where its name sounds secret. The path of a file with a secret is none.
fn shown_flag(flag: &str) -> String {
    match flag.split_once('=') {
        Some((name, value)) if looks_secret(name) && !value.starts_with('/') => format!("{name}=<secret>"),
        _ => flag.to_owned(),
    }
}
