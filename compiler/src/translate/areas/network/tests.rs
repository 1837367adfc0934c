use super::{DECISIONS, ETCD_BACKED, RULES, cni};
use crate::contract::{self, Calico};
use crate::diag::{Findings, Severity};
use crate::document::{Path, Tree};
use crate::origin::Tracked;
use crate::source::{File, yaml};
use crate::surroundings::{Registry, Surroundings};
use crate::translate::Fate;
use crate::translate::testing::{
    CONTRACTS, Run, each_change_names_its_key, each_key_has_one_fate, run_by, run_in,
};

const UNSUPPORTED: &str = include_str!("../../../../../tests/fixtures/mke3/unsupported.toml");
const ENTERPRISE: &str = include_str!("../../../../../tests/fixtures/mke3/enterprise.toml");

/// What MKE wants to see while the probes are tuned.
const TUNED: &[(&str, &str)] = &[
    ("cluster_config.calico_controller_liveness_probe_failure_threshold", "3"),
    ("cluster_config.calico_controller_liveness_probe_initial_delay_seconds", "3"),
    ("cluster_config.calico_controller_liveness_probe_period_seconds", "3"),
    ("cluster_config.calico_controller_liveness_probe_success_threshold", "1"),
    ("cluster_config.calico_controller_liveness_probe_timeout_seconds", "3"),
    ("cluster_config.calico_controller_readiness_probe_failure_threshold", "3"),
    ("cluster_config.calico_controller_readiness_probe_initial_delay_seconds", "3"),
    ("cluster_config.calico_controller_readiness_probe_period_seconds", "3"),
    ("cluster_config.calico_controller_readiness_probe_success_threshold", "3"),
    ("cluster_config.calico_controller_readiness_probe_timeout_seconds", "3"),
];

const PROXY_FILE: &str = r#""kind: KubeProxyConfiguration\nmetricsBindAddress: 127.0.0.1:10249\niptables:\n  syncPeriod: 30s\n  masqueradeAll: true\nnodePortAddresses: [10.0.0.0/8]\nconntrack:\n  maxPerCore: 0\nbindAddress: ''\n""#;

/// The probes with `more` on top.
fn base(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    TUNED.iter().chain(more).copied().collect()
}

fn bases() -> Vec<Vec<(&'static str, &'static str)>> {
    vec![
        base(&[]),
        base(&[("cluster_config.calico_kdd", "true"), ("cluster_config.calico_vxlan", "false")]),
        base(&[("cluster_config.unmanaged_cni", "true"), ("cluster_config.kube_proxy_mode", "\"disabled\"")]),
        base(&[("cluster_config.cni_installer_url", "\"https://example.com/cni.yaml\"")]),
        base(&[("cluster_config.kube_proxy_mode", "\"ipvs\""), ("cluster_config.secure_overlay", "true")]),
        base(&[("cluster_config.kube_proxy_mode", "\"disabled\"")]),
        base(&[
            ("cluster_config.kube_proxy_use_config_file", "true"),
            ("cluster_config.custom_proxy_config_yaml", PROXY_FILE),
        ]),
        base(&[("cluster_config.custom_proxy_config_yaml", PROXY_FILE)]),
    ]
}

fn with_bases(check: impl Fn(&[&[(&str, &str)]], &[(&str, &str)])) {
    let bases = bases();
    let bases: Vec<&[(&str, &str)]> = bases.iter().map(Vec::as_slice).collect();
    let undecided: &[(&str, &str)] = &[];
    let decided = [
        ("cluster_config.calico_vxlan", "ipip"),
        ("cluster_config.secure_overlay", "wireguard"),
        ("cluster_config.kube_proxy_mode", "disabled"),
    ];
    // Undecided, only an IPIP cluster and a kube-proxy that is off differ.
    check(&bases[1..3], undecided);
    check(&bases, &decided);
}

#[test]
fn each_key_has_one_fate_in_every_network() {
    with_bases(|bases, decisions| each_key_has_one_fate(RULES, bases, decisions));
}

#[test]
fn each_change_of_the_network_is_named() {
    with_bases(|bases, decisions| each_change_names_its_key(RULES, bases, decisions));
}

#[test]
fn every_decision_is_asked_for_somewhere() {
    let asked = |toml: &str| run_by(RULES, toml, "v4.1.5", &[]).rendered();
    let all = asked("[cluster_config]\ncalico_vxlan = false\nsecure_overlay = true")
        + &asked("[cluster_config]\nunmanaged_cni = true\nkube_proxy_mode = \"disabled\"");
    for key in DECISIONS {
        assert!(all.contains(&format!("\n            {key}: ")), "{key}\n{all}");
    }
}

