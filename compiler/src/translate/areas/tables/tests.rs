use super::*;
use crate::origin::Source;
use crate::surroundings::{HostEntry, SshEntry, Surroundings};
use crate::translate::testing::{each_change_names_its_key, each_key_has_one_fate, run_by, run_in, toml};

const ON: (&str, &str) = (HARDENING, "true");

#[test]
fn every_key_has_one_fate_and_every_change_names_its_key() {
    let limited = ("hardening_configuration.pid_limit_unspecified", "false");
    let newer = ("hardening_configuration.pids_limit_unspecified_k8s", "false");
    let bases: &[&[(&str, &str)]] = &[
        &[],
        &[ON],
        &[ON, limited],
        &[ON, newer],
        &[limited, newer, (NO_TRACKING, "true"), ("trust_configuration.require_content_trust", "true")],
    ];
    // Alone, this area can't write what `strong_ciphers` hands to the components.
    let rules: Vec<Rule> = RULES.iter().copied().filter(|rule| !rule.keys.contains(&CIPHERS)).collect();
    each_key_has_one_fate(&rules, bases, &[]);
    each_key_has_one_fate(&rules, bases, &[(PIDS.limit, "per-pod"), (ON_MANAGERS, "no-taints")]);
    each_key_has_one_fate(&rules, bases, &[(PIDS.limit, "no-limit"), (ON_MANAGERS, "taints")]);
    each_change_names_its_key(RULES, bases, &[]);
    each_change_names_its_key(RULES, bases, &[(PIDS.limit, "per-pod")]);
}

#[test]
fn a_limit_of_processes_counts_only_with_hardening_and_when_it_is_said_to() {
    const FIELD: &str = "kubelet.podPidsLimit";
    let (limit, unspecified) = (PIDS.limit, PIDS.unspecified);
    let carry = [(PIDS.limit, "per-pod")];
    for (values, decisions, want) in [
        (&[][..], &carry[..], "-1"),
        (&[(limit, "4096"), (unspecified, "false")], &carry, "-1"),
        (&[ON, (limit, "4096")], &carry, "-1"),
        (&[ON, (limit, "4096"), (unspecified, "false")], &[], "-1"),
        (&[ON, (limit, "4096"), (unspecified, "false")], &carry, "4096"),
        (&[ON, (limit, "0"), (unspecified, "false")], &carry, "-1"),
        (&[ON, (limit, "4096"), (PIDS_3_9.limit, "99"), (PIDS_3_9.unspecified, "false")], &carry, "99"),
    ] {
        let run = run_by(RULES, &toml(values), "v4.1.5", decisions);
        assert_eq!(run.text(FIELD).as_deref(), Some(want), "{values:?}");
    }
}

#[test]
fn strong_ciphers_need_the_parent_switch() {
    use crate::translate::testing::run;
    let both = run(&toml(&[ON, (CIPHERS, "true")]), "v4.1.5", &[]);
    assert!(!both.findings.iter().any(|f| f.code.id == "T001" && f.message.contains(CIPHERS)));
    let alone = run_by(RULES, &toml(&[(CIPHERS, "true")]), "v4.1.5", &[]);
    assert_eq!(alone.fate(CIPHERS), Some(Fate::Dropped));
    let own = OWN_CIPHERS.map(|key| (key, "\"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\""));
    let all = run_by(RULES, &toml(&[&[ON, (CIPHERS, "true")][..], &own].concat()), "v4.1.5", &[]);
    assert_eq!(all.fate(CIPHERS), Some(Fate::Dropped));
}

#[test]
fn telemetry_is_off_as_soon_as_one_switch_says_so() {
    for (tracking, usage, want, named) in [
        ("false", "false", "true", vec![NO_TRACKING, NO_USAGE]),
        ("true", "false", "false", vec![NO_TRACKING]),
        ("false", "true", "false", vec![NO_USAGE]),
        ("true", "true", "false", vec![NO_TRACKING, NO_USAGE]),
    ] {
        let run = run_by(RULES, &toml(&[(NO_TRACKING, tracking), (NO_USAGE, usage)]), "v4.1.5", &[]);
        assert_eq!(run.text("tracking.enabled").as_deref(), Some(want));
        let named: Vec<_> = named.iter().map(|key| format!("mke3.toml:{key}")).collect();
        assert_eq!(run.origin("tracking.enabled"), named);
        assert_eq!(run.faults(), [""; 0]);
    }
}

#[test]
fn only_managers_lose_their_taint_and_only_by_an_operators_word() {
    let source = |path: &str| Source::new("hosts.yaml", path);
    let host = |i: usize, manager| HostEntry {
        name: Tracked::new(format!("n{i}"), source("name")),
        manager: Tracked::new(manager, source("role")),
        ssh: SshEntry {
            address: Tracked::new("10.0.0.1".to_owned(), source("address")),
            port: Tracked::new(22, source("port")),
            user: Tracked::new("root".to_owned(), source("user")),
            key_path: None,
        },
        private_address: None,
        private_interface: None,
        profile: None,
    };
    let site = || Surroundings { hosts: vec![host(0, true), host(1, false)], ..Default::default() };
    let file = toml(&[(ON_MANAGERS, "true")]);
    let run = |decisions: &[(&str, &str)]| run_in(&file, "v4.1.5", decisions, site());
    assert_eq!(run(&[]).fate(ON_MANAGERS), Some(Fate::DecisionNeeded));
    let open = run(&[(ON_MANAGERS, "no-taints")]);
    assert_eq!(open.text("hosts[0].noTaints").as_deref(), Some("true"));
    assert_eq!(open.text("hosts[1].noTaints"), None);
    assert_eq!(open.faults(), [""; 0]);
    assert_eq!(run(&[(ON_MANAGERS, "taints")]).text("hosts[0].noTaints"), None);
}

#[test]
fn messages_about_the_small_tables() {
    let enterprise = include_str!("../../../../../tests/fixtures/mke3/enterprise.toml");
    insta::assert_snapshot!("enterprise_tables", run_by(RULES, enterprise, "v4.1.5", &[]).rendered());
    let unsupported = include_str!("../../../../../tests/fixtures/mke3/unsupported.toml");
    insta::assert_snapshot!("unsupported_tables", run_by(RULES, unsupported, "v4.1.5", &[]).rendered());
}
