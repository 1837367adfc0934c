//! kube-proxy: its mode, and what a KubeProxyConfiguration of the operator's own says.

use super::cni::managed;
use crate::diag::{Finding, Findings, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::origin::Origin;
use crate::source::{Cursor, File, Node, Value, yaml};
use crate::translate::{Choice, Ctx, Fate, Question};

pub(super) const KEYS: &[&str] = &[
    MODE,
    NO_CLEANUP,
    USE_FILE,
    FILE,
    "cluster_config.ipvs_exclude_cidrs",
    "cluster_config.ipvs_min_sync_period",
    "cluster_config.ipvs_scheduler",
    "cluster_config.ipvs_strict_arp",
    "cluster_config.ipvs_sync_period",
    "cluster_config.ipvs_tcp_timeout",
    "cluster_config.ipvs_tcpfin_timeout",
    "cluster_config.ipvs_udp_timeout",
];

pub(super) const MODE: &str = "cluster_config.kube_proxy_mode";
const NO_CLEANUP: &str = "cluster_config.kube_proxy_no_cleanup_on_start";
const USE_FILE: &str = "cluster_config.kube_proxy_use_config_file";
const FILE: &str = "cluster_config.custom_proxy_config_yaml";

/// What MKE 4k takes of a KubeProxyConfiguration, under the same names below `network.kubeProxy`.
const FIELDS: &[(&str, Form)] = &[
    ("metricsBindAddress", Form::Text),
    ("iptables.localhostNodePorts", Form::Switch),
    ("iptables.masqueradeAll", Form::Switch),
    ("iptables.masqueradeBit", Form::Number),
    ("iptables.minSyncPeriod", Form::Text),
    ("iptables.syncPeriod", Form::Text),
    ("nodePortAddresses", Form::Texts),
];

#[derive(Clone, Copy)]
enum Form {
    Switch,
    Number,
    Text,
    Texts,
}

pub(super) fn translate(ctx: &mut Ctx<'_>) {
    let file = own_file(ctx);
    let mode_in_file = file.as_ref().and_then(|node| text_at(node, "mode"));
    let ipvs_in_file = mode_in_file == Some("ipvs");
    mode(ctx, ipvs_in_file);
    settings(ctx, file.as_ref());
    ctx.drop(NO_CLEANUP, "kube-proxy is k0s' own", false);
    let ipvs: Vec<&str> = KEYS.iter().copied().filter(|key| key.contains(".ipvs_")).collect();
    ctx.drop_all("what the file says of IPVS", &ipvs, "MKE 4k runs kube-proxy in iptables mode only", false);
}

fn mode(ctx: &mut Ctx<'_>, ipvs_in_file: bool) {
    let mode = ctx.mke3.str(MODE);
    if mode.value == "ipvs" || ipvs_in_file {
        return refuse_ipvs(ctx, mode.value == "ipvs", ipvs_in_file);
    }
    let managed = managed(ctx);
    if mode.value != "disabled" {
        ctx.put("network.kubeProxy.mode", mode);
        return ctx.fate(MODE, Fate::Copied, "");
    }
    if managed.value {
        // Off without a data plane of its own: eBPF, which has its own finding, or a slip.
        if !ctx.mke3.bool(super::EBPF).value {
            let text = "kube-proxy is off in MKE 3; MKE 4k runs it in iptables mode, which its Calico needs";
            ctx.tell(MODE, code::MEANING, text);
        }
        ctx.put("network.kubeProxy.mode", mode.map(|_| "iptables").because(&managed.origin));
        return ctx.fate(MODE, Fate::Converted, "MKE 4k's Calico needs kube-proxy");
    }
    let chosen = ctx.decide(&Question {
        key: MODE,
        ask: "kube-proxy is off in MKE 3, and the CNI is your own".to_owned(),
        choices: &[
            Choice { name: "disabled", effect: "no kube-proxy: the CNI does its work" },
            Choice { name: "iptables", effect: "run kube-proxy in iptables mode" },
        ],
        proposal: None,
    });
    let Some(choice) = chosen else { return ctx.undecided(MODE) };
    let off = choice.value == "disabled";
    let origin = mode.origin.with(&choice.origin).with(&managed.origin);
    if off {
        ctx.put("network.kubeProxy.disabled", Tree::leaf(true, &origin));
    }
    ctx.put("network.kubeProxy.mode", Tree::leaf("iptables", &origin));
    ctx.fate(MODE, Fate::Converted, "");
}

fn refuse_ipvs(ctx: &mut Ctx<'_>, by_key: bool, in_file: bool) {
    let (first, second) = if by_key { (MODE, FILE) } else { (FILE, MODE) };
    let mut finding = Finding::new(
        code::IPVS,
        "kube-proxy runs in IPVS mode, which MKE 4k does not support: the vendor's upgrade ends in a time-out",
    )
    .at_opt(ctx.mke3_place(first))
    .help("MKE 3 can't leave IPVS again: build a new cluster in iptables mode and move the workloads");
    if by_key
        && in_file
        && let Some(place) = ctx.mke3_place(second)
    {
        finding = finding.also(place, "and so says the configuration file");
    }
    ctx.findings.push(finding);
    if by_key {
        ctx.fate(MODE, Fate::Blocked, code::IPVS.summary);
    } else {
        let mode = ctx.mke3.str(MODE);
        ctx.put("network.kubeProxy.mode", mode.map(|_| "iptables"));
        ctx.fate(MODE, Fate::Copied, "");
    }
}

/// The configuration file, where it is in use and can be read. Its findings point into the text itself.
fn own_file(ctx: &mut Ctx<'_>) -> Option<Node> {
    if !ctx.mke3.bool(USE_FILE).value || !ctx.mke3.is_set(FILE) {
        return None;
    }
    let label = format!("{}:{FILE}", ctx.mke3.file().label());
    let file = File::new(label, ctx.mke3.str(FILE).value);
    let mut findings = Findings::new();
    let node = yaml::parse(&file, &mut findings)
        .filter(|node| Cursor::new(&file, node, "", &mut findings).is_some());
    ctx.findings.append(findings);
    node
}

/// Fields that the contract prints name the switch even where the file says nothing about them: switching it on
/// could change them.
fn settings(ctx: &mut Ctx<'_>, file: Option<&Node>) {
    let using = ctx.mke3.bool(USE_FILE);
    let mut origin = using.origin;
    ctx.fate(USE_FILE, Fate::Merged, "it decides whether the configuration file counts");
    if using.value {
        origin.join(&ctx.mke3.str(FILE).origin);
    }
    for (field, form) in FIELDS {
        let path = format!("network.kubeProxy.{field}");
        match file.and_then(|node| at(node, field)).and_then(|node| read(node, *form, &origin)) {
            Some(tree) => {
                ctx.put(&path, tree);
            }
            None => ctx.depends(&path, &origin),
        }
    }
    if !using.value {
        return ctx.drop(FILE, "`kube_proxy_use_config_file` is off, so nothing reads it", false);
    }
    let ipvs = file.and_then(|node| text_at(node, "mode")) == Some("ipvs");
    match ipvs {
        true => ctx.fate(FILE, Fate::Blocked, code::IPVS.summary),
        false => ctx.fate(FILE, Fate::Split, ""),
    }
    report_rest(ctx, file);
}

fn report_rest(ctx: &mut Ctx<'_>, file: Option<&Node>) {
    let mut rest = Vec::new();
    if let Some(node) = file {
        collect_rest(node, "", &mut rest);
    }
    if rest.is_empty() {
        return;
    }
    let finding = Finding::new(
        code::DROPPED,
        "parts of the KubeProxyConfiguration are lost: MKE 4k has no fields for them",
    )
    .at_opt(ctx.mke3_place(FILE))
    .note(format!("lost: {}", list(&rest)))
    .help("a setting that kube-proxy also has as a flag can go into `custom_kube_proxy_flags`");
    ctx.findings.push(finding);
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Paths of what is neither taken nor said elsewhere. Nothing, empty text and empty collections count as unset.
fn collect_rest(node: &Node, path: &str, rest: &mut Vec<String>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let dot = if path.is_empty() { "" } else { "." };
                collect_rest(&entry.node, &format!("{path}{dot}{}", entry.key), rest);
            }
        }
        Value::Null => {}
        Value::Str(text) if text.is_empty() => {}
        Value::List(items) if items.is_empty() => {}
        Value::Str(text) if path == "mode" && (text == "iptables" || text == "ipvs") => {}
        _ if path == "apiVersion" || path == "kind" => {}
        _ => {
            let form = FIELDS.iter().find(|(field, _)| *field == path).map(|(_, form)| *form);
            if form.and_then(|form| read(node, form, &Origin::default())).is_none() {
                rest.push(path.to_owned());
            }
        }
    }
}

fn at<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('.').try_fold(node, |node, key| node.get(key))
}

fn text_at<'n>(node: &'n Node, path: &str) -> Option<&'n str> {
    match &at(node, path)?.value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

/// The value in its form; `None` where it has another, or is empty.
fn read(node: &Node, form: Form, origin: &Origin) -> Option<Tree> {
    let text = |node: &Node| match &node.value {
        Value::Str(text) if !text.is_empty() => Some(Tree::leaf(text, origin)),
        _ => None,
    };
    match (form, &node.value) {
        (Form::Switch, Value::Bool(on)) => Some(Tree::leaf(*on, origin)),
        (Form::Number, Value::Int(number)) => Some(Tree::leaf(Scalar::Int(*number), origin)),
        (Form::Text, _) => text(node),
        (Form::Texts, Value::List(items)) if !items.is_empty() => {
            items.iter().map(text).collect::<Option<Vec<_>>>().map(Tree::List)
        }
        _ => None,
    }
}
