//! `cluster_config`: pod network, services, kube-proxy.
//!
//! Whatever MKE 4k can't run (Calico in etcd or with eBPF, IPVS, before 4.1.1 a CNI of one's own) stops here, each
//! with its place in the file and a way out, all in one run. The rest goes to `network` of mke4.yaml; what Calico
//! is told depends on the contract: k0s' own words in 4.0, the Tigera operator's from 4.1 on.

mod autodetect;
mod calico;
mod cni;
mod kube_proxy;
#[cfg(test)]
mod tests;

pub(super) use calico::fits_root_line;

use super::flags::{Component, outweighed};
use crate::diag::{Finding, codes::translate as code};
use crate::translate::{Ctx, Fate, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::rename(&["cluster_config.service_cluster_ip_range"], "network.serviceCIDR"),
    Rule::code(&[NODE_PORTS], node_ports),
    Rule::rename(&["cluster_config.multus_cni"], "network.multus.enabled"),
    Rule::code(cni::KEYS, cni::translate),
    Rule::code(&[KDD], datastore),
    Rule::code(&[EBPF], ebpf),
    Rule::code(calico::KEYS, calico::translate),
    Rule::code(kube_proxy::KEYS, kube_proxy::translate),
    Rule::obsolete(
        &["cluster_config.calico_strict_affinity"],
        "the cluster's own IPAM settings, which are carried with its data, hold it",
    ),
    Rule::obsolete(
        &["cluster_config.kube_default_drop_masq_bits"],
        "it belongs to the eBPF data plane or to a foreign CNI",
    ),
    Rule::code(PROBES, probes),
    Rule::obsolete(
        &["cluster_config.calico_manifest_tigop_compat_disabled", "cluster_config.tigop_compatible_manifest"],
        "it prepared MKE 3's Calico for the Tigera operator",
    ),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[calico::VXLAN, calico::SECURE_OVERLAY, kube_proxy::MODE];

const NODE_PORTS: &str = "cluster_config.nodeport_range";
const KDD: &str = "cluster_config.calico_kdd";
const EBPF: &str = "cluster_config.calico_ebpf_enabled";

fn node_ports(ctx: &mut Ctx<'_>) {
    if outweighed(ctx, NODE_PORTS, Component::ApiServer, "service-node-port-range") {
        return;
    }
    ctx.put("network.nodePortRange", ctx.mke3.str(NODE_PORTS));
    ctx.fate(NODE_PORTS, Fate::Renamed, "");
}

/// mkectl's own words, so that whoever searches for them finds the same pages ("Troubleshoot the Upgrade").
const ETCD_BACKED: &str =
    "unsupported configuration for mke4 upgrade: mke3 cluster is using etcdv3 and not kdd backend for calico";

/// Calico must keep its data in the Kubernetes API. A missing key counts as false, as `mkectl` is understood to read
/// it. A CNI of one's own makes the key moot, but not where the same file says that Calico runs eBPF: then it runs.
fn datastore(ctx: &mut Ctx<'_>) {
    let runs_calico = cni::managed(ctx).value || ctx.mke3.bool(EBPF).value;
    if !runs_calico {
        return ctx.fate(KDD, Fate::Dropped, "moot: MKE does not run Calico");
    }
    if ctx.mke3.bool(KDD).value {
        return ctx.fate(
            KDD,
            Fate::Dropped,
            "a precondition, and met: MKE 4k knows no other store for Calico",
        );
    }
    let place = ctx.mke3.place(KDD);
    let label = match place {
        Some(_) => "Calico keeps its data in etcd",
        None => "`calico_kdd` is missing here, which counts as false",
    };
    let place = place.or_else(|| ctx.mke3.place("cluster_config"));
    ctx.findings.push(
        Finding::new(code::CALICO_ETCD, ETCD_BACKED)
            .at_opt(place)
            .label(label)
            .note("`mkectl` stops with the same words")
            .note("the change freezes pod creation for about 20 seconds a node, and there is no way back")
            .help(
                "on MKE 3, set `calico_kdd = true` by PUT /api/ucp/config-toml, then export the file again",
            ),
    );
    ctx.fate(KDD, Fate::Blocked, code::CALICO_ETCD.summary);
}

fn ebpf(ctx: &mut Ctx<'_>) {
    if !ctx.mke3.bool(EBPF).value {
        return ctx.fate(EBPF, Fate::Default, "");
    }
    ctx.block(
        EBPF,
        code::EBPF,
        "Calico runs its eBPF data plane, which no release of MKE 4k takes over",
        "MKE 3 can't leave eBPF again: build a new cluster with the iptables data plane and move the workloads",
    );
}

const PROBES: &[&str] = &[
    "cluster_config.calico_controller_probes_tuning",
    "cluster_config.calico_controller_liveness_probe_failure_threshold",
    "cluster_config.calico_controller_liveness_probe_initial_delay_seconds",
    "cluster_config.calico_controller_liveness_probe_period_seconds",
    "cluster_config.calico_controller_liveness_probe_success_threshold",
    "cluster_config.calico_controller_liveness_probe_timeout_seconds",
    "cluster_config.calico_controller_readiness_probe_failure_threshold",
    "cluster_config.calico_controller_readiness_probe_initial_delay_seconds",
    "cluster_config.calico_controller_readiness_probe_period_seconds",
    "cluster_config.calico_controller_readiness_probe_success_threshold",
    "cluster_config.calico_controller_readiness_probe_timeout_seconds",
];

fn probes(ctx: &mut Ctx<'_>) {
    let why = "MKE 4k decides how calico-kube-controllers is probed";
    ctx.drop_all("the tuning of calico-kube-controllers' probes", PROBES, why, false);
}
