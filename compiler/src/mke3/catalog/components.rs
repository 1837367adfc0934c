//! `cluster_config`: the Kubernetes components, cluster DNS and admission.

use super::key::Check::{NotSupported, Skipped, Supported};
use super::key::Form::{FlagText, Reserved};
use super::key::Literal::Str;
use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "cluster_config: kube-apiserver", keys: KUBE_APISERVER },
    Group { name: "cluster_config: controller manager, scheduler", keys: CONTROLLER_MANAGER_SCHEDULER },
    Group { name: "cluster_config: kubelet", keys: KUBELET },
    Group { name: "cluster_config: cluster DNS", keys: CLUSTER_DNS },
    Group { name: "cluster_config.custom_kubelet_flags_profiles", keys: CUSTOM_KUBELET_FLAGS_PROFILES },
    Group { name: "cluster_config.core_dns_lameduck_config", keys: CORE_DNS_LAMEDUCK_CONFIG },
    Group { name: "cluster_config.policy_enforcement", keys: POLICY_ENFORCEMENT },
    Group { name: "cluster_config.policy_enforcement.gatekeeper", keys: POLICY_ENFORCEMENT_GATEKEEPER },
    Group { name: "cluster_config.k8s_event_rate_limit", keys: K8S_EVENT_RATE_LIMIT },
    Group { name: "cluster_config: cluster DNS, 3.9", keys: DNS_ADDED_IN_3_9 },
];

const KUBE_APISERVER: &[Key] = &[
    Key::flags("cluster_config.custom_kube_api_server_flags").seen("D+F").check(NotSupported),
    Key::duration("cluster_config.kube_api_server_request_timeout")
        .default_str("1m")
        .seen("D+F")
        .check(NotSupported),
    Key::bool("cluster_config.kube_api_server_profiling_enabled").default_bool(true).seen("D+F"),
    Key::bool("cluster_config.kube_api_server_auditing").default_bool(false).seen("D+F").check(NotSupported),
    Key::int("cluster_config.kube_api_server_audit_log_maxage")
        .default_int(30)
        .at_least(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Supported),
    Key::int("cluster_config.kube_api_server_audit_log_maxbackup")
        .default_int(10)
        .at_least(0)
        .since("3.7 line")
        .seen("D+F")
        .check(NotSupported),
    Key::int("cluster_config.kube_api_server_audit_log_maxsize")
        .default_int(10)
        .at_least(0)
        .since("3.7 line")
        .seen("D+F")
        .check(NotSupported),
    Key::text("cluster_config.kube_api_server_custom_audit_policy_yaml")
        .aliases(&["KubeAPIServerCustomAuditPolicyYaml"])
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
    Key::bool("cluster_config.kube_api_server_enable_custom_audit_policy")
        .default_bool(false)
        .aliases(&["KubeAPIServerEnableCustomAuditPolicy"])
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
    Key::text("cluster_config.cipher_suites_for_kube_api_server").seen("D+F").check(Supported),
    Key::text("cluster_config.cipher_suites_for_etcd_server").seen("D+F").check(NotSupported),
    Key::text("cluster_config.secrets_encryption_provider")
        .default_str("aescbc")
        .one_of(&["aescbc", "aesgcm"])
        .since("3.9.3")
        .seen("D"),
    Key::bool("cluster_config.kms_enabled").default_bool(false).since("UCP 3.2.5").seen("D+F").check(Skipped),
    Key::text("cluster_config.kms_name").since("UCP 3.2.5").seen("D+F"),
    Key::path("cluster_config.kms_endpoint").since("UCP 3.2.5").seen("D+F"),
    Key::int("cluster_config.kms_cachesize").default_int(0).at_least(0).since("UCP 3.2.5").seen("D+F"),
    Key::bool("cluster_config.k8s_always_pull_images_ac_enabled")
        .default_bool(false)
        .seen("F")
        .check(Skipped),
    Key::bool("cluster_config.ignore_pod_updates_for_node_selector")
        .default_bool(false)
        .seen("F")
        .check(Skipped),
    Key::list("cluster_config.priv_attributes_allowed_for_user_accounts")
        .one_of_any_case(PRIVILEGES)
        .seen("D+F"),
    Key::list("cluster_config.priv_attributes_user_accounts").seen("D+F"),
    Key::list("cluster_config.priv_attributes_allowed_for_service_accounts")
        .one_of_any_case(PRIVILEGES)
        .seen("D+F"),
    Key::list("cluster_config.priv_attributes_service_accounts").seen("D+F"),
];

/// What MKE can forbid in a pod; files write the words in any case.
const PRIVILEGES: &[&str] =
    &["hostIPC", "hostNetwork", "hostPID", "hostBindMounts", "privileged", "kernelCapabilities"];

