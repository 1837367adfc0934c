//! Calico's settings: `extraConfig` in k0s' words (4.0), or for the Tigera operator (4.1 and later).

use super::super::flags::{Component, given};
use super::autodetect::Method;
use super::cni::{managed, provider};
use crate::contract::Calico;
use crate::diag::{Finding, codes::translate as code};
use crate::document::{Tree, yaml};
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question};

pub(super) const KEYS: &[&str] =
    &[MTU, IPIP_MTU, VXLAN_MTU, VXLAN, VXLAN_PORT, VXLAN_VNI, AUTO_METHOD, SECURE_OVERLAY, LOG_LEVEL];

pub(super) const VXLAN: &str = "cluster_config.calico_vxlan";
pub(super) const SECURE_OVERLAY: &str = "cluster_config.secure_overlay";
const MTU: &str = "cluster_config.calico_mtu";
const IPIP_MTU: &str = "cluster_config.ipip_mtu";
const VXLAN_MTU: &str = "cluster_config.calico_vxlan_mtu";
const VXLAN_PORT: &str = "cluster_config.calico_vxlan_port";
const VXLAN_VNI: &str = "cluster_config.vxlan_vni";
const AUTO_METHOD: &str = "cluster_config.calico_ip_auto_method";
const LOG_LEVEL: &str = "log_configuration.level";
const KUBELET_ROOT: &str = "cluster_config.kubelet_data_root";

/// Why keys count as merged whose values stand in the text of the chart's values.
const IN_VALUES: &str = "part of Calico's `values.yaml`";

pub(super) fn translate(ctx: &mut Ctx<'_>) {
    let managed = managed(ctx);
    match ctx.contract.calico {
        _ if !managed.value => {
            ctx.drop_all("what Calico was told", KEYS, "MKE does not run Calico here", false);
        }
        Calico::K0s => k0s(ctx),
        Calico::Operator { control_plane_selector, .. } => {
            operator(ctx, &managed.origin, control_plane_selector);
        }
    }
}

/// All values are texts. What k0s prints beside them stays as it is.
fn k0s(ctx: &mut Ctx<'_>) {
    let mode = encapsulation(ctx, Fate::Converted).map(Encapsulation::k0s);
    let wireguard = wireguard(ctx, Fate::Converted).map(|on| on.to_string());
    let port = ctx.mke3.str(VXLAN_PORT);
    let vni = ctx.mke3.int(VXLAN_VNI).map(|vni| vni.to_string());
    let method = ctx.mke3.str(AUTO_METHOD);
    let calico = provider(ctx, "calico");
    calico.set("extraConfig.mode", mode);
    calico.set("extraConfig.enableWireguard", wireguard);
    calico.set("extraConfig.vxlanPort", port);
    calico.set("extraConfig.vxlanVNI", vni);
    calico.set("extraConfig.ipAutodetectionMethod", method);
    ctx.fates(&[VXLAN_PORT, VXLAN_VNI, AUTO_METHOD], Fate::Renamed, "");
    ctx.drop_all(
        "Calico's MTU",
        &[MTU, IPIP_MTU, VXLAN_MTU],
        "this release has no field for it, and Calico finds one by itself",
        true,
    );
    ctx.drop(LOG_LEVEL, "Calico logs at this release's own level, and nothing else reads it", false);
}

/// The only data plane that an upgraded cluster may have.
const DATA_PLANE: &str = "Iptables";

/// What the vendor's sample of an upgraded cluster says to Felix beside what MKE 3 decides.
const FELIX: &[(&str, &str)] = &[
    ("bpfConnectTimeLoadBalancing", "TCP"),
    ("bpfHostNetworkedNATWithoutCTLB", "Enabled"),
    ("floatingIPs", "Disabled"),
    ("reportingInterval", "0s"),
];

