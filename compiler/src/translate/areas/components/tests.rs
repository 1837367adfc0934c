use super::super::{flags, tables};
use super::RULES;
use crate::translate::testing::{Run, each_change_names_its_key, each_key_has_one_fate, run_by};
use crate::translate::{Fate, Rule};

fn rules() -> Vec<Rule> {
    [flags::RULES, RULES].concat()
}

fn cluster(lines: &str, contract: &str, decisions: &[(&str, &str)]) -> Run {
    let run = run_by(&rules(), &format!("[cluster_config]\n{lines}"), contract, decisions);
    assert_eq!(run.faults(), [""; 0], "{lines}");
    run
}

#[test]
fn every_key_gets_one_fate_whatever_its_value() {
    const POOL: &str = "cluster_config.metallb_config.metallb_ip_addr_pool[0]";
    let (name, range) = (format!("{POOL}.name"), format!("{POOL}.external_ip"));
    let on: &[(&str, &str)] = &[
        ("audit_log_configuration.level", "\"request\""),
        ("cluster_config.kube_api_server_auditing", "true"),
        ("cluster_config.kube_api_server_enable_custom_audit_policy", "true"),
        ("cluster_config.kms_enabled", "true"),
        ("cluster_config.kms_endpoint", "\"/run/kms.sock\""),
        ("cluster_config.priv_attributes_user_accounts", "[\"ann\"]"),
        ("cluster_config.priv_attributes_allowed_for_user_accounts", "[\"hostPID\"]"),
        ("cluster_config.metallb_config.enabled", "true"),
        (&name, "\"a\""),
        (&range, "[\"10.0.0.0/24\"]"),
        ("cluster_config.gateway_controller.enabled", "true"),
        ("cluster_config.descheduler.enabled", "true"),
        ("cluster_config.custom_kube_api_server_flags", "[\"--enable-admission-plugins=PodNodeSelector\"]"),
    ];
    let flags: &[(&str, &str)] = &[
        (
            "cluster_config.custom_kube_api_server_flags",
            "[\"--request-timeout=3m\", \"--audit-log-maxage=3\", \"--tls-cipher-suites=X\", \"--encryption-provider-config=/x\"]",
        ),
        (
            "cluster_config.custom_kubelet_flags",
            "[\"--max-pods=99\", \"--kube-reserved=cpu=1\", \"--seccomp-default\", \"--image-gc-high-threshold=91\"]",
        ),
        ("cluster_config.custom_kube_scheduler_flags", "[\"--profiling=false\"]"),
    ];
    for check in [each_key_has_one_fate, each_change_names_its_key] {
        check(&rules(), &[&[], on, flags], &[]);
    }
    let decided = &[
        ("cluster_config.priv_attributes_allowed_for_user_accounts", "all"),
        ("cluster_config.kms_enabled", "/etc/kms.cfg"),
        ("cluster_config.disable_seccomp_default", "runtime-default"),
        ("cluster_config.k8s_always_pull_images_ac_enabled", "drop"),
        ("cluster_config.secrets_encryption_provider", "/etc/gcm.cfg"),
    ];
    each_key_has_one_fate(&rules(), &[on], decided);
    each_change_names_its_key(&rules(), &[&[], on], decided);
}

/// TOML lines below `cluster_config`, path of a scalar, its value, what its origin names.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

