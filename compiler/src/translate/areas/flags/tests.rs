use super::RULES;
use crate::origin::{Source, Tracked};
use crate::surroundings::{HostEntry, SshEntry, Surroundings};
use crate::translate::Fate;
use crate::translate::testing::{Run, each_change_names_its_key, each_key_has_one_fate, run_by, run_in};

const KUBELET: &str = "cluster_config.custom_kubelet_flags";

fn flags(key: &str, list: &[&str], contract: &str, decisions: &[(&str, &str)]) -> Run {
    let run = run_by(RULES, &format!("[cluster_config]\n{key} = {list:?}\n"), contract, decisions);
    assert_eq!(run.faults(), [""; 0], "{list:?}");
    run
}

fn kubelet(list: &[&str], contract: &str, decisions: &[(&str, &str)]) -> Run {
    flags("custom_kubelet_flags", list, contract, decisions)
}

#[test]
fn every_key_gets_one_fate_whatever_its_value() {
    each_key_has_one_fate(RULES, &[&[]], &[]);
    each_change_names_its_key(RULES, &[&[]], &[]);
}

#[test]
fn each_flag_becomes_an_argument_of_its_component() {
    for (key, flag, path, value) in [
        ("custom_kube_api_server_flags", "--event-ttl=2h", "apiServer.extraArgs.event-ttl", "2h"),
        (
            "custom_kube_controller_manager_flags",
            "--enable-garbage-collector=false",
            "controllerManager.extraArgs.enable-garbage-collector",
            "false",
        ),
        ("custom_kube_scheduler_flags", "--kube-api-qps=100", "scheduler.extraArgs.kube-api-qps", "100"),
        ("custom_kubelet_flags", "--fail-swap-on", "kubelet.extraArgs.fail-swap-on", "true"),
        (
            "custom_kube_proxy_flags",
            "--conntrack-max-per-core=65536",
            "network.kubeProxy.extraArgs.conntrack-max-per-core",
            "65536",
        ),
        ("custom_kube_api_server_flags", "--request-timeout=3m", "apiServer.requestTimeout", "3m"),
        ("custom_kubelet_flags", "--max-pods=99", "kubelet.maxPods", "99"),
        (
            "custom_kube_controller_manager_flags",
            "--terminated-pod-gc-threshold=10",
            "controllerManager.terminatedPodGCThreshold",
            "10",
        ),
        ("custom_kubelet_flags", "--pod-max-pids=99", "kubelet.podPidsLimit", "99"),
        ("custom_kubelet_flags", "--root-dir=/data/kubelet", "kubelet.kubeletRootDir", "/data/kubelet"),
        (
            "custom_kube_api_server_flags",
            "--service-node-port-range=31000-32000",
            "network.nodePortRange",
            "31000-32000",
        ),
    ] {
        let run = flags(key, &[flag], "v4.1.5", &[]);
        assert_eq!(run.text(path).as_deref(), Some(value), "{flag}");
        assert_eq!(run.origin(path), [format!("mke3.toml:cluster_config.{key}[0]")], "{flag}");
        let quoted = path.contains("extraArgs");
        let leaf = run.get(path);
        assert!(
            !quoted
                || matches!(leaf, Some(crate::document::Tree::Leaf(l)) if matches!(l.scalar, crate::document::Scalar::Str(_))),
            "{flag}"
        );
    }
}

#[test]
fn of_a_flag_given_twice_the_last_holds_and_lists_add_up() {
    let run = kubelet(
        &["--v=2", "--feature-gates=AllAlpha=false", "--v=4", "--feature-gates=AllBeta=false"],
        "v4.1.5",
        &[],
    );
    assert_eq!(run.text("kubelet.extraArgs.v").as_deref(), Some("4"));
    assert_eq!(run.origin("kubelet.extraArgs.v"), [format!("mke3.toml:{KUBELET}[2]")]);
    assert_eq!(run.text("kubelet.extraArgs.feature-gates").as_deref(), Some("AllAlpha=false,AllBeta=false"));
    let both = [1, 3].map(|i| format!("mke3.toml:{KUBELET}[{i}]"));
    assert_eq!(run.origin("kubelet.extraArgs.feature-gates"), both);
    assert_eq!(run.codes(), ["T311"; 2]);
}

