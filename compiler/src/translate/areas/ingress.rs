//! The ingress controller, its node ports, and those of the Gateway API.
//!
//! Up to 4.1.2 NGINX always runs in MKE 4k, because its own UI needs it; later releases have Envoy Gateway for that and
//! keep NGINX only where MKE 3 had it. MKE 3's settings for NGINX count only where it was on there.

mod gateway;
mod placement;
mod ports;

pub(super) use placement::tolerations;

use crate::diag::{Finding, codes::translate as code};
use crate::mke3::catalog::{self, Kind};
use crate::origin::Tracked;
use crate::translate::{Ctx, Fate, Rule};

macro_rules! key {
    ($name:literal) => {
        concat!("cluster_config.ingress_controller.", $name)
    };
}
use key;

/// The rules.
pub const RULES: &[Rule] = &[Rule::code(KEYS, ingress)];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[];

const SWITCH: &str = key!("enabled");

const KEYS: &[&str] = &[
    SWITCH,
    key!("ingress_num_replicas"),
    key!("ingress_enable_lb"),
    key!("ingress_preserve_client_ip"),
    key!("ingress_extra_args.http_port"),
    key!("ingress_extra_args.https_port"),
    key!("ingress_extra_args.enable_ssl_passthrough"),
    key!("ingress_extra_args.default_ssl_certificate"),
    key!("ingress_extra_args.default_backend_service"),
    key!("ingress_external_ips"),
    key!("ingress_config_map.<name>"),
    key!("ingress_tcp_services.<name>"),
    key!("ingress_udp_services.<name>"),
    key!("ingress_node_affinity[].key"),
    key!("ingress_node_affinity[].value"),
    key!("ingress_node_toleration[].key"),
    key!("ingress_node_toleration[].value"),
    key!("ingress_node_toleration[].operator"),
    key!("ingress_node_toleration[].effect"),
    key!("ingress_exposed_ports[].name"),
    key!("ingress_exposed_ports[].port"),
    key!("ingress_exposed_ports[].target_port"),
    key!("ingress_exposed_ports[].node_port"),
    key!("ingress_exposed_ports[].protocol"),
];

/// Those that keep their values.
const FIELDS: &[(&str, &str)] = &[
    (key!("ingress_num_replicas"), "ingressController.replicaCount"),
    (key!("ingress_enable_lb"), "ingressController.enableLoadBalancer"),
    (key!("ingress_preserve_client_ip"), "ingressController.preserveClientIP"),
    (key!("ingress_extra_args.http_port"), "ingressController.extraArgs.httpPort"),
    (key!("ingress_extra_args.https_port"), "ingressController.extraArgs.httpsPort"),
    (key!("ingress_extra_args.enable_ssl_passthrough"), "ingressController.extraArgs.enableSslPassthrough"),
];

fn ingress(ctx: &mut Ctx<'_>) {
    let on = switch(ctx);
    let was_on = ctx.mke3.bool(SWITCH);
    if !was_on.value {
        ctx.idle(&KEYS[1..], "the ingress controller was off");
        stay(ctx, &on);
        let nginx = if ctx.contract.ingress_always_on { ports::of_range(ctx, &was_on) } else { Vec::new() };
        return gateway::gateway(ctx, &was_on, None, &nginx);
    }
    if !on.value {
        let freed = ports::freed(ctx, &on);
        ctx.idle(&other_keys(), "NGINX does not stay");
        stay(ctx, &on);
        return gateway::gateway(ctx, &was_on, Some(freed), &[]);
    }
    for (key, path) in FIELDS {
        match catalog::find(key).map(|key| key.kind) {
            Some(Kind::Bool) => ctx.put(path, ctx.mke3.bool(key).because(&on.origin)),
            _ => ctx.put(path, ctx.mke3.int(key).because(&on.origin)),
        };
        ctx.fate(key, Fate::Renamed, "");
    }
    maps(ctx, &on);
    placement::affinity(ctx, &on.origin);
    tolerations(ctx, key!("ingress_node_toleration"), "ingressController.tolerations", &on.origin);
    let own = "an own certificate goes to `certificates` of mke4.yaml, from v4.1.2 on";
    ctx.drop(key!("ingress_extra_args.default_ssl_certificate"), &format!("MKE 4k manages it; {own}"), true);
    let why = "MKE 4k has no setting for it; requests that no rule takes get NGINX' own answer";
    ctx.drop(key!("ingress_extra_args.default_backend_service"), why, true);
    let nginx = ports::own(ctx, &on);
    gateway::gateway(ctx, &was_on, None, &nginx);
}