#[test]
fn every_release_prints_the_providers_that_the_rules_change() {
    for contract in contract::all() {
        for name in ["calico", "custom"] {
            let mut doc = contract.default_document();
            assert!(
                doc.select("spec.network.providers", "provider", name).is_some(),
                "{} {name}",
                contract.id
            );
        }
    }
}

/// The provider's member at a list of keys.
fn provider<'r>(run: &'r Run, name: &str, keys: &[&str]) -> Option<&'r Tree> {
    let Some(Tree::List(entries)) = run.get("network.providers") else { panic!("no providers") };
    let entry = entries.iter().find(|e| e.text("provider").is_some_and(|t: Tracked<String>| t.value == name));
    let path = keys.iter().fold(Path::default(), |path, key| path.key(key));
    entry.expect("the provider").at(&path)
}

fn leaf(run: &Run, name: &str, keys: &[&str]) -> Option<(String, Vec<String>)> {
    match provider(run, name, keys)? {
        Tree::Leaf(leaf) => {
            Some((leaf.scalar.text(), leaf.origin.sources().map(|s| s.path.clone()).collect()))
        }
        _ => panic!("{keys:?} is no scalar"),
    }
}

fn extra(run: &Run, key: &str) -> Option<String> {
    leaf(run, "calico", &["extraConfig", key]).map(|(text, _)| text)
}

/// Codes of what stops, each with its place.
fn stops(run: &Run) -> Vec<String> {
    let stops = run.findings.iter().filter(|f| f.severity() == Severity::Blocker);
    stops
        .map(|f| format!("{} {}", f.code.id, f.place.as_ref().map_or("-".to_owned(), |p| p.describe())))
        .collect()
}

#[test]
fn all_blockers_of_a_network_are_told_in_one_run_with_their_places() {
    let line = |key: &str| {
        let at = UNSUPPORTED.lines().position(|l| l.trim().starts_with(&format!("{key} = "))).unwrap();
        let column = UNSUPPORTED.lines().nth(at).unwrap().find('=').unwrap() + 3;
        format!("mke3.toml:{}:{column}", at + 1)
    };
    let common = [
        format!("T101 {}", line("calico_kdd")),
        format!("T103 {}", line("calico_ebpf_enabled")),
        format!("T102 {}", line("kube_proxy_mode")),
    ];
    for contract in CONTRACTS {
        let mut expected = common.to_vec();
        if !contract::by_id(contract).unwrap().takes_unmanaged_cni {
            expected.insert(0, format!("T104 {}", line("unmanaged_cni")));
        }
        assert_eq!(stops(&run_by(RULES, UNSUPPORTED, contract, &[])), expected, "{contract}");
    }
}

#[test]
fn every_blocker_has_a_way_out() {
    for contract in CONTRACTS {
        let run = run_by(RULES, UNSUPPORTED, contract, &[]);
        for finding in run.findings.iter().filter(|f| f.severity().stops()) {
            assert!(finding.help.is_some(), "{}", finding.message);
        }
    }
}

#[test]
fn calico_in_etcd_is_refused_in_mkectls_own_words() {
    for (toml, place) in [
        ("[cluster_config]\ncalico_kdd = false", "T101 mke3.toml:2:14"),
        ("[cluster_config]\npod_cidr = \"10.0.0.0/8\"", "T101 mke3.toml:1:2"),
        ("[log_configuration]\nlevel = \"INFO\"\n[cluster_config]", "T101 mke3.toml:3:2"),
        ("[cluster_config]\nunmanaged_cni = true\ncalico_ebpf_enabled = true", "T101 mke3.toml:1:2"),
    ] {
        let run = run_by(RULES, toml, "v4.1.5", &[]);
        assert_eq!(stops(&run)[0], place, "{toml}");
        assert_eq!(run.findings.iter().find(|f| f.code.id == "T101").unwrap().message, ETCD_BACKED);
    }
    assert_eq!(
        ETCD_BACKED,
        "unsupported configuration for mke4 upgrade: mke3 cluster is using etcdv3 and not kdd backend for calico"
    );
    for toml in ["[cluster_config]\ncalico_kdd = true", "[cluster_config]\nunmanaged_cni = true"] {
        assert_eq!(stops(&run_by(RULES, toml, "v4.1.5", &[])), [""; 0], "{toml}");
    }
}

