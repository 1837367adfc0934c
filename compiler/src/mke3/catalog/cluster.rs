//! `cluster_config`: addresses, Swarm, stores, metrics, cloud and storage.

use super::key::Check::{NotSupported, Skipped, Supported};
use super::key::Form::{Ip, Quantity, Size, WindowsPath};
use super::key::Literal::Str;
use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "cluster_config: ports, names, hosts", keys: PORTS_NAMES_HOSTS },
    Group { name: "cluster_config: Swarm and UI", keys: SWARM_AND_UI },
    Group { name: "cluster_config: stores, caches, HTTP", keys: STORES_CACHES_HTTP },
    Group { name: "cluster_config: metrics, images", keys: METRICS_IMAGES },
    Group { name: "cluster_config: cloud, storage, GPU, Windows", keys: CLOUD_STORAGE_GPU_WINDOWS },
    Group { name: "cluster_config.image_prune_whitelist", keys: IMAGE_PRUNE_WHITELIST },
    Group { name: "cluster_config: stores, 3.9", keys: STORES_ADDED_IN_3_9 },
];

const PORTS_NAMES_HOSTS: &[Key] = &[
    Key::int("cluster_config.controller_port").default_int(443).port().seen("D+F").check(NotSupported),
    Key::int("cluster_config.kube_apiserver_port").default_int(6443).port().seen("D+F").check(NotSupported),
    Key::int("cluster_config.swarm_port").default_int(2376).port().seen("D+F").check(NotSupported),
    Key::int("cluster_config.node_exporter_port")
        .default_int(9100)
        .port()
        .since("3.7.10")
        .seen("D")
        .check(NotSupported),
    Key::text("cluster_config.cluster_name").also_default(&[Str("kubernetes")]).seen("F").check(Supported),
    Key::list_of("cluster_config.dns", Ip).seen("D"),
    Key::list("cluster_config.dns_opt").seen("D"),
    Key::list("cluster_config.dns_search").seen("D"),
    Key::list("cluster_config.shared_sans").seen("D+F"),
    Key::text("cluster_config.external_service_lb").seen("D+F").check(Skipped),
    Key::text("cluster_config.pre_logon_message").seen("D+F").check(Skipped),
    Key::path("cluster_config.containerd_root")
        .default_str("/var/lib/containerd")
        .seen("F")
        .check(NotSupported),
    Key::form("cluster_config.windows_containerd_root", WindowsPath)
        .default_str("C:\\ProgramData\\containerd")
        .seen("F")
        .check(NotSupported),
    Key::path("cluster_config.kubelet_data_root").default_str("/var/lib/kubelet").seen("F").check(Supported),
    Key::form("cluster_config.windows_kubelet_data_root", WindowsPath)
        .default_str("C:\\k")
        .seen("F")
        .check(NotSupported),
];

const SWARM_AND_UI: &[Key] = &[
    Key::bool("cluster_config.swarm_only").default_bool(false).seen("F").check(NotSupported),
    Key::text("cluster_config.swarm_strategy")
        .default_str("spread")
        .one_of(&["spread", "binpack", "random"])
        .seen("D+F")
        .check(NotSupported),
    Key::bool("cluster_config.swarm_polling_disabled").default_bool(false).seen("D+F").check(NotSupported),
    Key::bool("cluster_config.hide_swarm_ui").default_bool(false).seen("D+F").check(NotSupported),
    Key::int("cluster_config.networks_quota_per_collection")
        .default_int(0)
        .at_least(0)
        .seen("F")
        .check(NotSupported),
    Key::bool("cluster_config.local_volume_collection_mapping")
        .default_bool(false)
        .seen("D+F")
        .check(Skipped),
    Key::int("cluster_config.cpu_usage_banner_threshold")
        .default_int(20)
        .range(0, 100)
        .seen("D+F")
        .check(NotSupported),
    Key::duration("cluster_config.cpu_usage_banner_scrape_interval")
        .default_str("10m")
        .seen("D+F")
        .check(NotSupported),
    Key::bool("cluster_config.image_scan_aggregation_enabled").default_bool(false).seen("D+F").check(Skipped),
    Key::int("cluster_config.image_scan_cvss_version").default_int(3).seen("F").check(NotSupported),
];

