//! Finding keys: by pattern, by the path of one value, by a name that is nearly right.

use super::key::{Group, Key};
use super::path::{Segment, quote, segments};
use super::{auth, cluster, components, ingress, ldap, network, tables};
use crate::source::nearest;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Tables that go by a second name: the REST API's for LDAP, the page's for the NGINX options.
const TABLE_ALIASES: &[(&str, &str)] = &[
    ("auth.ldap.additional_domains", "additionalDomains"),
    ("auth.ldap.user_search_configs", "userSearchConfigs"),
    ("auth.ldap.admin_sync_opts", "adminSyncOpts"),
    ("cluster_config.ingress_controller.ingress_config_map", "config_map"),
];

/// Arrays of tables that some pages show as one plain table.
const ROWS_OR_TABLE: &[&str] = &["cluster_config.ingress_controller.ingress_node_affinity"];

/// Tables of older releases, and what to do about them.
const OUTDATED_TABLES: &[(&str, &str)] = &[(
    "cluster_config.service_mesh",
    "it was the Istio ingress before MKE 3.7; `cluster_config.ingress_controller` took its place",
)];

/// The groups of keys in the order of their areas.
pub fn groups() -> impl Iterator<Item = &'static Group> {
    [
        auth::GROUPS,
        ldap::GROUPS,
        tables::GROUPS,
        cluster::GROUPS,
        network::GROUPS,
        components::GROUPS,
        ingress::GROUPS,
    ]
    .into_iter()
    .flatten()
}

/// Every key there is.
pub fn all() -> impl Iterator<Item = &'static Key> {
    groups().flat_map(|group| group.keys)
}

/// The key with exactly this pattern.
pub fn find(pattern: &str) -> Option<&'static Key> {
    all().find(|key| key.pattern == pattern)
}

/// The key of a value by its path in a file: `registries[0].ca_bundle`, `cluster_config.dns[1]`. A pattern and a
/// second spelling are understood too.
pub fn find_instance(path: &str) -> Option<&'static Key> {
    resolve(path).map(|(key, _)| key)
}

/// The pattern that a path most likely meant.
pub fn suggest(path: &str) -> Option<&'static str> {
    nearest(path, all().map(|key| key.pattern))
}

/// Whether a name is like that of a secret, after dropping all but letters and digits.
pub(crate) fn resembles_secret(plain: &str) -> bool {
    nearest(plain, all().filter(|key| key.secret).map(Key::leaf)).is_some()
}

/// Whether a key of this name is known, and no key of this name is secret.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut same = all().filter(|key| key.leaf() == name || key.aliases.contains(&name)).peekable();
    same.peek().is_some() && same.all(|key| !key.secret)
}

/// The key of this name in another table.
pub(crate) fn elsewhere(name: &str) -> Option<&'static str> {
    all().find(|key| key.leaf() == name || key.aliases.contains(&name)).map(|key| key.pattern)
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// A value.
    Leaf(&'static Key),
    /// A plain table.
    Table,
    /// A table whose keys are data.
    FreeMap,
    /// An array of tables.
    Rows,
}

/// The key of a path, and the path in its canonical spelling.
pub(crate) fn resolve(path: &str) -> Option<(&'static Key, String)> {
    match walk(path)? {
        (Found::Leaf(key), path) => Some((key, path)),
        _ => None,
    }
}

/// What a path leads to, and the path in its canonical spelling.
pub(crate) fn walk(path: &str) -> Option<(Found, String)> {
    let mut parts = segments(path)?.into_iter().peekable();
    let mut level = root();
    let mut canonical = String::new();
    loop {
        let Segment::Name(name) = parts.next()? else { return None };
        let member = level.member(&name)?;
        if !canonical.is_empty() {
            canonical.push('.');
        }
        canonical.push_str(&quote(member.name));
        level = match member.shape {
            Shape::Leaf(key) => {
                if let Some(Segment::Index(i)) = parts.peek().filter(|_| key.kind.is_list()) {
                    canonical.push_str(&format!("[{i}]"));
                    parts.next();
                }
                return parts.next().is_none().then_some((Found::Leaf(key), canonical));
            }
            Shape::Table(level) => {
                if parts.peek().is_none() {
                    let found = if level.any.is_some() { Found::FreeMap } else { Found::Table };
                    return Some((found, canonical));
                }
                level
            }
            Shape::Rows { level, .. } => {
                match parts.next() {
                    Some(Segment::Index(i)) => canonical.push_str(&format!("[{i}]")),
                    Some(Segment::Any) => canonical.push_str("[]"),
                    Some(Segment::Name(_)) => return None,
                    None => return Some((Found::Rows, canonical)),
                }
                if parts.peek().is_none() {
                    return Some((Found::Table, canonical));
                }
                level
            }
        };
    }
}

/// What a member of a table is.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A value.
    Leaf(&'static Key),
    /// A table.
    Table(Level),
    /// An array of tables; `or_table` where one plain table is read as the only row.
    Rows {
        /// Its members.
        level: Level,
        /// See above.
        or_table: bool,
    },
}