/// The release's own values stay because MKE 3's don't count.
fn stay(ctx: &mut Ctx<'_>, on: &Tracked<bool>) {
    for (_, path) in FIELDS {
        ctx.depends(path, &on.origin);
    }
}

/// All but the switch and the exposed ports.
fn other_keys() -> Vec<&'static str> {
    KEYS[1..].iter().copied().filter(|key| !key.contains("ingress_exposed_ports")).collect()
}

/// Whether NGINX runs afterwards because it ran before.
fn switch(ctx: &mut Ctx<'_>) -> Tracked<bool> {
    let on = ctx.mke3.bool(SWITCH);
    if ctx.contract.ingress_always_on {
        ctx.fate(SWITCH, Fate::Merged, "it decides about the node ports; the controller itself always runs");
        return on;
    }
    let remove =
        ctx.site.remove_ingress_nginx.clone().filter(|_| ctx.contract.asks_gateway_ports && on.value);
    let stays = match remove {
        Some(remove) => on.and(remove).map(|(on, remove)| on && !remove),
        None => on,
    };
    if ctx.mke3.bool(SWITCH).value && !stays.value {
        let finding = Finding::new(
            code::MEANING,
            "NGINX goes, and with it whatever Ingress objects it serves",
        )
        .at_opt(ctx.mke3_place(SWITCH))
        .note("its settings are not carried over; its node ports go to the Gateway API")
        .help("move the applications to the Gateway API, or take `remove_ingress_nginx` out of site.yaml");
        ctx.findings.push(finding);
    }
    ctx.put("ingressController.enabled", stays.clone());
    ctx.fate(SWITCH, Fate::Copied, "");
    stays
}

/// External addresses, and what is a map on both sides.
fn maps(ctx: &mut Ctx<'_>, on: &Tracked<bool>) {
    let addresses = ctx.mke3.list(key!("ingress_external_ips"));
    let fate = if addresses.is_empty() { Fate::Default } else { Fate::Renamed };
    ctx.fate(key!("ingress_external_ips"), fate, "");
    if !addresses.is_empty() {
        let list = addresses.into_iter().map(|address| address.because(&on.origin));
        ctx.put("ingressController.externalIPs", crate::document::Tree::strings(list));
    }
    for (table, field) in [
        (key!("ingress_config_map"), "configMap"),
        (key!("ingress_tcp_services"), "tcpServices"),
        (key!("ingress_udp_services"), "udpServices"),
    ] {
        for (name, value) in ctx.mke3.map(table) {
            let path = value.origin.sources().next().map(|source| source.path.clone()).unwrap_or_default();
            if field == "configMap" && !is_config_key(&name) {
                let finding =
                    Finding::new(code::CONFIG_KEY, format!("{name:?} can't be the name of an NGINX setting"));
                ctx.findings.push(
                    finding
                        .at_opt(ctx.mke3_place(&path))
                        .help("write letters, digits, `-`, `_` and `.`, as in `use-forwarded-headers`"),
                );
            }
            ctx.doc.set_key(&format!("spec.ingressController.{field}"), &name, value.because(&on.origin));
            ctx.fate(&path, Fate::Copied, "");
        }
    }
}

/// Whether a ConfigMap takes it as a key (Kubernetes: `IsConfigMapKey`).
fn is_config_key(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && !(name == "." || name.starts_with(".."))
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests;
