//! Cloud, storage and GPUs.

use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::translate::{Choice, Ctx, Fate, Question};

pub(super) const STORAGE: &[&str] = &[
    "cluster_config.iscsi_enabled",
    "cluster_config.iscsiadm_path",
    "cluster_config.iscsidb_path",
    "cluster_config.storage_expt_enabled",
    "cluster_config.use_flex_volume_driver",
];

pub(super) fn storage(ctx: &mut Ctx<'_>) {
    let why = "the kubelet runs right on the host in MKE 4k; install the host's iSCSI packages, and replace FlexVolumes by CSI";
    ctx.drop_all("what the file says of iSCSI and FlexVolumes", STORAGE, why, true);
}

pub(super) const CLOUD_PROVIDER: &str = "cluster_config.cloud_provider";

/// Only AWS is managed by the product; for any other cloud the operator installs its controller ("Cloud providers").
/// Behind an air gap it must be off ("Offline installation").
pub(super) fn cloud_provider(ctx: &mut Ctx<'_>) {
    let cloud = ctx.mke3.str(CLOUD_PROVIDER);
    let mut origin = cloud.origin.clone();
    let mut provider = None;
    if !cloud.value.is_empty() {
        let airgap = ctx.site.airgap.clone();
        if let Some(airgap) = &airgap {
            origin.join(&airgap.origin);
        }
        if airgap.is_some_and(|airgap| airgap.value) {
            let text = format!("the cloud provider `{}` is off behind an air gap", cloud.value);
            ctx.tell(CLOUD_PROVIDER, code::MEANING, text);
        } else if cloud.value == "aws" {
            provider = Some("aws");
        } else {
            let Some(choice) = ask_about(ctx, &cloud.value) else { return ctx.undecided(CLOUD_PROVIDER) };
            origin.join(&choice.origin);
            provider = (choice.value == "external").then_some("external");
        }
    }
    ctx.put("cloudProvider.enabled", Tree::leaf(provider.is_some(), &origin));
    match provider {
        Some(name) => {
            ctx.put("cloudProvider.provider", Tree::leaf(name, &origin));
        }
        None => ctx.depends("cloudProvider.provider", &origin),
    }
    ctx.fate(CLOUD_PROVIDER, Fate::Converted, "");
}

fn ask_about(ctx: &mut Ctx<'_>, cloud: &str) -> Option<crate::origin::Tracked<&'static str>> {
    ctx.decide(&Question {
        key: CLOUD_PROVIDER,
        ask: format!("MKE 4k manages no cloud provider `{cloud}`"),
        choices: &[
            Choice { name: "external", effect: "tell Kubernetes of one, which you install yourself" },
            Choice {
                name: "without",
                effect: "run without one: no load balancers or volumes from the cloud",
            },
        ],
        proposal: None,
    })
}

pub(super) const NVIDIA: &[&str] = &[PLUGIN, PARTITIONER];

const PLUGIN: &str = "cluster_config.nvidia_device_plugin";
const PARTITIONER: &str = "cluster_config.nvidia_device_partitioner";

pub(super) fn nvidia(ctx: &mut Ctx<'_>) {
    let plugin = ctx.mke3.bool(PLUGIN);
    if plugin.value {
        let airgapped = ctx.site.airgap.as_ref().is_some_and(|airgap| airgap.value);
        let mirror = if airgapped { ", and give them a mirror of the driver packages" } else { "" };
        let mut finding =
            Finding::new(code::BY_HAND, "nodes with GPUs need MKE 4k's prerequisites before they move")
                .at_opt(ctx.mke3_place(PLUGIN))
                .help(format!("prepare them as the page \"NVIDIA GPU Workloads\" says{mirror}"));
        if ctx.mke3.bool(PARTITIONER).value {
            finding = finding.note("MKE 4k does not support MIG: a partitioned GPU counts as one again");
        }
        ctx.findings.push(finding);
    }
    ctx.put("devicePlugins.nvidiaGPU.enabled", plugin);
    ctx.fate(PLUGIN, Fate::Renamed, "");
    ctx.drop(PARTITIONER, "MKE 4k does not support MIG", false);
}
