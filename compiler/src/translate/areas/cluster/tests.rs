use super::{DECISIONS, RULES};
use crate::origin::{Source, Tracked};
use crate::surroundings::Surroundings;
use crate::translate::Fate;
use crate::translate::testing::{
    CONTRACTS, Run, each_change_names_its_key, each_key_has_one_fate, run_by, run_in,
};

const UNSUPPORTED: &str = include_str!("../../../../../tests/fixtures/mke3/unsupported.toml");
const ENTERPRISE: &str = include_str!("../../../../../tests/fixtures/mke3/enterprise.toml");

const LB: &str = "cluster_config.external_service_lb";

fn bases() -> [&'static [(&'static str, &'static str)]; 4] {
    [
        &[],
        &[(LB, "\"lb.example.com\""), ("cluster_config.nvidia_device_plugin", "true")],
        &[(LB, "\"lb.example.com:8443\""), ("cluster_config.cloud_provider", "\"azure\"")],
        &[(LB, "\"https://lb/\""), ("cluster_config.cloud_provider", "\"aws\"")],
    ]
}

const DECIDED: &[(&str, &str)] =
    &[("cluster_config.etcd_request_quota", "flag"), ("cluster_config.cloud_provider", "external")];

#[test]
fn each_key_has_one_fate_in_every_cluster() {
    each_key_has_one_fate(RULES, &bases(), &[]);
    each_key_has_one_fate(RULES, &bases(), DECIDED);
}

#[test]
fn each_change_of_the_cluster_is_named() {
    each_change_names_its_key(RULES, &bases(), &[]);
    each_change_names_its_key(RULES, &bases(), DECIDED);
}

#[test]
fn every_decision_is_asked_for_somewhere() {
    let toml = "[cluster_config]\nexternal_service_lb = \"https://x/\"\ncloud_provider = \"azure\"\n\
                etcd_request_quota = 2000000";
    let all = run_by(RULES, toml, "v4.1.5", &[]).rendered();
    for key in DECISIONS {
        assert!(all.contains(&format!("\n            {key}: ")), "{key}\n{all}");
    }
}

fn cluster(settings: &str, contract: &str, decisions: &[(&str, &str)]) -> Run {
    run_by(RULES, &format!("[cluster_config]\n{settings}"), contract, decisions)
}

#[test]
fn settings_that_mke_4k_has_too_keep_their_values() {
    for (settings, path, value) in [
        ("shared_sans = [\"a.example.com\", \"10.0.0.1\"]", "apiServer.sans[1]", "10.0.0.1"),
        ("etcd_storage_quota = \"8GB\"", "etcd.storageQuota", "8GB"),
        ("cadvisor_enabled = true", "monitoring.enableCAdvisor", "true"),
        ("nvidia_device_plugin = true", "devicePlugins.nvidiaGPU.enabled", "true"),
        ("kubelet_data_root = \"/data/kubelet\"", "kubelet.kubeletRootDir", "/data/kubelet"),
    ] {
        let run = cluster(settings, "v4.1.5", &[]);
        let key = settings.split(' ').next().unwrap();
        assert_eq!(run.text(path).as_deref(), Some(value), "{settings}");
        assert!(run.origin(path)[0].starts_with(&format!("mke3.toml:cluster_config.{key}")), "{settings}");
        assert_eq!(run.fate(&format!("cluster_config.{key}")), Some(Fate::Renamed), "{settings}");
    }
}

#[test]
fn fields_of_4_2_are_written_there_and_missed_before() {
    let settings =
        "prometheus_memory_limit = \"8Gi\"\nprometheus_memory_request = \"4Gi\"\nwindows_gmsa = true";
    for contract in CONTRACTS {
        let run = cluster(settings, contract, &[]);
        let memory = "monitoring.prometheus.resources.limits.memory";
        if contract == "v4.2.1" {
            assert_eq!(run.text(memory).as_deref(), Some("8Gi"));
            assert_eq!(run.text("windows.gmsa.enabled").as_deref(), Some("true"));
            assert_eq!(run.codes(), [""; 0]);
        } else {
            assert_eq!(run.text(memory), None);
            assert_eq!(run.codes(), ["T303", "T303"], "{contract}");
        }
    }
}

