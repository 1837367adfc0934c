//! Settings with a field of their own, unless a flag outweighs them.

use super::super::flags::{Component, outweighed};
use super::super::tables::strong_ciphers;
use crate::mke3::catalog::{self, Kind};
use crate::origin::Tracked;
use crate::translate::{Ctx, Fate};

pub(super) const KEYS: &[&str] = &[
    "cluster_config.kube_api_server_request_timeout",
    "cluster_config.kube_api_server_audit_log_maxage",
    "cluster_config.kube_api_server_audit_log_maxbackup",
    "cluster_config.kube_api_server_audit_log_maxsize",
    "cluster_config.kube_manager_terminated_pod_gc_threshold",
    "cluster_config.kubelet_max_pods",
    "cluster_config.kubelet_pods_per_core",
    "cluster_config.kubelet_event_record_qps",
    "cluster_config.kube_protect_kernel_defaults",
];

/// The field of each of these keys, and the flag that outweighs it.
fn field(key: &str) -> Option<(&'static str, Component, &'static str)> {
    use Component::{ApiServer, ControllerManager, Kubelet};
    Some(match key.strip_prefix("cluster_config.")? {
        "kube_api_server_request_timeout" => ("apiServer.requestTimeout", ApiServer, "request-timeout"),
        "kube_api_server_audit_log_maxage" => ("apiServer.audit.maxAge", ApiServer, "audit-log-maxage"),
        "kube_api_server_audit_log_maxbackup" => {
            ("apiServer.audit.maxBackup", ApiServer, "audit-log-maxbackup")
        }
        "kube_api_server_audit_log_maxsize" => ("apiServer.audit.maxSize", ApiServer, "audit-log-maxsize"),
        "kube_manager_terminated_pod_gc_threshold" => {
            ("controllerManager.terminatedPodGCThreshold", ControllerManager, "terminated-pod-gc-threshold")
        }
        "kubelet_max_pods" => ("kubelet.maxPods", Kubelet, "max-pods"),
        "kubelet_pods_per_core" => ("kubelet.podsPerCore", Kubelet, "pods-per-core"),
        "kubelet_event_record_qps" => ("kubelet.eventRecordQPS", Kubelet, "event-qps"),
        "kube_protect_kernel_defaults" => {
            ("kubelet.protectKernelDefaults", Kubelet, "protect-kernel-defaults")
        }
        _ => return None,
    })
}

pub(super) fn settings(ctx: &mut Ctx<'_>) {
    for key in KEYS {
        let Some((path, component, flag)) = field(key) else { continue };
        if outweighed(ctx, key, component, flag) {
            continue;
        }
        match catalog::find(key).map(|key| key.kind) {
            Some(Kind::Bool) => ctx.put(path, ctx.mke3.bool(key)),
            Some(Kind::Int) => ctx.put(path, ctx.mke3.int(key)),
            _ => ctx.put(path, ctx.mke3.str(key).map(|text| go_duration(&text))),
        };
        ctx.fate(key, Fate::Renamed, "");
    }
}

/// A duration in the form that Go prints: `90s` becomes `1m30s`. Other units than hours, minutes and seconds stay.
fn go_duration(text: &str) -> String {
    let (mut seconds, mut number) = (0u64, String::new());
    for c in text.trim().chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return text.to_owned(),
        };
        match number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(unit))
            .and_then(|n| seconds.checked_add(n))
        {
            Some(sum) => seconds = sum,
            None => return text.to_owned(),
        }
        number.clear();
    }
    if !number.is_empty() {
        return text.to_owned();
    }
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

/// false is said; true is only what MKE 3 has by default, and k0s is safer without.
pub(super) fn scheduler_profiling(ctx: &mut Ctx<'_>) {
    const KEY: &str = "cluster_config.kube_scheduler_profiling_enabled";
    if outweighed(ctx, KEY, Component::Scheduler, "profiling") {
        return;
    }
    let on = ctx.mke3.bool(KEY);
    if on.value {
        return ctx.fate(KEY, Fate::Default, "");
    }
    ctx.put("scheduler.profilingEnabled", on);
    ctx.fate(KEY, Fate::Renamed, "");
}

pub(super) const CIPHER_KEYS: &[&str] = &[API_SERVER_CIPHERS, KUBELET_CIPHERS, ETCD_CIPHERS];
const API_SERVER_CIPHERS: &str = "cluster_config.cipher_suites_for_kube_api_server";
const KUBELET_CIPHERS: &str = "cluster_config.cipher_suites_for_kubelet";
const ETCD_CIPHERS: &str = "cluster_config.cipher_suites_for_etcd_server";

/// The component's own list, or the strong one where hardening asks for it.
pub(super) fn ciphers(ctx: &mut Ctx<'_>) {
    const FLAG: &str = "tls-cipher-suites";
    for (key, component) in
        [(API_SERVER_CIPHERS, Component::ApiServer), (KUBELET_CIPHERS, Component::Kubelet)]
    {
        if outweighed(ctx, key, component, FLAG) {
            continue;
        }
        if let Some(list) = cipher_list(ctx, key) {
            ctx.doc.set_key(&format!("spec.{}", component.args()), FLAG, list);
        }
    }
    if let Some(list) = cipher_list(ctx, ETCD_CIPHERS) {
        ctx.put("etcd.tlsCipherSuites", list);
    }
}

/// The list of a component, and the fate of its key.
fn cipher_list(ctx: &mut Ctx<'_>, key: &str) -> Option<Tracked<String>> {
    let own = ctx.mke3.str(key).map(|text| text.split_whitespace().collect::<String>());
    if !own.value.is_empty() {
        ctx.fate(key, Fate::Renamed, "");
        return Some(own);
    }
    let strong = strong_ciphers(ctx).map(|list| list.because(&own.origin));
    let fate = if strong.is_some() { Fate::Merged } else { Fate::Default };
    ctx.fate(key, fate, "");
    strong
}

#[cfg(test)]
mod tests {
    use super::go_duration;

    #[test]
    fn durations_get_the_form_that_go_prints() {
        for (text, want) in [
            ("1m", "1m0s"),
            ("90s", "1m30s"),
            ("2h", "2h0m0s"),
            ("1m0s", "1m0s"),
            ("0s", "0s"),
            ("1.5m", "1.5m"),
            ("90", "90"),
            ("250ms", "250ms"),
        ] {
            assert_eq!(go_duration(text), want, "{text}");
        }
    }
}
