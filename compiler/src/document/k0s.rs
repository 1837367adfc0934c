//! k0s.yaml: the configuration of a controller.
//!
//! Everything but two addresses is the same on all controllers, as k0s asks for: the file of whichever controller
//! leads wins. The values follow what the product makes of the same mke4.yaml, so that its own tool changes little
//! when it takes over. Left to the vendor's command, because they need what it brings: `authentication-config`, the
//! EventRateLimit plug-in (the limits that it must be given are not published), and helm charts. The issuer of service-account
//! tokens stays k0s' own.

use super::cluster::{Cluster, ImageRegistry, is_host, is_node_name, refusal, require};
use super::install::is_flag_name;
use super::{Leaf, Scalar, Tree, audit, measure};
use crate::contract::Calico;
use crate::diag::{Finding, Findings, codes::output as code};
use crate::origin::{Origin, Tracked};
use std::collections::BTreeSet;

/// What all controllers share; also `spec.k0s.config` of k0sctl.yaml.
pub fn cluster_config(cluster: &Cluster<'_>, findings: &mut Findings) -> Tree {
    let mut doc = Tree::map();
    doc.set("apiVersion", cluster.leaf("k0s.k0sproject.io/v1beta1"));
    doc.set("kind", cluster.leaf("ClusterConfig"));
    doc.set("metadata.name", cluster.leaf("k0s"));
    api(cluster, &mut doc, findings);
    doc.set("spec.controllerManager.extraArgs", controller_manager(cluster, findings));
    doc.set("spec.scheduler.extraArgs", scheduler(cluster, findings));
    doc.set("spec.storage.type", cluster.leaf("etcd"));
    doc.set("spec.storage.etcd.extraArgs", etcd(cluster, findings));
    network(cluster, &mut doc, findings);
    images(cluster, &mut doc);
    let tracking = cluster.mke4.switch("spec.tracking.enabled").map(Tree::from);
    doc.set("spec.telemetry.enabled", tracking.unwrap_or_else(|| cluster.leaf(false)));
    doc.set("spec.workerProfiles", worker_profiles(cluster, findings));
    doc
}

/// The file of one controller: the shared part and its own two addresses. Without them k0s guesses, and may take
/// docker0.
pub fn controller_config(shared: &Tree, address: &Tracked<String>) -> Tree {
    let mut doc = shared.clone();
    doc.set("spec.api.address", address.clone());
    doc.set("spec.storage.etcd.peerAddress", address.clone());
    doc
}

fn api(cluster: &Cluster<'_>, doc: &mut Tree, findings: &mut Findings) {
    let mke4 = cluster.mke4;
    doc.set("spec.api.port", cluster.leaf(6443_i64));
    if let Some(address) = &cluster.external {
        doc.set("spec.api.externalAddress", address.clone());
    }
    let addresses = cluster.managers().map(|node| node.address.clone().because(&node.host.manager.origin));
    let names = cluster.managers().map(|node| node.host.name.clone().because(&node.host.manager.origin));
    let mut sans: Vec<_> = addresses.chain(names).chain(cluster.external.clone()).collect();
    if let Some(Tree::List(items)) = mke4.get("spec.apiServer.sans") {
        for san in items.iter().filter_map(tracked) {
            require(
                &san,
                "a name in the API server's certificate",
                is_host,
                "an IP address or a DNS name",
                findings,
            );
            sans.push(san);
        }
    }
    doc.set("spec.api.sans", Tree::strings(once(sans)));

    let mut args = Args::new();
    args.set("anonymous-auth", cluster.constant("true"));
    args.set_opt("encryption-provider-config", mke4.text("spec.apiServer.encryptionProvider"));
    args.set("profiling", profiling(cluster, "spec.apiServer.profilingEnabled"));
    args.set_opt("request-timeout", mke4.text("spec.apiServer.requestTimeout"));
    args.set_opt("service-node-port-range", mke4.text("spec.network.nodePortRange"));
    args.set_opt("tls-cipher-suites", joined(mke4, "spec.apiServer.tlsCipherSuites"));
    if let Some(on) = mke4.switch("spec.apiServer.alwaysPullImages").filter(|on| on.value) {
        // What is given replaces k0s' own list, so that must be repeated.
        args.set("enable-admission-plugins", on.map(|_| "NodeRestriction,AlwaysPullImages".to_owned()));
    }
    if let Some(on) = mke4.switch("spec.apiServer.audit.enabled").filter(|on| on.value) {
        for (flag, field) in [
            ("audit-log-path", "logPath"),
            ("audit-log-maxage", "maxAge"),
            ("audit-log-maxbackup", "maxBackup"),
            ("audit-log-maxsize", "maxSize"),
            ("audit-webhook-config-file", "webhookConfigPath"),
        ] {
            let value = mke4.text(&format!("spec.apiServer.audit.{field}"));
            args.set_opt(flag, value.map(|value| value.because(&on.origin)));
        }
        args.set("audit-policy-file", audit::policy_path(cluster).because(&on.origin));
    }
    args.check("request-timeout", measure::is_duration, "a duration such as `1m0s`", findings);
    args.check("service-node-port-range", measure::is_port_range, "a range such as `32768-35535`", findings);
    args.override_with(mke4, "spec.apiServer.extraArgs", findings);
    args.without_event_rate_limit();
    doc.set("spec.api.extraArgs", args.build());
}

