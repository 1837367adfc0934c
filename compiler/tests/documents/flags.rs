//! What k0sctl would install equals what our unit runs.

use super::fixture::{documents, file, mke4, site, text};
use airlift::contract;
use airlift::document::{Document, NodeDocuments, Role, Tree, node_documents};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The words of `ExecStart`, read as systemd does: words between blanks, quotes, `\xHH`, `%%` and `$$`. Anything
/// else that systemd would act on fails the test.
pub fn exec_start(unit: &str) -> Vec<String> {
    let lines: Vec<_> = unit.lines().filter_map(|line| line.strip_prefix("ExecStart=")).collect();
    let [line] = lines[..] else { panic!("{} command lines", lines.len()) };
    line.split(' ').map(word).collect()
}

fn word(raw: &str) -> String {
    if raw == "\"\"" {
        return String::new();
    }
    let mut bytes = Vec::new();
    let mut rest = raw.bytes();
    while let Some(b) = rest.next() {
        match b {
            b'\\' => {
                assert_eq!(rest.next(), Some(b'x'), "{raw}");
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            b'%' | b'$' => {
                assert_eq!(rest.next(), Some(b), "{raw}");
                bytes.push(b);
            }
            b'"' | b'\'' | b';' => panic!("{raw}"),
            b => bytes.push(b),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A shell's reading of quotes.
fn unquote(raw: &str) -> String {
    let (mut out, mut quote) = (String::new(), None);
    for c in raw.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            ('\\' | '$' | '`', q) if q != Some('\'') => panic!("the shell would act on {raw}"),
            (c, _) => out.push(c),
        }
    }
    assert_eq!(quote, None, "{raw}");
    out
}

/// A later flag of the same name takes the place of an earlier one, or is left out.
fn add(flags: &mut Vec<(String, String)>, name: &str, value: &str, replace: bool) {
    match flags.iter_mut().find(|(known, _)| known == name) {
        Some(place) if replace => place.1 = value.to_owned(),
        Some(_) => {}
        None => flags.push((name.to_owned(), value.to_owned())),
    }
}

/// What `k0sctl apply` gives to `k0s install` for a host (k0sctl: `Host.K0sInstallFlags`), and what `k0s install`
/// writes into the unit for that: flags by name, each as `--name=value`.
pub fn k0sctl_runs(host: &Value, leader: bool) -> Vec<String> {
    let str = |key: &str| host[key].as_str().map(|text| text.replace("$$", "$"));
    let mut flags: Vec<(String, String)> = Vec::new();
    for flag in host["installFlags"].as_array().unwrap() {
        let flag = flag.as_str().unwrap().replace("$$", "$");
        let (name, value) = flag.strip_prefix("--").unwrap().split_once('=').unwrap();
        flags.push((name.to_owned(), unquote(value)));
    }
    add(&mut flags, "data-dir", &str("dataDir").unwrap(), true);
    let controller = str("role").unwrap() == "controller+worker";
    if controller {
        add(&mut flags, "enable-worker", "true", false);
        if host["noTaints"].as_bool() == Some(true) {
            add(&mut flags, "no-taints", "true", false);
        }
    }
    if !leader {
        add(&mut flags, "token-file", "/etc/k0s/k0stoken", false);
    }
    if controller {
        add(&mut flags, "config", "/etc/k0s/k0s.yaml", false);
    }
    let mut kubelet: Vec<(String, String)> = Vec::new();
    if let Some((_, given)) = flags.iter().find(|(name, _)| name == "kubelet-extra-args") {
        for arg in given.split_whitespace() {
            let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
            kubelet.push((name.to_owned(), value.to_owned()));
        }
    }
    add(&mut kubelet, "--node-ip", &str("privateAddress").unwrap(), false);
    add(&mut kubelet, "--hostname-override", &str("hostname").unwrap(), true);
    let quoted =
        |value: &str| match value.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c)) {
            true => value.to_owned(),
            false => format!("'{value}'"),
        };
    let joined: Vec<_> = kubelet.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
    add(&mut flags, "kubelet-extra-args", &joined.join(" "), true);
    let sorted: BTreeMap<_, _> = flags.into_iter().collect();
    let role = if controller { "controller" } else { "worker" };
    ["/usr/local/bin/k0s".to_owned(), role.to_owned()]
        .into_iter()
        .chain(sorted.into_iter().map(|(name, value)| format!("--{name}={value}")))
        .collect()
}

fn unit(docs: &NodeDocuments, node: &str, role: Role) -> Arc<Document> {
    file(docs, node, &format!("/etc/systemd/system/{}", role.unit())).document
}

pub fn assert_both_sides_equal(docs: &NodeDocuments) {
    let k0sctl: Value = serde_saphyr::from_str(&docs.k0sctl.render().unwrap()).unwrap();
    for (i, node) in docs.nodes.iter().enumerate() {
        let ours = exec_start(&unit(docs, &node.name.value, node.flags.role).render().unwrap());
        assert_eq!(ours, k0sctl_runs(&k0sctl["spec"]["hosts"][i], i == 0), "{}", node.name.value);
    }
}

#[test]
fn k0sctl_runs_what_our_unit_runs() {
    for contract in contract::all() {
        for (managers, workers) in [(3, 3), (1, 1), (1, 0)] {
            assert_both_sides_equal(&documents(contract, managers, workers));
        }
    }
}