const CONTROLLER_MANAGER_SCHEDULER: &[Key] = &[
    Key::flags("cluster_config.custom_kube_controller_manager_flags").seen("D+F").check(NotSupported),
    Key::bool("cluster_config.kube_controller_manager_profiling_enabled")
        .default_bool(true)
        .seen("D+F")
        .check(NotSupported),
    Key::int("cluster_config.kube_manager_terminated_pod_gc_threshold")
        .default_int(12500)
        .at_least(0)
        .seen("D+F")
        .check(NotSupported),
    Key::flags("cluster_config.custom_kube_scheduler_flags").seen("D+F").check(NotSupported),
    Key::bool("cluster_config.kube_scheduler_profiling_enabled")
        .default_bool(true)
        .seen("D+F")
        .check(Supported),
    Key::bool("cluster_config.kube_scheduler_bind_to_all").default_bool(false).seen("D+F").check(Skipped),
];

const KUBELET: &[Key] = &[
    Key::flags("cluster_config.custom_kubelet_flags").seen("D+F").check(Supported),
    Key::int("cluster_config.kubelet_max_pods").default_int(110).range(1, 250).seen("D+F").check(Supported),
    Key::int("cluster_config.kubelet_pods_per_core").default_int(0).at_least(0).seen("D+F").check(Skipped),
    Key::int("cluster_config.kubelet_event_record_qps")
        .default_int(50)
        .at_least(0)
        .seen("F")
        .check(Supported),
    Key::form("cluster_config.manager_kube_reserved_resources", Reserved)
        .default_str("cpu=250m,memory=2Gi,ephemeral-storage=4Gi")
        .also_default(&[Str("cpu=1,memory=2Gi,ephemeral-storage=4Gi")])
        .seen("D+F")
        .check(Supported),
    Key::form("cluster_config.worker_kube_reserved_resources", Reserved)
        .default_str("cpu=50m,memory=300Mi,ephemeral-storage=500Mi")
        .also_default(&[Str("cpu=100m,memory=300Mi,ephemeral-storage=500Mi")])
        .seen("D+F")
        .check(Supported),
    Key::bool("cluster_config.kube_protect_kernel_defaults").default_bool(false).seen("D+F").check(Skipped),
    Key::bool("cluster_config.disable_seccomp_default").default_bool(false).seen("F").check(Skipped),
    Key::text("cluster_config.cipher_suites_for_kubelet").seen("D+F").check(Supported),
    Key::bool("cluster_config.kubelet_serialize_image_pulls").since("3.8.7").seen("D"),
    Key::int("cluster_config.kubelet_max_parallel_image_pulls").at_least(0).since("3.8.7").seen("D"),
    Key::int("cluster_config.kubelet_image_gc_high_threshold_percent")
        .range(0, 100)
        .since("3.8.17, 3.9.7")
        .seen("D"),
    Key::int("cluster_config.kubelet_image_gc_low_threshold_percent")
        .range(0, 100)
        .since("3.8.17, 3.9.7")
        .seen("D"),
    Key::list("cluster_config.kubelet_pinned_image_labels").since("3.8.17, 3.9.7").seen("D"),
    Key::list("cluster_config.kubelet_pinned_images").since("3.8.17, 3.9.7").seen("D"),
];

const CLUSTER_DNS: &[Key] = &[
    Key::bool("cluster_config.node_local_dns")
        .default_bool(false)
        .since("3.7.10")
        .seen("D")
        .check(NotSupported),
    Key::bool("cluster_config.node_local_dns_config_persist").default_bool(false).since("3.8.7").seen("D"),
    Key::int_or_text("cluster_config.core_dns_memory_limit").since("3.7.23").seen("D"),
    Key::int_or_text("cluster_config.core_dns_memory_request").since("3.7.23").seen("D"),
];

const CUSTOM_KUBELET_FLAGS_PROFILES: &[Key] =
    &[Key::form("cluster_config.custom_kubelet_flags_profiles.<name>", FlagText)
        .may_hold_secret()
        .since("3.7.10")
        .seen("D")];

const CORE_DNS_LAMEDUCK_CONFIG: &[Key] = &[
    Key::bool("cluster_config.core_dns_lameduck_config.enabled")
        .default_bool(false)
        .since("3.7.0")
        .seen("D+F")
        .check(Skipped),
    Key::duration("cluster_config.core_dns_lameduck_config.duration")
        .default_str("7s")
        .since("3.7.0")
        .seen("D"),
];

const POLICY_ENFORCEMENT: &[Key] = &[Key::bool("cluster_config.policy_enforcement.pod_security_policy")
    .default_bool(true)
    .seen("F")
    .check(NotSupported)];

const POLICY_ENFORCEMENT_GATEKEEPER: &[Key] = &[
    Key::bool("cluster_config.policy_enforcement.gatekeeper.enabled")
        .default_bool(false)
        .seen("D+F")
        .check(Skipped),
    Key::list_or_commas("cluster_config.policy_enforcement.gatekeeper.excluded_namespaces").seen("D"),
];

const K8S_EVENT_RATE_LIMIT: &[Key] =
    &[Key::bool("cluster_config.k8s_event_rate_limit.event_rate_limit_ac_enabled")
        .default_bool(false)
        .seen("F")
        .check(Skipped)];

const DNS_ADDED_IN_3_9: &[Key] =
    &[Key::bool("cluster_config.core_dns_config_persist").default_bool(false).since("3.9").seen("D")];
