//! `cluster_config`: addresses, Swarm and UI, stores, metrics, cloud and devices.
//!
//! Most of it configures parts that MKE 4k doesn't have (Swarm, the old UI, RethinkDB, the key-value store) and has no
//! meaning any more; related settings are reported as one matter. What stops here is a cluster without Kubernetes,
//! and a kubelet root that the target can't keep.

mod address;
mod devices;
#[cfg(test)]
mod tests;

use super::flags::{Component, outweighed};
use super::network::fits_root_line;
use crate::diag::{Finding, codes::translate as code};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::code(&[SWARM_ONLY], swarm_only),
    Rule::code(address::KEYS, address::translate),
    Rule::rename(&["cluster_config.shared_sans"], "apiServer.sans"),
    Rule::drop(
        &["cluster_config.kube_apiserver_port"],
        "the API server of MKE 4k listens on 6443 and nowhere else, so every kubeconfig and the load balancer \
         must change",
    ),
    Rule::drop(&["cluster_config.node_exporter_port"], "MKE 4k has no setting for it"),
    Rule::drop(&["cluster_config.cluster_name"], "mke4.yaml has no field for a cluster's name"),
    Rule::code(DNS, dns),
    Rule::drop(&["cluster_config.pre_logon_message"], "MKE 4k shows no text before the login"),
    Rule::code(&[CONTAINERD_ROOT], containerd_root),
    Rule::code(&[KUBELET_ROOT], kubelet_root),
    Rule::code(WINDOWS, windows),
    Rule::rename(&["cluster_config.windows_gmsa"], "windows.gmsa.enabled"),
    Rule::code(SWARM, swarm),
    Rule::code(OLD_UI, old_ui),
    Rule::code(MKE3_SERVICES, mke3_services),
    Rule::rename(&["cluster_config.etcd_storage_quota"], "etcd.storageQuota"),
    Rule::code(&[REQUEST_QUOTA], request_quota),
    Rule::code(METRICS, metrics),
    Rule::code(&[PROMETHEUS_LIMIT, PROMETHEUS_REQUEST], prometheus_memory),
    Rule::code(&[CADVISOR], cadvisor),
    Rule::code(IMAGE_PRUNE, image_prune),
    Rule::code(devices::STORAGE, devices::storage),
    Rule::code(&[devices::CLOUD_PROVIDER], devices::cloud_provider),
    Rule::obsolete(&["cluster_config.azure_ip_count"], "it was for MKE 3's networking on Azure"),
    Rule::code(devices::NVIDIA, devices::nvidia),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[address::EXTERNAL_LB, REQUEST_QUOTA, devices::CLOUD_PROVIDER];

const SWARM_ONLY: &str = "cluster_config.swarm_only";
const CONTAINERD_ROOT: &str = "cluster_config.containerd_root";
const KUBELET_ROOT: &str = "cluster_config.kubelet_data_root";
const REQUEST_QUOTA: &str = "cluster_config.etcd_request_quota";
const PROMETHEUS_LIMIT: &str = "cluster_config.prometheus_memory_limit";
const PROMETHEUS_REQUEST: &str = "cluster_config.prometheus_memory_request";
const CADVISOR: &str = "cluster_config.cadvisor_enabled";

fn swarm_only(ctx: &mut Ctx<'_>) {
    if !ctx.mke3.bool(SWARM_ONLY).value {
        return ctx.fate(SWARM_ONLY, Fate::Default, "");
    }
    ctx.block(
        SWARM_ONLY,
        code::SWARM_ONLY,
        "this cluster runs Swarm alone: there is no Kubernetes to carry over, and MKE 4k has no Swarm",
        "move the services to a Kubernetes cluster first, or leave this one on MKE 3",
    );
}