#[test]
fn flags_of_a_host_reach_both_sides() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let site = site(1, 1);
    let mut doc = mke4(contract, &site);
    let flag = |value: &str| Tree::from(text(value, "site.yaml", "flags"));
    for value in ["--labels=a=b c", "--taints x=$y:NoSchedule", "--labels=d=%i", "--profile=big", "--debug"] {
        doc.push("spec.hosts[0].installFlags", flag(value));
    }
    doc.set("spec.hosts[0].noTaints", Tree::from(super::fixture::tracked(true, "site.yaml", "no_taints")));
    let docs = node_documents(&doc, &site, contract).unwrap();
    assert_both_sides_equal(&docs);
    let flags = &docs.nodes[0].flags.flags;
    assert_eq!(flags["labels"].value, "mke/version=v4.1.5,a=b c,d=%i");
    assert_eq!(flags["taints"].value, "x=$y:NoSchedule");
    assert_eq!((flags["profile"].value.as_str(), flags["debug"].value.as_str()), ("big", "true"));
    assert_eq!(flags["no-taints"].value, "true");
}

#[test]
fn flags_that_would_fool_k0s_are_refused() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let site = site(1, 1);
    for flag in [
        "--single",
        "--enable-worker=false",
        "--data-dir=/x",
        "--config=/x",
        "--token-file=/x",
        "--kubelet-extra-args=--v=9",
        "--kubelet-root-dir=/x",
        "--no-taints",
        "--enable-dynamic-config",
        "--no-such-flag=1",
        "profile=big",
        "-l=x",
        "",
        "--profile",
        "--profile=",
        "--profile=no-such-profile",
        "--profile=Big",
        "--debug=perhaps",
        "--labels=\"a=b\"",
        "--labels=a'b",
        "--labels=a\nb",
        "--labels=`id`",
        "--labels=a\\b",
    ] {
        let mut doc = mke4(contract, &site);
        doc.push("spec.hosts[0].installFlags", Tree::from(text(flag, "site.yaml", "flags")));
        assert!(node_documents(&doc, &site, contract).is_err(), "{flag:?}");
    }
    let mut doc = mke4(contract, &site);
    doc.push(
        "spec.hosts[1].installFlags",
        Tree::from(text("--enable-metrics-scraper", "site.yaml", "flags")),
    );
    assert!(node_documents(&doc, &site, contract).is_err(), "a worker has no metrics scraper");
}

#[test]
fn kubelet_flags_that_cannot_be_carried_are_refused_and_spoilt_ones_named() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let site = site(1, 1);
    let with = |name: &str, value: &str| {
        let mut doc = mke4(contract, &site);
        doc.set_key("spec.kubelet.extraArgs", name, Tree::from(text(value, "mke3.toml", "flags")));
        node_documents(&doc, &site, contract)
    };
    for (name, value) in [
        ("a", "b c"),
        ("a", "b\tc"),
        ("a", "b\u{a0}c"),
        ("a", "\"b\""),
        ("a", "'b'"),
        ("a", "b\\"),
        ("a", "$b"),
        ("a", "`b`"),
        ("a", "b\u{7}"),
        ("a b", "c"),
        ("--a", "c"),
        ("a=b", "c"),
        ("", "c"),
        ("node-ip", "10.0.0.1"),
        ("hostname-override", "x"),
    ] {
        let findings = with(name, value).unwrap_err();
        assert!(findings.iter().any(|f| f.code.id == "O006"), "{name:?}={value:?}");
    }
    let docs = with("eviction-hard", "memory.available<100Mi").unwrap();
    assert_eq!(docs.findings.iter().map(|f| f.code.id).collect::<Vec<_>>(), ["O008"]);
    let args = &docs.nodes[0].flags.flags["kubelet-extra-args"].value;
    assert_eq!(
        args,
        "--eviction-hard=memory.available<100Mi --v=2 --node-ip=10.0.0.11 --hostname-override=mgr1"
    );
}

#[test]
fn the_unit_is_byte_for_byte_that_of_k0s() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let docs = documents(contract, 1, 1);
    let text = unit(&docs, "wrk1", Role::Worker).render().unwrap();
    let (before, after) = text.split_once("ExecStart=").unwrap();
    assert_eq!(
        before,
        "[Unit]\nDescription=k0s - Zero Friction Kubernetes\nDocumentation=https://docs.k0sproject.io\n\
         ConditionFileIsExecutable=/usr/local/bin/k0s\n\nAfter=network-online.target \n\
         Wants=network-online.target \n\n[Service]\nStartLimitInterval=5\nStartLimitBurst=10\n"
    );
    let (exec, after) = after.split_once('\n').unwrap();
    assert_eq!(
        exec,
        "/usr/local/bin/k0s worker --data-dir=/var/lib/k0s --iptables-mode=nft \
         --kubelet-extra-args=--v=2\\x20--node-ip=10.0.0.12\\x20--hostname-override=wrk1 \
         --kubelet-root-dir=/var/lib/kubelet --labels=mke/version=v4.1.5 --profile=mke-default-worker \
         --token-file=/etc/k0s/k0stoken"
    );
    assert_eq!(
        after,
        "\nRestartSec=10\nDelegate=yes\nKillMode=process\nLimitCORE=infinity\nTasksMax=infinity\n\
         TimeoutStartSec=0\nLimitNOFILE=999999\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n"
    );
}