#[test]
fn a_cni_of_ones_own_takes_calicos_place_where_the_release_takes_it() {
    for toml in [
        "[cluster_config]\nunmanaged_cni = true\npod_cidr = \"10.1.0.0/16\"",
        "[cluster_config]\ncni_installer_url = \"https://example.com/cni.yaml\"\npod_cidr = \"10.1.0.0/16\"",
    ] {
        for contract in CONTRACTS {
            let run = run_by(RULES, toml, contract, &[]);
            let calico = leaf(&run, "calico", &["enabled"]).unwrap().0;
            let custom = leaf(&run, "custom", &["enabled"]).unwrap().0;
            if !contract::by_id(contract).unwrap().takes_unmanaged_cni {
                assert_eq!(run.codes()[0], "T104", "{contract}");
                continue;
            }
            assert_eq!((calico.as_str(), custom.as_str()), ("false", "true"), "{contract}");
            assert_eq!(provider(&run, "calico", &["extraConfig"]), None);
            let (cidr, origin) = leaf(&run, "custom", &["extraConfig", "cidrV4"]).unwrap();
            assert_eq!(cidr, "10.1.0.0/16");
            assert!(origin.contains(&"cluster_config.pod_cidr".to_owned()), "{origin:?}");
            assert_eq!(run.codes(), ["T305"]);
        }
    }
}

#[test]
fn calico_of_4_0_is_told_in_k0s_words() {
    let toml = "[log_configuration]\nlevel = \"DEBUG\"\n[cluster_config]\ncalico_kdd = true\n\
                pod_cidr = \"10.1.0.0/16\"\ncalico_vxlan_port = \"4790\"\nvxlan_vni = 4096\ncalico_mtu = \"1400\"\n\
                calico_ip_auto_method = \"can-reach=10.1.0.1\"\nsecure_overlay = true\ncalico_vxlan = false";
    let decisions = [("cluster_config.calico_vxlan", "ipip"), ("cluster_config.secure_overlay", "wireguard")];
    let run = run_by(RULES, toml, "v4.0.0", &decisions);
    for (key, value) in [
        ("clusterCIDRIPv4", "10.1.0.0/16"),
        ("mode", "ipip"),
        ("overlay", "Always"),
        ("vxlanPort", "4790"),
        ("vxlanVNI", "4096"),
        ("ipAutodetectionMethod", "can-reach=10.1.0.1"),
        ("enableWireguard", "true"),
        ("CALICO_STARTUP_LOGLEVEL", "DEBUG"),
    ] {
        assert_eq!(extra(&run, key).as_deref(), Some(value), "{key}");
    }
    let Some(Tree::Map(members)) = provider(&run, "calico", &["extraConfig"]) else { panic!("no map") };
    for (key, value) in members {
        let Tree::Leaf(leaf) = value else { panic!("{key} is no scalar") };
        assert!(matches!(leaf.scalar, crate::document::Scalar::Str(_)), "{key} is no text");
    }
    assert_eq!(run.codes(), ["T301", "T302"]);
    assert_eq!(run.fate("cluster_config.calico_mtu"), Some(Fate::Dropped));
}

/// The text of `values.yaml`.
fn values(run: &Run) -> String {
    extra(run, "values.yaml").expect("values.yaml")
}

#[test]
fn the_values_of_a_large_cluster_read_like_the_vendors_sample() {
    let run = run_by(RULES, ENTERPRISE, "v4.1.5", &[]);
    insta::assert_snapshot!(values(&run));
    assert_eq!(extra(&run, "cidrV4").as_deref(), Some("172.24.0.0/14"));
    assert_eq!(extra(&run, "linuxDataplane").as_deref(), Some("Iptables"));
    assert_eq!(extra(&run, "loglevel").as_deref(), Some("Info"));
}

#[test]
fn the_values_begin_with_the_kubelet_root_and_are_good_yaml() {
    let toml = "[cluster_config]\ncalico_kdd = true\nkubelet_data_root = \"/data/kubelet\"";
    for contract in contract::all().iter().filter(|c| matches!(c.calico, Calico::Operator { .. })) {
        let run = run_by(RULES, toml, contract.id, &[]);
        let text = values(&run);
        let root = if contract.has("kubelet.kubeletRootDir") { "/data/kubelet" } else { "/var/lib/kubelet" };
        assert_eq!(
            text.lines().next(),
            Some(&*format!("kubeletVolumePluginPath: {root}")),
            "{}",
            contract.id
        );
        let node = yaml::parse(&File::new("values.yaml", text.clone()), &mut Findings::new());
        let node = node.expect("good YAML");
        assert!(node.get("installation").is_some() && node.get("kubeletVolumePluginPath").is_some());
        assert!(!text.contains("ipPools"), "an upgrade has its pools");
        assert_eq!(text.contains("controlPlaneNodeSelector"), contract.id == "v4.2.1", "{text}");
    }
}

