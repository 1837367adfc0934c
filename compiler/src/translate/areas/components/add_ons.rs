//! Cluster DNS, Gatekeeper, Envoy Gateway, descheduler.

use super::super::ingress::tolerations;
use crate::diag::codes::translate as code;
use crate::document::Tree;
use crate::translate::{Ctx, Fate};

pub(super) const LAMEDUCK_KEYS: &[&str] = &[LAMEDUCK, LAMEDUCK_TIME];
const LAMEDUCK: &str = "cluster_config.core_dns_lameduck_config.enabled";
const LAMEDUCK_TIME: &str = "cluster_config.core_dns_lameduck_config.duration";

pub(super) fn lameduck(ctx: &mut Ctx<'_>) {
    ctx.put("dns.lameduck.enabled", ctx.mke3.bool(LAMEDUCK));
    ctx.fate(LAMEDUCK, Fate::Copied, "");
    if ctx.mke3.is_set(LAMEDUCK_TIME) {
        ctx.put("dns.lameduck.duration", ctx.mke3.str(LAMEDUCK_TIME));
        ctx.fate(LAMEDUCK_TIME, Fate::Copied, "");
    } else {
        ctx.fate(LAMEDUCK_TIME, Fate::Default, "");
    }
}

pub(super) const NODE_LOCAL_DNS_KEYS: &[&str] = &[NODE_LOCAL_DNS, NODE_LOCAL_DNS_PERSIST];
const NODE_LOCAL_DNS: &str = "cluster_config.node_local_dns";
const NODE_LOCAL_DNS_PERSIST: &str = "cluster_config.node_local_dns_config_persist";

pub(super) fn node_local_dns(ctx: &mut Ctx<'_>) {
    const FIELD: &str = "nodeLocalDNS.enabled";
    if !ctx.contract.has(FIELD) {
        ctx.no_field(NODE_LOCAL_DNS, FIELD);
        return ctx.idle(&[NODE_LOCAL_DNS_PERSIST], "the release has no NodeLocalDNS");
    }
    ctx.put("nodeLocalDNS.nodeLocalConfigPersist", ctx.mke3.bool(NODE_LOCAL_DNS_PERSIST));
    ctx.fate(NODE_LOCAL_DNS_PERSIST, Fate::Renamed, "");
    let on = ctx.mke3.bool(NODE_LOCAL_DNS);
    let mode = ctx.mke3.str("cluster_config.kube_proxy_mode").value;
    let foreign = ctx.mke3.bool("cluster_config.unmanaged_cni").value
        || ctx.mke3.is_set("cluster_config.cni_installer_url");
    // The sentences are the product's own, so that a search for them leads here.
    let why = match (foreign, mode.as_str()) {
        (true, _) => Some("NodeLocalDNS is only supported when CNI provider is Calico"),
        (false, "iptables") => None,
        (false, _) => Some("NodeLocalDNS is only supported when kube-proxy runs in the Iptables mode"),
    };
    if let Some(why) = why.filter(|_| on.value) {
        let text = format!("NodeLocalDNS can't be carried over; MKE 4k says: {why}");
        return ctx.block(
            NODE_LOCAL_DNS,
            code::NODE_LOCAL_DNS,
            text,
            "switch `node_local_dns` off on MKE 3 first, or choose a release before v4.1.5, which has none",
        );
    }
    ctx.put(FIELD, on);
    ctx.fate(NODE_LOCAL_DNS, Fate::Renamed, "");
}

pub(super) const GATEKEEPER_KEYS: &[&str] = &[GATEKEEPER, EXCLUDED];
const GATEKEEPER: &str = "cluster_config.policy_enforcement.gatekeeper.enabled";
const EXCLUDED: &str = "cluster_config.policy_enforcement.gatekeeper.excluded_namespaces";