/// `values.yaml` holds what the vendor's sample of an upgraded cluster holds ("Configure CNI Providers"), but for
/// two things: `tigeraOperator` is left out, because it names the operator's image of one release and the chart of
/// the target knows its own; and the MTU is written, because the operator would else choose one. Pools are not in
/// it: the cluster has them already.
fn operator(ctx: &mut Ctx<'_>, managed: &Origin, control_plane_selector: bool) {
    let constant = ctx.contract.origin();
    let encapsulation = encapsulation(ctx, Fate::Merged);
    let wireguard = wireguard(ctx, Fate::Merged);
    let level = ctx.mke3.str(LOG_LEVEL).map(|level| operator_level(&level));
    ctx.fate(LOG_LEVEL, Fate::Split, "");

    let mut values = Tree::map();
    values.set("installation.registry", images(ctx));
    values.set("installation.cni.type", Tree::leaf("Calico", &constant));
    if control_plane_selector {
        let selector = "installation.controlPlaneNodeSelector";
        values.set_key(selector, "node-role.kubernetes.io/control-plane", Tree::leaf("", &constant));
    }
    values.set("installation.calicoNetwork.bgp", encapsulation.clone().map(Encapsulation::bgp));
    values.set("installation.calicoNetwork.linuxDataplane", Tree::leaf(DATA_PLANE, &constant));
    if let Some(mtu) = mtu(ctx, &encapsulation, &wireguard) {
        values.set("installation.calicoNetwork.mtu", mtu);
    }
    let method = autodetection(ctx);
    if let Some(tree) = method.value {
        values.set("installation.calicoNetwork.nodeAddressAutodetectionV4", tree);
    }
    values.set("resources.requests.cpu", Tree::leaf("250m", &constant));
    values.set("defaultFelixConfiguration", felix(ctx, &level, &wireguard));

    let root = kubelet_root(ctx);
    let text = format!("{}{}", root_line(&root.value), yaml::to_string(&values));
    let decided_by = [&root.origin, &method.origin, managed];
    let origin = decided_by.into_iter().fold(values.origin(), |all, one| all.with(one));
    let calico = provider(ctx, "calico");
    calico.set("extraConfig.linuxDataplane", Tree::leaf(DATA_PLANE, &constant).because(managed));
    calico.set("extraConfig.loglevel", level.because(managed));
    calico.set_key("extraConfig", "values.yaml", Tree::leaf(text, &origin));
}

fn felix(ctx: &mut Ctx<'_>, level: &Tracked<&'static str>, wireguard: &Tracked<bool>) -> Tree {
    let constant = ctx.contract.origin();
    let mut felix = Tree::map();
    felix.set("enabled", Tree::leaf(true, &constant));
    for (field, value) in FELIX {
        felix.set(field, Tree::leaf(*value, &constant));
    }
    for field in ["bpfLogLevel", "logSeverityScreen", "logSeveritySys"] {
        felix.set(field, level.clone());
    }
    felix.set("vxlanPort", ctx.mke3.int(VXLAN_PORT));
    felix.set("vxlanVNI", ctx.mke3.int(VXLAN_VNI));
    ctx.fates(&[VXLAN_PORT, VXLAN_VNI], Fate::Merged, IN_VALUES);
    if wireguard.value {
        felix.set("wireguardEnabled", wireguard.clone());
    }
    felix
}

/// The operator knows `Info` and `Debug` alike with Felix.
fn operator_level(level: &str) -> &'static str {
    if level.eq_ignore_ascii_case("debug") { "Debug" } else { "Info" }
}

/// Where Calico's images come from. The vendor's sample names its public place; behind an air gap nothing but the
/// site's own registry answers. That the images lie right below its path there is inferred from the offline bundle.
fn images(ctx: &Ctx<'_>) -> Tracked<String> {
    let public = Tracked::with_origin("ghcr.io/mirantiscontainers/".to_owned(), ctx.contract.origin());
    let Some(airgap) = &ctx.site.airgap else { return public };
    match &ctx.site.image_registry {
        Some(registry) if airgap.value => {
            registry.url.clone().map(|url| format!("{url}/")).because(&airgap.origin)
        }
        _ => public.because(&airgap.origin),
    }
}

