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
        ("custom_kubelet_flags", "--pod-max-pids=99", "kubelet.extraArgs.pod-max-pids", "99"),
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
    assert_eq!(run.codes(), ["T311"]);
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
