//! The small tables beside `auth` and `cluster_config`.
//!
//! `audit_log_configuration.level` and `log_configuration.level` are not here: they stand with the keys that they
//! work with, Kubernetes' audit log and Calico.

use super::flags::{Component, given, outweighed};
use crate::diag::{Finding, codes::translate as code};
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::code(&[HARDENING, CIPHERS], strong_cipher_switch),
    Rule::code(&[PIDS.limit, PIDS.unspecified, PIDS_3_9.limit, PIDS_3_9.unspecified], pids),
    Rule::obsolete(
        &[
            "hardening_configuration.limit_kernel_capabilities",
            "hardening_configuration.limit_non_root_containers",
            "hardening_configuration.pids_limit_int",
            "hardening_configuration.pids_limit_unspecified_int",
            "hardening_configuration.pids_limit_swarm",
            "hardening_configuration.pids_limit_unspecified_swarm",
        ],
        "it is about MKE 3's own containers, or Swarm's",
    ),
    Rule::code(REGISTRIES, registries),
    Rule::drop(
        &["audit_log_configuration.support_bundle_include_audit_logs"],
        "support bundles of MKE 4k have no such option",
    ),
    Rule::code(&[ON_MANAGERS], on_managers),
    Rule::code(&[ORCHESTRATOR], orchestrator),
    Rule::obsolete(
        &["scheduling_configuration.enable_user_ucp_scheduling"],
        "UCP 3.0 was the last release to read it",
    ),
    Rule::code(&[NO_TRACKING, NO_USAGE], tracking),
    Rule::rename(&["tracking_configuration.cluster_label"], "tracking.clusterLabel"),
    Rule::obsolete(&["tracking_configuration.anonymize_tracking"], "MKE 3.7 and later don't document it"),
    Rule::drop(
        &["tracking_configuration.ops_care"],
        "OpsCare was never finished in MKE 4k, and is gone from 4.1.1 on",
    ),
    Rule::code(TRUST, trust),
    Rule::code(SYSLOG, syslog),
    Rule::obsolete(
        &["license_configuration.auto_refresh", "license_configuration.omit_telemetry"],
        "MKE 4k takes its licence from mke4.yaml and renews nothing",
    ),
    Rule::drop(
        &["pki.client_ca_bundle"],
        "MKE 4k trusts client certificates of its own CA alone; whoever has another one must log in anew",
    ),
    Rule::code(HEADERS, headers),
    Rule::obsolete(
        &[
            "user_workload_defaults.swarm_defaults.\"tasktemplate.restartpolicy.delay\".value",
            "user_workload_defaults.swarm_defaults.\"tasktemplate.restartpolicy.maxattempts\".value",
            "user_workload_defaults.swarm_defaults.<name>.value",
        ],
        "MKE 4k has no Swarm",
    ),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[PIDS.limit, ON_MANAGERS];

const HARDENING: &str = "hardening_configuration.hardening_enabled";
const CIPHERS: &str = "hardening_configuration.use_strong_tls_ciphers";
const REGISTRIES: &[&str] = &[
    "registries[].host_address",
    "registries[].service_id",
    "registries[].ca_bundle",
    "registries[].batch_scanning_data_enabled",
];
const ON_MANAGERS: &str = "scheduling_configuration.enable_admin_ucp_scheduling";
const ORCHESTRATOR: &str = "scheduling_configuration.default_node_orchestrator";
const NO_TRACKING: &str = "tracking_configuration.disable_tracking";
const NO_USAGE: &str = "tracking_configuration.disable_usageinfo";
const TRUST: &[&str] = &[
    "trust_configuration.require_content_trust",
    "trust_configuration.require_signature_from",
    "trust_configuration.allow_repos",
];
const SYSLOG: &[&str] = &["log_configuration.protocol", "log_configuration.host"];
const HEADERS: &[&str] = &["custom_api_server_headers[].name", "custom_api_server_headers[].value"];

/// Control 4.2.12 of the CIS Kubernetes Benchmark 1.7.0.
const STRONG_CIPHERS: [&str; 8] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
];

/// The components that hardening gives strong ciphers to, where they have no list of their own.
const OWN_CIPHERS: [&str; 3] = [
    "cluster_config.cipher_suites_for_kube_api_server",
    "cluster_config.cipher_suites_for_kubelet",
    "cluster_config.cipher_suites_for_etcd_server",
];

/// The list of strong ciphers, with commas between, where hardening asks for it. The rules of the components write it
/// wherever the component's own key is empty.
pub(crate) fn strong_ciphers(ctx: &Ctx<'_>) -> Option<Tracked<String>> {
    let on = ctx.mke3.bool(HARDENING).and(ctx.mke3.bool(CIPHERS));
    (on.value == (true, true)).then(|| on.map(|_| STRONG_CIPHERS.join(",")))
}