/// The line that `values.yaml` must begin with from 4.1.1 on, or the installation fails. The root stands there as it
/// is; the rule for `kubelet_data_root` stops one that YAML would want in quotes.
fn root_line(root: &str) -> String {
    format!("kubeletVolumePluginPath: {root}\n")
}

/// Whether [`root_line`] is good YAML and says just this root.
pub(in crate::translate::areas) fn fits_root_line(root: &str) -> bool {
    let mut line = Tree::map();
    line.set("kubeletVolumePluginPath", Tree::leaf(root, &Origin::default()));
    yaml::to_string(&line) == root_line(root)
}

fn kubelet_root(ctx: &Ctx<'_>) -> Tracked<String> {
    if ctx.contract.has("kubelet.kubeletRootDir") {
        given(ctx.mke3, Component::Kubelet, "root-dir").unwrap_or_else(|| ctx.mke3.str(KUBELET_ROOT))
    } else {
        Tracked::with_origin("/var/lib/kubelet".to_owned(), ctx.contract.origin())
    }
}

/// How packets travel between the nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encapsulation {
    Vxlan,
    Ipip,
}

impl Encapsulation {
    /// k0s' `mode`.
    fn k0s(self) -> &'static str {
        match self {
            Self::Vxlan => "vxlan",
            Self::Ipip => "ipip",
        }
    }

    /// The operator's `bgp`: IPIP's routes come by BGP.
    fn bgp(self) -> &'static str {
        match self {
            Self::Vxlan => "Disabled",
            Self::Ipip => "Enabled",
        }
    }
}

/// VXLAN is what the vendor's pages upgrade. Nothing says that IPIP goes too, so that an operator must choose.
fn encapsulation(ctx: &mut Ctx<'_>, fate: Fate) -> Tracked<Encapsulation> {
    let vxlan = ctx.mke3.bool(VXLAN);
    if vxlan.value {
        ctx.fate(VXLAN, fate, "");
        return vxlan.map(|_| Encapsulation::Vxlan);
    }
    let chosen = ctx.decide(&Question {
        key: VXLAN,
        ask: "Calico runs IPIP here (`calico_vxlan = false`), and no page of the vendor says that such a cluster \
              can be upgraded"
            .to_owned(),
        choices: &[
            Choice { name: "ipip", effect: "keep IPIP and BGP, and try it on a test cluster first" },
            Choice {
                name: "vxlan",
                effect: "set MKE 4k up for VXLAN, after you have changed the pools on MKE 3 to VXLAN",
            },
        ],
        proposal: None,
    });
    match chosen {
        Some(choice) => {
            ctx.fate(VXLAN, fate, "");
            vxlan.and(choice).map(|(_, name)| match name {
                "vxlan" => Encapsulation::Vxlan,
                _ => Encapsulation::Ipip,
            })
        }
        None => {
            ctx.undecided(VXLAN);
            vxlan.map(|_| Encapsulation::Ipip)
        }
    }
}

/// MKE 3's overlay is encrypted with IPsec, which MKE 4k doesn't have; Calico's WireGuard is the nearest thing.
fn wireguard(ctx: &mut Ctx<'_>, fate: Fate) -> Tracked<bool> {
    let overlay = ctx.mke3.bool(SECURE_OVERLAY);
    if !overlay.value {
        ctx.fate(SECURE_OVERLAY, fate, "");
        return overlay;
    }
    let chosen = ctx.decide(&Question {
        key: SECURE_OVERLAY,
        ask: "the traffic between the nodes is encrypted with IPsec, which MKE 4k does not have".to_owned(),
        choices: &[
            Choice { name: "drop", effect: "pods of different nodes talk in the clear" },
            Choice {
                name: "wireguard",
                effect: "Calico encrypts with WireGuard, which the kernel of every node must have",
            },
        ],
        proposal: Some("drop"),
    });
    match chosen {
        Some(choice) if choice.value == "wireguard" => {
            ctx.fate(SECURE_OVERLAY, fate, "");
            overlay.and(choice).map(|_| true)
        }
        Some(choice) => {
            ctx.fate(SECURE_OVERLAY, Fate::Dropped, "MKE 4k has no IPsec");
            choice.map(|_| false)
        }
        None => {
            ctx.undecided(SECURE_OVERLAY);
            overlay.map(|_| false)
        }
    }
}