#[test]
fn the_values_follow_the_settings_of_calico() {
    let line = |settings: &str, decisions: &[(&str, &str)], field: &str| {
        let toml = format!("[cluster_config]\ncalico_kdd = true\n{settings}");
        let run = run_by(RULES, &toml, "v4.1.5", decisions);
        let text = values(&run);
        text.lines().map(str::trim).find(|l| l.starts_with(&format!("{field}:"))).map(str::to_owned)
    };
    let ipip = [("cluster_config.calico_vxlan", "ipip")];
    let vxlan = [("cluster_config.calico_vxlan", "vxlan")];
    let wireguard = [("cluster_config.secure_overlay", "wireguard")];
    for (settings, decisions, expected) in [
        ("", &[][..], "bgp: Disabled"),
        ("calico_vxlan = false", &ipip[..], "bgp: Enabled"),
        ("calico_vxlan = false", &vxlan[..], "bgp: Disabled"),
        ("", &[], "mtu: 1450"),
        ("calico_mtu = \"1400\"", &[], "mtu: 1400"),
        ("calico_vxlan_mtu = \"1300\"", &[], "mtu: 1300"),
        ("calico_vxlan = false\nipip_mtu = \"1440\"", &ipip, "mtu: 1440"),
        ("calico_vxlan = false\ncalico_vxlan_mtu = \"1300\"", &ipip, "mtu: 1480"),
        ("calico_vxlan_port = \"4790\"", &[], "vxlanPort: 4790"),
        ("vxlan_vni = 4096", &[], "vxlanVNI: 4096"),
        ("secure_overlay = true", &wireguard, "wireguardEnabled: true"),
        ("calico_ip_auto_method = \"kubernetes-internal-ip\"", &[], "kubernetes: NodeInternalIP"),
        ("[log_configuration]\nlevel = \"debug\"", &[], "logSeverityScreen: Debug"),
        ("[log_configuration]\nlevel = \"err\"", &[], "logSeverityScreen: Info"),
    ] {
        let field = expected.split(':').next().unwrap();
        assert_eq!(line(settings, decisions, field).as_deref(), Some(expected), "{settings}");
    }
    assert_eq!(line("secure_overlay = true", &wireguard, "mtu"), None);
    assert_eq!(line("secure_overlay = true", &[], "wireguardEnabled"), None);
}

#[test]
fn one_mtu_for_two_is_told_where_somebody_chose_one() {
    let codes = |settings: &str| {
        run_by(RULES, &format!("[cluster_config]\ncalico_kdd = true\n{settings}"), "v4.1.5", &[]).codes()
    };
    assert_eq!(codes(""), [""; 0]);
    assert_eq!(codes("calico_mtu = \"1480\"\ncalico_vxlan_mtu = \"1450\"\nipip_mtu = \"1480\""), [""; 0]);
    assert_eq!(codes("calico_mtu = \"1400\""), ["T304"]);
    assert_eq!(codes("calico_mtu = \"1400\"\ncalico_vxlan_mtu = \"1400\""), [""; 0]);
    assert_eq!(codes("ipip_mtu = \"1400\""), ["T302"]);
}

#[test]
fn an_address_method_that_calico_does_not_know_is_reported_and_left_out() {
    let toml = "[cluster_config]\ncalico_kdd = true\ncalico_ip_auto_method = \"eth0\"";
    let run = run_by(RULES, toml, "v4.1.5", &[]);
    assert_eq!(run.codes(), ["T301"]);
    assert_eq!(run.fate("cluster_config.calico_ip_auto_method"), Some(Fate::Dropped));
    assert!(!values(&run).contains("nodeAddressAutodetectionV4"));
}

#[test]
fn behind_an_air_gap_calicos_images_come_from_the_sites_registry() {
    let source = |path: &str| crate::origin::Source::new("site.yaml", path);
    let mut site = Surroundings {
        airgap: Some(Tracked::new(true, source("airgap"))),
        image_registry: Some(Registry {
            url: Tracked::new("reg.example.com/mke".to_owned(), source("registries.image.url")),
            ca: None,
            login: None,
        }),
        ..Surroundings::default()
    };
    let toml = "[cluster_config]\ncalico_kdd = true";
    let run = run_in(toml, "v4.1.5", &[], site.clone());
    assert!(values(&run).contains("registry: reg.example.com/mke/\n"), "{}", values(&run));
    let (_, origin) = leaf(&run, "calico", &["extraConfig", "values.yaml"]).unwrap();
    assert!(origin.contains(&"airgap".to_owned()) && origin.contains(&"registries.image.url".to_owned()));
    site.airgap = Some(Tracked::new(false, source("airgap")));
    assert!(values(&run_in(toml, "v4.1.5", &[], site)).contains("registry: ghcr.io/mirantiscontainers/\n"));
}