fn strong_cipher_switch(ctx: &mut Ctx<'_>) {
    // `pids` names the parent switch, unless a flag says the limit.
    let limit = given(ctx.mke3, Component::Kubelet, "pod-max-pids").is_none();
    if limit || strong_ciphers(ctx).is_some() {
        ctx.fate(HARDENING, Fate::Merged, "it switches the rest of the table");
    } else {
        ctx.idle(&[HARDENING], "nothing of its table counts here");
    }
    let taken = OWN_CIPHERS.iter().any(|key| !ctx.mke3.is_set(key));
    match (strong_ciphers(ctx), taken) {
        (Some(_), true) => ctx.fate(CIPHERS, Fate::Split, "a list for each component without one of its own"),
        (Some(_), false) => ctx.idle(&[CIPHERS], "each component has a list of its own"),
        (None, _) => ctx.idle(&[CIPHERS], "hardening is off"),
    }
}

/// A limit of processes and the key that says whether it counts.
struct Pids {
    limit: &'static str,
    unspecified: &'static str,
}

const PIDS: Pids = Pids {
    limit: "hardening_configuration.pid_limit",
    unspecified: "hardening_configuration.pid_limit_unspecified",
};

/// MKE 3.9 has a pair for each kind of container.
const PIDS_3_9: Pids = Pids {
    limit: "hardening_configuration.pids_limit_k8s",
    unspecified: "hardening_configuration.pids_limit_unspecified_k8s",
};

fn pids(ctx: &mut Ctx<'_>) {
    const FIELD: &str = "kubelet.podPidsLimit";
    const NO_LIMIT: i64 = -1;
    let newer = ctx.mke3.is_set(PIDS_3_9.limit) || ctx.mke3.is_set(PIDS_3_9.unspecified);
    let (pair, other) = if newer { (PIDS_3_9, PIDS) } else { (PIDS, PIDS_3_9) };
    ctx.idle(&[other.limit, other.unspecified], "the pair of MKE 3.9 counts");
    let parent = ctx.mke3.bool(HARDENING);
    let flag = "pod-max-pids";
    if given(ctx.mke3, Component::Kubelet, flag).is_some() {
        ctx.idle(&[pair.unspecified], "a custom flag outweighs it");
        if parent.value {
            outweighed(ctx, pair.limit, Component::Kubelet, flag);
        } else {
            ctx.idle(&[pair.limit], "hardening is off");
        }
        return;
    }
    if !parent.value {
        ctx.put(FIELD, parent.map(|_| NO_LIMIT));
        return ctx.idle(&[pair.limit, pair.unspecified], "hardening is off");
    }
    let unspecified = ctx.mke3.bool(pair.unspecified).because(&parent.origin);
    ctx.fate(pair.unspecified, Fate::Merged, "it says whether the limit counts");
    if unspecified.value {
        ctx.put(FIELD, unspecified.map(|_| NO_LIMIT));
        return ctx.idle(&[pair.limit], "the limit does not count");
    }
    let limit = ctx.mke3.int(pair.limit).because(&unspecified.origin);
    if limit.value <= 0 {
        ctx.put(FIELD, limit.map(|_| NO_LIMIT));
        return ctx.fate(pair.limit, Fate::Converted, "0 is no limit");
    }
    let answer = ctx.decide(&Question {
        key: PIDS.limit,
        ask: format!(
            "a container could have {} processes; in MKE 4k the limit is for a whole pod",
            limit.value
        ),
        choices: &[
            Choice { name: "per-pod", effect: "write the same number as the limit of a pod" },
            Choice { name: "no-limit", effect: "leave pods without a limit" },
        ],
        proposal: None,
    });
    match answer {
        Some(answer) => {
            let carry = answer.value == "per-pod";
            let value = limit.map(|n| if carry { n } else { NO_LIMIT }).because(&answer.origin);
            ctx.put(FIELD, value);
            ctx.fate(pair.limit, Fate::Converted, "");
        }
        None => {
            ctx.put(FIELD, unspecified.map(|_| NO_LIMIT));
            ctx.undecided(pair.limit);
        }
    }
}

/// MSRs that used MKE 3 for single sign-on. `spec.registries` is something else: where MKE 4k's own images come from.
fn registries(ctx: &mut Ctx<'_>) {
    let rows = ctx.mke3.rows("registries");
    let hosts: Vec<_> = rows.iter().map(|row| format!("`{}`", row.str("host_address").value)).collect();
    let finding = Finding::new(
        code::DROPPED,
        format!("the single sign-on of {} through MKE is lost: MKE 4k has none for MSR", hosts.join(", ")),
    )
    .help("give each MSR its own users or identity provider before MKE 3 is removed");
    ctx.drop_as(REGISTRIES, "MKE 4k has no single sign-on for MSR", finding);
    let private: Vec<_> = rows.iter().filter(|row| row.is_set("ca_bundle")).collect();
    if let Some(first) = private.first() {
        let hosts: Vec<_> =
            private.iter().map(|row| format!("`{}`", row.str("host_address").value)).collect();
        ctx.findings.push(
            Finding::new(
                code::BY_HAND,
                format!("mke4.yaml does not carry the private CA of {}", hosts.join(", ")),
            )
            .at_opt(first.place("ca_bundle"))
            .note("containerd on each node trusts a registry by `/etc/containerd/certs.d`, not by mke4.yaml")
            .help("if images are pulled from there, see that every node trusts the CA"),
        );
    }
}