fn controller_manager(cluster: &Cluster<'_>, findings: &mut Findings) -> Tree {
    let mut args = Args::new();
    args.set("profiling", profiling(cluster, "spec.controllerManager.profilingEnabled"));
    let threshold = cluster.mke4.text("spec.controllerManager.terminatedPodGCThreshold");
    args.set_opt("terminated-pod-gc-threshold", threshold);
    args.override_with(cluster.mke4, "spec.controllerManager.extraArgs", findings);
    args.build()
}

fn scheduler(cluster: &Cluster<'_>, findings: &mut Findings) -> Tree {
    let mut args = Args::new();
    // k0s binds to the loopback address when nothing is said, so both answers must be.
    let all = cluster.mke4.switch("spec.scheduler.bindToAll");
    let address = all.map(|all| all.map(|all| if all { "0.0.0.0" } else { "127.0.0.1" }.to_owned()));
    args.set("bind-address", address.unwrap_or_else(|| cluster.constant("127.0.0.1")));
    args.set("profiling", profiling(cluster, "spec.scheduler.profilingEnabled"));
    args.override_with(cluster.mke4, "spec.scheduler.extraArgs", findings);
    args.build()
}

fn etcd(cluster: &Cluster<'_>, findings: &mut Findings) -> Tree {
    let mut args = Args::new();
    if let Some(quota) = cluster.mke4.text("spec.etcd.storageQuota") {
        match measure::bytes(&quota.value) {
            Some(bytes) => args.set("quota-backend-bytes", quota.map(|_| bytes.to_string())),
            None => findings.push(
                refusal(code::VALUE, &quota, "the quota of etcd")
                    .help("write a whole number and a unit: `8GB`"),
            ),
        }
    }
    args.set_opt("cipher-suites", joined(cluster.mke4, "spec.etcd.tlsCipherSuites"));
    args.override_with(cluster.mke4, "spec.etcd.extraArgs", findings);
    args.build()
}

/// The keys of MKE 3 that decide which provider of mke4.yaml is on.
const WHO_RUNS_THE_CNI: &[&str] = &["cluster_config.unmanaged_cni", "cluster_config.cni_installer_url"];

