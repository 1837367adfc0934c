//! The flags that k0s is installed with: the one source of both the units and k0sctl.yaml.
//!
//! They follow what the product itself gives to k0s, so that its own tool finds nothing to change later. A flag
//! reaches k0s exactly as given, or is refused.

use super::cluster::{Cluster, Node, is_node_name, refusal};
use super::{Leaf, Scalar, Tree};
use crate::diag::{Finding, Findings, codes::output as code};
use crate::origin::{Origin, Tracked};
use std::collections::BTreeMap;

/// Where a controller finds its configuration.
pub const CONFIG: &str = "/etc/k0s/k0s.yaml";
/// Where the program lies, as `k0s install` and the product have it.
pub const PROGRAM: &str = "/usr/local/bin/k0s";
/// Where a joining node finds its token.
pub const TOKEN_FILE: &str = "/etc/k0s/k0stoken";
/// Which of its own iptables k0s uses. Left to itself it counts the rules that it finds, and Docker's decide; every
/// operating system that MKE 4k takes runs on nft.
pub const IPTABLES_MODE: &str = "nft";
/// Parts of k0s that the product runs without.
pub const DISABLED_COMPONENTS: &str = "konnectivity-server,endpoint-reconciler";

/// What k0s is on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Controller, with a worker inside.
    Controller,
    /// Worker alone.
    Worker,
}

impl Role {
    /// The subcommand of `k0s` and of `k0s install`.
    pub fn command(self) -> &'static str {
        match self {
            Role::Controller => "controller",
            Role::Worker => "worker",
        }
    }

    /// The name of its unit.
    pub fn unit(self) -> &'static str {
        match self {
            Role::Controller => "k0scontroller.service",
            Role::Worker => "k0sworker.service",
        }
    }
}

/// The flags of one node, by name without dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallFlags {
    /// What k0s is there.
    pub role: Role,
    /// Values by name; a switch that is on has the value `true`.
    pub flags: BTreeMap<&'static str, Tracked<String>>,
}

impl InstallFlags {
    /// Whether pods run there: k0s then imports the image bundles that it finds (k0s:
    /// `pkg/component/worker/ocibundle.go`).
    pub fn runs_pods(&self) -> bool {
        let on = || self.flags.get("enable-worker").is_some_and(|on| on.value == "true");
        self.role == Role::Worker || on()
    }

    /// `--name=value`, in the order in which `k0s install` writes them.
    pub fn arguments(&self) -> impl Iterator<Item = Tracked<String>> {
        self.flags.iter().map(|(name, value)| value.map_ref(|value| format!("--{name}={value}")))
    }

    /// What systemd runs: the program, its subcommand, the flags.
    pub fn exec_start(&self, constant: &Origin) -> impl Iterator<Item = Tracked<String>> {
        let constant = |text: &str| Tracked::with_origin(text.to_owned(), constant.clone());
        [constant(PROGRAM), constant(self.role.command())].into_iter().chain(self.arguments())
    }
}

/// How several values of one flag go together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One value.
    Text,
    /// `true` or `false`; may be written without a value.
    Switch,
    /// Values between commas; they add up.
    List,
    /// Airlift's own business; the text says what to use instead.
    Ours(&'static str),
}

/// The flags of `k0s install` that a host may give in `installFlags`, and those that it may not.
const KNOWN: &[(&str, Kind)] = &[
    ("cidr-range", Kind::Ours("it is for Windows")),
    ("config", Kind::Ours("its place is fixed")),
    ("cri-socket", Kind::Ours("image bundles need k0s' own containerd")),
    ("data-dir", Kind::Ours("use `data_dir` of site.yaml")),
    ("debug", Kind::Switch),
    ("debugListenOn", Kind::Text),
    ("disable-components", Kind::List),
    ("enable-cloud-provider", Kind::Switch),
    ("enable-dynamic-config", Kind::Ours("k0s.yaml stays the only truth")),
    ("enable-k0s-cloud-provider", Kind::Switch),
    ("enable-metrics-scraper", Kind::Switch),
    ("enable-worker", Kind::Ours("the role decides it")),
    ("iptables-mode", Kind::Text),
    ("k0s-cloud-provider-port", Kind::Text),
    ("k0s-cloud-provider-update-frequency", Kind::Text),
    ("kube-controller-manager-extra-args", Kind::Ours("use `controllerManager.extraArgs`")),
    ("kubelet-extra-args", Kind::Ours("use `kubelet.extraArgs`")),
    ("kubelet-root-dir", Kind::Ours("use `kubelet.kubeletRootDir`")),
    ("labels", Kind::List),
    ("logging", Kind::Text),
    ("no-taints", Kind::Ours("use `noTaints` of the host")),
    ("profile", Kind::Text),
    ("single", Kind::Ours("the role decides it")),
    ("status-socket", Kind::Ours("its place is fixed")),
    ("taints", Kind::List),
    ("token-file", Kind::Ours("its place is fixed")),
    ("verbose", Kind::Switch),
];

