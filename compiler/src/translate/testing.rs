//! What the tests of the areas share: a translation of a few lines of TOML, and values that nobody has by default.

use super::run::translate_by;
use super::{Fate, Rule, Translation, Uses, rules};
use crate::contract;
use crate::diag::{Findings, codes::translate as code};
use crate::document::{Leaf, Path, Tree};
use crate::mke3::Config;
use crate::mke3::catalog::{self, Allowed, Form, Key, Kind, Literal};
use crate::origin::Source;
use crate::source::{Field, File};
use crate::surroundings::Surroundings;
use std::collections::BTreeMap;

/// The ids of all contracts.
pub const CONTRACTS: [&str; 5] = ["v4.0.0", "v4.1.0", "v4.1.2", "v4.1.5", "v4.2.1"];

/// A certificate made for tests, as one TOML text.
pub const PEM: &str = "\"-----BEGIN CERTIFICATE-----\\nMIIBzjCCAXOgAwIBAgIUG65rylPaI/aSL2IA5lczS5zmYKEwCgYIKoZIzj0EAwIw\\nPDEdMBsGA1UECgwURXhhbXBsZSBUZXN0IEZpeHR1cmUxGzAZBgNVBAMMEm1zci1j\\nYS5leGFtcGxlLmNvbTAeFw0yNjExMjIxNzE3NTlaFw0zNjExMTkxNzE3NTlaMDwx\\nHTAbBgNVBAoMFEV4YW1wbGUgVGVzdCBGaXh0dXJlMRswGQYDVQQDDBJtc3ItY2Eu\\nZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQezVfLHSEC7yZ0\\n0TpAQZtC2J+Z3TDZkGX8igI8JJRKVq7j+KX5/czsdJKeJ0dNyQgABgpyZD8Z82lT\\ndMWkHin8o1MwUTAdBgNVHQ4EFgQUq/PGCttxO99qOMm19Wrz/VTAiscwHwYDVR0j\\nBBgwFoAUq/PGCttxO99qOMm19Wrz/VTAiscwDwYDVR0TAQH/BAUwAwEB/zAKBggq\\nhkjOPQQDAgNJADBGAiEA8Bli/8QJaxP72b50ZQgXiCPxcuV0/iDS/3iFip+D6g8C\\nIQD9sd1oax17Q9QtqLocv+8AFL6NfsS8NAFAet896bfoqw==\\n-----END CERTIFICATE-----\\n\"";

/// What MKE 3 wants beside some keys before it takes them.
pub const BESIDE: &[(&str, &str)] = &[
    ("cluster_config.calico_kdd", "true"),
    ("audit_log_configuration.level", "\"metadata\""),
    ("hardening_configuration.hardening_enabled", "true"),
    ("cluster_config.calico_controller_liveness_probe_failure_threshold", "5"),
    ("cluster_config.calico_controller_liveness_probe_initial_delay_seconds", "5"),
    ("cluster_config.calico_controller_liveness_probe_period_seconds", "5"),
    ("cluster_config.calico_controller_liveness_probe_success_threshold", "5"),
    ("cluster_config.calico_controller_liveness_probe_timeout_seconds", "5"),
    ("cluster_config.calico_controller_readiness_probe_failure_threshold", "5"),
    ("cluster_config.calico_controller_readiness_probe_initial_delay_seconds", "5"),
    ("cluster_config.calico_controller_readiness_probe_period_seconds", "5"),
    ("cluster_config.calico_controller_readiness_probe_success_threshold", "5"),
    ("cluster_config.calico_controller_readiness_probe_timeout_seconds", "5"),
];

/// A finished translation with its findings.
pub struct Run {
    pub translation: Translation,
    pub findings: Findings,
}

/// Translates `toml` for the contract with this id; `decisions` are pairs of key and answer.
pub fn run(toml: &str, contract: &str, decisions: &[(&str, &str)]) -> Run {
    run_in(toml, contract, decisions, Surroundings::default())
}

/// As [`run`], in a site.
pub fn run_in(toml: &str, contract: &str, decisions: &[(&str, &str)], site: Surroundings) -> Run {
    run_all(rules(), toml, contract, decisions, site)
}

/// As [`run`], by the rules of one area. That keys of other areas have no fate then is no finding.
pub fn run_by(rules: &[Rule], toml: &str, contract: &str, decisions: &[(&str, &str)]) -> Run {
    let mut run = run_all(rules, toml, contract, decisions, Surroundings::default());
    let mut findings = Findings::new();
    findings.extend(run.findings.into_iter().filter(|f| f.code.id != code::NO_FATE.id));
    run.findings = findings;
    run
}