fn network(cluster: &Cluster<'_>, doc: &mut Tree, findings: &mut Findings) {
    let mke4 = cluster.mke4;
    let cidr = |value: &Tracked<String>, findings: &mut Findings| {
        let ok = |text: &str| text.parse::<ipnet::IpNet>().is_ok();
        require(value, "a network", ok, "an address range such as `10.96.0.0/16`", findings);
    };
    if let Some(services) = mke4.text("spec.network.serviceCIDR") {
        cidr(&services, findings);
        doc.set("spec.network.serviceCIDR", services);
    }
    let enabled = |entry: &&Tree| entry.switch("enabled").is_some_and(|on| on.value);
    let provider = match mke4.get("spec.network.providers") {
        Some(Tree::List(entries)) => entries.iter().find(enabled),
        _ => None,
    };
    doc.set("spec.network.provider", cluster.leaf("custom"));
    if let Some(provider) = provider {
        let name = provider.text("provider").unwrap_or_else(|| cluster.constant("custom"));
        let why =
            provider.scalar("enabled").map(|leaf| leaf.origin.clone()).unwrap_or_default().with(&name.origin);
        let by_k0s = cluster.contract.calico == Calico::K0s && name.value == "calico";
        // Where k0s never runs the CNI, all providers hold the same range, and which one it is makes no difference here.
        let indifferent = cluster.contract.calico != Calico::K0s;
        let pods = if by_k0s { "extraConfig.clusterCIDRIPv4" } else { "extraConfig.cidrV4" };
        if let Some(mut pods) = provider.text(pods) {
            cidr(&pods, findings);
            if indifferent {
                pods.origin = WHO_RUNS_THE_CNI.iter().fold(pods.origin, |origin, key| origin.without(key));
                doc.set("spec.network.podCIDR", pods);
            } else {
                doc.set("spec.network.podCIDR", pods.because(&why));
            }
        }
        if !indifferent {
            doc.set("spec.network.provider", Tree::leaf(if by_k0s { "calico" } else { "custom" }, &why));
        }
        if by_k0s {
            doc.set("spec.network.calico", calico(provider, findings).because(&why));
        }
    }
    if let Some(proxy) = mke4.get("spec.network.kubeProxy") {
        doc.set("spec.network.kubeProxy", kube_proxy(proxy, findings));
    }
    if cluster.external.is_none() {
        doc.set("spec.network.nodeLocalLoadBalancing.enabled", cluster.leaf(true));
        doc.set("spec.network.nodeLocalLoadBalancing.type", cluster.leaf("EnvoyProxy"));
    }
}

/// k0s' own Calico, for the release that leaves it to k0s. Its settings are texts in mke4.yaml.
fn calico(provider: &Tree, findings: &mut Findings) -> Tree {
    let mut calico = Tree::map();
    let Some(Tree::Map(config)) = provider.get("extraConfig") else { return calico };
    for (key, value) in config {
        let Some(value) = tracked(value).filter(|value| !value.value.is_empty()) else { continue };
        match key.as_str() {
            "mode" | "overlay" | "ipAutodetectionMethod" => calico.set(key, value),
            "vxlanPort" | "vxlanVNI" => match value.value.parse::<u32>() {
                Ok(number) if key == "vxlanVNI" || (1..=65535).contains(&number) => {
                    calico.set(key, value.map(|_| i64::from(number)));
                }
                _ => findings.push(refusal(code::VALUE, &value, key).help("write a number")),
            },
            "enableWireguard" => calico.set("wireguard", value.map(|text| text == "true")),
            // Names in capitals are environment variables of calico-node.
            _ if key.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') => {
                calico.set_key("envVars", key, value)
            }
            _ => {}
        }
    }
    for (key, allowed) in
        [("mode", &["vxlan", "ipip", "bird"][..]), ("overlay", &["Always", "CrossSubnet", "Never"][..])]
    {
        if let Some(value) = calico.text(key) {
            require(&value, "a setting of Calico", |t| allowed.contains(&t), &allowed.join(" or "), findings);
        }
    }
    calico
}

/// Copied, without what is empty; durations are checked, since k0s would drop what it can't read without a word.
fn kube_proxy(proxy: &Tree, findings: &mut Findings) -> Tree {
    for (path, leaf) in proxy.leaves() {
        let path = path.to_string();
        if path.ends_with("Period") || path.ends_with("Timeout") {
            let value = Tracked::with_origin(leaf.scalar.text(), leaf.origin.clone());
            let form = "a duration such as `30s`";
            require(&value, &format!("`kubeProxy.{path}`"), measure::is_duration, form, findings);
        }
    }
    if let Some(mode) = proxy.text("mode") {
        let modes = ["iptables", "ipvs", "nftables", "userspace"];
        require(&mode, "the mode of kube-proxy", |t| modes.contains(&t), &modes.join(" or "), findings);
    }
    let mut proxy = without_empty(proxy).unwrap_or_default();
    if let Some(extra) = proxy.remove("extraArgs") {
        let mut args = Args::new();
        args.take(&extra, "kubeProxy.extraArgs", findings);
        proxy.set("extraArgs", args.build());
    }
    proxy
}

fn without_empty(tree: &Tree) -> Option<Tree> {
    match tree {
        Tree::Map(members) => Some(Tree::Map(
            members.iter().filter_map(|(key, tree)| Some((key.clone(), without_empty(tree)?))).collect(),
        )),
        Tree::List(items) => Some(Tree::List(items.iter().filter_map(without_empty).collect())),
        Tree::Leaf(leaf) => (!leaf.scalar.text().is_empty()).then(|| tree.clone()),
    }
}

