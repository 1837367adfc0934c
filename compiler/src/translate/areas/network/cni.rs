//! Who brings the pod network: MKE's Calico, or a CNI of the operator's own.

use crate::contract::Calico;
use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::origin::Tracked;
use crate::translate::{Ctx, Fate};

pub(super) const KEYS: &[&str] = &[UNMANAGED, INSTALLER, POD_CIDR];

const UNMANAGED: &str = "cluster_config.unmanaged_cni";
const INSTALLER: &str = "cluster_config.cni_installer_url";
const POD_CIDR: &str = "cluster_config.pod_cidr";

/// Whether the target runs Calico for the cluster. A manifest of another CNI counts as `unmanaged_cni`. A release
/// that takes no other CNI is stopped in [`translate`]; its document is written as if Calico ran.
pub(super) fn managed(ctx: &Ctx<'_>) -> Tracked<bool> {
    if !ctx.contract.takes_unmanaged_cni {
        return Tracked::with_origin(true, ctx.contract.origin());
    }
    let unmanaged = ctx.mke3.bool(UNMANAGED);
    if unmanaged.value {
        return unmanaged.map(|on| !on);
    }
    unmanaged.and(ctx.mke3.str(INSTALLER)).map(|(_, url)| url.is_empty())
}

/// The entry of `network.providers` with this name.
pub(super) fn provider<'c>(ctx: &'c mut Ctx<'_>, name: &str) -> &'c mut Tree {
    let id = ctx.contract.id;
    match ctx.doc.select("spec.network.providers", "provider", name) {
        Some(entry) => entry,
        None => unreachable!("the default document of {id} lists {name}, as a test of this area proves"),
    }
}

pub(super) fn translate(ctx: &mut Ctx<'_>) {
    if !ctx.contract.takes_unmanaged_cni {
        refuse(ctx);
    }
    let managed = managed(ctx);
    if ctx.contract.takes_unmanaged_cni {
        choose(ctx, &managed);
    }
    let (name, field) = match (managed.value, ctx.contract.calico) {
        (false, _) => ("custom", "cidrV4"),
        (true, Calico::Operator { .. }) => ("calico", "cidrV4"),
        (true, Calico::K0s) => ("calico", "clusterCIDRIPv4"),
    };
    let cidr = ctx.mke3.str(POD_CIDR).because(&managed.origin);
    provider(ctx, name).set_key("extraConfig", field, cidr);
    ctx.fate(POD_CIDR, Fate::Renamed, "");
}

fn choose(ctx: &mut Ctx<'_>, managed: &Tracked<bool>) {
    provider(ctx, "calico").set("enabled", managed.clone());
    provider(ctx, "custom").set("enabled", managed.clone().map(|on| !on));
    ctx.fate(UNMANAGED, Fate::Merged, "it decides about the CNI provider");
    let unmanaged = ctx.mke3.bool(UNMANAGED).value;
    if unmanaged {
        ctx.drop(INSTALLER, "`unmanaged_cni` says it all; keep the manifest", false);
    } else {
        ctx.fate(INSTALLER, Fate::Merged, "another CNI's manifest counts as `unmanaged_cni`");
    }
    if managed.value {
        return;
    }
    provider(ctx, "calico").remove("extraConfig");
    let place = ctx.mke3_place(if unmanaged { UNMANAGED } else { INSTALLER });
    ctx.findings.push(
        Finding::new(code::BY_HAND, "the CNI is yours to bring: MKE 4k installs none here")
            .at_opt(place)
            .note("its objects are carried with the workloads; MKE 4k waits for a working network, then gives up")
            .help("make sure that the CNI runs on k0s, and set the time with mkectl's `--cni-check-timeout`"),
    );
}

/// MKE 4.0.x and 4.1.0 run their own Calico or nothing.
fn refuse(ctx: &mut Ctx<'_>) {
    let unmanaged = ctx.mke3.bool(UNMANAGED).value;
    let installer = ctx.mke3.is_set(INSTALLER);
    let [(first, _), rest @ ..] = &[(UNMANAGED, unmanaged), (INSTALLER, installer)]
        .into_iter()
        .filter(|(_, set)| *set)
        .collect::<Vec<_>>()[..]
    else {
        return ctx.fates(&[UNMANAGED, INSTALLER], Fate::Default, "");
    };
    let text = format!("{} takes no cluster whose CNI is not MKE's Calico", ctx.contract.id);
    let mut finding = Finding::new(code::UNMANAGED_CNI, text)
        .at_opt(ctx.mke3_place(first))
        .help("choose v4.1.2 or later, which takes it with the provider `custom`");
    for (key, _) in rest {
        if let Some(place) = ctx.mke3_place(key) {
            finding = finding.also(place, "of another CNI");
        }
    }
    ctx.findings.push(finding);
    for (key, set) in [(UNMANAGED, unmanaged), (INSTALLER, installer)] {
        let (fate, why) =
            if set { (Fate::Blocked, code::UNMANAGED_CNI.summary) } else { (Fate::Default, "") };
        ctx.fate(key, fate, why);
    }
}