#[test]
fn kube_proxy_keeps_its_mode_or_says_why_not() {
    let proxy = |settings: &str, decisions: &[(&str, &str)]| {
        let run =
            run_by(RULES, &format!("[cluster_config]\ncalico_kdd = true\n{settings}"), "v4.1.5", decisions);
        let shown = (run.text("network.kubeProxy.mode"), run.text("network.kubeProxy.disabled"));
        let codes = run.codes().join(" ");
        (shown.0.unwrap_or_default(), shown.1.unwrap_or_default(), codes)
    };
    let off = "kube_proxy_mode = \"disabled\"";
    let own_off = "kube_proxy_mode = \"disabled\"\nunmanaged_cni = true";
    let key = "cluster_config.kube_proxy_mode";
    for (settings, decisions, expected) in [
        ("kube_proxy_mode = \"iptables\"", &[][..], ("iptables", "", "")),
        ("kube_proxy_mode = \"ipvs\"", &[], ("iptables", "", "T102")),
        (off, &[], ("iptables", "", "T304")),
        (own_off, &[], ("iptables", "", "T305 T201")),
        (own_off, &[(key, "disabled")][..], ("iptables", "true", "T305")),
        (own_off, &[(key, "iptables")][..], ("iptables", "", "T305")),
    ] {
        let (mode, disabled, codes) = proxy(settings, decisions);
        assert_eq!((mode.as_str(), disabled.as_str(), codes.as_str()), expected, "{settings} {decisions:?}");
    }
}

#[test]
fn a_configuration_file_of_kube_proxy_is_taken_apart() {
    let toml = format!(
        "[cluster_config]\ncalico_kdd = true\nkube_proxy_use_config_file = true\ncustom_proxy_config_yaml = {PROXY_FILE}"
    );
    let run = run_by(RULES, &toml, "v4.1.5", &[]);
    for (path, value) in [
        ("metricsBindAddress", "127.0.0.1:10249"),
        ("iptables.syncPeriod", "30s"),
        ("iptables.minSyncPeriod", "0s"),
        ("iptables.masqueradeAll", "true"),
        ("nodePortAddresses[0]", "10.0.0.0/8"),
    ] {
        let path = format!("network.kubeProxy.{path}");
        assert_eq!(run.text(&path).as_deref(), Some(value), "{path}");
        assert_eq!(
            run.origin(&path),
            [
                "mke3.toml:cluster_config.custom_proxy_config_yaml",
                "mke3.toml:cluster_config.kube_proxy_use_config_file"
            ],
            "{path}"
        );
    }
    assert_eq!(run.codes(), ["T301"]);
    assert!(run.rendered().contains("lost: `conntrack.maxPerCore`"), "{}", run.rendered());
}

#[test]
fn ipvs_or_nonsense_in_the_configuration_file_is_found() {
    let file = |text: &str| {
        let toml = format!(
            "[cluster_config]\ncalico_kdd = true\nkube_proxy_use_config_file = true\n\
             custom_proxy_config_yaml = {text:?}"
        );
        run_by(RULES, &toml, "v4.1.5", &[])
    };
    assert_eq!(stops(&file("mode: ipvs\n")), ["T102 mke3.toml:4:28"]);
    for text in ["just text\n", "a: [\n"] {
        let run = file(text);
        assert!(run.findings.stop(), "{text}");
        assert!(
            run.rendered().contains("mke3.toml:cluster_config.custom_proxy_config_yaml:"),
            "{}",
            run.rendered()
        );
    }
}

#[test]
fn what_an_operator_reads_about_a_large_clusters_network() {
    insta::assert_snapshot!(run_by(RULES, ENTERPRISE, "v4.1.5", &[]).rendered());
}

#[test]
fn what_an_operator_reads_about_a_network_that_can_not_be_migrated() {
    insta::assert_snapshot!(run_by(RULES, UNSUPPORTED, "v4.1.0", &[]).rendered());
}

#[test]
fn the_range_of_pods_is_written_once() {
    let run = run_by(RULES, "[cluster_config]\ncalico_kdd = true\npod_cidr = \"10.9.0.0/16\"", "v4.1.5", &[]);
    assert!(!values(&run).contains("10.9.0.0/16"));
    assert_eq!(run.fate("cluster_config.pod_cidr"), Some(Fate::Renamed));
    assert!(cni::KEYS.contains(&"cluster_config.pod_cidr"));
}