/// k0s' own images and their place in a registry: what `images.repository` would make of their names.
const IMAGES: &[(&str, &str)] = &[
    ("images.calico.cni", "k0sproject/calico-cni"),
    ("images.calico.kubecontrollers", "k0sproject/calico-kube-controllers"),
    ("images.calico.node", "k0sproject/calico-node"),
    ("images.coredns", "k0sproject/coredns"),
    ("images.konnectivity", "k0sproject/apiserver-network-proxy-agent"),
    ("images.kubeproxy", "k0sproject/kube-proxy"),
    ("images.kuberouter.cni", "k0sproject/kube-router"),
    ("images.kuberouter.cniInstaller", "k0sproject/cni-node"),
    ("images.metricsserver", "metrics-server/metrics-server"),
    ("images.pause", "pause"),
    ("images.pushgateway", "k0sproject/pushgateway-ttl"),
];

/// Where k0s takes its images from. A release that would put the path of `repository` in twice gets every name in
/// full instead: leaving the path away would send it past the project that holds the product's images. Versions stay
/// k0s' own either way.
fn images(cluster: &Cluster<'_>, doc: &mut Tree) {
    let Some(ImageRegistry { url, .. }) = &cluster.registry else { return };
    if !cluster.contract.k0s.repository_path_twice {
        doc.set("spec.images.repository", url.clone());
        return;
    }
    for (place, name) in IMAGES {
        doc.set(&format!("spec.{place}.image"), url.map_ref(|url| format!("{url}/{name}")));
    }
    if cluster.external.is_none() {
        let envoy = url.map_ref(|url| format!("{url}/k0sproject/envoy-distroless"));
        doc.set("spec.network.nodeLocalLoadBalancing.envoyProxy.image.image", envoy);
    }
}

fn worker_profiles(cluster: &Cluster<'_>, findings: &mut Findings) -> Tree {
    let mut profiles: Vec<Tree> = [("mke-default-manager", "manager"), ("mke-default-worker", "worker")]
        .into_iter()
        .map(|(name, role)| {
            let mut values = Tree::map();
            let mut copy = |from: &str, to: &str| {
                if let Some(tree) = cluster.mke4.get(&format!("spec.kubelet.{from}")).and_then(without_empty)
                {
                    values.set(to, tree);
                }
            };
            for field in [
                "eventRecordQPS",
                "maxPods",
                "podPidsLimit",
                "podsPerCore",
                "protectKernelDefaults",
                "seccompDefault",
            ] {
                copy(field, field);
            }
            copy(&format!("{role}KubeReserved"), "kubeReserved");
            let mut profile = Tree::map();
            profile.set("name", cluster.leaf(name));
            profile.set("values", values);
            profile
        })
        .collect();
    let mut names = BTreeSet::from(["mke-default-manager".to_owned(), "mke-default-worker".to_owned()]);
    if let Some(Tree::List(custom)) = cluster.mke4.get("spec.kubelet.customProfiles") {
        for given in custom {
            let Some(name) = given.text("name") else {
                let text = "a kubelet profile has no name";
                findings.push(Finding::new(code::PROFILE, text).help("give it one"));
                continue;
            };
            if !is_node_name(&name.value) || !names.insert(name.value.clone()) {
                findings.push(refusal(code::PROFILE, &name, "the name of a kubelet profile").help(
                    "write another one of lower-case letters, digits, `-` and `.`; the two of the product are taken",
                ));
            }
            // k0s fills these in itself, and stops at a profile without values.
            let values =
                given.get("values").filter(|v| matches!(v, Tree::Map(_))).cloned().unwrap_or_default();
            for key in ["apiVersion", "clusterDNS", "clusterDomain", "kind", "staticPodURL"] {
                if values.get(key).is_some() {
                    let text =
                        format!("the kubelet profile `{}` sets `{key}`, which k0s refuses", name.value);
                    findings.push(Finding::new(code::PROFILE, text).help("leave it out; k0s sets it"));
                }
            }
            let mut profile = Tree::map();
            profile.set("values", upon(profiles.get(1), &name, values));
            profile.set("name", name);
            profiles.push(profile);
        }
    }
    Tree::List(profiles)
}

/// A node has one profile: one of its own must say again what the product's profile for workers says, or the node would
/// lose it. What the profile itself sets goes before.
fn upon(base: Option<&Tree>, name: &Tracked<String>, own: Tree) -> Tree {
    let mut values =
        base.and_then(|base| base.get("values")).cloned().unwrap_or_default().because(&name.origin);
    if let Tree::Map(own) = own {
        for (key, value) in own {
            *values.child(&key) = value;
        }
    }
    values
}

