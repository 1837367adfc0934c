//! `cluster_config`: what brings traffic in, and the descheduler.

use super::key::Check::Skipped;
use super::key::Form::{Ip, IpRange, Namespaced, Service};
use super::key::Literal::{Int, Str};
use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "cluster_config.ingress_controller", keys: INGRESS_CONTROLLER },
    Group {
        name: "cluster_config.ingress_controller.ingress_exposed_ports",
        keys: INGRESS_CONTROLLER_INGRESS_EXPOSED_PORTS,
    },
    Group {
        name: "cluster_config.ingress_controller.ingress_node_affinity",
        keys: INGRESS_CONTROLLER_INGRESS_NODE_AFFINITY,
    },
    Group {
        name: "cluster_config.ingress_controller.ingress_node_toleration",
        keys: INGRESS_CONTROLLER_INGRESS_NODE_TOLERATION,
    },
    Group {
        name: "cluster_config.ingress_controller.ingress_extra_args",
        keys: INGRESS_CONTROLLER_INGRESS_EXTRA_ARGS,
    },
    Group { name: "cluster_config.metallb_config", keys: METALLB_CONFIG },
    Group {
        name: "cluster_config.metallb_config.metallb_ip_addr_pool",
        keys: METALLB_CONFIG_METALLB_IP_ADDR_POOL,
    },
    Group { name: "cluster_config.gateway_controller", keys: GATEWAY_CONTROLLER },
    Group { name: "cluster_config.descheduler", keys: DESCHEDULER },
];

const INGRESS_CONTROLLER: &[Key] = &[
    Key::bool("cluster_config.ingress_controller.enabled").default_bool(false).seen("D+F").check(Skipped),
    Key::int("cluster_config.ingress_controller.ingress_num_replicas").default_int(2).at_least(1).seen("D"),
    Key::list_of("cluster_config.ingress_controller.ingress_external_ips", Ip).seen("D"),
    Key::bool("cluster_config.ingress_controller.ingress_enable_lb").default_bool(false).seen("D"),
    Key::bool("cluster_config.ingress_controller.ingress_preserve_client_ip").default_bool(false).seen("D"),
    Key::text("cluster_config.ingress_controller.ingress_config_map.<name>").seen("D"),
    Key::form("cluster_config.ingress_controller.ingress_tcp_services.<name>", Service)
        .since("3.7.0")
        .seen("D"),
    Key::form("cluster_config.ingress_controller.ingress_udp_services.<name>", Service)
        .since("3.7.0")
        .seen("D"),
];

const INGRESS_CONTROLLER_INGRESS_EXPOSED_PORTS: &[Key] = &[
    Key::text("cluster_config.ingress_controller.ingress_exposed_ports[].name")
        .also_default(&[Str("http2"), Str("https"), Str("tcp")])
        .seen("D"),
    Key::int("cluster_config.ingress_controller.ingress_exposed_ports[].port")
        .also_default(&[Int(80), Int(443), Int(31400)])
        .port()
        .seen("D"),
    Key::int("cluster_config.ingress_controller.ingress_exposed_ports[].target_port")
        .default_int(0)
        .range(0, 65535)
        .seen("D"),
    Key::int("cluster_config.ingress_controller.ingress_exposed_ports[].node_port")
        .also_default(&[Int(33000), Int(33001), Int(33002)])
        .range(0, 65535)
        .seen("D"),
    Key::text("cluster_config.ingress_controller.ingress_exposed_ports[].protocol")
        .one_of(&["TCP", "UDP"])
        .seen("D"),
];

const INGRESS_CONTROLLER_INGRESS_NODE_AFFINITY: &[Key] = &[
    Key::text("cluster_config.ingress_controller.ingress_node_affinity[].key")
        .default_str("com.docker.ucp.manager")
        .seen("D"),
    Key::text("cluster_config.ingress_controller.ingress_node_affinity[].value").seen("D"),
];

