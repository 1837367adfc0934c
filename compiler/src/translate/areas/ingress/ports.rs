//! Service ports and node ports of the ingress controller.

use super::super::flags::{Component, given};
use super::key;
use crate::diag::{Finding, codes::translate as code};
use crate::origin::{Origin, Tracked};
use crate::translate::{Ctx, Fate};

/// What MKE takes where nobody chose: HTTP, HTTPS.
pub(super) const DEFAULT: (i64, i64) = (33000, 33001);

const RANGE: &str = "cluster_config.nodeport_range";
const TABLE: &str = key!("ingress_exposed_ports");

/// A node port and what it is for.
#[derive(Clone, Debug)]
pub(super) struct NodePort {
    pub what: String,
    pub port: Tracked<i64>,
}

impl NodePort {
    pub fn new(what: &str, port: Tracked<i64>) -> Self {
        Self { what: what.to_owned(), port }
    }
}

/// The range of node ports, first and last.
pub(super) fn range(ctx: &Ctx<'_>) -> Tracked<(i64, i64)> {
    let text = given(ctx.mke3, Component::ApiServer, "service-node-port-range")
        .unwrap_or_else(|| ctx.mke3.str(RANGE));
    text.map(|text| {
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        let number = |text: &str, or: i64| text.trim().parse().unwrap_or(or);
        (number(first, 30000), number(last, 32767))
    })
}

/// The node ports of a cluster that had no ingress controller (decision table of the vendor's pages up to 4.1.1): the
/// usual ones while the range is the usual one, else the first two of the range.
pub(super) fn unchosen(ctx: &Ctx<'_>, on: &Tracked<bool>) -> (Tracked<i64>, Tracked<i64>) {
    let range = range(ctx).because(&on.origin);
    let usual = (range.value.0..=range.value.1).contains(&DEFAULT.0)
        && (range.value.0..=range.value.1).contains(&DEFAULT.1);
    let (http, https) = if usual { DEFAULT } else { (range.value.0, range.value.0 + 1) };
    (range.map_ref(|_| http), range.map(|_| https))
}

/// Writes them for NGINX, which runs all the same.
pub(super) fn of_range(ctx: &mut Ctx<'_>, on: &Tracked<bool>) -> Vec<NodePort> {
    let (http, https) = unchosen(ctx, on);
    ctx.put("ingressController.nodePorts.http", http.clone());
    ctx.put("ingressController.nodePorts.https", https.clone());
    vec![NodePort::new("NGINX, HTTP", http), NodePort::new("NGINX, HTTPS", https)]
}

/// The node ports that NGINX leaves to the Gateway API.
pub(super) fn freed(ctx: &mut Ctx<'_>, on: &Tracked<bool>) -> (Tracked<i64>, Tracked<i64>) {
    let mut exposed = Exposed::new(on);
    exposed.read(ctx, false);
    let Exposed { http, https, .. } = exposed;
    (http, https)
}

/// Writes the ports that MKE 3 had.
pub(super) fn own(ctx: &mut Ctx<'_>, on: &Tracked<bool>) -> Vec<NodePort> {
    let mut exposed = Exposed::new(on);
    exposed.read(ctx, true);
    ctx.put("ingressController.nodePorts.http", exposed.http.clone());
    ctx.put("ingressController.nodePorts.https", exposed.https.clone());
    let mut ports =
        vec![NodePort::new("NGINX, HTTP", exposed.http), NodePort::new("NGINX, HTTPS", exposed.https)];
    ports.append(&mut exposed.others);
    check(ctx, &[], &ports);
    ports
}

/// What the exposed ports say.
struct Exposed {
    http: Tracked<i64>,
    https: Tracked<i64>,
    others: Vec<NodePort>,
    why: Origin,
    seen: Vec<String>,
}

impl Exposed {
    fn new(on: &Tracked<bool>) -> Self {
        let usual = |port| on.map_ref(|_| port);
        Self {
            http: usual(DEFAULT.0),
            https: usual(DEFAULT.1),
            others: Vec::new(),
            why: on.origin.clone(),
            seen: Vec::new(),
        }
    }

    /// Goes through the rows; `stays` says whether NGINX does, else only the node ports of HTTP and HTTPS matter.
    fn read(&mut self, ctx: &mut Ctx<'_>, stays: bool) {
        let rows = ctx.mke3.rows(TABLE).len();
        for i in 0..rows {
            self.row(ctx, &format!("{TABLE}[{i}]"), stays);
        }
    }

