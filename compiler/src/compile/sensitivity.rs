//! The law of origins, over whole sites: changing one value of an input changes exactly the scalars whose origin
//! names it.
//!
//! Every value of mke3.toml, hosts.yaml and site.yaml is changed in turn, to several other values. Each scalar that
//! changes, appears or goes away must name the value, before or after. And each scalar that names the value must change
//! under one of them at least, unless another of its sources outvotes it, which is then changed along.

use super::{Inputs, Sources, Translated};
use crate::contract::Use;
use crate::diag::Findings;
use crate::mke3::catalog::{self, Kind};
use crate::site::{Flag, Overrides, SiteFiles};
use crate::source::{File, Node, Value, toml, yaml};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How many other values of one input are tried.
const TRIES: usize = 5;

/// A scalar by document and path: what it is, and its sources.
type Values = BTreeMap<String, (serde_json::Value, BTreeSet<String>)>;

pub(super) struct Fixture {
    pub(super) name: &'static str,
    pub(super) files: SiteFiles,
    pub(super) contract: &'static str,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn fixture(name: &'static str, folder: &str, toml: Option<&str>, contract: &'static str) -> Fixture {
    let mut findings = Findings::new();
    let mut files = SiteFiles::load(&repository().join(folder), &mut findings);
    if let Some(toml) = toml {
        files.load_as("mke3.toml", &repository().join(toml), &mut findings);
    }
    assert!(findings.is_empty(), "{findings:?}");
    Fixture { name, files, contract }
}

/// What became of a site.
enum Outcome {
    /// It can't be read: such a change proves nothing.
    Unreadable,
    /// It is read, but may not be compiled: there are no documents.
    Stopped,
    /// All scalars of its documents.
    Compiled(Values),
}

fn values(files: &SiteFiles, contract: &str) -> Outcome {
    let mut overrides = Overrides::new();
    overrides.set(Flag::Target, Some(contract));
    let allow = BTreeMap::new();
    let sources = Sources { files, overrides: &overrides, allow: &allow, allows: Use::Convert };
    let mut findings = Findings::new();
    let Some(inputs) = Inputs::read(&sources, &mut findings).filter(|i| i.site.is_some()) else {
        return Outcome::Unreadable;
    };
    let translated = Translated::new(&inputs, &mut findings);
    if findings.stop() || translated.nodes.is_none() {
        return Outcome::Stopped;
    }
    let places = places(&translated);
    let mut entries = Values::new();
    translated.each_value(&mut |v| {
        let name = v.value.split('/').nth(1).filter(|_| v.value.starts_with("nodes/")).unwrap_or_default();
        let value = match places.get(name) {
            Some(place) => v.value.replacen(name, place, 1),
            None => v.value,
        };
        entries.insert(value, (v.is, v.from.sources().map(ToString::to_string).collect()));
    });
    Outcome::Compiled(entries)
}

/// A node's documents are called by its name; here by its line in hosts.yaml, which no value changes.
fn places(translated: &Translated<'_>) -> BTreeMap<String, String> {
    let site = translated.inputs.surroundings.hosts.iter();
    site.map(|host| {
        let source = host.ssh.address.origin.sources().find(|s| &*s.file == "hosts.yaml");
        (host.name.value.clone(), source.map(|s| s.path.replace(".address", "")).unwrap_or_default())
    })
    .collect()
}

/// One value of an input: its file, its path as origins name it, and where its text stands.
#[derive(Clone, Debug)]
struct Input {
    file: &'static str,
    path: String,
    span: Range<usize>,
    value: Value,
}

fn inputs(files: &SiteFiles) -> Vec<Input> {
    let mut found = Vec::new();
    for label in ["mke3.toml", "hosts.yaml", "site.yaml"] {
        let mut findings = Findings::new();
        let file = files.text(label, &mut findings).expect("a text");
        let node = parse(label, &file);
        leaves(label, &node, String::new(), &mut found);
    }
    found
}

fn parse(label: &str, file: &File) -> Node {
    let mut findings = Findings::new();
    let node = if label == "mke3.toml" {
        toml::parse(file, &mut findings)
    } else {
        yaml::parse(file, &mut findings)
    };
    node.expect("a tree")
}

fn leaves(file: &'static str, node: &Node, path: String, found: &mut Vec<Input>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let key = if file == "mke3.toml" { catalog::quote(&entry.key) } else { entry.key.clone() };
                let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                leaves(file, &entry.node, path, found);
            }
        }
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                leaves(file, item, format!("{path}[{i}]"), found);
            }
        }
        value => found.push(Input { file, path, span: node.span.clone(), value: value.clone() }),
    }
}

