//! Kubelet profiles: flags of one node group become fields of a KubeletConfiguration.

use super::super::names::label;
use super::list::split;
use super::values::{Kind, typed};
use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::mke3::SecretSlot;
use crate::origin::Tracked;
use crate::translate::{Ctx, Fate};
use std::collections::BTreeMap;

/// Profiles that the product makes itself.
const TAKEN: &[&str] = &["default", "default-windows", "mke-default-manager", "mke-default-worker"];

/// The field of the kubelet's configuration file that a flag became (mapping dossier, table 7.3).
fn field(flag: &str) -> Option<(&'static str, Kind)> {
    use Kind::{Bool, Int, List, Map, Switches, Text};
    Some(match flag {
        "kube-reserved" => ("kubeReserved", Map),
        "system-reserved" => ("systemReserved", Map),
        "kube-reserved-cgroup" => ("kubeReservedCgroup", Text),
        "system-reserved-cgroup" => ("systemReservedCgroup", Text),
        "reserved-cpus" => ("reservedSystemCPUs", Text),
        "enforce-node-allocatable" => ("enforceNodeAllocatable", List),
        "eviction-hard" => ("evictionHard", Map),
        "eviction-soft" => ("evictionSoft", Map),
        "eviction-soft-grace-period" => ("evictionSoftGracePeriod", Map),
        "eviction-minimum-reclaim" => ("evictionMinimumReclaim", Map),
        "eviction-max-pod-grace-period" => ("evictionMaxPodGracePeriod", Int),
        "max-pods" => ("maxPods", Int),
        "pods-per-core" => ("podsPerCore", Int),
        "pod-max-pids" => ("podPidsLimit", Int),
        "image-gc-high-threshold" => ("imageGCHighThresholdPercent", Int),
        "image-gc-low-threshold" => ("imageGCLowThresholdPercent", Int),
        "event-qps" => ("eventRecordQPS", Int),
        "event-burst" => ("eventBurst", Int),
        "kube-api-qps" => ("kubeAPIQPS", Int),
        "kube-api-burst" => ("kubeAPIBurst", Int),
        "registry-qps" => ("registryPullQPS", Int),
        "registry-burst" => ("registryBurst", Int),
        "cpu-manager-policy" => ("cpuManagerPolicy", Text),
        "topology-manager-policy" => ("topologyManagerPolicy", Text),
        "memory-manager-policy" => ("memoryManagerPolicy", Text),
        "container-log-max-size" => ("containerLogMaxSize", Text),
        "container-log-max-files" => ("containerLogMaxFiles", Int),
        "http-check-frequency" => ("httpCheckFrequency", Text),
        "sync-frequency" => ("syncFrequency", Text),
        "node-status-update-frequency" => ("nodeStatusUpdateFrequency", Text),
        "streaming-connection-idle-timeout" => ("streamingConnectionIdleTimeout", Text),
        "serialize-image-pulls" => ("serializeImagePulls", Bool),
        "protect-kernel-defaults" => ("protectKernelDefaults", Bool),
        "make-iptables-util-chains" => ("makeIPTablesUtilChains", Bool),
        "rotate-certificates" => ("rotateCertificates", Bool),
        "fail-swap-on" => ("failSwapOn", Bool),
        "seccomp-default" => ("seccompDefault", Bool),
        "tls-cipher-suites" => ("tlsCipherSuites", List),
        "tls-min-version" => ("tlsMinVersion", Text),
        "allowed-unsafe-sysctls" => ("allowedUnsafeSysctls", List),
        "feature-gates" => ("featureGates", Switches),
        _ => return None,
    })
}

pub(super) fn profiles(ctx: &mut Ctx<'_>) {
    let profiles = ctx.mke3.map("cluster_config.custom_kubelet_flags_profiles");
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (name, flags) in &profiles {
        profile(ctx, name, flags, &mut names);
    }
    hosts(ctx, &profiles);
}

