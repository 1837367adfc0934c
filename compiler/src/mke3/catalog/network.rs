//! `cluster_config`: CNI, services and kube-proxy.

use super::key::Check::{NotSupported, Skipped, Supported};
use super::key::Form::{Cidr, CidrList, PortRange};
use super::key::Literal::Bool;
use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "cluster_config: CNI", keys: CNI },
    Group { name: "cluster_config: services and kube-proxy", keys: SERVICES_AND_KUBE_PROXY },
    Group { name: "cluster_config: CNI, 3.9", keys: CNI_ADDED_IN_3_9 },
];

const CNI: &[Key] = &[
    Key::form("cluster_config.pod_cidr", Cidr).default_str("192.168.0.0/16").seen("D+F").check(Supported),
    Key::bool("cluster_config.unmanaged_cni").default_bool(false).seen("D+F").check(Skipped),
    Key::url("cluster_config.cni_installer_url").seen("D+F").check(Skipped),
    Key::bool("cluster_config.calico_kdd")
        .default_bool(false)
        .since("3.7 line")
        .seen("D+F")
        .check(NotSupported),
    Key::number_text("cluster_config.calico_mtu").default_str("1480").seen("F+U").check(Supported),
    Key::number_text("cluster_config.ipip_mtu").default_str("1480").seen("D+F").check(NotSupported),
    Key::bool("cluster_config.calico_vxlan")
        .default_bool(true)
        .also_default(&[Bool(false)])
        .seen("F")
        .check(NotSupported),
    Key::number_text("cluster_config.calico_vxlan_mtu").default_str("1450").seen("F").check(NotSupported),
    Key::number_text("cluster_config.calico_vxlan_port")
        .default_str("4789")
        .port()
        .seen("F")
        .check(NotSupported),
    Key::int("cluster_config.vxlan_vni")
        .default_int(10000)
        .range(1, 16_777_215)
        .seen("F")
        .check(NotSupported),
    Key::bool("cluster_config.calico_strict_affinity").default_bool(false).seen("F").check(NotSupported),
    Key::text("cluster_config.calico_ip_auto_method").seen("F").check(Supported),
    Key::bool("cluster_config.calico_ebpf_enabled").default_bool(false).seen("D+F").check(Skipped),
    Key::bool("cluster_config.kube_default_drop_masq_bits").default_bool(false).seen("D+F").check(Skipped),
    Key::bool("cluster_config.secure_overlay")
        .default_bool(false)
        .aliases(&["secure-overlay"])
        .seen("D+F")
        .check(Skipped),
    Key::bool("cluster_config.multus_cni").since("3.7.0").seen("I"),
    Key::bool("cluster_config.calico_controller_probes_tuning")
        .default_bool(false)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_liveness_probe_failure_threshold")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_liveness_probe_initial_delay_seconds")
        .default_int(-1)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_liveness_probe_period_seconds")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_liveness_probe_success_threshold")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_liveness_probe_timeout_seconds")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_readiness_probe_failure_threshold")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_readiness_probe_initial_delay_seconds")
        .default_int(-1)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_readiness_probe_period_seconds")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_readiness_probe_success_threshold")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.calico_controller_readiness_probe_timeout_seconds")
        .default_int(0)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
];

const SERVICES_AND_KUBE_PROXY: &[Key] = &[
    Key::form("cluster_config.service_cluster_ip_range", Cidr)
        .default_str("10.96.0.0/16")
        .seen("D+F")
        .check(Supported),
    Key::form("cluster_config.nodeport_range", PortRange)
        .default_str("32768-35535")
        .seen("D+F")
        .check(Supported),
    Key::text("cluster_config.kube_proxy_mode")
        .default_str("iptables")
        .one_of(&["iptables", "ipvs", "disabled"])
        .seen("D+F")
        .check(Supported),
    Key::bool("cluster_config.kube_proxy_no_cleanup_on_start").default_bool(true).seen("F").check(Skipped),
    Key::bool("cluster_config.kube_proxy_use_config_file").default_bool(false).seen("F").check(Skipped),
    Key::text("cluster_config.custom_proxy_config_yaml").seen("F").check(Skipped),
    Key::flags("cluster_config.custom_kube_proxy_flags").seen("D"),
    Key::form("cluster_config.ipvs_exclude_cidrs", CidrList).seen("D+F"),
    Key::duration("cluster_config.ipvs_min_sync_period").seen("D+F"),
    Key::text("cluster_config.ipvs_scheduler")
        .mostly_one_of(&["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh"])
        .seen("D+F"),
    Key::bool("cluster_config.ipvs_strict_arp").default_bool(false).seen("D+F"),
    Key::duration("cluster_config.ipvs_sync_period").seen("D+F"),
    Key::duration("cluster_config.ipvs_tcp_timeout").seen("D+F"),
    Key::duration("cluster_config.ipvs_tcpfin_timeout").seen("D+F"),
    Key::duration("cluster_config.ipvs_udp_timeout").seen("D+F"),
];

const CNI_ADDED_IN_3_9: &[Key] = &[
    Key::bool("cluster_config.calico_manifest_tigop_compat_disabled")
        .default_bool(false)
        .since("3.9")
        .seen("D"),
    Key::bool("cluster_config.tigop_compatible_manifest").default_bool(false).since("3.9").seen("D"),
];