#[test]
fn settings_reach_their_fields_with_their_origin() {
    let cases: &[Case] = &[
        (
            "kube_api_server_request_timeout = \"90s\"",
            "apiServer.requestTimeout",
            "1m30s",
            &["kube_api_server_request_timeout"],
        ),
        ("kubelet_max_pods = 200", "kubelet.maxPods", "200", &["kubelet_max_pods"]),
        ("", "kubelet.maxPods", "110", &["kubelet_max_pods"]),
        (
            "kubelet_max_pods = 200\ncustom_kubelet_flags = [\"--max-pods=99\"]",
            "kubelet.maxPods",
            "99",
            &["custom_kubelet_flags[0]"],
        ),
        (
            "kube_scheduler_profiling_enabled = false",
            "scheduler.profilingEnabled",
            "false",
            &["kube_scheduler_profiling_enabled"],
        ),
        ("kube_scheduler_bind_to_all = true", "scheduler.bindToAll", "true", &["kube_scheduler_bind_to_all"]),
        (
            "worker_kube_reserved_resources = \"cpu=1,memory=2Gi\"",
            "kubelet.workerKubeReserved.memory",
            "2Gi",
            &["worker_kube_reserved_resources"],
        ),
        (
            "custom_kubelet_flags = [\"--kube-reserved=cpu=3\"]",
            "kubelet.managerKubeReserved.cpu",
            "3",
            &["custom_kubelet_flags[0]"],
        ),
        ("disable_seccomp_default = true", "kubelet.seccompDefault", "false", &["disable_seccomp_default"]),
        (
            "kubelet_serialize_image_pulls = false",
            "kubelet.extraArgs.serialize-image-pulls",
            "false",
            &["kubelet_serialize_image_pulls"],
        ),
        (
            "kubelet_image_gc_high_threshold_percent = 90",
            "kubelet.extraArgs.image-gc-high-threshold",
            "90",
            &["kubelet_image_gc_high_threshold_percent"],
        ),
        (
            "cipher_suites_for_kubelet = \"A, B\"",
            "kubelet.extraArgs.tls-cipher-suites",
            "A,B",
            &["cipher_suites_for_kubelet"],
        ),
        (
            "cipher_suites_for_etcd_server = \"A\"",
            "etcd.tlsCipherSuites",
            "A",
            &["cipher_suites_for_etcd_server"],
        ),
        (
            "k8s_always_pull_images_ac_enabled = true",
            "apiServer.extraArgs.enable-admission-plugins",
            "NodeRestriction,AlwaysPullImages",
            &[
                "k8s_always_pull_images_ac_enabled",
                "k8s_event_rate_limit.event_rate_limit_ac_enabled",
                "!k8s_always_pull_images_ac_enabled",
            ],
        ),
        ("node_local_dns = true", "nodeLocalDNS.enabled", "true", &["node_local_dns"]),
        (
            "[cluster_config.core_dns_lameduck_config]\nduration = \"9s\"",
            "dns.lameduck.duration",
            "9s",
            &["core_dns_lameduck_config.duration"],
        ),
        (
            "[cluster_config.policy_enforcement.gatekeeper]\nexcluded_namespaces = [\"kube-system\", \"tools\"]",
            "policyController.opaGatekeeper.exemptNamespaces[0]",
            "tools",
            &["policy_enforcement.gatekeeper.excluded_namespaces[1]"],
        ),
        (
            "[cluster_config.metallb_config]\nenabled = true",
            "metallb.enabled",
            "true",
            &["metallb_config.enabled"],
        ),
    ];
    for (lines, path, value, origin) in cases {
        let run = cluster(lines, "v4.1.5", &[]);
        assert_eq!(run.text(path).as_deref(), Some(*value), "{lines}");
        // `!key` stands for the decision about a key.
        let name = |key: &&str| match key.strip_prefix('!') {
            Some(key) => format!("site.yaml:decisions.cluster_config.{key}"),
            None => format!("mke3.toml:cluster_config.{key}"),
        };
        assert_eq!(run.origin(path), origin.iter().map(name).collect::<Vec<_>>(), "{lines}");
    }
}

#[test]
fn strong_ciphers_fill_only_the_lists_that_are_empty() {
    let rules = [tables::RULES, flags::RULES, RULES].concat();
    let toml = "[hardening_configuration]\nhardening_enabled = true\nuse_strong_tls_ciphers = true\n\
                [cluster_config]\ncipher_suites_for_kubelet = \"X\"\n";
    let run = run_by(&rules, toml, "v4.1.5", &[]);
    assert_eq!(run.faults(), [""; 0]);
    assert_eq!(run.text("kubelet.extraArgs.tls-cipher-suites").as_deref(), Some("X"));
    let list = run.text("apiServer.extraArgs.tls-cipher-suites").unwrap();
    assert!(list.starts_with("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,"));
    assert_eq!(
        run.origin("etcd.tlsCipherSuites"),
        [
            "mke3.toml:cluster_config.cipher_suites_for_etcd_server",
            "mke3.toml:hardening_configuration.hardening_enabled",
            "mke3.toml:hardening_configuration.use_strong_tls_ciphers"
        ]
    );
}