const STORES_CACHES_HTTP: &[Key] = &[
    Key::int("cluster_config.kv_timeout").default_int(5000).at_least(0).seen("D+F").check(NotSupported),
    Key::int("cluster_config.kv_snapshot_count")
        .default_int(20000)
        .at_least(0)
        .seen("D+F")
        .check(NotSupported),
    Key::form("cluster_config.etcd_storage_quota", Size).default_str("2GB").seen("D+F").check(NotSupported),
    Key::int_or_text("cluster_config.etcd_request_quota").since("3.9.3").seen("D"),
    Key::form("cluster_config.rethinkdb_cache_size", Size)
        .default_str("1GB")
        .also_default(&[Str("512MB"), Str("auto")])
        .seen("D+F")
        .check(NotSupported),
    Key::bool("cluster_config.profiling_enabled").default_bool(false).seen("D+F").check(Skipped),
    Key::int("cluster_config.authz_cache_timeout").default_int(0).at_least(0).seen("D+F"),
    Key::bool("cluster_config.pubkey_auth_cache_enabled").default_bool(false).seen("D+F").check(Skipped),
    Key::bool("cluster_config.exclude_server_identity_headers")
        .default_bool(false)
        .since("UCP 3.1.5")
        .seen("D+F")
        .check(NotSupported),
    Key::text("cluster_config.oidc_client_id").seen("D"),
    Key::bool("cluster_config.disable_http2").default_bool(false).seen("F").check(Skipped),
    Key::bool("cluster_config.unauthenticated_http2_dos_mitigation")
        .default_bool(false)
        .seen("F")
        .check(NotSupported),
    Key::text("cluster_config.min_tls_version")
        .one_of(&["tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2"])
        .outdated("it belongs to UCP 2.2")
        .seen("U"),
];

const METRICS_IMAGES: &[Key] = &[
    Key::duration("cluster_config.metrics_retention_time").default_str("24h").seen("D+F").check(NotSupported),
    Key::duration("cluster_config.metrics_scrape_interval").default_str("1m").seen("D+F").check(NotSupported),
    Key::duration("cluster_config.metrics_disk_usage_interval").seen("D"),
    Key::form("cluster_config.prometheus_memory_limit", Quantity)
        .default_str("2Gi")
        .since("3.7.0")
        .seen("D+F")
        .check(Supported),
    Key::form("cluster_config.prometheus_memory_request", Quantity)
        .default_str("1Gi")
        .since("3.7.0")
        .seen("D+F")
        .check(NotSupported),
    Key::bool("cluster_config.cadvisor_enabled")
        .default_bool(false)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::cron("cluster_config.image_prune_schedule").seen("D+F").check(NotSupported),
];

const CLOUD_STORAGE_GPU_WINDOWS: &[Key] = &[
    Key::text("cluster_config.cloud_provider")
        .mostly_one_of(&["aws", "azure", "gce", "openstack", "vsphere", "external"])
        .seen("D+F")
        .check(Skipped),
    Key::number_text("cluster_config.azure_ip_count").seen("D+F").check(NotSupported),
    Key::bool("cluster_config.iscsi_enabled").default_bool(false).seen("F").check(NotSupported),
    Key::path("cluster_config.iscsiadm_path")
        .also_default(&[Str("/usr/sbin/iscsiadm")])
        .seen("F")
        .check(NotSupported),
    Key::path("cluster_config.iscsidb_path").also_default(&[Str("/etc/iscsi")]).seen("F").check(NotSupported),
    Key::bool("cluster_config.storage_expt_enabled").default_bool(false).seen("F").check(NotSupported),
    Key::bool("cluster_config.use_flex_volume_driver").default_bool(false).seen("D+F").check(NotSupported),
    Key::bool("cluster_config.nvidia_device_plugin").default_bool(false).seen("D+F").check(Skipped),
    Key::bool("cluster_config.nvidia_device_partitioner").default_bool(true).seen("D+F"),
    Key::bool("cluster_config.windows_gmsa").default_bool(false).seen("D").check(NotSupported),
    Key::bool("cluster_config.gmsa_allow_non_admins").default_bool(false).seen("F").check(Skipped),
];

const IMAGE_PRUNE_WHITELIST: &[Key] = &[
    Key::text("cluster_config.image_prune_whitelist[].key")
        .required()
        .one_of(&["dangling", "label", "before", "since", "reference"])
        .seen("D"),
    Key::text("cluster_config.image_prune_whitelist[].value").required().seen("D"),
];

const STORES_ADDED_IN_3_9: &[Key] =
    &[Key::bool("cluster_config.disable_client_bundle").default_bool(false).since("3.9").seen("D")];