/// Other texts for a value, valid or not: a site that can't be read any more proves nothing and is passed over.
fn others(input: &Input) -> Vec<String> {
    let quote = |text: &str| format!("{text:?}");
    match &input.value {
        Value::Bool(value) => vec![(!value).to_string()],
        Value::Int(n) => [n + 1, n - 1, n * 2, n / 2, 1, 0, 33_010].iter().map(ToString::to_string).collect(),
        Value::Str(text) => {
            let key = (input.file == "mke3.toml").then(|| catalog::find_instance(&input.path)).flatten();
            let mut tries: Vec<String> = Vec::new();
            if let Some(key) = key {
                if let catalog::Allowed::Words { words, .. } = key.allowed {
                    tries.extend(words.iter().map(|w| (*w).to_owned()));
                }
                if matches!(key.kind, Kind::NumberText) {
                    tries.push("1431".to_owned());
                }
            }
            tries.extend(near(text));
            tries.extend(
                [
                    "",
                    "3m7s",
                    "11s",
                    "6GB",
                    "16Gi",
                    "10.77.0.0/16",
                    "10.99.0.0/16",
                    "10.20.0.99",
                    "203.0.113.99",
                    "31000-31999",
                    "--zz-top=7",
                    "--max-pods=33",
                    "other",
                    "other.example",
                    "/srv/other",
                    "/srv/other/k0s",
                    "cpu=333m,memory=3Gi,ephemeral-storage=3Gi",
                    "@weekly",
                    "0 1 2 * * *",
                    "https://other.example/x/.well-known/openid-configuration",
                    "ldaps://other.example",
                    "ldap://other.example",
                    "ns/svc:77",
                    "cn=other,dc=example",
                    "(cn=other)",
                    "interface=eth7",
                    "can-reach=10.0.0.1",
                    "hostIPC",
                    "ns:other",
                    "10.20.9.128/27",
                    "v4.1.0",
                    "worker",
                    "manager",
                    "other.example/x/mke",
                    "oci://other.example/x/mke",
                    "other.example:7443",
                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmetricsBindAddress: 127.0.0.1:10249\niptables:\n  syncPeriod: 7s\n  minSyncPeriod: 3s\n",
                ]
                .map(str::to_owned),
            );
            tries.retain(|t| t != text);
            tries.iter().map(|t| quote(t)).collect()
        }
        _ => Vec::new(),
    }
}

/// Texts that differ a little, so that a checked form often survives.
fn near(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(at) = text.rfind(|c: char| c.is_ascii_digit()) {
        let digit = text.as_bytes()[at];
        for other in [b'1', b'2', b'4', b'7'] {
            if other != digit {
                found.push(format!("{}{}{}", &text[..at], other as char, &text[at + 1..]));
            }
        }
    }
    if let Some(at) = text.rfind(|c: char| c.is_ascii_lowercase()) {
        let other = if text.as_bytes()[at] == b'x' { 'q' } else { 'x' };
        found.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
    }
    found.push(format!("{text}x"));
    found
}

fn with(files: &SiteFiles, changes: &[(&Input, &str)]) -> SiteFiles {
    let mut changed = files.clone();
    for label in ["mke3.toml", "hosts.yaml", "site.yaml"] {
        let mut here: Vec<_> = changes.iter().filter(|(input, _)| input.file == label).collect();
        here.sort_by_key(|(input, _)| std::cmp::Reverse(input.span.start));
        let mut text = String::from_utf8(files.bytes(label).expect("a file").to_vec()).expect("UTF-8");
        for (input, other) in here {
            text.replace_range(input.span.clone(), other);
        }
        changed.insert(label, text);
    }
    changed
}

fn changed(before: &Values, after: &Values) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
    let differs = |name: &&&String| before.get(**name).map(|v| &v.0) != after.get(**name).map(|v| &v.0);
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

/// Whether a scalar only has another index in its list, because an element before it came or went. What stands there for
/// two inputs at once stays when the one called `name` changes, and then stands there for the other alone.
fn moved(scalar: &str, name: &str, before: &Values, after: &Values) -> bool {
    let place = |name: &str| {
        name.split('[').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect::<String>()
    };
    let (here, there) = (before.get(scalar), after.get(scalar));
    let stands_in = |side: &Values, value: Option<&(serde_json::Value, BTreeSet<String>)>| {
        value.is_none_or(|value| {
            let same = |other: &(serde_json::Value, BTreeSet<String>)| {
                let sources =
                    |of: &BTreeSet<String>| of.iter().filter(|s| *s != name).cloned().collect::<Vec<_>>();
                other.0 == value.0 && sources(&other.1) == sources(&value.1)
            };
            side.iter().any(|(other, there)| same(there) && place(other) == place(scalar))
        })
    };
    scalar.contains('[') && stands_in(after, here) && stands_in(before, there)
}