/// Flags that only a controller has.
const CONTROLLER_ONLY: &[&str] = &[
    "disable-components",
    "enable-k0s-cloud-provider",
    "enable-metrics-scraper",
    "k0s-cloud-provider-port",
    "k0s-cloud-provider-update-frequency",
];

/// The flags of a node. All of them depend on its role.
pub fn install_flags(cluster: &Cluster<'_>, node: &Node<'_>, findings: &mut Findings) -> InstallFlags {
    let role = if node.manager() { Role::Controller } else { Role::Worker };
    let constant = |text: &str| cluster.constant(text);
    let mut flags = BTreeMap::from([
        ("data-dir", cluster.data_dir.clone()),
        ("iptables-mode", constant(IPTABLES_MODE)),
        ("kubelet-extra-args", kubelet_extra_args(cluster, node, findings)),
        ("labels", constant(&format!("mke/version={}", cluster.contract.id))),
    ]);
    if let Some(root) = &cluster.kubelet_root {
        flags.insert("kubelet-root-dir", root.clone());
    }
    if !node.leader() {
        flags.insert("token-file", constant(TOKEN_FILE));
    }
    match role {
        Role::Controller => {
            flags.insert("config", constant(CONFIG));
            flags.insert("disable-components", constant(DISABLED_COMPONENTS));
            flags.insert("enable-metrics-scraper", constant("true"));
            flags.insert("enable-worker", constant("true"));
            flags.insert("profile", constant("mke-default-manager"));
            let no_taints = cluster.mke4.switch(&format!("spec.hosts[{}].noTaints", node.index));
            if let Some(on) = no_taints.filter(|on| on.value) {
                flags.insert("no-taints", on.map(|on| on.to_string()));
            }
        }
        Role::Worker => {
            flags.insert("profile", constant("mke-default-worker"));
        }
    }
    if let Some(profile) = &node.host.profile {
        flags.insert("profile", profile.clone());
    }
    for (name, value) in host_flags(cluster, node, role, findings) {
        flags.insert(name, value);
    }
    let profile = &flags["profile"];
    if !profiles(cluster.mke4).any(|known| known == profile.value) {
        findings.push(
            refusal(code::PROFILE, profile, "the kubelet profile of a node").note("no profile has this name"),
        );
    }
    let why = &node.host.manager.origin;
    InstallFlags { role, flags: flags.into_iter().map(|(name, value)| (name, value.because(why))).collect() }
}

/// The names of all profiles that k0s.yaml will hold.
pub(super) fn profiles(mke4: &Tree) -> impl Iterator<Item = String> {
    let custom = match mke4.get("spec.kubelet.customProfiles") {
        Some(Tree::List(items)) => items.iter().filter_map(|item| item.text("name")).collect(),
        _ => Vec::new(),
    };
    ["mke-default-manager", "mke-default-worker"]
        .map(str::to_owned)
        .into_iter()
        .chain(custom.into_iter().map(|name| name.value))
}

/// Flags for the kubelet, between blanks. k0s splits them at blanks and takes quotes for a part of the value
/// (k0s: `internal/pkg/flags`), and k0sctl passes them through a shell: neither can carry blanks, quotes, `$`, `\` or
/// a backtick.
fn kubelet_extra_args(cluster: &Cluster<'_>, node: &Node<'_>, findings: &mut Findings) -> Tracked<String> {
    let mut args: Vec<Tracked<String>> = Vec::new();
    if let Some(Tree::Map(members)) = cluster.mke4.get("spec.kubelet.extraArgs") {
        // The flags are the same on every node: once is enough.
        let mut report = |finding| {
            if node.leader() {
                findings.push(finding);
            }
        };
        for (name, value) in members {
            let Tree::Leaf(Leaf { scalar, origin }) = value else {
                let text = format!("the kubelet flag `{name}` has more than one value");
                report(Finding::new(code::KUBELET_FLAG, text).help("write one text"));
                continue;
            };
            let arg = Tracked::with_origin(format!("--{name}={}", scalar.text()), origin.clone());
            let carried = |c: char| !c.is_whitespace() && !c.is_control() && !"'\"\\$`".contains(c);
            if !is_flag_name(name) || !arg.value.chars().all(carried) || matches!(scalar, Scalar::Secret(_)) {
                report(refusal(code::KUBELET_FLAG, &arg, "handed to the kubelet by k0s").help(
                    "write it without blanks, quotes, `\\`, `$` and backticks, or as a field of a kubelet profile",
                ));
            } else if matches!(name.as_str(), "node-ip" | "hostname-override") {
                report(
                    refusal(code::KUBELET_FLAG, &arg, "the same on every node")
                        .help("leave it out; Airlift sets it per node"),
                );
            } else {
                if !scalar.text().chars().all(is_bare) {
                    report(spoilt(&arg));
                }
                args.push(arg);
            }
        }
    }
    args.push(node.address.map_ref(|address| format!("--node-ip={address}")));
    args.push(node.host.name.map_ref(|name| format!("--hostname-override={name}")));
    let origin = args.iter().fold(Origin::default(), |origin, arg| origin.with(&arg.origin));
    let text = args.into_iter().map(|arg| arg.value).collect::<Vec<_>>().join(" ");
    Tracked::with_origin(text, origin)
}