#[test]
fn the_audit_log_needs_its_switch_and_a_level() {
    for (level, switch, on, wrote) in [
        ("", false, "false", "Metadata"),
        ("request", false, "false", "Metadata"),
        ("", true, "false", "Metadata"),
        ("metadata", true, "true", "Metadata"),
        ("request", true, "true", "Request"),
    ] {
        let toml = format!(
            "[audit_log_configuration]\nlevel = \"{level}\"\n[cluster_config]\nkube_api_server_auditing = {switch}\n"
        );
        let run = run_by(&rules(), &toml, "v4.1.5", &[]);
        assert_eq!(run.faults(), [""; 0], "{toml}");
        assert_eq!(run.text("apiServer.audit.enabled").as_deref(), Some(on), "{toml}");
        assert_eq!(run.text("apiServer.audit.level").as_deref(), Some(wrote), "{toml}");
    }
    let run = run_by(
        &rules(),
        "[audit_log_configuration]\nlevel = \"request\"\n[cluster_config]\nkube_api_server_auditing = true\n",
        "v4.1.0",
        &[],
    );
    assert!(run.codes().contains(&"T303"), "{}", run.rendered());
}

#[test]
fn a_custom_audit_policy_is_checked_before_it_is_carried() {
    let lines = |policy: &str| {
        format!(
            "kube_api_server_enable_custom_audit_policy = true\nkube_api_server_custom_audit_policy_yaml = {policy:?}\n"
        )
    };
    let good = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n";
    let run = cluster(&lines(good), "v4.1.5", &[]);
    assert_eq!(run.text("apiServer.audit.customPolicyYaml").as_deref(), Some(good));
    assert_eq!(run.codes(), [""; 0]);
    for bad in [
        "rules: []",
        "apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]",
        "a: [",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\n",
    ] {
        assert_eq!(cluster(&lines(bad), "v4.1.5", &[]).codes(), ["T321"], "{bad}");
    }
}

#[test]
fn admission_plugins_are_named_once_and_none_is_lost() {
    const ALWAYS: &str = "cluster_config.k8s_always_pull_images_ac_enabled";
    let lines = "k8s_always_pull_images_ac_enabled = true\n\
                 custom_kube_api_server_flags = [\"--enable-admission-plugins=NodeRestriction,PodNodeSelector\"]\n\
                 [cluster_config.k8s_event_rate_limit]\nevent_rate_limit_ac_enabled = true\n";
    let all = "NodeRestriction,PodNodeSelector,AlwaysPullImages,EventRateLimit";
    let path = "apiServer.extraArgs.enable-admission-plugins";
    assert_eq!(cluster(lines, "v4.1.5", &[]).text(path).as_deref(), Some(all));
    assert_eq!(
        cluster(lines, "v4.1.5", &[(ALWAYS, "drop")]).text(path).as_deref(),
        Some("NodeRestriction,PodNodeSelector,EventRateLimit")
    );
    let run = cluster(lines, "v4.2.1", &[]);
    assert_eq!(run.text(path).as_deref(), Some(all));
    assert_eq!(run.text("apiServer.alwaysPullImages").as_deref(), Some("true"));
    assert_eq!(cluster("", "v4.1.5", &[]).text(path), None);
}