const INGRESS_CONTROLLER_INGRESS_NODE_TOLERATION: &[Key] = &[
    Key::text("cluster_config.ingress_controller.ingress_node_toleration[].key")
        .default_str("com.docker.ucp.manager")
        .seen("D"),
    Key::text("cluster_config.ingress_controller.ingress_node_toleration[].value").seen("D"),
    Key::text("cluster_config.ingress_controller.ingress_node_toleration[].operator")
        .default_str("Exists")
        .one_of(&["Exists", "Equal"])
        .seen("D"),
    Key::text("cluster_config.ingress_controller.ingress_node_toleration[].effect")
        .default_str("NoSchedule")
        .one_of(&["NoSchedule", "PreferNoSchedule", "NoExecute"])
        .seen("D"),
];

const INGRESS_CONTROLLER_INGRESS_EXTRA_ARGS: &[Key] = &[
    Key::int("cluster_config.ingress_controller.ingress_extra_args.http_port")
        .default_int(80)
        .port()
        .since("3.7.0")
        .seen("D"),
    Key::int("cluster_config.ingress_controller.ingress_extra_args.https_port")
        .default_int(443)
        .port()
        .since("3.7.0")
        .seen("D"),
    Key::bool("cluster_config.ingress_controller.ingress_extra_args.enable_ssl_passthrough")
        .default_bool(false)
        .since("3.7.0")
        .seen("D"),
    Key::form("cluster_config.ingress_controller.ingress_extra_args.default_ssl_certificate", Namespaced)
        .since("3.7.0")
        .seen("D"),
    Key::form("cluster_config.ingress_controller.ingress_extra_args.default_backend_service", Namespaced)
        .seen("D"),
];

const METALLB_CONFIG: &[Key] = &[Key::bool("cluster_config.metallb_config.enabled")
    .default_bool(false)
    .since("3.7.0")
    .seen("D+F")
    .check(Skipped)];

const METALLB_CONFIG_METALLB_IP_ADDR_POOL: &[Key] = &[
    Key::text("cluster_config.metallb_config.metallb_ip_addr_pool[].name")
        .required()
        .since("3.7.0")
        .seen("D"),
    Key::list_of("cluster_config.metallb_config.metallb_ip_addr_pool[].external_ip", IpRange)
        .required()
        .since("3.7.0")
        .seen("D"),
];

const GATEWAY_CONTROLLER: &[Key] = &[
    Key::bool("cluster_config.gateway_controller.enabled").default_bool(false).since("3.9.0").seen("D"),
    Key::int("cluster_config.gateway_controller.gateway_num_replicas")
        .default_int(1)
        .at_least(0)
        .since("3.9.0")
        .seen("D"),
    // No page shows its members: taken to be those of ingress_node_toleration.
    Key::text("cluster_config.gateway_controller.gateway_node_toleration[].key").since("3.9.0").seen("I"),
    Key::text("cluster_config.gateway_controller.gateway_node_toleration[].value").since("3.9.0").seen("I"),
    Key::text("cluster_config.gateway_controller.gateway_node_toleration[].operator")
        .default_str("Exists")
        .one_of(&["Exists", "Equal"])
        .since("3.9.0")
        .seen("I"),
    Key::text("cluster_config.gateway_controller.gateway_node_toleration[].effect")
        .one_of(&["NoSchedule", "PreferNoSchedule", "NoExecute"])
        .since("3.9.0")
        .seen("I"),
];

const DESCHEDULER: &[Key] = &[
    Key::bool("cluster_config.descheduler.enabled").default_bool(false).since("3.9.3").seen("D"),
    Key::int("cluster_config.descheduler.replicas")
        .default_int(2)
        .also_default(&[Int(0)])
        .at_least(0)
        .since("3.9.3")
        .seen("D"),
    Key::list("cluster_config.descheduler.extra_flags").since("3.9.3").seen("D"),
];