#[test]
fn of_a_resource_reserved_twice_the_last_holds_and_it_is_told() {
    let run = kubelet(&["--kube-reserved=cpu=1,memory=1Gi", "--kube-reserved=cpu=2"], "v4.1.5", &[]);
    for field in ["managerKubeReserved", "workerKubeReserved"] {
        assert_eq!(run.text(&format!("kubelet.{field}.cpu")).as_deref(), Some("2"));
        assert_eq!(run.text(&format!("kubelet.{field}.memory")).as_deref(), Some("1Gi"));
    }
    assert_eq!(run.codes(), ["T311"]);
    let run = kubelet(&["--max-pods=3", "--max-pods=4"], "v4.1.5", &[]);
    assert_eq!((run.text("kubelet.maxPods").as_deref(), run.codes()), (Some("4"), vec!["T311"]));
}

#[test]
fn a_flag_outweighs_the_key_of_its_meaning_and_both_places_are_named() {
    for (key, flag, other, path, value) in [
        (
            "custom_kube_api_server_flags",
            "--service-node-port-range=31000-32000",
            "[cluster_config]\nnodeport_range = \"30000-31000\"\n",
            "network.nodePortRange",
            "31000-32000",
        ),
        (
            "custom_kubelet_flags",
            "--root-dir=/data/kubelet",
            "[cluster_config]\nkubelet_data_root = \"/srv/kubelet\"\n",
            "kubelet.kubeletRootDir",
            "/data/kubelet",
        ),
        (
            "custom_kubelet_flags",
            "--pod-max-pids=99",
            "[hardening_configuration]\nhardening_enabled = true\npid_limit = 500\npid_limit_unspecified = false\n[cluster_config]\n",
            "kubelet.podPidsLimit",
            "99",
        ),
    ] {
        let toml = format!("{other}calico_kdd = true\n{key} = [{flag:?}]\n");
        let run = run_in(&toml, "v4.1.5", &[], Surroundings::default());
        assert_eq!(run.faults(), [""; 0], "{flag}");
        assert_eq!(run.text(path).as_deref(), Some(value), "{flag}");
        assert_eq!(run.origin(path), [format!("mke3.toml:cluster_config.{key}[0]")], "{flag}");
        let told: Vec<_> = run.findings.iter().filter(|f| f.code.id == "T316").collect();
        assert_eq!(told.len(), 1, "{flag}: {}", run.rendered());
        assert!(told[0].place.is_some() && told[0].also.len() == 1, "{flag}");
    }
}