/// Each value once, where it stands first; it depends on all that ask for it.
fn once(values: Vec<Tracked<String>>) -> Vec<Tracked<String>> {
    let mut kept: Vec<Tracked<String>> = Vec::new();
    for value in values {
        match kept.iter_mut().find(|kept| kept.value == value.value) {
            Some(kept) => kept.origin.join(&value.origin),
            None => kept.push(value),
        }
    }
    kept
}

fn profiling(cluster: &Cluster<'_>, field: &str) -> Tracked<String> {
    // Off is k0s' own answer, so only an `on` depends on the field.
    match cluster.mke4.switch(field) {
        Some(on) if on.value => on.map(|_| "true".to_owned()),
        _ => cluster.constant("false"),
    }
}

/// A text, or a list between commas.
fn joined(mke4: &Tree, path: &str) -> Option<Tracked<String>> {
    match mke4.get(path)? {
        Tree::List(items) => {
            let items: Vec<_> = items.iter().filter_map(tracked).collect();
            let origin = items.iter().fold(Origin::default(), |origin, item| origin.with(&item.origin));
            let text = items.into_iter().map(|item| item.value).collect::<Vec<_>>().join(",");
            (!text.is_empty()).then(|| Tracked::with_origin(text, origin))
        }
        _ => mke4.text(path),
    }
}

fn tracked(tree: &Tree) -> Option<Tracked<String>> {
    match tree {
        Tree::Leaf(leaf) => Some(Tracked::with_origin(leaf.scalar.text(), leaf.origin.clone())),
        _ => None,
    }
}

/// Flags of a component: text by name, as k0s wants them.
struct Args(Tree);

impl Args {
    fn new() -> Self {
        Self(Tree::map())
    }

    fn set(&mut self, flag: &str, value: Tracked<String>) {
        self.0.set_key("", flag, value);
    }

    fn set_opt(&mut self, flag: &str, value: Option<Tracked<String>>) {
        if let Some(value) = value {
            self.set(flag, value);
        }
    }

    fn check(&self, flag: &str, ok: impl Fn(&str) -> bool, form: &str, findings: &mut Findings) {
        if let Some(value) = self.0.text(flag) {
            require(&value, &format!("the value of `{flag}`"), ok, form, findings);
        }
    }

    /// The API server does not start with EventRateLimit and without limits, which only the vendor's command brings.
    fn without_event_rate_limit(&mut self) {
        const FLAG: &str = "enable-admission-plugins";
        let Some(plugins) = self.0.text(FLAG) else { return };
        let left: Vec<&str> = plugins.value.split(',').filter(|plugin| *plugin != "EventRateLimit").collect();
        let origin =
            plugins.origin.clone().without("cluster_config.k8s_event_rate_limit.event_rate_limit_ac_enabled");
        if left.is_empty() {
            self.0.remove(FLAG);
        } else {
            self.0.set(FLAG, Tree::leaf(left.join(","), &origin));
        }
    }

    fn override_with(&mut self, mke4: &Tree, path: &str, findings: &mut Findings) {
        if let Some(extra) = mke4.get(path) {
            self.take(extra, path, findings);
        }
    }

    fn take(&mut self, extra: &Tree, path: &str, findings: &mut Findings) {
        let Tree::Map(members) = extra else { return };
        for (flag, value) in members {
            match value {
                Tree::Leaf(Leaf { scalar, origin }) if is_flag_name(flag) => {
                    let scalar = match scalar {
                        Scalar::Secret(name) => Scalar::Secret(name.clone()),
                        other => Scalar::Str(other.text()),
                    };
                    self.0.set_key("", flag, Tree::leaf(scalar, origin));
                }
                _ => findings.push(
                    Finding::new(code::VALUE, format!("{flag:?} in `{path}` is no flag with one value"))
                        .help("write the name of the flag without dashes, and one text"),
                ),
            }
        }
        for (path, leaf) in self.0.leaves() {
            if leaf.scalar.text().contains('\0') {
                let text = format!("the value of `{path}` holds a NUL, which no program can be given");
                findings.push(Finding::new(code::VALUE, text).help("take it out"));
            }
        }
    }

    fn build(self) -> Tree {
        self.0
    }
}