/// One table of the file: which members it can have.
#[derive(Debug, Default)]
pub(crate) struct Level {
    members: BTreeMap<&'static str, Shape>,
    /// Second spelling to first.
    aliases: BTreeMap<&'static str, &'static str>,
    /// What any other name is, in a free map.
    any: Option<Box<Shape>>,
    /// Names of older releases, and what became of them.
    outdated: BTreeMap<&'static str, &'static str>,
}

/// A member of a table under its first spelling.
pub(crate) struct Member<'a> {
    /// The first spelling, or the operator's name in a free map.
    pub(crate) name: &'a str,
    /// What it is.
    pub(crate) shape: &'static Shape,
}

impl Level {
    /// The member with this name, under either spelling.
    pub(crate) fn member<'a>(&'static self, written: &'a str) -> Option<Member<'a>> {
        let name = self.aliases.get(written).copied().unwrap_or(written);
        if let Some((name, shape)) = self.members.get_key_value(name) {
            return Some(Member { name, shape });
        }
        self.any.as_deref().map(|shape| Member { name: written, shape })
    }

    /// What became of a table of an older release.
    pub(crate) fn outdated(&self, written: &str) -> Option<&'static str> {
        self.outdated.get(written).copied()
    }

    /// The member that differs only in case, `-` and `_`.
    pub(crate) fn misspelt(&self, written: &str) -> Option<&'static str> {
        let plain = |s: &str| s.to_lowercase().replace(['-', '_', ' '], "");
        let mut names = self.members.keys().chain(self.aliases.keys());
        let found = names.find(|name| plain(name) == plain(written))?;
        Some(self.aliases.get(found).unwrap_or(found))
    }

    /// The member with the most similar name.
    pub(crate) fn nearest(&self, written: &str) -> Option<&'static str> {
        nearest(written, self.members.keys().copied())
    }

    /// The keys right in this table.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&'static str, &'static Key)> {
        self.members.iter().filter_map(|(name, shape)| match shape {
            Shape::Leaf(key) => Some((*name, *key)),
            _ => None,
        })
    }
}

/// The file's top level.
pub(crate) fn root() -> &'static Level {
    static ROOT: LazyLock<Level> = LazyLock::new(|| {
        let mut root = Level::default();
        all().for_each(|key| insert(&mut root, key));
        for (table, alias) in TABLE_ALIASES {
            alias_table(&mut root, table, alias);
        }
        for (table, became) in OUTDATED_TABLES {
            let (parent, name) = split(table);
            level_mut(&mut root, parent).outdated.insert(name, became);
        }
        root
    });
    &ROOT
}

fn alias_table(root: &mut Level, table: &'static str, alias: &'static str) {
    let (parent, name) = split(table);
    level_mut(root, parent).aliases.insert(alias, name);
}

fn split(table: &'static str) -> (&'static str, &'static str) {
    table.rsplit_once('.').unwrap_or(("", table))
}

/// The level of a table of plain tables, made where it is new.
fn level_mut<'l>(root: &'l mut Level, table: &'static str) -> &'l mut Level {
    table.split('.').filter(|part| !part.is_empty()).fold(root, |level, part| {
        match level.members.entry(part).or_insert_with(|| Shape::Table(Level::default())) {
            Shape::Table(level) | Shape::Rows { level, .. } => level,
            Shape::Leaf(key) => unreachable_pattern(key),
        }
    })
}

fn insert(root: &mut Level, key: &'static Key) {
    let mut level = root;
    let mut rest = key.pattern;
    while let Some((part, after)) = next_part(rest) {
        let (name, rows) = match part.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (part, false),
        };
        let table = &key.pattern[..key.pattern.len() - after.len() - 1];
        let new = || match rows {
            true => Shape::Rows {
                level: Level::default(),
                or_table: ROWS_OR_TABLE.contains(&table.trim_end_matches("[]")),
            },
            false => Shape::Table(Level::default()),
        };
        let shape = match name {
            "<name>" => level.any.get_or_insert_with(|| Box::new(new())).as_mut(),
            name => level.members.entry(name.trim_matches('"')).or_insert_with(new),
        };
        level = match shape {
            Shape::Table(level) | Shape::Rows { level, .. } => level,
            Shape::Leaf(key) => unreachable_pattern(key),
        };
        rest = after;
    }
    match rest {
        "<name>" => level.any = Some(Box::new(Shape::Leaf(key))),
        name => {
            level.members.insert(name, Shape::Leaf(key));
            level.aliases.extend(key.aliases.iter().map(|alias| (*alias, name)));
        }
    }
}

/// The first part of a pattern and the rest; `None` at the last part. Quotes protect dots.
fn next_part(pattern: &'static str) -> Option<(&'static str, &'static str)> {
    let mut quoted = false;
    let dot = pattern.find(|c| {
        quoted ^= c == '"';
        c == '.' && !quoted
    })?;
    Some((&pattern[..dot], &pattern[dot + 1..]))
}

/// A slip in the catalogue itself, which is constant: the first test that reads it meets this.
fn unreachable_pattern(key: &Key) -> ! {
    panic!("the catalogue has `{}` both as a value and as a table", key.pattern)
}