/// What becomes of each flag that k0s or MKE 4k sets: undecided, with `drop`, with `keep`.
#[test]
fn a_flag_of_the_installation_never_passes_unremarked() {
    const API: &str = "custom_kube_api_server_flags";
    const MANAGER: &str = "custom_kube_controller_manager_flags";
    const SCHEDULER: &str = "custom_kube_scheduler_flags";
    const PODS: &str = "custom_kubelet_flags";
    let (firm, open, same) = (["T318", "T314", "T318"], ["T319", "T314", "T314"], ["T302"; 3]);
    for (key, flag, codes) in [
        (API, "--etcd-servers=https://10.0.0.1:12379", firm),
        (API, "--etcd-cafile=/ca.pem", firm),
        (API, "--etcd-prefix=/registry", same),
        (API, "--etcd-prefix=/other", firm),
        (API, "--secure-port=6443", same),
        (API, "--secure-port=12388", firm),
        (API, "--bind-address=10.0.0.1", firm),
        (API, "--advertise-address=10.0.0.1", firm),
        (API, "--tls-cert-file=/cert.pem", firm),
        (API, "--client-ca-file=/ca.pem", firm),
        (API, "--service-account-key-file=/sa.pub", firm),
        (API, "--service-account-issuer=https://kubernetes.default.svc", same),
        (API, "--service-account-issuer=https://issuer.example.com", open),
        (API, "--authorization-mode=Node,RBAC", same),
        (API, "--authorization-mode=RBAC,Node,Webhook", open),
        (API, "--endpoint-reconciler-type=lease", firm),
        (API, "--allow-privileged", same),
        (API, "--allow_privileged=false", firm),
        (API, "--oidc-issuer-url=https://idp.example.com", firm),
        (API, "--service-cluster-ip-range=10.96.0.0/16", same),
        (API, "--service-cluster-ip-range=10.97.0.0/16", firm),
        (API, "--anonymous-auth=false", open),
        (MANAGER, "--cluster-cidr=192.168.0.0/16", same),
        (MANAGER, "--cluster-cidr=10.0.0.0/8", firm),
        (MANAGER, "--leader-elect", same),
        (MANAGER, "--leader-elect=false", firm),
        (MANAGER, "--kubeconfig=/c", firm),
        (MANAGER, "--cluster-signing-key-file=/k", firm),
        (MANAGER, "--controllers=*", open),
        (SCHEDULER, "--authentication-kubeconfig=/c", firm),
        (SCHEDULER, "--leader-elect=false", firm),
        (SCHEDULER, "--config=/c", ["T319", "T314", "T305"]),
        (PODS, "--kubeconfig=/c", firm),
        (PODS, "--config=/c", firm),
        (PODS, "--container-runtime-endpoint=unix:///run/cri.sock", firm),
        (PODS, "--hostname-override=n1", firm),
        (PODS, "--node-ip=10.0.0.1", firm),
        (PODS, "--cgroup-driver=systemd", open),
        (PODS, "--cluster-domain=cluster.local", same),
        ("custom_kube_proxy_flags", "--config=/c", firm),
    ] {
        for (answer, code) in [None, Some("drop"), Some("keep")].into_iter().zip(codes) {
            let full = format!("cluster_config.{key}");
            let decisions: Vec<_> = answer.map(|answer| (full.as_str(), answer)).into_iter().collect();
            let toml = format!(
                "[cluster_config]\npod_cidr = \"192.168.0.0/16\"\nservice_cluster_ip_range = \"10.96.0.0/16\"\n{key} = [{flag:?}]\n"
            );
            let run = run_in(&toml, "v4.1.5", &decisions, Surroundings::default());
            assert_eq!(run.faults(), [""; 0], "{flag}");
            let found: Vec<_> = run.codes().into_iter().filter(|c| *c == code).collect();
            assert_eq!(found, [code], "{flag} {answer:?}: {}", run.rendered());
            let (name, _) = super::list::split(flag);
            let component = super::Component::ALL.into_iter().find(|c| c.key() == full).expect("a component");
            let args = run.get(component.args());
            let written = args.is_some_and(|args| args.get(&name).is_some());
            assert_eq!(
                written,
                answer == Some("keep") && matches!(code, "T314" | "T305"),
                "{flag} {answer:?}"
            );
        }
    }
}