/// k0s keeps containerd's data below its own data directory; which one is a setting of the site, since k0s needs it
/// too ("Upgrade the data directory").
fn containerd_root(ctx: &mut Ctx<'_>) {
    if ctx.mke3.is_default(CONTAINERD_ROOT) {
        return ctx.fate(CONTAINERD_ROOT, Fate::Default, "");
    }
    let why = "k0s keeps images and containers below its data directory";
    ctx.fate(CONTAINERD_ROOT, Fate::Dropped, why);
    if ctx.site.data_dir.is_some() {
        return;
    }
    let root = ctx.mke3.str(CONTAINERD_ROOT).value;
    let text = format!("`{root}` is not used any more: {why}, which is /var/lib/k0s");
    let help = if ctx.contract.has("k8sProviderSpecs.dataDir") {
        format!(
            "set `data_dir: {}/k0s` in site.yaml to use the same partition, or `data_dir: /var/lib/k0s` where \
             that has room enough",
            root.trim_end_matches('/')
        )
    } else {
        "see that /var/lib/k0s has room enough on every node; only v4.1.2 and later can use another place"
            .to_owned()
    };
    ctx.findings.push(Finding::new(code::MEANING, text).at_opt(ctx.mke3_place(CONTAINERD_ROOT)).help(help));
}

fn kubelet_root(ctx: &mut Ctx<'_>) {
    if outweighed(ctx, KUBELET_ROOT, Component::Kubelet, "root-dir") {
        return;
    }
    let root = ctx.mke3.str(KUBELET_ROOT);
    if !ctx.contract.has("kubelet.kubeletRootDir") {
        if ctx.mke3.is_default(KUBELET_ROOT) {
            return ctx.fate(KUBELET_ROOT, Fate::Default, "");
        }
        return ctx.block(
            KUBELET_ROOT,
            code::KUBELET_ROOT,
            format!(
                "{} keeps the kubelet's data in /var/lib/kubelet, not in `{}`",
                ctx.contract.id, root.value
            ),
            "choose v4.1.2 or later, which can keep another root",
        );
    }
    if !fits_root_line(&root.value) {
        return ctx.block(
            KUBELET_ROOT,
            code::KUBELET_ROOT,
            format!("the kubelet root `{}` can't stand in Calico's values without quotes", root.value),
            "MKE 4k refuses such values; give the nodes a root of letters, digits and `/._-` on MKE 3 first",
        );
    }
    ctx.put("kubelet.kubeletRootDir", root);
    ctx.fate(KUBELET_ROOT, Fate::Renamed, "");
}

const DNS: &[&str] = &["cluster_config.dns", "cluster_config.dns_opt", "cluster_config.dns_search"];

fn dns(ctx: &mut Ctx<'_>) {
    let why = "it was for MKE 3's own containers, and k0s uses the resolver of the host";
    ctx.drop_all("what the file says of DNS", DNS, why, false);
}

const WINDOWS: &[&str] = &[
    "cluster_config.windows_containerd_root",
    "cluster_config.windows_kubelet_data_root",
    "cluster_config.gmsa_allow_non_admins",
];

fn windows(ctx: &mut Ctx<'_>) {
    let why = "no page of the vendor says how Windows nodes are upgraded; take them out of the cluster first";
    ctx.drop_all("what the file says of Windows nodes", WINDOWS, why, true);
}

const SWARM: &[&str] = &[
    "cluster_config.swarm_port",
    "cluster_config.swarm_strategy",
    "cluster_config.swarm_polling_disabled",
    "cluster_config.hide_swarm_ui",
    "cluster_config.networks_quota_per_collection",
    "cluster_config.local_volume_collection_mapping",
];

fn swarm(ctx: &mut Ctx<'_>) {
    ctx.drop_all("what the file says of Swarm", SWARM, "MKE 4k has no Swarm", false);
}

const OLD_UI: &[&str] = &[
    "cluster_config.cpu_usage_banner_threshold",
    "cluster_config.cpu_usage_banner_scrape_interval",
    "cluster_config.image_scan_aggregation_enabled",
    "cluster_config.image_scan_cvss_version",
];

fn old_ui(ctx: &mut Ctx<'_>) {
    ctx.drop_all("what the file says of MKE 3's UI", OLD_UI, "the UI of MKE 4k is another one", false);
}

const MKE3_SERVICES: &[&str] = &[
    "cluster_config.kv_timeout",
    "cluster_config.kv_snapshot_count",
    "cluster_config.rethinkdb_cache_size",
    "cluster_config.profiling_enabled",
    "cluster_config.authz_cache_timeout",
    "cluster_config.pubkey_auth_cache_enabled",
    "cluster_config.exclude_server_identity_headers",
    "cluster_config.disable_http2",
    "cluster_config.unauthenticated_http2_dos_mitigation",
    "cluster_config.oidc_client_id",
    "cluster_config.min_tls_version",
    "cluster_config.disable_client_bundle",
];