fn profile(ctx: &mut Ctx<'_>, name: &str, flags: &Tracked<String>, names: &mut BTreeMap<String, String>) {
    let key = path(flags);
    if flags.value.trim().is_empty() {
        return ctx.fate(&key, Fate::Default, "a profile without flags");
    }
    if SecretSlot::stands_in(&flags.value) {
        let text = format!("a flag of the kubelet profile `{name}` has a value that looks like a secret");
        let finding = Finding::new(code::FLAG_SECRET, text)
            .at_opt(ctx.mke3_place(&key))
            .note("profiles stand in the open in mke4.yaml and k0s.yaml")
            .help("take the flag out of the profile on MKE 3, then take the configuration anew");
        ctx.findings.push(finding);
        return ctx.fate(&key, Fate::Blocked, "a secret is in it");
    }
    let new = label(name);
    let why_not = if TAKEN.contains(&new.as_str()) {
        Some(format!("MKE 4k has a profile `{new}` of its own"))
    } else if new.is_empty() {
        Some("no letter or digit is left of it in a name that Kubernetes takes".to_owned())
    } else {
        names.insert(new.clone(), name.to_owned()).map(|other| format!("`{other}` becomes `{new}` too"))
    };
    if let Some(why) = why_not {
        let finding =
            Finding::new(code::PROFILE, format!("the kubelet profile `{name}` can't keep its name: {why}"))
                .at_opt(ctx.mke3_place(&key))
                .note("a profile's name may hold lower-case letters, digits and `-` only")
                .help("rename the profile on MKE 3, then take the configuration anew");
        ctx.findings.push(finding);
        return ctx.fate(&key, Fate::Blocked, "its name is taken");
    }
    let mut values = Tree::map();
    let (mut known, mut lost) = (0, Vec::new());
    for (flag, value) in words(&flags.value) {
        let value = Tracked::with_origin(value, flags.origin.clone());
        match field(&flag).map(|(field, kind)| (field, typed(kind, &value))) {
            Some((field, Ok(tree))) => {
                values.set_key("", field, tree);
                known += 1;
            }
            Some((_, Err(why))) => {
                let text = format!(
                    "the value of `--{flag}` in the kubelet profile `{name}` can't be carried over: {why}"
                );
                let finding = Finding::new(code::FLAG_VALUE, text).at_opt(ctx.mke3_place(&key));
                ctx.findings.push(
                    finding.help("change or remove the flag on MKE 3, then take the configuration anew"),
                );
            }
            None => lost.push(flag),
        }
    }
    if !lost.is_empty() {
        let flags = lost.iter().map(|flag| format!("`--{flag}`")).collect::<Vec<_>>().join(", ");
        let mut finding = Finding::new(
            code::FLAG_NOT_CONVERTED,
            format!("the kubelet profile `{name}` loses {flags}: the kubelet's configuration file has no field for that"),
        )
        .at_opt(ctx.mke3_place(&key));
        if lost.iter().any(|flag| matches!(flag.as_str(), "node-labels" | "register-with-taints")) {
            finding =
                finding.help("labels and taints of a node that exists are kept; new nodes need them by hand");
        }
        ctx.findings.push(finding);
    }
    if known == 0 {
        return ctx.fate(&key, Fate::Dropped, "none of its flags has a field");
    }
    let mut entry = Tree::map();
    entry.set("name", Tree::leaf(new, &flags.origin));
    entry.set("values", values);
    ctx.doc.push("spec.kubelet.customProfiles", entry);
    ctx.fate(&key, Fate::Split, "");
}

/// Hosts take their profile by an argument of `k0s install`.
fn hosts(ctx: &mut Ctx<'_>, profiles: &[(String, Tracked<String>)]) {
    let mut used = Vec::new();
    for (i, host) in ctx.site.hosts.iter().enumerate() {
        let Some(profile) = &host.profile else { continue };
        used.push(profile.value.as_str());
        if !profiles.iter().any(|(name, flags)| *name == profile.value && !flags.value.trim().is_empty()) {
            let near = crate::source::nearest(&profile.value, profiles.iter().map(|(name, _)| name.as_str()));
            let text = format!(
                "the host `{}` names the kubelet profile `{}`, which MKE 3 does not have",
                host.name.value, profile.value
            );
            let finding = Finding::new(code::PROFILE, text);
            ctx.findings.push(match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("name one of `cluster_config.custom_kubelet_flags_profiles`, or none"),
            });
            continue;
        }
        let flag = profile.clone().map(|name| format!("--profile={}", label(&name)));
        ctx.doc.push(&format!("spec.hosts[{i}].installFlags"), flag);
    }
    let idle: Vec<_> = profiles.iter().filter(|(name, _)| !used.contains(&name.as_str())).collect();
    if !ctx.site.hosts.is_empty() && !idle.is_empty() {
        let names = idle.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let finding = Finding::new(code::BY_HAND, format!("no host names the kubelet profile {names}"))
            .at_opt(idle.first().and_then(|(_, flags)| ctx.mke3_place(&path(flags))))
            .note("in MKE 3 a node takes a profile by a label of its own")
            .help("give each host with that label its `profile` in hosts.yaml");
        ctx.findings.push(finding);
    }
}

/// The path of the profile's key.
fn path(flags: &Tracked<String>) -> String {
    flags.origin.sources().next().map(|source| source.path.clone()).unwrap_or_default()
}

/// The flags of a profile. Blanks part them, except within quotes; a flag's value may follow `=` or a blank.
fn words(text: &str) -> Vec<(String, String)> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            None => word.push(c),
        }
    }
    words.push(word);
    let mut flags: Vec<(String, String)> = Vec::new();
    let mut bare = false;
    for word in words.iter().filter(|word| !word.is_empty()) {
        match flags.last_mut() {
            Some(last) if bare && !word.starts_with('-') => last.1.clone_from(word),
            _ => flags.push(split(word)),
        }
        bare = word.starts_with('-') && !word.contains('=');
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn blanks_part_flags_except_within_quotes() {
        let pairs = |text: &str| {
            words(text)
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" | ")
        };
        assert_eq!(
            pairs("--kube-reserved=cpu=500m,memory=2Gi --max-pods=64"),
            "kube-reserved=cpu=500m,memory=2Gi | max-pods=64"
        );
        assert_eq!(pairs(" --max-pods 64  --fail-swap-on"), "max-pods=64 | fail-swap-on=true");
        assert_eq!(
            pairs("--eviction-hard='memory.available<1Gi' --v=2"),
            "eviction-hard=memory.available<1Gi | v=2"
        );
        assert_eq!(pairs("--a=\"x y\""), "a=x y");
        assert_eq!(pairs(""), "");
    }
}