#[test]
fn what_a_flag_of_the_installation_is_told() {
    let toml = "[cluster_config]\npod_cidr = \"192.168.0.0/16\"\n\
                custom_kube_controller_manager_flags = [\"--cluster-cidr=10.0.0.0/8\"]\n\
                custom_kube_api_server_flags = [\"--service-account-issuer=https://issuer.example.com\"]\n\
                custom_kube_proxy_flags = [\"--conntrack-max-per-core=65536\"]\n\
                custom_kubelet_flags = [\"--config=/etc/kubelet.yaml\", \"--register-node\", \"--eviction-hard=a\\\"b\", \"--root-dir=/a b\"]\n";
    let run = run_in(toml, "v4.1.5", &[], Surroundings::default());
    let about = ["T318", "T319", "T302", "T304", "T315"];
    let told: Vec<_> = run
        .findings
        .iter()
        .filter(|f| about.contains(&f.code.id) && f.message.contains("`--"))
        .map(|f| crate::diag::render(f, false))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_secret_in_a_flag_reaches_no_document_and_no_message() {
    const CANARY: &str = "hunter2canary";
    for flag in [
        format!("--storage-driver-password={CANARY}"),
        format!("--basic-auth=admin:{CANARY}"),
        format!("--my_token={CANARY}"),
        format!("--client-secret={CANARY} and more"),
        format!("--registry-qps=http://user:{CANARY}@proxy:3128"),
        format!("--etcd-servers=https://a:2379,https://root:{CANARY}@b:2379"),
        format!("--v=Bearer {CANARY}"),
        format!("--v=2 --x-passphrase={CANARY}"),
        format!("--a-secret=airlift-secret(mke3/x){CANARY}"),
    ] {
        for key in ["custom_kubelet_flags", "custom_kube_api_server_flags", "custom_kubelet_flags_profiles"] {
            for answer in [None, Some("drop"), Some("keep")] {
                let of_profile = key.ends_with("profiles");
                if of_profile && answer.is_some() {
                    continue;
                }
                let full = format!("cluster_config.{key}");
                let decisions: Vec<_> = answer.map(|answer| (full.as_str(), answer)).into_iter().collect();
                let toml = match of_profile {
                    // All flags stand in one text there, so a blank ends a value.
                    true if flag.contains(' ') && !flag.contains(" --") => continue,
                    true => format!(
                        "[cluster_config]\n[cluster_config.custom_kubelet_flags_profiles]\nx = {flag:?}\n"
                    ),
                    false => format!("[cluster_config]\n{key} = [\"--v=1\", {flag:?}]\n"),
                };
                let run = run_by(RULES, &toml, "v4.1.5", &decisions);
                assert_eq!(run.findings.stop(), answer != Some("drop"), "{flag}: {}", run.rendered());
                assert_eq!(
                    run.codes().contains(&"T324"),
                    answer != Some("drop"),
                    "{flag}: {}",
                    run.rendered()
                );
                let all = format!("{:?} {} {:?}", run.findings, run.rendered(), run.translation);
                assert!(!all.contains(CANARY), "{flag} in {key}: {all}");
                assert!(!all.contains("and more"), "{flag} in {key}: {all}");
            }
        }
    }
}

#[test]
fn kubernetes_own_flags_are_not_taken_for_secrets() {
    for component in super::Component::ALL {
        for name in component.known().names().filter(|name| *name != "storage-driver-password") {
            // What these take is a path.
            let value =
                if name.ends_with("key") || name.ends_with("file") || name.contains("credential-provider") {
                    "/x"
                } else {
                    "5"
                };
            let value = if name.starts_with("enable-bootstrap")
                || name.starts_with("use-")
                || name.contains("extend-token")
            {
                "true"
            } else {
                value
            };
            let toml = format!(
                "[cluster_config]\n{} = [\"--{name}={value}\"]\n",
                component.key().trim_start_matches("cluster_config.")
            );
            let run = run_by(RULES, &toml, "v4.1.5", &[]);
            assert!(!run.codes().contains(&"T324"), "--{name} of {}", component.name());
        }
    }
}

#[test]
fn what_the_target_does_not_know_stops_until_it_is_decided() {
    let list = [
        "--network-plugin=cni",
        "--max-pod=3",
        "--feature-gates=DynamicKubeletConfig=true,AllBeta=true",
        "--v=2",
    ];
    let run = kubelet(&list, "v4.1.5", &[]);
    assert_eq!(run.codes(), ["T310", "T313", "T313"]);
    assert_eq!(run.fate(KUBELET), Some(Fate::DecisionNeeded));
    assert_eq!(run.text("kubelet.extraArgs.network-plugin"), None);
    let run = kubelet(&list, "v4.1.5", &[(KUBELET, "drop")]);
    assert_eq!(run.codes(), ["T314"; 3]);
    assert_eq!(run.text("kubelet.extraArgs.feature-gates").as_deref(), Some("AllBeta=true"));
    assert_eq!(run.fate(KUBELET), Some(Fate::Split));
    let run = kubelet(&list, "v4.1.5", &[(KUBELET, "keep")]);
    assert_eq!(run.text("kubelet.extraArgs.network-plugin").as_deref(), Some("cni"));
    assert_eq!(
        run.origin("kubelet.extraArgs.network-plugin"),
        [format!("mke3.toml:{KUBELET}[0]"), format!("site.yaml:decisions.{KUBELET}")]
    );
}

#[test]
fn the_release_decides_what_is_known() {
    for (flag, contract, known) in [
        ("--cloud-provider=external", "v4.1.5", true),
        ("--cloud-provider=external", "v4.2.1", false),
        ("--feature-gates=InPlacePodVerticalScaling=true", "v4.2.1", true),
        ("--feature-gates=InPlacePodVerticalScaling=false", "v4.2.1", false),
        ("--feature-gates=InPlacePodVerticalScaling=false", "v4.1.5", true),
        ("--enable-admission-plugins=PodSecurityPolicy", "v4.0.0", false),
        ("--enable-admission-plugins=PodTopologyLabels", "v4.1.5", false),
        ("--enable-admission-plugins=PodTopologyLabels", "v4.2.1", true),
    ] {
        let run = flags("custom_kube_api_server_flags", &[flag], contract, &[]);
        assert_eq!(run.codes().is_empty(), known, "{flag} {contract}: {}", run.rendered());
    }
}

#[test]
fn values_that_their_place_cannot_take_are_refused() {
    for flag in [
        "--max-pods=many",
        "--protect-kernel-defaults=maybe",
        "--kube-reserved=cpu",
        "--root-dir=/a b",
        "--eviction-hard=\"memory.available<1Gi\"",
        "--eviction-hard=memory.available<$X",
        "--eviction-hard=memory.available < 1Gi",
    ] {
        assert_eq!(kubelet(&[flag], "v4.1.5", &[]).codes(), ["T315"], "{flag}");
    }
    let run = flags("custom_kube_proxy_flags", &["--proxy-mode=ipvs"], "v4.1.5", &[]);
    assert_eq!(run.codes(), ["T102"]);
}

fn host(name: &str, profile: Option<&str>) -> HostEntry {
    let tracked =
        |text: &str| Tracked::new(text.to_owned(), Source::new("hosts.yaml", format!("{name}.{text}")));
    HostEntry {
        name: tracked(name),
        manager: tracked(name).map(|_| false),
        ssh: SshEntry {
            address: tracked(name),
            port: tracked("22").map(|_| 22),
            user: tracked("root"),
            key_path: None,
        },
        private_address: None,
        private_interface: None,
        profile: profile.map(tracked),
    }
}

#[test]
fn profiles_become_fields_and_hosts_name_them() {
    let toml = "[cluster_config]\n[cluster_config.custom_kubelet_flags_profiles]\n\
                GPU_a = \"--kube-reserved=cpu=500m,memory=2Gi --max-pods=64 --feature-gates=AllBeta=false --node-labels=a=b\"\nidle = \"--v=3 --fail-swap-on=false\"\n";
    let hosts = vec![host("w1", None), host("w2", Some("GPU_a")), host("w3", Some("GPU_b"))];
    let run = run_in(toml, "v4.1.5", &[], Surroundings { hosts, ..Surroundings::default() });
    for (path, value) in [
        ("kubelet.customProfiles[0].name", "gpu-a"),
        ("kubelet.customProfiles[0].values.kubeReserved.memory", "2Gi"),
        ("kubelet.customProfiles[0].values.maxPods", "64"),
        ("kubelet.customProfiles[0].values.featureGates.AllBeta", "false"),
        ("kubelet.customProfiles[1].values.failSwapOn", "false"),
        ("hosts[1].installFlags[0]", "--profile=gpu-a"),
    ] {
        assert_eq!(run.text(path).as_deref(), Some(value), "{path}");
    }
    assert_eq!(
        run.origin("kubelet.customProfiles[0].values.maxPods"),
        ["mke3.toml:cluster_config.custom_kubelet_flags_profiles.GPU_a"]
    );
    assert_eq!(run.origin("hosts[1].installFlags[0]"), ["hosts.yaml:w2.GPU_a"]);
    assert!(run.get("hosts[0].installFlags").is_none() && run.get("hosts[2].installFlags").is_none());
    let profile: Vec<_> = run
        .findings
        .iter()
        .filter(|f| f.message.contains("profile"))
        .map(|f| crate::diag::render(f, false))
        .collect();
    insta::assert_snapshot!(profile.join("\n\n"));
}

#[test]
fn two_profiles_may_not_end_under_one_name() {
    for (names, blocked) in [(["a_b", "a-c"], 0), (["a_b", "A-b"], 1), (["default", "x"], 1)] {
        let [one, two] = names;
        let toml = format!(
            "[cluster_config]\n[cluster_config.custom_kubelet_flags_profiles]\n{one} = \"--max-pods=3\"\n{two} = \"--max-pods=4\"\n"
        );
        let run = run_by(RULES, &toml, "v4.1.5", &[]);
        assert_eq!(run.codes().iter().filter(|code| **code == "T317").count(), blocked, "{names:?}");
    }
}