fn mke3_services(ctx: &mut Ctx<'_>) {
    let why = "its controller, stores, caches and client bundles do not exist in MKE 4k";
    ctx.drop_all("what the file says of MKE 3's own services", MKE3_SERVICES, why, false);
}

/// k0s takes extra flags for etcd, and the field is known by analogy only: no page of MKE 4k shows it.
fn request_quota(ctx: &mut Ctx<'_>) {
    if ctx.mke3.is_default(REQUEST_QUOTA) {
        return ctx.fate(REQUEST_QUOTA, Fate::Default, "");
    }
    let quota = ctx.mke3.str(REQUEST_QUOTA);
    let bytes = quota.value.parse::<u64>().is_ok();
    if !bytes || !ctx.contract.has("etcd.extraArgs") {
        return ctx.drop(
            REQUEST_QUOTA,
            "MKE 4k has no field for it, and etcd's flag wants plain bytes",
            true,
        );
    }
    let chosen = ctx.decide(&Question {
        key: REQUEST_QUOTA,
        ask: "mke4.yaml has no documented field for the size limit of etcd's requests".to_owned(),
        choices: &[
            Choice {
                name: "flag",
                effect: "write `max-request-bytes` to `etcd.extraArgs`, which is undocumented",
            },
            Choice { name: "drop", effect: "etcd's own limit of 1.5 MiB holds" },
        ],
        proposal: None,
    });
    match chosen {
        Some(choice) if choice.value == "flag" => {
            let value = quota.because(&choice.origin);
            ctx.doc.set_key("spec.etcd.extraArgs", "max-request-bytes", value);
            ctx.fate(REQUEST_QUOTA, Fate::Converted, "");
        }
        Some(_) => ctx.fate(REQUEST_QUOTA, Fate::Dropped, "so decided in site.yaml"),
        None => ctx.undecided(REQUEST_QUOTA),
    }
}

const METRICS: &[&str] = &[
    "cluster_config.metrics_retention_time",
    "cluster_config.metrics_scrape_interval",
    "cluster_config.metrics_disk_usage_interval",
];

fn metrics(ctx: &mut Ctx<'_>) {
    let why = "MKE 4k has no field for them; its Prometheus keeps its own times";
    ctx.drop_all("the timing of the metrics", METRICS, why, true);
}

fn prometheus_memory(ctx: &mut Ctx<'_>) {
    let path = "monitoring.prometheus.resources";
    let keys = [(PROMETHEUS_LIMIT, "limits"), (PROMETHEUS_REQUEST, "requests")];
    if !ctx.contract.has(path) {
        let why = format!("{} has no field `{path}`", ctx.contract.id);
        let finding = Finding::new(code::NO_FIELD, format!("the memory of Prometheus is lost: {why}"));
        return ctx.drop_as(&keys.map(|(key, _)| key), &why, finding);
    }
    for (key, member) in keys {
        let memory = ctx.mke3.str(key);
        // To the contract, the whole list of resources is one field.
        ctx.doc.set(&format!("spec.{path}.{member}.memory"), memory);
        ctx.fate(key, Fate::Renamed, "");
    }
}

fn cadvisor(ctx: &mut Ctx<'_>) {
    let on = ctx.mke3.bool(CADVISOR);
    if on.value {
        let text =
            "with a cAdvisor of its own, Prometheus (from MKE 4.1.1) no longer asks the one in the kubelet";
        ctx.tell(CADVISOR, code::MEANING, text);
    }
    ctx.put("monitoring.enableCAdvisor", on);
    ctx.fate(CADVISOR, Fate::Renamed, "");
}

const IMAGE_PRUNE: &[&str] = &[
    "cluster_config.image_prune_schedule",
    "cluster_config.image_prune_whitelist[].key",
    "cluster_config.image_prune_whitelist[].value",
];

fn image_prune(ctx: &mut Ctx<'_>) {
    let why = "the kubelet clears images away when the disk fills, and keeps none by label";
    ctx.drop_all("the clearing of images by rule", IMAGE_PRUNE, why, true);
}