/// k0sctl puts quotes around such a value (k0sctl: `cluster/flags.go`), and k0s hands them to the kubelet.
fn spoilt(arg: &Tracked<String>) -> Finding {
    Finding::new(code::K0SCTL_QUOTES, format!("k0sctl would put quotes into `{}`", arg.value))
        .note("Airlift's own units are not concerned")
        .help("where k0sctl is used later, write it as a field of a kubelet profile instead")
}

/// What `installFlags` of the host adds or replaces.
fn host_flags(
    cluster: &Cluster<'_>,
    node: &Node<'_>,
    role: Role,
    findings: &mut Findings,
) -> BTreeMap<&'static str, Tracked<String>> {
    let mut given: BTreeMap<&'static str, Tracked<String>> = BTreeMap::new();
    let place = format!("spec.hosts[{}].installFlags", node.index);
    let Some(Tree::List(items)) = cluster.mke4.get(&place) else { return given };
    for leaf in items.iter().filter_map(|item| match item {
        Tree::Leaf(leaf) => Some(leaf),
        _ => None,
    }) {
        let text = Tracked::with_origin(leaf.scalar.text(), leaf.origin.clone());
        let mut refuse = |why: &str| {
            findings.push(refusal(code::INSTALL_FLAG, &text, "an install flag here").help(why.to_owned()));
        };
        let bare = text.value.strip_prefix("--").unwrap_or_default();
        let (name, value) = match bare.split_once(['=', ' ']) {
            Some((name, value)) => (name, Some(value)),
            None => (bare, None),
        };
        let Some((name, kind)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            refuse("write `--name=value` with a flag of `k0s install`");
            continue;
        };
        let value = match (kind, value) {
            (Kind::Ours(instead), _) => {
                refuse(instead);
                continue;
            }
            (Kind::Switch, None) => "true",
            (Kind::Switch, Some(value)) if matches!(value, "true" | "false") => value,
            (Kind::Text | Kind::List, Some(value)) if is_carried(value) => value,
            _ => {
                refuse(
                    "write a value without quotes, `\\`, backticks and control characters; a switch is true or false",
                );
                continue;
            }
        };
        if role == Role::Worker && CONTROLLER_ONLY.contains(name) {
            refuse("only a controller has this flag");
            continue;
        }
        if *name == "profile" && !is_node_name(value) {
            refuse("a profile is called by lower-case letters, digits, `-` and `.`");
            continue;
        }
        let value = Tracked::with_origin(value.to_owned(), text.origin.clone());
        let ours = (*kind == Kind::List).then(|| match *name {
            "labels" => Some(format!("mke/version={}", cluster.contract.id)),
            "disable-components" => Some(DISABLED_COMPONENTS.to_owned()),
            _ => None,
        });
        let earlier = given.remove(name).or_else(|| ours.flatten().map(|text| cluster.constant(&text)));
        let value = match earlier {
            None => value,
            Some(earlier) if *kind == Kind::List => earlier.and(value).map(|(a, b)| format!("{a},{b}")),
            Some(_) => {
                refuse("it is given twice");
                continue;
            }
        };
        given.insert(name, value);
    }
    given
}

/// The name of a flag, without dashes.
pub(super) fn is_flag_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// What k0sctl and the shell behind it carry between quotes, and k0s between commas.
fn is_carried(value: &str) -> bool {
    !value.is_empty() && !value.chars().any(|c| c.is_control() || "'\"\\`".contains(c))
}

/// What no shell takes for more than a letter.
pub(super) fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c)
}
