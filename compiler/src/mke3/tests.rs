//! The promises of this room.

use super::catalog::{self, Kind};
use super::{Config, SecretSlot};
use crate::diag::{Findings, codes::mke3 as code, render};
use crate::origin::{Origin, Source};
use crate::source::File;
use proptest::prelude::*;

pub(super) const SMALL: &str = include_str!("../../../tests/fixtures/mke3/small.toml");
const ENTERPRISE: &str = include_str!("../../../tests/fixtures/mke3/enterprise.toml");
const UNSUPPORTED: &str = include_str!("../../../tests/fixtures/mke3/unsupported.toml");

pub(super) fn read(text: &str, allow: &[(&str, &str)]) -> (Option<Config>, Findings) {
    let allow = allow.iter().map(|(key, reason)| ((*key).to_owned(), (*reason).to_owned())).collect();
    let mut findings = Findings::new();
    let config = Config::read(&File::new("mke3.toml", text), &allow, &mut findings);
    (config, findings)
}

fn good(text: &str) -> Config {
    let (config, findings) = read(text, &[]);
    config.unwrap_or_else(|| panic!("{}", shown(&findings)))
}

pub(super) fn shown(findings: &Findings) -> String {
    findings.iter().map(|finding| render(finding, false)).collect::<Vec<_>>().join("\n\n")
}

fn origin(path: &str) -> Origin {
    Origin::of(Source::new("mke3.toml", path))
}

#[test]
fn fixtures_read_without_a_finding_and_every_value_of_them_is_in_the_catalogue() {
    let fixtures =
        [("small", SMALL, 202), ("enterprise", ENTERPRISE, 286), ("unsupported", UNSUPPORTED, 134)];
    for (name, text, values) in fixtures {
        let (config, findings) = read(text, &[]);
        let config = config.unwrap_or_else(|| panic!("{name}: {}", shown(&findings)));
        assert!(findings.is_empty(), "{name}: {}", shown(&findings));
        assert_eq!(config.instances().count(), values, "{name}");
        for instance in config.instances() {
            assert_eq!(catalog::find_instance(&instance.path), Some(instance.key));
        }
    }
}

#[test]
fn a_fresh_cluster_shows_hardly_anything_that_somebody_chose() {
    let config = good(SMALL);
    let chosen: Vec<_> =
        config.instances().map(|value| value.path).filter(|path| !config.is_default(path)).collect();
    assert_eq!(chosen, ["cluster_config.shared_sans", "cluster_config.calico_kdd"]);
}

#[test]
fn what_is_absent_or_empty_answers_with_the_default_and_an_origin_that_names_the_key() {
    for text in [
        "[cluster_config]\n",
        "[cluster_config]\npod_cidr = \"\"\ncalico_mtu = \"\"\nnodeport_range = \"\"\n",
    ] {
        let config = good(text);
        let cidr = config.str("cluster_config.pod_cidr");
        assert_eq!((cidr.value.as_str(), cidr.origin), ("192.168.0.0/16", origin("cluster_config.pod_cidr")));
        assert_eq!(config.raw_str("cluster_config.pod_cidr").value, "");
        assert_eq!(config.int("cluster_config.calico_mtu").value, 1480);
        assert!(config.is_default("cluster_config.nodeport_range"));
        assert!(!config.is_set("cluster_config.nodeport_range"));
    }
    let config = good("[cluster_config]\n");
    assert!(config.bool("cluster_config.kube_proxy_no_cleanup_on_start").value);
    assert_eq!(config.bool("cluster_config.calico_kdd").origin, origin("cluster_config.calico_kdd"));
    assert_eq!(config.list("cluster_config.dns"), []);
    assert_eq!(config.list_origin("cluster_config.dns"), origin("cluster_config.dns"));
    assert_eq!(config.place("cluster_config.dns").map(|place| place.describe()), None);
    assert!(config.rows("registries").is_empty() && !config.has_table("auth.ldap"));
}