    fn row(&mut self, ctx: &mut Ctx<'_>, row: &str, stays: bool) {
        let [name_key, port_key, target_key, node_key, protocol_key] =
            ["name", "port", "target_port", "node_port", "protocol"].map(|name| format!("{row}.{name}"));
        let name = ctx.mke3.str(&name_key);
        let port = ctx.mke3.int(&port_key);
        let node = ctx.mke3.int(&node_key);
        let protocol = ctx.mke3.str(&protocol_key);
        let all = [&name_key, &port_key, &target_key, &node_key, &protocol_key].map(String::as_str);
        let side = match name.value.as_str() {
            "http2" => Some("http"),
            "https" => Some("https"),
            _ => None,
        };
        let map = if protocol.value == "UDP" { "udp" } else { "tcp" };
        let services = if map == "udp" { key!("ingress_udp_services") } else { key!("ingress_tcp_services") };
        let served = || ctx.mke3.map(services).iter().any(|(listens, _)| *listens == port.value.to_string());
        let known = match side {
            Some(side) => !self.seen.iter().any(|seen| seen == side),
            None => {
                stays && node.value > 0 && served() && !self.seen.contains(&format!("{map} {}", port.value))
            }
        };
        if !known {
            if !stays {
                return ctx.idle(&all, "NGINX does not stay");
            }
            let what = format!("the exposed port `{}` of the ingress controller", name.value);
            let why = "MKE 4k exposes HTTP, HTTPS and the ports of the TCP and UDP services, each once";
            return ctx.drop_all(&what, &all, why, true);
        }
        ctx.idle(&[&target_key], "NGINX' own ports decide");
        let Some(side) = side else {
            self.seen.push(format!("{map} {}", port.value));
            let value = node.because(&port.origin).because(&protocol.origin).because(&self.why);
            ctx.doc.set_key(
                &format!("spec.ingressController.nodePorts.{map}"),
                &port.value.to_string(),
                value.clone(),
            );
            self.others.push(NodePort::new(&format!("NGINX, {} {}", map.to_uppercase(), port.value), value));
            ctx.idle(&[&name_key], "only a label");
            ctx.fate(&port_key, Fate::Merged, "");
            ctx.fate(&protocol_key, Fate::Merged, "");
            return ctx.fate(&node_key, Fate::Renamed, "");
        };
        self.seen.push(side.to_owned());
        ctx.idle(&[&protocol_key], "HTTP and HTTPS are TCP");
        let why = name.origin.clone().with(&self.why);
        let mut used = false;
        if node.value > 0 {
            let slot = if side == "http" { &mut self.http } else { &mut self.https };
            *slot = node.because(&why);
            used = true;
        }
        ctx.fate(&node_key, if used { Fate::Renamed } else { Fate::Default }, "");
        if stays && ctx.mke3.is_set(&port_key) {
            ctx.put(&format!("ingressController.ports.{side}"), port.because(&why));
            ctx.fate(&port_key, Fate::Renamed, "");
            used = true;
        } else {
            ctx.idle(&[&port_key], "NGINX does not stay");
        }
        if used {
            ctx.fate(&name_key, Fate::Merged, "");
        } else {
            ctx.idle(&[&name_key], "the row holds no port");
        }
    }
}

/// Reports node ports outside the range, and those that stand twice or are `taken` already.
pub(super) fn check(ctx: &mut Ctx<'_>, taken: &[NodePort], ports: &[NodePort]) {
    let Tracked { value: (first, last), .. } = range(ctx);
    for (i, NodePort { what, port }) in ports.iter().enumerate() {
        let place = port.origin.sources().find_map(|source| {
            let of_mke3 = *source.file == *ctx.mke3.file().label() && source.path.ends_with("node_port");
            if of_mke3 { ctx.mke3_place(&source.path) } else { None }
        });
        if !(first..=last).contains(&port.value) {
            let finding = Finding::new(
                code::NODE_PORT,
                format!("the node port {} ({what}) lies outside the range {first}-{last}", port.value),
            )
            .at_opt(place.clone());
            let finding = match ctx.mke3_place(RANGE) {
                Some(place) => finding.also(place, "the range"),
                None => finding,
            };
            ctx.findings.push(finding.note("kube-apiserver refuses a service with such a port, and the installation fails").help(
                "choose a port of the range: for NGINX as `node_port` of an exposed port on MKE 3, for the Gateway API under \
                 `gateway` in site.yaml",
            ));
        }
        if let Some(other) = taken.iter().chain(&ports[..i]).find(|other| other.port.value == port.value) {
            let text = format!("the node port {} is to serve both {} and {what}", port.value, other.what);
            ctx.findings.push(Finding::new(code::NODE_PORT, text).at_opt(place).help(
                "each needs a port of its own; those of the Gateway API stand under `gateway` in site.yaml",
            ));
        }
    }
}