/// Which scalars change without naming the value, and which name it without changing.
fn examine(fixture: &Fixture) -> (Vec<String>, Vec<String>) {
    let Outcome::Compiled(base) = values(&fixture.files, fixture.contract) else {
        panic!("{} does not compile for {}", fixture.name, fixture.contract)
    };
    let all = inputs(&fixture.files);
    let by_name: BTreeMap<String, &Input> =
        all.iter().map(|i| (format!("{}:{}", i.file, i.path), i)).collect();
    let results: Vec<(Vec<String>, Vec<String>)> = all
        .par_iter()
        .map(|input| {
            let (mut silent, mut idle) = (Vec::new(), Vec::new());
            let name = format!("{}:{}", input.file, input.path);
            // Which contract holds is the choice of these; constants change with it and name the contract.
            if matches!(name.as_str(), "site.yaml:target" | "site.yaml:mke3_version") {
                return (silent, idle);
            }
            let (mut touched, mut stopped) = (BTreeSet::new(), false);
            let mut tries = 0;
            for other in others(input) {
                let changed_files = with(&fixture.files, &[(input, &other)]);
                let after = match values(&changed_files, fixture.contract) {
                    Outcome::Unreadable => continue,
                    Outcome::Stopped => {
                        stopped = true;
                        continue;
                    }
                    Outcome::Compiled(after) => after,
                };
                tries += 1;
                for scalar in changed(&base, &after) {
                    let names =
                        |side: &Values| side.get(&scalar).is_some_and(|(_, from)| from.contains(&name));
                    if !names(&base) && !names(&after) && !moved(&scalar, &name, &base, &after) {
                        silent.push(format!("{name} = {other}: {scalar}"));
                    }
                    touched.insert(scalar);
                }
                let idle = || base.iter().any(|(s, (_, from))| from.contains(&name) && !touched.contains(s));
                if tries >= TRIES && !idle() {
                    break;
                }
            }
            for (scalar, (_, from)) in base.iter().filter(|(_, (_, from))| from.contains(&name)) {
                // Where another value stops the compile, the scalar is there because of this one.
                if touched.contains(scalar) || stopped {
                    continue;
                }
                let (known, absent): (Vec<&String>, Vec<&String>) =
                    from.iter().filter(|f| **f != name).partition(|f| by_name.contains_key(*f));
                // A partner that the file leaves out can't be moved here.
                if !absent.is_empty() {
                    continue;
                }
                let partners: Vec<&Input> = known.into_iter().map(|f| by_name[f]).collect();
                if !outvoted(fixture, input, scalar, &partners) && !accompanied(fixture, &name, scalar) {
                    idle.push(format!("{name}: {scalar}"));
                }
            }
            (silent, idle)
        })
        .collect();
    let (silent, idle): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    let mut silent = silent.concat();
    silent.sort();
    silent.dedup();
    (silent, idle.concat())
}

/// Whether the value does decide about the scalar once a partner has another value.
fn outvoted(fixture: &Fixture, input: &Input, scalar: &str, partners: &[&Input]) -> bool {
    partners.iter().any(|partner| {
        others(partner).iter().take(16).any(|moved| {
            let moved = [(*partner, moved.as_str())];
            let Outcome::Compiled(base) = values(&with(&fixture.files, &moved), fixture.contract) else {
                return false;
            };
            others(input).iter().take(16).any(|other| {
                let both = with(&fixture.files, &[moved[0], (input, other)]);
                match values(&both, fixture.contract) {
                    Outcome::Compiled(after) => changed(&base, &after).contains(scalar),
                    Outcome::Stopped => true,
                    Outcome::Unreadable => false,
                }
            })
        })
    })
}