#[test]
fn a_kubelet_root_that_the_target_can_not_keep_stops() {
    for (root, contract, stopped) in [
        ("/var/lib/kubelet", "v4.0.0", false),
        ("/data/kubelet", "v4.0.0", true),
        ("/data/kubelet", "v4.1.0", true),
        ("/data/kubelet", "v4.1.2", false),
        ("/data/kubelet", "v4.2.1", false),
        ("/data/my kubelet", "v4.1.5", true),
        ("/data/kubelet: x", "v4.1.5", true),
        ("/data/ü", "v4.1.5", true),
    ] {
        let run = cluster(&format!("kubelet_data_root = \"{root}\""), contract, &[]);
        let codes = if stopped { &["T109"][..] } else { &[] };
        assert_eq!(run.codes(), codes, "{root} {contract}");
        let fate = run.fate("cluster_config.kubelet_data_root").unwrap();
        assert_eq!(fate == Fate::Blocked, stopped, "{root} {contract}");
    }
}

#[test]
fn a_cluster_without_kubernetes_stops() {
    for contract in CONTRACTS {
        let run = cluster("swarm_only = true", contract, &[]);
        assert_eq!(run.codes(), ["T105"], "{contract}");
        assert_eq!(run.findings.iter().next().unwrap().place.as_ref().unwrap().describe(), "mke3.toml:2:14");
    }
}

fn site(address: &str) -> Surroundings {
    let external = Tracked::new(address.to_owned(), Source::new("site.yaml", "external_address"));
    Surroundings { external_address: Some(external), ..Surroundings::default() }
}

#[test]
fn the_external_address_gets_mke_3s_port_where_it_has_none() {
    for (address, port, expected, named) in [
        ("mke.example.com", 443, "mke.example.com", true),
        ("mke.example.com", 8443, "mke.example.com:8443", true),
        ("mke.example.com:9999", 8443, "mke.example.com:9999", false),
        ("[fd00::1]", 8443, "[fd00::1]:8443", true),
    ] {
        let toml = format!("[cluster_config]\ncontroller_port = {port}");
        let run = run_in(&toml, "v4.1.5", &[], site(address));
        assert_eq!(run.text("apiServer.externalAddress").as_deref(), Some(expected));
        let origin = run.origin("apiServer.externalAddress");
        assert_eq!(
            origin.contains(&"mke3.toml:cluster_config.controller_port".to_owned()),
            named,
            "{origin:?}"
        );
        assert!(origin.contains(&"site.yaml:external_address".to_owned()), "{origin:?}");
        let reminder = run.rendered();
        assert!(reminder.contains(&format!("load balancer behind {expected} ")), "{reminder}");
    }
}

#[test]
fn mke_3s_load_balancer_is_proposed_where_the_site_names_none() {
    let address = |settings: &str, decisions: &[(&str, &str)]| {
        let run = cluster(settings, "v4.1.5", decisions);
        let codes = run.codes().join(" ");
        (run.text("apiServer.externalAddress"), codes, run.fate(LB))
    };
    let known = |text: &str| Some(text.to_owned());
    let lb = "external_service_lb = \"lb.example.com\"\ncontroller_port = 8443";
    assert_eq!(address(lb, &[]), (known("lb.example.com:8443"), "T202 T305".to_owned(), Some(Fate::Renamed)));
    assert_eq!(
        address(lb, &[(LB, "mke.example.com:444")]),
        (known("mke.example.com:444"), "T302 T305".to_owned(), Some(Fate::Merged))
    );
    let url = "external_service_lb = \"https://lb.example.com/\"";
    assert_eq!(address(url, &[]), (None, "T201".to_owned(), Some(Fate::DecisionNeeded)));
    assert_eq!(address(url, &[(LB, "a b")]).1, "T205");
    assert_eq!(address("controller_port = 8443", &[]), (None, "T301".to_owned(), None));
    let run = run_in(&format!("[cluster_config]\n{lb}"), "v4.1.5", &[], site("mke.example.com"));
    assert_eq!(run.text("apiServer.externalAddress"), known("mke.example.com:8443"));
    assert_eq!(run.fate(LB), Some(Fate::Dropped));
}

