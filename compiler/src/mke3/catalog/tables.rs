//! The small tables beside `auth` and `cluster_config`.

use super::key::Check::{NotSupported, Skipped, Supported};
use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "hardening_configuration", keys: HARDENING_CONFIGURATION },
    Group { name: "registries", keys: REGISTRIES },
    Group { name: "audit_log_configuration", keys: AUDIT_LOG_CONFIGURATION },
    Group { name: "scheduling_configuration", keys: SCHEDULING_CONFIGURATION },
    Group { name: "tracking_configuration", keys: TRACKING_CONFIGURATION },
    Group { name: "trust_configuration", keys: TRUST_CONFIGURATION },
    Group { name: "log_configuration", keys: LOG_CONFIGURATION },
    Group { name: "license_configuration", keys: LICENSE_CONFIGURATION },
    Group { name: "pki", keys: PKI },
    Group { name: "custom_api_server_headers", keys: CUSTOM_API_SERVER_HEADERS },
    Group {
        name: "user_workload_defaults.swarm_defaults.<dotted path>",
        keys: USER_WORKLOAD_DEFAULTS_SWARM_DEFAULTS,
    },
    Group { name: "backup_schedule_config", keys: BACKUP_SCHEDULE_CONFIG },
    Group { name: "etcd_cleanup_schedule_config", keys: ETCD_CLEANUP_SCHEDULE_CONFIG },
    Group { name: "tables: 3.9", keys: ADDED_IN_3_9 },
    Group { name: "user_workload_defaults.swarm_defaults: any", keys: SWARM_DEFAULTS_ANY },
];

const HARDENING_CONFIGURATION: &[Key] = &[
    Key::bool("hardening_configuration.hardening_enabled")
        .default_bool(false)
        .since("3.7 line")
        .seen("D+F")
        .check(Skipped),
    Key::bool("hardening_configuration.limit_kernel_capabilities")
        .default_bool(false)
        .since("3.7 line")
        .seen("D"),
    Key::int("hardening_configuration.pid_limit").default_int(0).at_least(0).since("3.7 line").seen("D"),
    Key::bool("hardening_configuration.pid_limit_unspecified").default_bool(true).since("3.7 line").seen("D"),
    Key::bool("hardening_configuration.use_strong_tls_ciphers")
        .default_bool(false)
        .since("3.7 line")
        .seen("D"),
];

const REGISTRIES: &[Key] = &[
    Key::text("registries[].host_address").required().seen("D"),
    Key::text("registries[].service_id").required().seen("D"),
    Key::pem("registries[].ca_bundle").seen("D"),
];

const AUDIT_LOG_CONFIGURATION: &[Key] = &[
    Key::text("audit_log_configuration.level").one_of(&["metadata", "request"]).seen("D+F").check(Skipped),
    Key::bool("audit_log_configuration.support_bundle_include_audit_logs")
        .default_bool(false)
        .aliases(&["support_dump_include_audit_logs"])
        .seen("F")
        .check(Skipped),
];

const SCHEDULING_CONFIGURATION: &[Key] = &[
    Key::bool("scheduling_configuration.enable_admin_ucp_scheduling")
        .default_bool(false)
        .seen("F+U")
        .check(NotSupported),
    Key::text("scheduling_configuration.default_node_orchestrator")
        .default_str("swarm")
        .one_of(&["swarm", "kubernetes"])
        .seen("F+U")
        .check(NotSupported),
    Key::bool("scheduling_configuration.enable_user_ucp_scheduling")
        .default_bool(false)
        .outdated("UCP 3.0 was the last release that read it; grants took its place")
        .seen("U"),
];

const TRACKING_CONFIGURATION: &[Key] = &[
    Key::bool("tracking_configuration.disable_usageinfo").default_bool(false).seen("D"),
    Key::bool("tracking_configuration.disable_tracking").default_bool(false).seen("D+F").check(Skipped),
    Key::bool("tracking_configuration.anonymize_tracking")
        .default_bool(false)
        .outdated("it belongs to UCP; MKE 3.7 and later don't document it")
        .seen("U"),
    Key::text("tracking_configuration.cluster_label").seen("D"),
    Key::bool("tracking_configuration.ops_care").default_bool(false).seen("D"),
];

const TRUST_CONFIGURATION: &[Key] = &[
    Key::bool("trust_configuration.require_content_trust").default_bool(false).seen("D"),
    Key::list("trust_configuration.require_signature_from").seen("D"),
    Key::list("trust_configuration.allow_repos").seen("D"),
];

const LOG_CONFIGURATION: &[Key] = &[
    Key::text("log_configuration.protocol").default_str("tcp").one_of(&["tcp", "udp"]).seen("D"),
    Key::text("log_configuration.host").seen("D"),
    Key::text("log_configuration.level")
        .default_str("INFO")
        .one_of_any_case(&["debug", "info", "notice", "warning", "err", "crit", "alert", "emerg"])
        .seen("D+F")
        .check(Supported),
];