fn run_all<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    toml: &str,
    contract: &str,
    decisions: &[(&str, &str)],
    mut site: Surroundings,
) -> Run {
    let mut findings = Findings::new();
    let cluster = if toml.contains("[cluster_config") { "" } else { "[cluster_config]\n" };
    let file = File::new("mke3.toml", format!("{toml}\n{cluster}"));
    let config = Config::read(&file, &BTreeMap::new(), &mut findings);
    let Some(config) = config else { panic!("the test's TOML can't be read: {findings:?}\n{toml}") };
    let mut findings = Findings::new();
    for (key, answer) in decisions {
        let file = File::new("site.yaml", format!("decisions:\n  {key}: {answer}\n"));
        let place = file.place(0..0);
        let field = Field { value: (*answer).to_owned(), place, path: format!("decisions.{key}") };
        site.decisions.insert((*key).to_owned(), field);
    }
    let contract = contract::by_id(contract).expect("a known contract");
    let translation = translate_by(rules, &config, &site, contract, &mut findings);
    let documents = translation.manifests.iter().flat_map(|m| &m.objects).chain([&*translation.mke4]);
    let mut uses = Uses::default();
    documents.for_each(|tree| uses.add("mke3.toml", "", tree));
    translation.accounts.check(&uses, &mut findings);
    Run { translation, findings }
}

impl Run {
    /// The scalar at a plain dotted path below `spec`, as text.
    pub fn text(&self, path: &str) -> Option<String> {
        self.translation.mke4.scalar(&format!("spec.{path}")).map(|leaf| leaf.scalar.text())
    }

    /// What stands at a plain dotted path below `spec`.
    pub fn get(&self, path: &str) -> Option<&Tree> {
        self.translation.mke4.get(&format!("spec.{path}"))
    }

    /// The origin of the scalar at a plain dotted path below `spec`, as `file:path` texts.
    pub fn origin(&self, path: &str) -> Vec<String> {
        let leaf = self.translation.mke4.scalar(&format!("spec.{path}"));
        leaf.map(|l| l.origin.sources().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// The fate of a value by its path in the TOML file.
    pub fn fate(&self, path: &str) -> Option<Fate> {
        self.translation.accounts.list.iter().find(|a| a.path == path).map(|a| a.fate)
    }

    /// The objects of the manifest of this name, as one YAML text.
    pub fn manifest(&self, name: &str) -> Option<String> {
        let found = self.translation.manifests.iter().find(|m| m.name == name)?;
        Some(found.objects.iter().map(crate::document::yaml::to_string).collect::<Vec<_>>().join("---\n"))
    }

    /// The codes of all findings, in order of appearance.
    pub fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|f| f.code.id).collect()
    }

    /// The faults of Airlift itself: keys without a fate or with two, and fates that documents contradict.
    pub fn faults(&self) -> Vec<String> {
        let faults = [code::NO_FATE, code::TWO_FATES, code::FATE_MISMATCH];
        let found = self.findings.iter().filter(|f| faults.iter().any(|c| c.id == f.code.id));
        found.map(|f| f.message.clone()).collect()
    }

    /// All findings as people see them.
    pub fn rendered(&self) -> String {
        self.findings.iter().map(|f| crate::diag::render(f, false)).collect::<Vec<_>>().join("\n\n")
    }
}

/// A valid value of this key that is none of its defaults, as TOML text.
pub fn non_default(key: &Key) -> String {
    let quoted = |text: &str| format!("{text:?}");
    let is_default = |value: Literal| key.defaults().any(|default| default == value);
    let number = || {
        let fits = |n: &i64| match key.allowed {
            Allowed::Range(low, high) => (low..=high).contains(n),
            _ => true,
        };
        let mut found = [77, 9443, 7, 1].into_iter().filter(fits).filter(|n| !is_default(Literal::Int(*n)));
        found.next().expect("a number in the range")
    };
    if let Allowed::Words { words, .. } = key.allowed {
        let other = |word: &&&str| {
            !key.defaults().any(|d| matches!(d, Literal::Str(s) if s.eq_ignore_ascii_case(word)))
        };
        let word = quoted(words.iter().find(other).expect("a word that is no default"));
        return if key.kind.is_list() { format!("[{word}]") } else { word };
    }
    match key.kind {
        Kind::Bool => (!is_default(Literal::Bool(true))).to_string(),
        Kind::Int | Kind::IntOrText => number().to_string(),
        Kind::NumberText => quoted("1431"),
        Kind::Text(Form::Pem) => PEM.to_owned(),
        Kind::Text(Form::Url) if key.leaf() == "server_url" => quoted("ldaps://ldap.example.com"),
        Kind::Text(form) => quoted(sample(form)),
        Kind::List(form) => format!("[{:?}]", sample(form)),
        Kind::ListOrCommas => "[\"example\"]".to_owned(),
    }
}