/// A file, a text in it, and what takes its place.
type Edit = (&'static str, &'static str, &'static str);

/// A switch, and what must stand beside it for it to decide about anything: texts of the fixture and what takes their
/// place. Without these the switch and its neighbours each keep a value as it is.
const COMPANIONS: &[(&str, &[Edit])] = &[
    (
        "mke3.toml:auth.ldap.user_search_configs[0].match_group",
        &[(
            "mke3.toml",
            "(objectClass=person)\"",
            "(objectClass=person)\"\n      match_group_dn = \"CN=x,DC=acme\"",
        )],
    ),
    (
        "mke3.toml:cluster_config.ingress_controller.enabled",
        &[
            ("mke3.toml", "ingress_num_replicas = 2", "ingress_num_replicas = 3"),
            (
                "mke3.toml",
                "  [cluster_config.k8s_event_rate_limit]",
                "  [cluster_config.ingress_controller.ingress_extra_args]\n    http_port = 8080\n    https_port = 4443\n    \
                 enable_ssl_passthrough = true\n  [cluster_config.k8s_event_rate_limit]",
            ),
        ],
    ),
    (
        "mke3.toml:cluster_config.kube_api_server_auditing",
        &[(
            "mke3.toml",
            "[audit_log_configuration]\n  level = \"\"",
            "[audit_log_configuration]\n  level = \"request\"",
        )],
    ),
    (
        "mke3.toml:cluster_config.secure_overlay",
        &[("site.yaml", "decisions: {}", "decisions: {cluster_config.secure_overlay: wireguard}")],
    ),
    (
        "mke3.toml:cluster_config.secure_overlay",
        &[("site.yaml", "decisions:\n", "decisions:\n  cluster_config.secure_overlay: wireguard\n")],
    ),
    (
        "mke3.toml:hardening_configuration.hardening_enabled",
        &[
            ("mke3.toml", "pid_limit = 0", "pid_limit = 4096"),
            ("mke3.toml", "pid_limit_unspecified = true", "pid_limit_unspecified = false"),
            ("site.yaml", "decisions: {}", "decisions: {hardening_configuration.pid_limit: per-pod}"),
        ],
    ),
];

/// Whether the value decides about the scalar once its companions stand beside it.
fn accompanied(fixture: &Fixture, name: &str, scalar: &str) -> bool {
    COMPANIONS.iter().filter(|(of, _)| *of == name).any(|(_, edits)| decides(fixture, name, scalar, edits))
}

fn decides(fixture: &Fixture, name: &str, scalar: &str, edits: &[Edit]) -> bool {
    let mut files = fixture.files.clone();
    for (label, from, to) in edits {
        let text = String::from_utf8(files.bytes(label).expect("a file").to_vec()).expect("UTF-8");
        if !text.contains(from) {
            return false;
        }
        files.insert(*label, text.replacen(from, to, 1));
    }
    let Outcome::Compiled(base) = values(&files, fixture.contract) else {
        panic!("{name} and its companions do not compile")
    };
    let all = inputs(&files);
    let input =
        all.iter().find(|i| format!("{}:{}", i.file, i.path) == name).expect("the value is still there");
    others(input).iter().any(|other| match values(&with(&files, &[(input, other)]), fixture.contract) {
        Outcome::Compiled(after) => changed(&base, &after).contains(scalar),
        Outcome::Stopped => true,
        Outcome::Unreadable => false,
    })
}

fn check(fixture: &Fixture) {
    let (silent, idle) = examine(fixture);
    let show = |list: &[String]| list.iter().take(40).cloned().collect::<Vec<_>>().join("\n  ");
    assert!(
        silent.is_empty() && idle.is_empty(),
        "{} for {}\n{} scalars change without naming the value:\n  {}\n{} name it without changing:\n  {}",
        fixture.name,
        fixture.contract,
        silent.len(),
        show(&silent),
        idle.len(),
        show(&idle)
    );
}

pub(super) fn acme(contract: &'static str) -> Fixture {
    fixture("acme", "examples/acme", None, contract)
}

pub(super) fn enterprise(contract: &'static str) -> Fixture {
    let toml = Some("tests/fixtures/mke3/enterprise.toml");
    fixture("enterprise", "tests/fixtures/sites/enterprise", toml, contract)
}

pub(super) fn small(contract: &'static str) -> Fixture {
    fixture("small", "tests/fixtures/sites/small", Some("tests/fixtures/mke3/small.toml"), contract)
}

#[test]
fn changing_a_value_of_acme_changes_exactly_what_names_it() {
    check(&acme("v4.1.5"));
}

#[test]
fn changing_a_value_of_enterprise_changes_exactly_what_names_it() {
    check(&enterprise("v4.1.5"));
}

#[test]
#[ignore = "minutes; .ci/long runs it"]
fn the_law_of_origins_holds_for_older_releases_too() {
    check(&acme("v4.0.0"));
    check(&enterprise("v4.1.2"));
}
