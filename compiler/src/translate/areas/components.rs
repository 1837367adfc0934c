//! The Kubernetes components' own settings, and what runs beside them.
//!
//! Settings that a custom flag outweighs are not written: the flag is, by the area of the flags, which runs before.

mod add_ons;
mod admission;
mod audit;
mod encryption;
mod kubelet;
mod metallb;
mod settings;

use crate::translate::Rule;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::code(settings::KEYS, settings::settings),
    Rule::code(settings::CIPHER_KEYS, settings::ciphers),
    Rule::code(&["cluster_config.kube_scheduler_profiling_enabled"], settings::scheduler_profiling),
    Rule::rename(&["cluster_config.kube_scheduler_bind_to_all"], "scheduler.bindToAll"),
    Rule::obsolete(
        &[
            "cluster_config.kube_api_server_profiling_enabled",
            "cluster_config.kube_controller_manager_profiling_enabled",
        ],
        "k0s runs it with profiling off; `--profiling=true` among the custom flags brings it back",
    ),
    Rule::code(audit::KEYS, audit::audit),
    Rule::code(encryption::KEYS, encryption::encryption),
    Rule::code(admission::PLUGIN_KEYS, admission::plugins),
    Rule::code(admission::PRIVILEGE_KEYS, admission::privileges),
    Rule::obsolete(
        &["cluster_config.ignore_pod_updates_for_node_selector"],
        "it tunes an admission plugin of MKE 3 that MKE 4k does not have",
    ),
    Rule::obsolete(
        &["cluster_config.policy_enforcement.pod_security_policy"],
        "Kubernetes has had no PodSecurityPolicy since 1.25",
    ),
    Rule::code(kubelet::RESERVED_KEYS, kubelet::reserved),
    Rule::code(&["cluster_config.disable_seccomp_default"], kubelet::seccomp),
    Rule::code(kubelet::ARGUMENT_KEYS, kubelet::arguments),
    Rule::drop(
        &["cluster_config.kubelet_max_parallel_image_pulls"],
        "it has no flag, and a kubelet profile for every node would put aside what MKE 4k sets by its own",
    ),
    Rule::drop(
        &["cluster_config.kubelet_pinned_image_labels", "cluster_config.kubelet_pinned_images"],
        "no setting keeps images from being collected; they are pulled from the registry again",
    ),
    Rule::code(add_ons::LAMEDUCK_KEYS, add_ons::lameduck),
    Rule::code(add_ons::NODE_LOCAL_DNS_KEYS, add_ons::node_local_dns),
    Rule::drop(
        &["cluster_config.core_dns_memory_limit", "cluster_config.core_dns_memory_request"],
        "CoreDNS belongs to k0s, which has no setting for its memory",
    ),
    Rule::obsolete(&["cluster_config.core_dns_config_persist"], "k0s keeps CoreDNS' configuration itself"),
    Rule::code(add_ons::GATEKEEPER_KEYS, add_ons::gatekeeper),
    Rule::code(metallb::KEYS, metallb::metallb),
    Rule::code(add_ons::GATEWAY_KEYS, add_ons::gateway_controller),
    Rule::code(add_ons::DESCHEDULER_KEYS, add_ons::descheduler),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[
    admission::ALWAYS_PULL,
    admission::USERS.allowed,
    admission::SERVICE_ACCOUNTS.allowed,
    encryption::KMS,
    encryption::PROVIDER,
    "cluster_config.disable_seccomp_default",
];

#[cfg(test)]
mod tests;