fn sample(form: Form) -> &'static str {
    match form {
        Form::Any | Form::Pem => "example",
        Form::Duration => "97s",
        Form::Quantity => "3Gi",
        Form::Size => "5GB",
        Form::Cron => "0 17 3 * * 0",
        Form::Cidr | Form::CidrList => "10.77.0.0/16",
        Form::PortRange => "31000-32000",
        Form::Ip => "10.1.2.3",
        Form::IpRange => "10.1.2.0/24",
        Form::Url => "https://example.com/x",
        Form::Path => "/srv/example",
        Form::WindowsPath => "E:\\x",
        Form::Reserved => "cpu=1,memory=3Gi",
        Form::Flag | Form::FlagText => "--v=4",
        Form::Service => "default/echo:9000",
        Form::Namespaced => "default/thing",
    }
}

/// A TOML file with these values by path (`registries[0].service_id`, `a.b`); a later one outweighs an earlier one.
pub fn toml(values: &[(&str, &str)]) -> String {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, value) in values {
        let path = path.replace("[]", "[0]");
        let (table, leaf) = path.rsplit_once('.').expect("a key in a table");
        tables.entry(table.to_owned()).or_default().insert(leaf.to_owned(), (*value).to_owned());
    }
    let mut text = String::new();
    for (table, members) in tables {
        match table.split_once('[') {
            Some((rows, _)) => text.push_str(&format!("[[{rows}]]\n")),
            None => text.push_str(&format!("[{table}]\n")),
        }
        members.iter().for_each(|(leaf, value)| text.push_str(&format!("{leaf} = {value}\n")));
    }
    text
}

/// A TOML file in which this key is not at its default, above these values, with what its tables require.
pub fn file_with(key: &'static Key, base: &[(&str, &str)]) -> String {
    let (table, _) = key.pattern.rsplit_once('.').expect("a key in a table");
    let name = if key.kind == Kind::Text(Form::Service) { "9000" } else { "example" };
    let within = |other: &&Key| {
        other.pattern.rsplit_once('.').is_some_and(|(parent, _)| {
            table == parent || table.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let required = catalog::all().filter(|other| other.required).filter(within);
    let named = |key: &Key| (key.pattern.replace("<name>", name), non_default(key));
    let required: Vec<_> = required.map(named).collect();
    let (path, value) = named(key);
    let pairs = required.iter().map(|(path, value)| (path.as_str(), value.as_str()));
    // What the base says outweighs what is merely required.
    toml(&pairs.chain(base.iter().copied()).chain([(path.as_str(), value.as_str())]).collect::<Vec<_>>())
}

/// Puts each key of these rules aside from its default, on top of each of these files and under each contract, and
/// asserts that it has one fate that the documents bear out.
pub fn each_key_has_one_fate(rules: &[Rule], bases: &[&[(&str, &str)]], decisions: &[(&str, &str)]) {
    for pattern in rules.iter().flat_map(|rule| rule.keys) {
        let key = catalog::find(pattern).unwrap_or_else(|| panic!("the catalogue has no `{pattern}`"));
        for base in bases {
            let toml = file_with(key, base);
            for contract in CONTRACTS {
                let run = run_by(rules, &toml, contract, decisions);
                assert_eq!(run.faults(), [""; 0], "{contract}\n{toml}");
                let account = run.translation.accounts.list.iter().find(|a| a.pattern == *pattern);
                assert!(account.is_some(), "`{pattern}` has no account under {contract}\n{toml}");
            }
        }
    }
}

/// Sets each key of these rules, on top of each of these files and under each contract, and asserts that every scalar
/// that changes names the key, before where it was there before, and after where it is there after.
pub fn each_change_names_its_key(rules: &[Rule], bases: &[&[(&str, &str)]], decisions: &[(&str, &str)]) {
    for pattern in rules.iter().flat_map(|rule| rule.keys).filter(|p| !p.contains(['[', '<'])) {
        let key = catalog::find(pattern).unwrap_or_else(|| panic!("the catalogue has no `{pattern}`"));
        let source = Source::new("mke3.toml", *pattern);
        let names =
            |leaf: &Leaf| leaf.origin.sources().any(|s| s.to_string().starts_with(&source.to_string()));
        for base in bases {
            let values: Vec<_> = base.iter().filter(|(path, _)| path != pattern).copied().collect();
            for contract in CONTRACTS {
                let before = run_by(rules, &toml(&values), contract, decisions).translation.mke4;
                let after = run_by(rules, &file_with(key, &values), contract, decisions).translation.mke4;
                let leaves = |tree: &Tree| -> BTreeMap<Path, Leaf> {
                    tree.leaves().into_iter().map(|(path, leaf)| (path, leaf.clone())).collect()
                };
                let (before, after) = (leaves(&before), leaves(&after));
                for path in before.keys().chain(after.keys()) {
                    let (old, new) = (before.get(path), after.get(path));
                    if old.map(|leaf| &leaf.scalar) == new.map(|leaf| &leaf.scalar) {
                        continue;
                    }
                    let named = old.is_none_or(names) && new.is_none_or(names);
                    assert!(
                        named,
                        "`{path}` changes with `{pattern}` under {contract}, unnamed:\n{old:?}\n{new:?}"
                    );
                }
            }
        }
    }
}