#[test]
fn lists_rows_and_maps_come_in_the_order_of_the_file_with_their_own_origins() {
    let config = good(ENTERPRISE);
    let dns: Vec<_> = config.list("cluster_config.dns_opt");
    assert_eq!(dns[1].value, "timeout:2");
    assert_eq!(dns[1].origin, origin("cluster_config.dns_opt[1]"));
    assert_eq!(config.place("cluster_config.dns_opt[1]").unwrap().describe(), "mke3.toml:173:25");

    let rows = config.rows("cluster_config.ingress_controller.ingress_exposed_ports");
    let ports: Vec<_> = rows.iter().map(|row| (row.str("name").value, row.int("node_port").value)).collect();
    assert_eq!(ports, [("http2".into(), 30080), ("https".into(), 30443), ("amqps".into(), 30671)]);
    let path = "cluster_config.ingress_controller.ingress_exposed_ports[2]";
    assert_eq!(rows[2].path(), path);
    assert_eq!(rows[2].int("port").origin, origin(&format!("{path}.port")));
    assert_eq!(config.str("registries[1].ca_bundle").value, "");
    assert_eq!(
        config.rows("cluster_config.metallb_config.metallb_ip_addr_pool")[0].list("external_ip").len(),
        2
    );

    let profiles = config.map("cluster_config.custom_kubelet_flags_profiles");
    assert_eq!(profiles.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["gpu", "batch"]);
    let tcp = config.map("cluster_config.ingress_controller.ingress_tcp_services");
    assert_eq!((tcp[0].0.as_str(), tcp[0].1.value.as_str()), ("5671", "messaging/rabbitmq:5671"));

    let dotted = "user_workload_defaults.swarm_defaults.\"tasktemplate.restartpolicy.delay\".value";
    assert_eq!(good(UNSUPPORTED).str(dotted).value, "30s");
}

#[test]
fn both_spellings_of_a_key_give_the_same_value_under_one_path() {
    for (written, path, value) in [
        ("[backup_schedule_config]\nbackup_limits = 5", "backup_schedule_config.backups_limit", "5"),
        (
            "[backup_schedule_config]\n\"notification-delay\" = 5",
            "backup_schedule_config.notification_delay",
            "5",
        ),
        (
            "[cluster_config.ingress_controller.config_map]\nx = \"y\"",
            "cluster_config.ingress_controller.ingress_config_map.x",
            "y",
        ),
        (
            "[[auth.ldap.userSearchConfigs]]\nbaseDN = \"dc=x\"\nmatchGroupDN = \"\"",
            "auth.ldap.user_search_configs[0].base_dn",
            "dc=x",
        ),
        (
            "[cluster_config]\nKubeAPIServerCustomAuditPolicyYaml = \"kind: Policy\"",
            "cluster_config.kube_api_server_custom_audit_policy_yaml",
            "kind: Policy",
        ),
    ] {
        let text = match written.contains("[cluster_config") {
            true => written.to_owned(),
            false => format!("{written}\n[cluster_config]\n"),
        };
        let config = good(&text);
        let first = config.instances().next().unwrap();
        assert_eq!((first.path.as_str(), first.display.as_str()), (path, value));
        assert!(config.is_set(path));
    }
    let config = good("[auth.external_identity_provider]\nclientID = \"a\"\n[cluster_config]\n");
    assert_eq!(
        config.str("auth.external_identity_provider.clientID"),
        config.str("auth.external_identity_provider.clientId")
    );
}

#[test]
fn equal_values_in_other_words_count_as_defaults() {
    for (line, default) in [
        ("kube_api_server_request_timeout = \"60s\"", true),
        ("kube_api_server_request_timeout = \"61s\"", false),
        ("windows_kubelet_data_root = 'C:\\\\k'", true),
        ("calico_vxlan = false", true),
        ("calico_mtu = 1480", true),
        ("calico_mtu = \"1481\"", false),
        ("rethinkdb_cache_size = \"512MB\"", true),
        ("manager_kube_reserved_resources = \"cpu=1,memory=2Gi,ephemeral-storage=4Gi\"", true),
        ("kubelet_max_pods = 111", false),
        ("dns = []", true),
    ] {
        let config = good(&format!("[cluster_config]\n{line}\n"));
        let path = format!("cluster_config.{}", line.split(' ').next().unwrap());
        assert_eq!(config.is_default(&path), default, "{line}");
    }
    assert!(
        good("[log_configuration]\nlevel = \"info\"\n[cluster_config]\n")
            .is_default("log_configuration.level")
    );
}

#[test]
fn windows_paths_come_with_single_backslashes() {
    let config = good("[cluster_config]\nwindows_containerd_root = 'C:\\\\ProgramData\\\\containerd'\n");
    assert_eq!(config.str("cluster_config.windows_containerd_root").value, r"C:\ProgramData\containerd");
    assert_eq!(
        config.raw_str("cluster_config.windows_containerd_root").value,
        r"C:\\ProgramData\\containerd"
    );
}