#[test]
fn privileged_accounts_are_exempt_only_by_decision() {
    const ALLOWED: &str = "cluster_config.priv_attributes_allowed_for_service_accounts";
    let lines = "priv_attributes_allowed_for_service_accounts = [\"hostPID\"]\n\
                 priv_attributes_service_accounts = [\"gpu:operator,web:shop\", \"x:y\"]\n";
    let path = |i: usize| format!("apiServer.ucpauthz.exemptUsers[{i}]");
    let run = cluster(lines, "v4.1.5", &[]);
    assert_eq!((run.text(&path(0)), run.fate(ALLOWED)), (None, Some(Fate::DecisionNeeded)));
    let run = cluster(lines, "v4.1.5", &[(ALLOWED, "all")]);
    let names = [0, 1, 2].map(|i| run.text(&path(i)).unwrap());
    assert_eq!(
        names,
        ["system:serviceaccount:gpu:operator", "system:serviceaccount:web:shop", "system:serviceaccount:x:y"]
    );
    assert_eq!(
        run.origin(&path(2)),
        [
            format!("mke3.toml:{ALLOWED}"),
            "mke3.toml:cluster_config.priv_attributes_service_accounts[1]".to_owned(),
            format!("site.yaml:decisions.{ALLOWED}")
        ]
    );
    assert_eq!(cluster(lines, "v4.1.5", &[(ALLOWED, "none")]).text(&path(0)), None);
}

#[test]
fn who_encrypts_otherwise_says_where_the_file_lies() {
    const PROVIDER: &str = "cluster_config.secrets_encryption_provider";
    let lines = "secrets_encryption_provider = \"aesgcm\"";
    assert_eq!(cluster(lines, "v4.1.5", &[]).codes(), ["T201"]);
    let run = cluster(lines, "v4.1.5", &[(PROVIDER, "/var/lib/k0s/encryption.cfg")]);
    assert_eq!(
        run.origin("apiServer.encryptionProvider"),
        [
            "mke3.toml:cluster_config.kms_enabled".to_owned(),
            format!("mke3.toml:{PROVIDER}"),
            format!("site.yaml:decisions.{PROVIDER}")
        ]
    );
    assert!(cluster(lines, "v4.1.5", &[(PROVIDER, "x/../y")]).codes().contains(&"T205"));
}

#[test]
fn node_local_dns_is_refused_where_the_product_refuses_it() {
    for (lines, contract, blocked) in [
        ("node_local_dns = true", "v4.1.5", false),
        ("node_local_dns = true\nunmanaged_cni = true", "v4.1.5", true),
        ("node_local_dns = true\ncni_installer_url = \"https://x.example\"", "v4.1.5", true),
        ("node_local_dns = true\nkube_proxy_mode = \"ipvs\"", "v4.2.1", true),
        ("node_local_dns = true\nkube_proxy_mode = \"ipvs\"", "v4.1.2", false),
        ("node_local_dns = false\nkube_proxy_mode = \"ipvs\"", "v4.1.5", false),
    ] {
        assert_eq!(cluster(lines, contract, &[]).codes().contains(&"T108"), blocked, "{lines} {contract}");
    }
}

#[test]
fn address_pools_become_objects() {
    let lines = "[cluster_config.metallb_config]\nenabled = true\n\
                 [[cluster_config.metallb_config.metallb_ip_addr_pool]]\nname = \"Front_ends\"\nexternal_ip = [\"10.20.9.5/27\", \"10.20.9.64-10.20.9.80\"]\n\
                 [[cluster_config.metallb_config.metallb_ip_addr_pool]]\nname = \"internal\"\nexternal_ip = [\"10.30.9.0/26\"]\n";
    let run = cluster(lines, "v4.1.5", &[]);
    insta::assert_snapshot!(run.manifest("metallb-pools").unwrap());
    assert_eq!(run.codes(), [""; 0]);
    let run = cluster(&lines.replace("internal", "front-ends"), "v4.0.0", &[]);
    assert_eq!(run.codes(), ["T322"]);
    assert_eq!(run.text("addons[0].enabled").as_deref(), Some("true"));
    let run = cluster(lines, "v4.1.2", &[]);
    assert_eq!((run.codes(), run.manifest("metallb-pools")), (vec!["T301"], None));
}

const FIXTURES: [(&str, &str); 2] = [
    ("enterprise", include_str!("../../../../../tests/fixtures/mke3/enterprise.toml")),
    ("unsupported", include_str!("../../../../../tests/fixtures/mke3/unsupported.toml")),
];

#[test]
fn what_an_operator_reads_about_components() {
    for (name, toml) in FIXTURES {
        let run = run_by(&rules(), toml, "v4.1.5", &[]);
        insta::assert_snapshot!(format!("components_{name}"), run.rendered());
    }
}
