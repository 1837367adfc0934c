//! Settings of the kubelet that are more than a copy.

use super::super::flags::{Component, given, outweighed};
use crate::diag::{Finding, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::origin::Tracked;
use crate::translate::{Choice, Ctx, Fate, Question};

pub(super) const RESERVED_KEYS: &[&str] =
    &["cluster_config.manager_kube_reserved_resources", "cluster_config.worker_kube_reserved_resources"];

/// What mke4.yaml can reserve.
const RESOURCES: &[&str] = &["cpu", "memory", "ephemeral-storage"];

pub(super) fn reserved(ctx: &mut Ctx<'_>) {
    for (key, path) in RESERVED_KEYS.iter().zip(["kubelet.managerKubeReserved", "kubelet.workerKubeReserved"])
    {
        if outweighed(ctx, key, Component::Kubelet, "kube-reserved") {
            continue;
        }
        let text = ctx.mke3.str(key);
        let mut map = Tree::map();
        let mut written = 0;
        for part in text.value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            // The catalogue has checked the form.
            let Some((name, quantity)) = part.split_once('=') else { continue };
            if RESOURCES.contains(&name) {
                map.set_key("", name, Tree::leaf(quantity, &text.origin));
                written += 1;
            } else {
                let text = format!("`{name}` can't be reserved in mke4.yaml, only {}", RESOURCES.join(", "));
                ctx.tell(key, code::NO_FIELD, text);
            }
        }
        if written == 0 {
            ctx.fate(key, Fate::Dropped, "nothing of it can be reserved");
            continue;
        }
        ctx.put(path, map);
        ctx.fate(key, Fate::Split, "");
    }
}

/// The key says "disable", the field says "use". `false` is MKE 3's default as well as, by its name, a wish for seccomp
/// on every workload; MKE 4k's own default is off.
pub(super) fn seccomp(ctx: &mut Ctx<'_>) {
    const KEY: &str = "cluster_config.disable_seccomp_default";
    const FIELD: &str = "kubelet.seccompDefault";
    if outweighed(ctx, KEY, Component::Kubelet, "seccomp-default") {
        return;
    }
    let disabled = ctx.mke3.bool(KEY);
    if disabled.value {
        ctx.put(FIELD, disabled.map(|off| !off));
        return ctx.fate(KEY, Fate::Converted, "");
    }
    if !ctx.mke3.is_set(KEY) {
        ctx.depends(FIELD, &disabled.origin);
        return ctx.fate(KEY, Fate::Default, "");
    }
    let answer = ctx.decide(&Question {
        key: KEY,
        ask: "`disable_seccomp_default = false` may mean the runtime's seccomp profile for every workload, which MKE 4k has off"
            .to_owned(),
        choices: &[
            Choice { name: "unconfined", effect: "as MKE 4k has it; a workload may still choose a profile" },
            Choice {
                name: "runtime-default",
                effect: "as the key's name says; system calls outside the profile fail",
            },
        ],
        proposal: Some("unconfined"),
    });
    match answer {
        Some(answer) if answer.value == "runtime-default" => {
            ctx.put(FIELD, answer.map(|_| true).because(&disabled.origin));
            ctx.fate(KEY, Fate::Converted, "");
        }
        Some(answer) => {
            ctx.put(FIELD, answer.map(|_| false));
            ctx.fate(KEY, Fate::Default, "");
        }
        None => ctx.undecided(KEY),
    }
}

pub(super) const ARGUMENT_KEYS: &[&str] = &[SERIAL, GC_HIGH, GC_LOW];
const SERIAL: &str = "cluster_config.kubelet_serialize_image_pulls";
const GC_HIGH: &str = "cluster_config.kubelet_image_gc_high_threshold_percent";
const GC_LOW: &str = "cluster_config.kubelet_image_gc_low_threshold_percent";

/// Settings that mke4.yaml has no field for, but the kubelet a flag.
pub(super) fn arguments(ctx: &mut Ctx<'_>) {
    let serial = ctx.mke3.is_set(SERIAL).then(|| ctx.mke3.bool(SERIAL).map(Scalar::from));
    argument(ctx, SERIAL, "serialize-image-pulls", serial);
    for (key, flag) in [(GC_HIGH, "image-gc-high-threshold"), (GC_LOW, "image-gc-low-threshold")] {
        let percent = (!ctx.mke3.is_default(key)).then(|| ctx.mke3.int(key).map(Scalar::from));
        argument(ctx, key, flag, percent);
    }
    // A kubelet with one limit of MKE 3's and one of its own may not start.
    let default = |key: &str, flag: &str, own: i64| match given(ctx.mke3, Component::Kubelet, flag) {
        Some(value) => value.value.parse().unwrap_or(own),
        None if ctx.mke3.is_default(key) => own,
        None => ctx.mke3.int(key).value,
    };
    let high = default(GC_HIGH, "image-gc-high-threshold", 85);
    let low = default(GC_LOW, "image-gc-low-threshold", 80);
    if low >= high && !(ctx.mke3.is_default(GC_HIGH) && ctx.mke3.is_default(GC_LOW)) {
        let key = if ctx.mke3.is_default(GC_HIGH) { GC_LOW } else { GC_HIGH };
        let finding = Finding::new(
            code::FLAG_VALUE,
            format!("images would be collected from {high} percent on and down to {low}: the kubelet wants the second to be less"),
        )
        .at_opt(ctx.mke3_place(key))
        .note("where only one is set, the kubelet's own 85 and 80 hold for the other")
        .help("set both thresholds on MKE 3, then take the configuration anew");
        ctx.findings.push(finding);
    }
}

fn argument(ctx: &mut Ctx<'_>, key: &str, flag: &str, value: Option<Tracked<Scalar>>) {
    if outweighed(ctx, key, Component::Kubelet, flag) {
        return;
    }
    match value {
        Some(value) => {
            ctx.doc.set_key("spec.kubelet.extraArgs", flag, value.map(|scalar| scalar.text()));
            ctx.fate(key, Fate::Renamed, "");
        }
        None => ctx.fate(key, Fate::Default, ""),
    }
}