#[test]
fn forms_on_which_pages_disagree_are_read_alike() {
    let text = |rest: &str| {
        format!("custom_api_server_headers = {{}}\n[etcd_cleanup_schedule_config]\n[cluster_config]\n{rest}")
    };
    let affinity = "[cluster_config.ingress_controller.ingress_node_affinity]\nkey = \"a\"\n";
    let config = good(&text(affinity));
    assert!(config.rows("custom_api_server_headers").is_empty());
    assert_eq!(
        config.rows("cluster_config.ingress_controller.ingress_node_affinity")[0].str("key").value,
        "a"
    );
    let array = affinity.replace(".ingress_node_affinity]", ".ingress_node_affinity]]").replace("[c", "[[c");
    assert!(good(&text(&array)).instances().map(|i| i.path).eq(config.instances().map(|i| i.path)));

    for list in ["\"a, b\"", "[\"a\", \"b\"]"] {
        let config = good(&text(&format!(
            "[cluster_config.policy_enforcement.gatekeeper]\nexcluded_namespaces = {list}\n"
        )));
        let names: Vec<_> = config.list("cluster_config.policy_enforcement.gatekeeper.excluded_namespaces");
        assert_eq!(names.into_iter().map(|name| name.value).collect::<Vec<_>>(), ["a", "b"]);
    }
}

#[test]
fn an_allowed_unknown_key_is_let_through_and_recorded() {
    let text = "[cluster_config]\nbrand_new = 1\n[cluster_config.brand_new_table]\nx = 1\n";
    let allow = [
        ("cluster_config.brand_new", "3.8.20"),
        ("cluster_config.brand_new_table", "3.8.20"),
        ("nothing", "x"),
    ];
    let (config, findings) = read(text, &allow);
    let config = config.unwrap();
    assert_eq!(
        config.allowed().iter().map(|a| a.path.as_str()).collect::<Vec<_>>(),
        [allow[0].0, allow[1].0]
    );
    assert_eq!(config.instances().count(), 0);
    assert_eq!(findings.iter().filter(|f| f.code == code::ALLOWED).count(), 2);
    assert!(findings.has(code::ALLOWED_NOTHING));
    assert!(read(text, &[]).0.is_none());
}

#[test]
fn everything_wrong_comes_in_one_run() {
    let text = "[cluster_config]\npod_cidr = 1\nkubelet_max_pods = 300\nfoo = 1\ncalico_mtu = \"x\"\ndns = [\"y\"]\n";
    let (config, findings) = read(text, &[]);
    assert!(config.is_none());
    let lines: Vec<_> = findings.iter().map(|f| f.place.as_ref().unwrap().describe()).collect();
    assert_eq!(
        lines,
        ["mke3.toml:2:12", "mke3.toml:3:20", "mke3.toml:4:1", "mke3.toml:5:14", "mke3.toml:6:8"]
    );
}

#[test]
#[should_panic(expected = "the catalogue has no key `cluster_config.pod_cird`")]
fn asking_for_a_key_that_does_not_exist_is_a_slip_that_shows() {
    good(SMALL).str("cluster_config.pod_cird");
}

#[test]
#[should_panic(expected = "is a secret")]
fn a_secret_is_no_text() {
    good(ENTERPRISE).str("backup_schedule_config.passphrase");
}

// Secrets. `CANARY` must never come out of anything.

const CANARY: &str = "canary7Q";