const LICENSE_CONFIGURATION: &[Key] = &[
    Key::bool("license_configuration.auto_refresh").default_bool(true).seen("D+F").check(NotSupported),
    Key::bool("license_configuration.omit_telemetry").default_bool(false).seen("F").check(NotSupported),
];

const PKI: &[Key] = &[Key::pem("pki.client_ca_bundle").seen("F").check(NotSupported)];

const CUSTOM_API_SERVER_HEADERS: &[Key] = &[
    Key::text("custom_api_server_headers[].name").required().seen("D").check(NotSupported),
    Key::text("custom_api_server_headers[].value").required().may_hold_secret().seen("D").check(NotSupported),
];

const USER_WORKLOAD_DEFAULTS_SWARM_DEFAULTS: &[Key] = &[
    Key::duration("user_workload_defaults.swarm_defaults.\"tasktemplate.restartpolicy.delay\".value")
        .default_str("5s")
        .seen("D+F")
        .check(NotSupported),
    Key::number_text(
        "user_workload_defaults.swarm_defaults.\"tasktemplate.restartpolicy.maxattempts\".value",
    )
    .default_str("3")
    .seen("D+F")
    .check(NotSupported),
];

const BACKUP_SCHEDULE_CONFIG: &[Key] = &[
    Key::bool("backup_schedule_config.enabled").default_bool(false).seen("D+F").check(NotSupported),
    Key::path("backup_schedule_config.path").seen("D+F").check(NotSupported),
    Key::text("backup_schedule_config.passphrase").secret().seen("D+F").check(NotSupported),
    Key::bool("backup_schedule_config.no_passphrase").default_bool(false).seen("D+F").check(NotSupported),
    Key::cron("backup_schedule_config.cron_spec").seen("D+F").check(NotSupported),
    Key::bool("backup_schedule_config.include_logs").default_bool(false).seen("D+F").check(NotSupported),
    Key::int("backup_schedule_config.backups_limit")
        .default_int(30)
        .at_least(-1)
        .aliases(&["backup_limits"])
        .seen("D+F")
        .check(NotSupported),
    Key::int("backup_schedule_config.notification_delay")
        .default_int(7)
        .at_least(-1)
        .aliases(&["notification-delay"])
        .seen("D+F")
        .check(NotSupported),
];

const ETCD_CLEANUP_SCHEDULE_CONFIG: &[Key] = &[
    Key::bool("etcd_cleanup_schedule_config.cleanup_enabled")
        .default_bool(false)
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
    Key::int("etcd_cleanup_schedule_config.min_ttl_to_keep_seconds")
        .default_int(0)
        .at_least(0)
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
    Key::cron("etcd_cleanup_schedule_config.cron_expression").since("3.7 line").seen("D").check(NotSupported),
    Key::bool("etcd_cleanup_schedule_config.defrag_enabled")
        .default_bool(false)
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
    Key::int("etcd_cleanup_schedule_config.defrag_pause_seconds")
        .default_int(60)
        .at_least(0)
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
    Key::int("etcd_cleanup_schedule_config.defrag_timeout_seconds")
        .default_int(300)
        .at_least(1)
        .since("3.7 line")
        .seen("D")
        .check(NotSupported),
];

/// Names that an export of MKE 3.9 shows; their defaults are taken from the older keys that they resemble.
const ADDED_IN_3_9: &[Key] = &[
    Key::bool("hardening_configuration.limit_non_root_containers").default_bool(false).since("3.9").seen("D"),
    Key::int("hardening_configuration.pids_limit_int").default_int(0).at_least(0).since("3.9").seen("D"),
    Key::bool("hardening_configuration.pids_limit_unspecified_int").default_bool(true).since("3.9").seen("D"),
    Key::int("hardening_configuration.pids_limit_k8s").default_int(0).at_least(0).since("3.9").seen("D"),
    Key::bool("hardening_configuration.pids_limit_unspecified_k8s").default_bool(true).since("3.9").seen("D"),
    Key::int("hardening_configuration.pids_limit_swarm").default_int(0).at_least(0).since("3.9").seen("D"),
    Key::bool("hardening_configuration.pids_limit_unspecified_swarm")
        .default_bool(true)
        .since("3.9")
        .seen("D"),
    Key::bool("registries[].batch_scanning_data_enabled").default_bool(false).since("3.9").seen("D"),
];

/// The table is a free map; only the two names above are known.
const SWARM_DEFAULTS_ANY: &[Key] =
    &[Key::text("user_workload_defaults.swarm_defaults.<name>.value").seen("I")];