/// The operator has one MTU for pods and tunnel, MKE 3 has two. The smaller one is what a packet between two nodes
/// has had so far, and fits both: a tunnel with the pods' 1480 would overrun a network of 1500. WireGuard needs more
/// room than either, so Calico finds its MTU there.
fn mtu(
    ctx: &mut Ctx<'_>,
    encapsulation: &Tracked<Encapsulation>,
    wireguard: &Tracked<bool>,
) -> Option<Tracked<i64>> {
    if wireguard.value {
        let why = "WireGuard needs more room, so Calico finds one by itself";
        ctx.drop_all("Calico's MTU", &[MTU, IPIP_MTU, VXLAN_MTU], why, true);
        return None;
    }
    let (tunnel, other, name) = match encapsulation.value {
        Encapsulation::Vxlan => (VXLAN_MTU, IPIP_MTU, "IPIP"),
        Encapsulation::Ipip => (IPIP_MTU, VXLAN_MTU, "VXLAN"),
    };
    ctx.drop(other, &format!("Calico runs no {name} here"), false);
    let (pods, inside) = (ctx.mke3.int(MTU), ctx.mke3.int(tunnel));
    let chosen_by_hand = !ctx.mke3.is_default(MTU) || !ctx.mke3.is_default(tunnel);
    if chosen_by_hand && pods.value != inside.value {
        let smaller = pods.value.min(inside.value);
        let key = if ctx.mke3.is_default(MTU) { tunnel } else { MTU };
        let text = format!(
            "Calico has one MTU in MKE 4k: {smaller}, the smaller of {} (pods) and {} (tunnel)",
            pods.value, inside.value
        );
        ctx.tell(key, code::MEANING, text);
    }
    ctx.fates(&[MTU, tunnel], Fate::Merged, IN_VALUES);
    let both = pods.and(inside).because(&encapsulation.origin).because(&wireguard.origin);
    Some(both.map(|(pods, tunnel)| pods.min(tunnel)))
}

/// The operator's form of `calico_ip_auto_method`; nothing where Calico's own choice holds.
fn autodetection(ctx: &mut Ctx<'_>) -> Tracked<Option<Tree>> {
    let text = ctx.mke3.str(AUTO_METHOD);
    if text.value.is_empty() {
        ctx.fate(AUTO_METHOD, Fate::Merged, "empty: the first address that Calico finds");
        return text.map(|_| None);
    }
    match Method::parse(&text.value) {
        Some(method) => {
            ctx.fate(AUTO_METHOD, Fate::Merged, IN_VALUES);
            Tracked::with_origin(Some(method.tree(&text.origin)), text.origin)
        }
        None => {
            let finding = Finding::new(
                code::DROPPED,
                format!("`{AUTO_METHOD}` is lost: `{}` is no method that Calico knows", text.value),
            )
            .at_opt(ctx.mke3_place(AUTO_METHOD))
            .help("write `interface=REGEX`, `can-reach=HOST`, `cidr=RANGE` or another of Calico's methods");
            ctx.findings.push(finding);
            ctx.fate(AUTO_METHOD, Fate::Dropped, "no method that Calico knows");
            Tracked::with_origin(None, ctx.contract.origin())
        }
    }
}