/// Namespaces that the product leaves out itself; the last three since 4.1.0, in 4.0 there is nothing in them.
const BUILT_IN: &[&str] = &[
    "mke",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "k0s-system",
    "k0s-autopilot",
    "flux-system",
    "blueprint-system",
    "tigera-operator",
    "calico-system",
    "calico-apiserver",
];

pub(super) fn gatekeeper(ctx: &mut Ctx<'_>) {
    ctx.put("policyController.opaGatekeeper.enabled", ctx.mke3.bool(GATEKEEPER));
    ctx.fate(GATEKEEPER, Fate::Copied, "");
    let excluded = ctx.mke3.list(EXCLUDED);
    let given = excluded.len();
    let own: Vec<_> = excluded.into_iter().filter(|ns| !BUILT_IN.contains(&ns.value.as_str())).collect();
    let fate = match (given, own.len()) {
        (0, _) => Fate::Default,
        (_, 0) => Fate::Dropped,
        (all, kept) if all == kept => Fate::Copied,
        _ => Fate::Converted,
    };
    ctx.fate(EXCLUDED, fate, if fate == Fate::Dropped { "MKE 4k leaves them out anyway" } else { "" });
    if !own.is_empty() {
        ctx.put("policyController.opaGatekeeper.exemptNamespaces", Tree::strings(own));
    }
}

pub(super) const GATEWAY_KEYS: &[&str] = &[
    GATEWAY,
    GATEWAY_REPLICAS,
    "cluster_config.gateway_controller.gateway_node_toleration[].key",
    "cluster_config.gateway_controller.gateway_node_toleration[].value",
    "cluster_config.gateway_controller.gateway_node_toleration[].operator",
    "cluster_config.gateway_controller.gateway_node_toleration[].effect",
];
const GATEWAY: &str = "cluster_config.gateway_controller.enabled";
const GATEWAY_REPLICAS: &str = "cluster_config.gateway_controller.gateway_num_replicas";

/// Envoy Gateway always runs from 4.1.3 on; MKE 3's own settings for it count where it ran there.
pub(super) fn gateway_controller(ctx: &mut Ctx<'_>) {
    let on = ctx.mke3.bool(GATEWAY);
    if !on.value {
        ctx.idle(&GATEWAY_KEYS[1..], "Envoy Gateway was off");
        return if ctx.doc.get("spec.envoyGateway.replicaCount").is_some() {
            ctx.depends("envoyGateway.replicaCount", &on.origin);
            ctx.fate(GATEWAY, Fate::Merged, "were it on, its own number of replicas would count");
        } else {
            ctx.fate(GATEWAY, Fate::Default, "");
        };
    }
    if !ctx.contract.has("envoyGateway.replicaCount") {
        let why = format!("{} has no Envoy Gateway", ctx.contract.id);
        return ctx.drop_all("Envoy Gateway", GATEWAY_KEYS, &why, true);
    }
    ctx.put("envoyGateway.replicaCount", ctx.mke3.int(GATEWAY_REPLICAS).because(&on.origin));
    ctx.fate(GATEWAY, Fate::Merged, "it always runs; its settings count because it did before");
    ctx.fate(GATEWAY_REPLICAS, Fate::Renamed, "");
    tolerations(
        ctx,
        "cluster_config.gateway_controller.gateway_node_toleration",
        "envoyGateway.tolerations",
        &on.origin,
    );
}

pub(super) const DESCHEDULER_KEYS: &[&str] = &[
    "cluster_config.descheduler.enabled",
    "cluster_config.descheduler.replicas",
    "cluster_config.descheduler.extra_flags",
];

pub(super) fn descheduler(ctx: &mut Ctx<'_>) {
    if ctx.mke3.bool(DESCHEDULER_KEYS[0]).value {
        let why = "MKE 4k has none; it can be installed as a workload";
        ctx.drop_all("the descheduler", DESCHEDULER_KEYS, why, true);
    } else {
        ctx.idle(DESCHEDULER_KEYS, "the descheduler was off");
    }
}