#[test]
fn a_cloud_provider_is_on_only_where_somebody_runs_one() {
    let key = "cluster_config.cloud_provider";
    for (cloud, airgap, decisions, expected) in [
        ("", None, &[][..], ("false", "aws", "")),
        ("", Some(true), &[], ("false", "aws", "")),
        ("aws", None, &[], ("true", "aws", "")),
        ("aws", Some(false), &[], ("true", "aws", "")),
        ("aws", Some(true), &[], ("false", "aws", "T304")),
        ("azure", None, &[], ("false", "aws", "T201")),
        ("azure", Some(true), &[], ("false", "aws", "T304")),
        ("azure", None, &[(key, "external")][..], ("true", "external", "")),
        ("external", None, &[(key, "without")][..], ("false", "aws", "")),
    ] {
        let airgap = airgap.map(|on| Tracked::new(on, Source::new("site.yaml", "airgap")));
        let toml = format!("[cluster_config]\ncloud_provider = \"{cloud}\"\ncalico_kdd = true");
        let run = run_in(&toml, "v4.1.5", decisions, Surroundings { airgap, ..Surroundings::default() });
        let text = |path| run.text(path).unwrap_or_default();
        let own = run.findings.iter().filter(|f| f.message.contains("cloud provider"));
        let codes = own.map(|f| f.code.id).collect::<Vec<_>>().join(" ");
        let shown = (text("cloudProvider.enabled"), text("cloudProvider.provider"), codes);
        assert_eq!((shown.0.as_str(), shown.1.as_str(), shown.2.as_str()), expected, "{cloud} {decisions:?}");
    }
}

#[test]
fn another_containerd_root_is_told_until_the_site_says_where_k0s_lives() {
    let toml = "[cluster_config]\ncalico_kdd = true\ncontainerd_root = \"/data/containerd/\"";
    let told = |contract: &str, site: Surroundings| {
        let run = run_in(toml, contract, &[], site);
        assert_eq!(run.fate("cluster_config.containerd_root"), Some(Fate::Dropped));
        let found = run.findings.iter().find(|f| f.message.contains("/data/containerd"));
        found.map(|f| f.help.clone().unwrap_or_default())
    };
    assert!(told("v4.1.5", Surroundings::default()).unwrap().contains("`data_dir: /data/containerd/k0s`"));
    assert!(told("v4.1.0", Surroundings::default()).unwrap().contains("room enough on every node"));
    let dir = Tracked::new("/var/lib/k0s".to_owned(), Source::new("site.yaml", "data_dir"));
    assert_eq!(told("v4.1.5", Surroundings { data_dir: Some(dir), ..Surroundings::default() }), None);
}

#[test]
fn a_size_limit_of_etcds_requests_needs_a_decision() {
    let key = "cluster_config.etcd_request_quota";
    let flag = "etcd.extraArgs.max-request-bytes";
    let run = |decisions: &[(&str, &str)]| cluster("etcd_request_quota = 2000000", "v4.2.1", decisions);
    assert_eq!(run(&[]).codes(), ["T201"]);
    assert_eq!(run(&[(key, "flag")]).text(flag).as_deref(), Some("2000000"));
    assert_eq!(run(&[(key, "drop")]).text(flag), None);
    assert_eq!(cluster("etcd_request_quota = \"2MB\"", "v4.2.1", &[]).codes(), ["T301"]);
}

#[test]
fn what_an_operator_reads_about_a_large_cluster() {
    insta::assert_snapshot!(run_by(RULES, ENTERPRISE, "v4.1.5", &[]).rendered());
}

#[test]
fn what_an_operator_reads_about_a_cluster_that_can_not_be_migrated() {
    insta::assert_snapshot!(run_by(RULES, UNSUPPORTED, "v4.1.0", &[]).rendered());
}