/// A file with a canary in each secret key, and its slots in order.
fn file_of_canaries(canary: &str) -> (String, Vec<&'static str>) {
    let text = format!(
        "[auth.external_identity_provider]\nclientSecret = \"{canary}1\"\nhttpProxy = \"http://u:{canary}2@proxy:1\"
[auth.scim]\ntoken = '''{canary}3
second {canary} line'''
[auth.samlProxy]\nproxy_url = \"http://u:{canary}/4@proxy\"
credentials = {{ basic = {{ user = \"u\", password = \"{canary}5\" }} }}
[auth.ldap]\nreaderPassword = \"{canary}6\"
[[auth.ldap.additional_domains]]\ndomain = \"a\"\nserver_url = \"ldap://a\"\nreader_password = \"{canary}7\"
[[auth.ldap.additional_domains]]\ndomain = \"b\"\nserver_url = \"ldap://b\"\nreader_password = \"\"
[backup_schedule_config]\n\"passphrase\" = \"{canary}\\u0038\"\n[cluster_config]\n"
    );
    let slots = vec![
        "mke3/auth.external_identity_provider.client_secret",
        "mke3/auth.external_identity_provider.http_proxy",
        "mke3/auth.scim.token",
        "mke3/auth.saml_proxy.proxy_url",
        "mke3/auth.saml_proxy.credentials.basic.password",
        "mke3/auth.ldap.reader_password",
        "mke3/auth.ldap.additional_domains.0.reader_password",
        "mke3/backup_schedule_config.passphrase",
    ];
    (text, slots)
}

/// All that a reading can show.
fn everything(config: Option<&Config>, findings: &Findings) -> String {
    let mut all = format!("{findings:?}\n{}\n{config:?}\n", shown(findings));
    if let Some(config) = config {
        all += &config.blanked();
        for instance in config.instances() {
            all += &format!("{instance:?}\n");
            if instance.key.kind == Kind::Text(catalog::Form::Url) {
                all += &config.str(&instance.path).value;
            }
        }
    }
    all
}

#[test]
fn a_secret_becomes_a_slot_and_is_gone_from_everything_else() {
    let (text, slots) = file_of_canaries(CANARY);
    let config = good(&text);
    let secrets: Vec<_> = config
        .instances()
        .filter(|instance| instance.key.secret || instance.key.may_hold_secret)
        .filter_map(|instance| config.secret(&instance.path))
        .collect();
    assert_eq!(secrets.iter().map(|slot| slot.value.name()).collect::<Vec<_>>(), slots);
    assert_eq!(secrets[5].origin, origin("auth.ldap.reader_password"));
    let (_, findings) = read(&text, &[]);
    let all = everything(Some(&config), &findings);
    assert!(!all.contains(CANARY), "{all}");
    assert!(config.secret("auth.ldap.additional_domains[1].reader_password").is_none());
    assert!(!config.is_default("backup_schedule_config.passphrase"));
    let url = config.str("auth.samlProxy.proxy_url").value;
    assert_eq!(url, "airlift-secret(mke3/auth.saml_proxy.proxy_url)");
}

#[test]
fn every_secret_key_of_the_catalogue_is_among_the_canaries() {
    let config = good(&file_of_canaries(CANARY).0);
    for key in catalog::all().filter(|key| key.secret) {
        assert!(config.instances().any(|instance| instance.key == key), "{}", key.pattern);
    }
}

#[test]
fn no_message_shows_a_secret_however_wrong_the_file_is() {
    let pem = "-----BEGIN PRIVATE KEY-----\\ncanary7Q\\n-----END PRIVATE KEY-----";
    let c = "[cluster_config]\n";
    let cases = [
        // wrong types, places and spellings
        format!("[auth.scim]\ntoken = [\"{CANARY}\"]\n{c}"),
        format!("[auth.scim]\ntoken = {{ a = \"{CANARY}\", b = 1 }}\n{c}"),
        format!("[auth.scim]\nToken = \"{CANARY}\"\n{c}"),
        format!("[auth.scimm]\ntoken = \"{CANARY}\"\n{c}"),
        format!("[auth]\nreader_password = \"{CANARY}\"\n{c}"),
        format!("[auth.ldap]\nreader_pasword = \"{CANARY}\"\n{c}"),
        format!("[auth.ldap]\nreader_password = \"{CANARY}\"\nreaderPassword = \"{CANARY}\"\n{c}"),
        format!("[backup_schedule_config]\npassphrase = \"{CANARY}\"\nno_passphrase = true\n{c}"),
        format!("[backup_schedule_config]\npassphrase = \"airlift-secret({CANARY})\"\n{c}"),
        format!("[auth.samlProxy.credentials.digest]\nkey = \"x\"\nvalue = \"{CANARY}\"\n{c}"),
        format!("[pki]\nclient_ca_bundle = \"{pem}\"\n{c}"),
        format!("[[registries]]\nca_bundle = \"{pem}\"\n{c}"),
        // a neighbour's message
        format!("[auth.scim]\nx = 1\ntoken = \"{CANARY}\"\ny = 1\n{c}"),
        format!("[auth.samlProxy]\nenabled = \"no\"\nproxy_url = \"http://u:{CANARY}@p\"\nfoo = 1\n{c}"),
        format!("auth.scim = {{ token = \"{CANARY}\", foo = 1 }}\n{c}"),
        // no TOML
        format!("[auth.scim]\ntokn = {CANARY}\n{c}"),
        format!("[auth.scim]\nken = \"{CANARY}\" x\n{c}"),
        format!("[auth.scim]\ntoken = {CANARY}\n{c}"),
        format!("[auth.scim]\ntoken = \"{CANARY}\n{c}"),
        format!("[auth.scim]\ntoken \"{CANARY}\"\n{c}"),
        format!("[auth.scim]\ntoken: {CANARY}\n{c}"),
        format!("[auth.scim]\ntoken =\n\"{CANARY}\"\n{c}"),
        format!("[auth.scim]\ntoken = \"\"\"\n{CANARY}\n{CANARY}\"\"\" x\n{c}"),
        format!("[auth.scim]\ntoken = '''\n{CANARY}"),
        format!("[auth.scim]\ntoken = \"{CANARY}\"\ntoken = \"{CANARY}\"\n{c}"),
        format!("auth.scim = {{ orgName = , token = \"{CANARY}\" }}\n{c}"),
        format!("[backup_schedule_config]\npassphrase = \"{CANARY}\" = 3\n{c}"),
        format!("[backup_schedule_config]\n  \"passphrase\"='{CANARY}' trailing {CANARY}\n{c}"),
    ];
    for text in cases {
        let (config, findings) = read(&text, &[]);
        assert!(config.is_none() && !findings.is_empty(), "{text}");
        let all = everything(None, &findings);
        assert!(!all.contains(CANARY), "{text}\n---\n{all}");
    }
    // The type of a number is told, the number isn't.
    let (_, findings) = read("[auth.scim]\ntoken = 7712345\n[cluster_config]\n", &[]);
    assert!(findings.has(code::TYPE) && !everything(None, &findings).contains("7712345"));
}

#[test]
fn header_values_and_flags_that_sound_secret_are_masked_in_the_ledger() {
    let config = good(
        "[[custom_api_server_headers]]\nname = \"X\"\nvalue = \"v\"\n[cluster_config]
custom_kube_api_server_flags = [\"--oidc-client-secret=v\", \"--token-auth-file=/v\", \"--x=v\"]\n",
    );
    let shown: Vec<_> = config.instances().map(|instance| instance.display).collect();
    let flags = r#"["--oidc-client-secret=<secret>", "--token-auth-file=/v", "--x=v"]"#;
    assert_eq!(shown, ["X", "<secret>", flags]);
}

#[test]
fn slot_names_hold_only_what_a_file_name_may() {
    for key in catalog::all().filter(|key| super::secret::can_hide(key)) {
        let slot = SecretSlot::of(&key.pattern.replace("[]", "[0]"));
        assert!(
            slot.name().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._/-".contains(c))
        );
    }
}

#[test]
fn a_site_blanked_by_hand_reads_like_the_original() {
    let original = good(ENTERPRISE);
    assert!(original == good(&original.blanked()));
    assert!(original != good(SMALL));
}

/// Text made of the words that matter here, so that it often parses and often nearly does.
fn toml_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[auth.scim]\n".to_owned()),
        Just("[cluster_config]\n".to_owned()),
        Just("[[registries]]\n".to_owned()),
        Just("[auth.samlProxy.credentials.basic]\n".to_owned()),
        Just("token = \"\"\"a\nb\"\"\"\n".to_owned()),
        Just("proxy_url = \"http://a:b@c\"\n".to_owned()),
        Just("pod_cidr = {}\n".to_owned()),
        Just("password = ".to_owned()),
        Just("\"".to_owned()),
        Just("'''".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()),
        "[a-z_]{1,8} = \"\\PC{0,8}\"\n",
        "\\PC{0,12}",
        "(?s).{0,6}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in toml_like()) {
        let (config, findings) = read(&text, &[]);
        prop_assert_eq!(config.is_none(), findings.stop());
        everything(config.as_ref(), &findings);
    }

    #[test]
    fn blanking_twice_is_blanking_once(secret in "[a-zA-Z0-9 #=\\[\\]{},.;:+ßµ-]{1,20}") {
        prop_assume!(!secret.contains("airlift-secret("));
        let (text, _) = file_of_canaries(&secret);
        let once = good(&text);
        let twice = good(&once.blanked());
        prop_assert!(once == twice);
        prop_assert_eq!(once.blanked(), twice.blanked());
        prop_assert_eq!(once.blanked(), good(&file_of_canaries("other").0).blanked());
    }
}

proptest! {
    // Each case renders a large file.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_to_a_good_file_makes_the_reader_panic(
        start in 0..ENTERPRISE.len(),
        len in 0..60usize,
        put in "(?s).{0,4}",
    ) {
        // The fixture is ASCII, so any offset is between two characters.
        let end = (start + len).min(ENTERPRISE.len());
        let text = format!("{}{put}{}", &ENTERPRISE[..start], &ENTERPRISE[end..]);
        let (config, findings) = read(&text, &[]);
        prop_assert_eq!(config.is_none(), findings.stop());
        let all = everything(config.as_ref(), &findings);
        // Where the damage took the name away, nothing tells that a secret follows.
        let whole = "\n        password = \"fixture-proxy-password\"\n";
        prop_assert!(!text.contains(whole) || !all.contains("fixture-proxy-password"), "{}", all);
    }
}