fn on_managers(ctx: &mut Ctx<'_>) {
    let on = ctx.mke3.bool(ON_MANAGERS);
    if !on.value {
        return ctx.fate(ON_MANAGERS, Fate::Default, "");
    }
    let answer = ctx.decide(&Question {
        key: ON_MANAGERS,
        ask: "administrators could run workloads on managers; MKE 4k lets either everybody or nobody"
            .to_owned(),
        choices: &[
            Choice {
                name: "no-taints",
                effect: "write `noTaints` for managers: every workload may run there",
            },
            Choice { name: "taints", effect: "managers keep their taint: workloads there need a toleration" },
        ],
        proposal: None,
    });
    let Some(answer) = answer else { return ctx.undecided(ON_MANAGERS) };
    if answer.value == "taints" {
        return ctx.fate(ON_MANAGERS, Fate::Dropped, "an operator keeps the taint");
    }
    let mut written = false;
    for (i, host) in ctx.site.hosts.iter().enumerate().filter(|(_, host)| host.manager.value) {
        let value = on.clone().because(&answer.origin).because(&host.manager.origin);
        written |= ctx.put(&format!("hosts[{i}].noTaints"), value);
    }
    if written {
        ctx.fate(ON_MANAGERS, Fate::Converted, "");
    } else {
        ctx.fate(ON_MANAGERS, Fate::Dropped, "no manager is known");
    }
}

fn orchestrator(ctx: &mut Ctx<'_>) {
    let value = ctx.mke3.raw_str(ORCHESTRATOR).value;
    if value == "swarm" {
        ctx.tell(
            ORCHESTRATOR,
            code::DROPPED_QUIETLY,
            "new nodes join as Swarm nodes: whatever runs as a Swarm service or stack does not come along",
        );
    }
    ctx.idle(&[ORCHESTRATOR], "MKE 4k has no Swarm");
}

/// Off as soon as one of the two is off: the cautious reading.
fn tracking(ctx: &mut Ctx<'_>) {
    let keys = [NO_TRACKING, NO_USAGE];
    let off: Vec<_> = keys.into_iter().filter(|key| ctx.mke3.bool(key).value).collect();
    // While both are on, each could turn it.
    let deciding = if off.is_empty() { keys.to_vec() } else { off.clone() };
    let origin =
        deciding.iter().fold(Origin::default(), |origin, key| origin.with(&ctx.mke3.bool(key).origin));
    ctx.put("tracking.enabled", Tracked::with_origin(off.is_empty(), origin));
    for key in keys {
        if deciding.contains(&key) {
            ctx.fate(key, Fate::Converted, "");
        } else {
            ctx.fate(key, Fate::Default, "the other one turns telemetry off");
        }
    }
    if let Some(key) = off.first()
        && ctx.site.license.is_none()
    {
        let text = "telemetry is off in MKE 3, but MKE 4k sends it as long as no valid licence is set";
        ctx.findings.push(
            Finding::new(code::MEANING, text)
                .at_opt(ctx.mke3_place(key))
                .help("name the licence file in site.yaml"),
        );
    }
}

fn trust(ctx: &mut Ctx<'_>) {
    if ctx.mke3.bool("trust_configuration.require_content_trust").value {
        let why = "MKE 4k runs unsigned images too; a policy engine can ask for signatures";
        ctx.drop_all("content trust", TRUST, why, true);
    } else {
        ctx.drop_all("`trust_configuration`", TRUST, "content trust is off", false);
    }
}

fn syslog(ctx: &mut Ctx<'_>) {
    if ctx.mke3.is_set("log_configuration.host") {
        ctx.drop_all("the remote log", SYSLOG, "MKE 4k sends no logs; forward them on the hosts", true);
    } else {
        ctx.drop_all("`log_configuration.protocol`", SYSLOG, "no remote host is set", false);
    }
}

/// Names only: a value may hold a credential.
fn headers(ctx: &mut Ctx<'_>) {
    let rows = ctx.mke3.rows("custom_api_server_headers");
    let names: Vec<_> = rows.iter().map(|row| format!("`{}`", row.str("name").value)).collect();
    let why = "MKE 4k adds no headers of one's own";
    let finding = Finding::new(
        code::DROPPED,
        format!("headers of the API server are lost ({}): {why}", names.join(", ")),
    )
    .help("a proxy in front of the external address can add headers");
    ctx.drop_as(HEADERS, why, finding);
}

#[cfg(test)]
mod tests;
