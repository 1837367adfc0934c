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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mke3::catalog::{Allowed, Form, Kind, Literal};
    use crate::mke3::forms;
    use std::collections::BTreeSet;

    /// Rows of each table of the reference from which the catalogue was made, so that none gets lost.
    const ROWS: &[(&str, usize)] = &[
        ("auth", 7),
        ("auth.sessions", 4),
        ("auth.external_identity_provider", 9),
        ("auth.external_identity_provider.signInCriteria", 3),
        ("auth.external_identity_provider.adminRoleCriteria", 3),
        ("auth.account_lock", 3),
        ("auth.saml", 5),
        ("auth.scim", 2),
        ("auth.samlProxy", 2),
        ("auth.samlProxy.credentials.basic", 2),
        ("auth.ldap", 9),
        ("auth.ldap.additional_domains", 8),
        ("auth.ldap.user_search_configs", 9),
        ("auth.ldap.admin_sync_opts", 7),
        ("hardening_configuration", 5),
        ("registries", 3),
        ("audit_log_configuration", 2),
        ("scheduling_configuration", 3),
        ("tracking_configuration", 5),
        ("trust_configuration", 3),
        ("log_configuration", 3),
        ("license_configuration", 2),
        ("pki", 1),
        ("custom_api_server_headers", 2),
        ("user_workload_defaults.swarm_defaults.<dotted path>", 2),
        ("backup_schedule_config", 8),
        ("etcd_cleanup_schedule_config", 6),
        ("tables: 3.9", 8),
        ("user_workload_defaults.swarm_defaults: any", 1),
        ("cluster_config: ports, names, hosts", 15),
        ("cluster_config: Swarm and UI", 10),
        ("cluster_config: stores, caches, HTTP", 13),
        ("cluster_config: metrics, images", 7),
        ("cluster_config: cloud, storage, GPU, Windows", 11),
        ("cluster_config.image_prune_whitelist", 2),
        ("cluster_config: stores, 3.9", 1),
        ("cluster_config: CNI", 27),
        ("cluster_config: services and kube-proxy", 15),
        ("cluster_config: CNI, 3.9", 2),
        ("cluster_config: kube-apiserver", 22),
        ("cluster_config: controller manager, scheduler", 6),
        ("cluster_config: kubelet", 15),
        ("cluster_config: cluster DNS", 4),
        ("cluster_config.custom_kubelet_flags_profiles", 1),
        ("cluster_config.core_dns_lameduck_config", 2),
        ("cluster_config.policy_enforcement", 1),
        ("cluster_config.policy_enforcement.gatekeeper", 2),
        ("cluster_config.k8s_event_rate_limit", 1),
        ("cluster_config: cluster DNS, 3.9", 1),
        ("cluster_config.ingress_controller", 8),
        ("cluster_config.ingress_controller.ingress_exposed_ports", 5),
        ("cluster_config.ingress_controller.ingress_node_affinity", 2),
        ("cluster_config.ingress_controller.ingress_node_toleration", 4),
        ("cluster_config.ingress_controller.ingress_extra_args", 5),
        ("cluster_config.metallb_config", 1),
        ("cluster_config.metallb_config.metallb_ip_addr_pool", 2),
        ("cluster_config.gateway_controller", 6),
        ("cluster_config.descheduler", 3),
    ];

    #[test]
    fn no_row_of_the_reference_is_lost() {
        let counted: Vec<_> = groups().map(|group| (group.name, group.keys.len())).collect();
        assert_eq!(counted, ROWS);
        // 307 rows of the reference: less the referral switch, which has no known name; less the second name of the
        // audit logs' switch, an alias here; and plus three, as gateway_node_toleration has four members.
        let additions = 8 + 1 + 1 + 2 + 1;
        assert_eq!(all().count(), 307 - 1 - 1 + 3 + additions);
    }

    #[test]
    fn every_key_is_found_under_each_of_its_spellings() {
        let mut patterns = BTreeSet::new();
        for key in all() {
            assert!(patterns.insert(key.pattern), "{} stands twice", key.pattern);
            assert_eq!(find(key.pattern), Some(key));
            let instance = key.pattern.replace("[]", "[7]").replace("<name>", "\"any.name\"");
            assert_eq!(find_instance(&instance), Some(key), "{instance}");
            for alias in key.aliases {
                let (table, _) = instance.rsplit_once('.').unwrap();
                assert_eq!(find_instance(&format!("{table}.{alias}")), Some(key), "{alias}");
            }
        }
        let none = [
            "",
            "auth",
            "auth.ldap",
            "registries[0]",
            "registries.ca_bundle",
            "cluster_config.x",
            "auth.backend[0]",
        ];
        for none in none {
            assert_eq!(find_instance(none), None, "{none}");
        }
    }

    #[test]
    fn every_default_is_a_value_that_the_key_allows() {
        for key in all() {
            for default in key.defaults() {
                let fits = match (key.kind, default) {
                    (Kind::Bool, Literal::Bool(_)) => true,
                    (Kind::NumberText, Literal::Str(text)) => text.parse::<i64>().is_ok(),
                    (Kind::Int, Literal::Int(n)) => match key.allowed {
                        Allowed::Range(from, to) => (from..=to).contains(&n),
                        _ => true,
                    },
                    (Kind::Text(form), Literal::Str(text)) => {
                        form == Form::Any || forms::check(form, text, "").is_ok()
                    }
                    _ => false,
                };
                let word = match (key.allowed, default) {
                    (Allowed::Words { words, .. }, Literal::Str(text)) => {
                        words.iter().any(|word| word.eq_ignore_ascii_case(text))
                    }
                    _ => true,
                };
                assert!(fits && word, "{}: {default:?}", key.pattern);
            }
        }
    }

    #[test]
    fn secrets_are_those_that_the_reference_names() {
        let secret: Vec<_> = all().filter(|key| key.secret).map(|key| key.pattern).collect();
        assert_eq!(
            secret,
            [
                "auth.external_identity_provider.clientSecret",
                "auth.scim.token",
                "auth.samlProxy.credentials.basic.password",
                "auth.ldap.reader_password",
                "auth.ldap.additional_domains[].reader_password",
                "backup_schedule_config.passphrase",
            ]
        );
    }

    #[test]
    fn a_misspelt_path_finds_its_neighbour() {
        assert_eq!(suggest("cluster_config.pod_cird"), Some("cluster_config.pod_cidr"));
        assert_eq!(suggest("zzz"), None);
    }
}
