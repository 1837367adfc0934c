//! What an operator reads about each kind of bad input. Every case must stop or warn; the texts are snapshots.

use super::*;
use crate::origin::{Source, Tracked};
use crate::site::networks::{self, Range};
use crate::site::{Flag, Site};

/// One snapshot of many cases.
fn gallery(cases: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, shown) in cases {
        assert!(!shown.contains("nothing found"), "{name}: nothing was found");
        text.push_str(&format!("===== {name} =====\n{shown}\n"));
    }
    text
}

fn site_yaml(cases: &[(&'static str, &str, &str)]) -> Vec<(&'static str, String)> {
    cases.iter().map(|(name, old, new)| (*name, report(&instead("site.yaml", old, new)))).collect()
}

fn hosts_yaml(cases: &[(&'static str, &str, &str)]) -> Vec<(&'static str, String)> {
    cases.iter().map(|(name, old, new)| (*name, report(&instead("hosts.yaml", old, new)))).collect()
}

#[test]
fn settings() {
    let cases = site_yaml(&[
        ("misspelt key", "external_address:", "external_adress:"),
        ("unknown key", "serial: 1", "serial: 1\nfavourite_colour: red"),
        ("key of mkectl", "external_address:", "externalAddress:"),
        ("key twice", "serial: 1", "serial: 1\nserial: 2"),
        ("wrong type", "serial: 1", "serial: one"),
        ("serial zero", "serial: 1", "serial: 0"),
        ("site name missing", "site: prod-east\n", ""),
        ("site name with a blank", "prod-east", "\"prod east\""),
        ("version of two numbers", "3.8.7", "\"3.8\""),
        ("version as a number", "3.8.7", "3.8"),
        ("version of MKE 4", "3.8.7", "4.1.0"),
        ("target of MKE 3", "serial: 1", "serial: 1\ntarget: v3.8.7"),
        ("data_dir without k0s", "serial: 1", "serial: 1\ndata_dir: /var/lib/docker"),
        ("data_dir with a systemd specifier", "serial: 1", "serial: 1\ndata_dir: /var/lib/%n/k0s"),
        ("data_dir with a line break", "serial: 1", "serial: 1\ndata_dir: \"/var/lib/a\\nb/k0s\""),
        ("day that does not exist", "serial: 1", "serial: 1\nchange_window: 2027-02-29"),
        ("network with host bits", "serial: 1", "serial: 1\nnode_network: 10.1.0.7/16"),
        ("node network elsewhere", "serial: 1", "serial: 1\nnode_network: 10.2.0.0/16"),
        ("path out of the site", "certs/ca.pem", "../ca.pem"),
        ("file that is not there", "certs/ca.pem", "certs/other.pem"),
        ("decision that is a list", "serial: 1", "serial: 1\ndecisions:\n  a.b: [1]"),
        ("reason with a slot", "serial: 1", "serial: 1\nallow:\n  a.b: airlift-secret(x)"),
        ("waiver without reason", "serial: 1", "serial: 1\nwaivers:\n  - code: disk"),
        (
            "waiver for an unknown host",
            "serial: 1",
            "serial: 1\nwaivers:\n  - {code: disk, host: wkr1, reason: r}",
        ),
        ("leader is a worker", "serial: 1", "serial: 1\nleader: wrk1"),
        ("leader is unknown", "serial: 1", "serial: 1\nleader: mgr9"),
        ("port out of range", "serial: 1", "serial: 1\ngateway:\n  http_node_port: 70000"),
    ]);
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn addresses() {
    let cases = site_yaml(&[
        ("scheme", "mke.example.com", "https://mke.example.com"),
        ("path", "mke.example.com", "mke.example.com/ui"),
        ("trailing slash", "mke.example.com", "mke.example.com/"),
        ("IPv6 without brackets", "mke.example.com", "fd00::1"),
        ("port zero", "mke.example.com", "mke.example.com:0"),
        ("no IPv4 address", "mke.example.com", "10.0.0.300"),
        ("a node's SSH address", "mke.example.com", "203.0.113.12"),
        ("a node's private address", "mke.example.com", "10.1.0.21"),
        ("a node's name", "mke.example.com", "mgr2"),
        ("image registry with a scheme", "url: registry", "url: https://registry"),
        ("image registry over http", "url: registry", "url: http://registry"),
        ("image registry with a slash", "5000/mke\n    ca", "5000/mke/\n    ca"),
        ("image registry without a path", "5000/mke\n    ca", "5000\n    ca"),
        ("image registry in upper case", "5000/mke\n    ca", "5000/MKE\n    ca"),
        ("image registry with a tag", "5000/mke\n    ca", "5000/mke:4.1\n    ca"),
        ("image registry without a dot", "url: registry.example.com:5000", "url: registry"),
        (
            "image registry with a bad port",
            "url: registry.example.com:5000",
            "url: registry.example.com:99999",
        ),
        ("chart registry without oci", "oci://", ""),
        ("chart registry over https", "oci://", "https://"),
        ("other paths", "oci://registry.example.com:5000/mke", "oci://registry.example.com:5000/charts"),
        ("air gap without chart registry", "  chart:\n    url: oci://registry.example.com:5000/mke\n", ""),
        ("registry without url", "    url: registry.example.com:5000/mke\n", ""),
    ]);
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn hosts() {
    let mut cases = hosts_yaml(&[
        ("upper case", "hostname: mgr1", "hostname: MGR1"),
        ("upper-case address", "address: 203.0.113.11", "address: Mgr1.Example.com"),
        ("hostname is an address", "hostname: mgr1", "hostname: 10.1.0.11"),
        ("hostname with an underscore", "hostname: mgr1", "hostname: mgr_1"),
        ("port in the address", "203.0.113.11", "203.0.113.11:22"),
        ("user in the address", "203.0.113.11", "ubuntu@203.0.113.11"),
        ("address missing", "address: 203.0.113.11\n    port", "port"),
        ("port out of range", "port: 22", "port: 65536"),
        ("port as text", "port: 22", "port: \"22\""),
        ("user with a quote", "user: ubuntu", "user: \"ubuntu'; reboot\""),
        ("user with an escape", "user: ubuntu", "user: \"a\\e[31m\""),
        ("key path with a blank", "~/.ssh/id_ed25519", "~/my keys/id"),
        ("key path of another user", "~/.ssh/id_ed25519", "~root/.ssh/id"),
        ("privateAddress is a name", "privateAddress: 10.1.0.11", "privateAddress: mgr1.internal"),
        ("privateAddress with a prefix", "privateAddress: 10.1.0.11", "privateAddress: 10.1.0.11/16"),
        (
            "both private keys",
            "privateAddress: 10.1.0.11",
            "privateAddress: 10.1.0.11\n    privateInterface: eth1",
        ),
        ("private IPv6", "privateAddress: 10.1.0.11", "privateAddress: \"fd00::11\""),
        ("external addresses only", "    privateAddress: 10.1.0.11\n", ""),
        ("role unknown", "role: manager", "role: master"),
        ("role of k0sctl", "role: manager", "role: controller"),
        ("role single", "role: manager", "role: single"),
        ("role missing", "    role: manager\n", ""),
        ("same SSH address", "203.0.113.12", "203.0.113.11"),
        ("same hostname", "hostname: mgr2", "hostname: mgr1"),
        ("same private address", "privateAddress: 10.1.0.12", "privateAddress: 10.1.0.11"),
        ("even managers", "hostname: mgr3\n    role: manager", "hostname: mgr3\n    role: worker"),
        ("unknown key", "keyPath", "sshKeyPath"),
    ]);
    let only = |text: &str| report(&with("hosts.yaml", text));
    cases.push(("private address guessed", {
        report(&with(
            "hosts.yaml",
            HOSTS.replace("203.0.113.11", "10.9.0.11").replace("    privateAddress: 10.1.0.11\n", ""),
        ))
    }));
    cases.push(("name guessed", {
        report(&with(
            "hosts.yaml",
            HOSTS.replace("203.0.113.11", "mgr1.example.com").replace("    hostname: mgr1\n", ""),
        ))
    }));
    cases.push(("no managers", only(&HOSTS.replace("role: manager", "role: worker"))));
    cases.push(("no name", only(&HOSTS.replace("    hostname: mgr1\n", ""))));
    cases.push(("empty list", only("hosts: []\n")));
    cases.push(("a list alone", only("- address: 10.0.0.1\n")));
    cases.push((
        "k0sctl file",
        only("apiVersion: k0sctl.k0sproject.io/v1beta1\nkind: Cluster\nspec:\n  hosts: []\n"),
    ));
    cases.push((
        "mke4.yaml",
        only("apiVersion: mke.mirantis.com/v1alpha1\nkind: MKEConfig\nspec:\n  hosts: []\n"),
    ));
    let mut files = site();
    files.insert("site.yaml", SITE.replace("site: prod", "paths: {hosts: inventory.yaml}\nsite: prod"));
    cases.push(("hosts file of another name", report(&files)));
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn nodes_json() {
    let only = |text: &str| report(&with("nodes.json", text));
    let mut fewer = nodes();
    fewer.remove(0);
    let mut more = nodes();
    more.push(kube_node("wrk2", "10.1.0.22", "203.0.113.22", false));
    let other: Vec<String> = (1..=3)
        .map(|i| kube_node(&format!("a{i}"), &format!("10.8.0.{i}"), &format!("198.51.100.{i}"), true))
        .collect();
    let mut both = fewer.clone();
    both.push(kube_node("wrk2", "10.1.0.22", "203.0.113.22", false));
    let listed = list(&nodes());
    let two = list(&[
        kube_node("mgr1.a.example.com", "10.1.0.11", "203.0.113.99", true),
        kube_node("mgr1.b.example.com", "10.1.0.98", "203.0.113.11", true),
    ]);
    let cases = [
        ("another cluster", only(&list(&other))),
        ("stale: a node is gone", only(&list(&fewer))),
        ("stale: a node is new", only(&list(&more))),
        ("stale: both", only(&list(&both))),
        ("a single node", only(&kube_node("mgr1", "10.1.0.11", "203.0.113.11", true))),
        (
            "an error",
            only(
                r#"{"kind": "Status", "status": "Failure", "message": "nodes is forbidden", "reason": "Forbidden", "code": 403}"#,
            ),
        ),
        ("a table", only(r#"{"kind": "Table", "rows": []}"#)),
        ("an empty list", only(&list(&[]))),
        ("other JSON", only(r#"{"a": 1}"#)),
        (
            "text for people",
            only("NAME   STATUS   ROLES    AGE   VERSION\nmgr1   Ready    master   1y    v1.31.9\n"),
        ),
        ("an error of kubectl", only("The connection to the server localhost:8080 was refused\n")),
        ("YAML", only("apiVersion: v1\nitems: []\n")),
        ("cut off", only(&listed[..listed.len() / 2])),
        ("pods", only(&listed.replacen("\"kind\": \"Node\"", "\"kind\": \"Pod\"", 1))),
        ("a node twice", only(&listed.replacen("wrk1", "mgr3", 2))),
        (
            "roles disagree",
            only(&list(&nodes()).replacen(
                "\"kubernetes.io/os\"",
                "\"node-role.kubernetes.io/master\": \"\", \"kubernetes.io/os\"",
                1,
            )),
        ),
        ("private addresses disagree", only(&listed.replace("10.1.0.13", "10.1.0.33"))),
        ("one host, two nodes", only(&two)),
        ("names disagree", only(&listed.replace("mgr3", "mgr4"))),
        ("short name against long name", only(&listed.replace("mgr3", "mgr3.example.com"))),
        ("not ready", only(&listed.replacen("\"status\": \"True\"", "\"status\": \"Unknown\"", 1))),
        (
            "Windows",
            only(&listed.replacen("\"operatingSystem\": \"linux\"", "\"operatingSystem\": \"windows\"", 1)),
        ),
        ("another architecture", only(&listed.replacen("amd64", "arm64", 1))),
        ("hostile name", only(&listed.replacen("\"name\": \"wrk1\"", "\"name\": \"wrk1\\u001b[2J\"", 1))),
    ];
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn surveys() {
    let good = survey("mgr1", 11, "manager");
    let only = |text: &str| report(&with("survey/mgr1.json", text));
    let instead = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        only(&good.replacen(old, new, 1))
    };
    let mut known = site();
    known.insert("survey/mgr1.json", good.clone());
    known.insert("known_hosts", format!("203.0.113.11 {OTHER_SSH}\n"));
    let notes: Vec<_> = (0..12)
        .map(|n| serde_json::json!({"fact": format!("mounts[{n}]"), "text": "odd\u{1b}[2J"}))
        .collect();
    let mut noted: serde_json::Value = serde_json::from_str(&good).unwrap();
    noted["notes"] = notes.into();
    let noted = serde_json::to_string_pretty(&noted).unwrap();
    let cases = [
        ("newer format", instead("\"version\": 1", "\"version\": 2")),
        ("no format", instead("\"version\": 1,", "")),
        ("unknown field", instead("\"kernel\"", "\"colour\": \"red\", \"kernel\"")),
        ("field missing", instead("\"arch\": \"amd64\",", "")),
        ("field twice", instead("\"arch\"", "\"arch\": \"amd64\", \"arch\"")),
        ("wrong type", instead("\"arch\": \"amd64\"", "\"arch\": 64")),
        ("a typed key", instead("age10kz", "age10kx")),
        ("another fingerprint", instead("SHA256:8MD", "SHA256:9MD")),
        ("a private key", instead(AGE, "AGE-SECRET-KEY-1FAKEFAKEFAKE")),
        ("another machine", only(&survey("db7", 77, "worker"))),
        ("another role", only(&survey("mgr1", 11, "worker"))),
        ("address on no interface", only(&good.replace("10.1.0.11/16", "10.1.0.99/16"))),
        ("two host keys", report(&known)),
        ("notes of the node", only(&noted)),
    ];
    insta::assert_snapshot!(gallery(&cases));
}

const FAKE_KEY: &str =
    "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5LCBqdXN0IHRoZXNlIHdvcmRz\n-----END PRIVATE KEY-----\n";

#[test]
fn ca_files() {
    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../../tests/fixtures/pki/", $name)).as_slice()
        };
    }
    let only = |bytes: &[u8]| report(&with("certs/ca.pem", bytes));
    let ca = String::from_utf8(CA.to_vec()).unwrap();
    let window = |bytes: &[u8]| {
        let mut files = with("certs/ca.pem", bytes);
        files.insert("site.yaml", format!("{SITE}change_window: 2027-03-14\n"));
        report(&files)
    };
    let cases = [
        ("DER", only(fixture!("ca.der"))),
        ("PKCS#7 in PEM", only(fixture!("ca.p7b"))),
        ("PKCS#7 in DER", only(fixture!("ca-der.p7b"))),
        ("PKCS#12", only(fixture!("ca.p12"))),
        ("not a CA", only(fixture!("leaf.pem"))),
        ("chain with a leaf", only(&[fixture!("leaf.pem"), CA].concat())),
        ("a private key", only(&[CA, FAKE_KEY.as_bytes()].concat())),
        ("a private key without line ends", only(FAKE_KEY.replace('\n', "\r").as_bytes())),
        ("a private key that breaks off", only(&FAKE_KEY.as_bytes()[..50])),
        ("cut off", only(&CA[..300])),
        ("damaged", only(ca.replacen("MII", "MI!", 1).as_bytes())),
        ("other bytes", only(ca.replacen("MIIB", "MIIC", 1).as_bytes())),
        ("an SSH key", only(b"ssh-ed25519 AAAA\n")),
        ("empty", only(b"")),
        ("expired at the change window", window(fixture!("expired-ca.pem"))),
        ("not yet valid at the change window", window(fixture!("future-ca.pem"))),
        ("ends soon after the change window", window(fixture!("ends-2027-ca.pem"))),
    ];
    for (name, shown) in &cases {
        assert!(!shown.contains("bm90"), "{name} shows a key");
    }
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn credential_files() {
    let secret = "hunter2-hunter2";
    let try_with = |text: &str, mode: u32| {
        let mut files = instead(
            "site.yaml",
            "    ca_file: certs/ca.pem\n",
            "    ca_file: certs/ca.pem\n    credentials_file: login.yaml\n",
        );
        files.insert_with_mode("login.yaml", text, mode);
        report(&files)
    };
    let good = format!("username: robot\npassword: {secret}\n");
    let cases = [
        ("others can read it", try_with(&good, 0o644)),
        ("no password", try_with("username: robot\n", 0o600)),
        ("broken YAML", try_with(&format!("username: robot\npassword: [{secret}\n"), 0o600)),
        ("broken JSON", try_with(&format!("{{\"auths\": {{\"r\": {{\"auth\": \"{secret}\"\n"), 0o600)),
        ("password is a number", try_with("username: robot\npassword: 12345678\n", 0o600)),
        (
            "another registry",
            try_with(
                &format!(
                    "{{\"auths\": {{\"other.example.com\": {{\"username\": \"u\", \"password\": \"{secret}\"}}}}}}"
                ),
                0o600,
            ),
        ),
        (
            "a helper program",
            try_with("{\"auths\": {\"registry.example.com:5000\": {}}, \"credsStore\": \"pass\"}", 0o600),
        ),
        (
            "not base64",
            try_with("{\"auths\": {\"registry.example.com:5000\": {\"auth\": \"hunter2-hunter2\"}}}", 0o600),
        ),
    ];
    for (name, shown) in &cases {
        assert!(!shown.contains("hunter2") && !shown.contains("12345678"), "{name} shows a password");
    }
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn networks() {
    let toml =
        crate::source::File::new("mke3.toml", "pod_cidr = \"10.0.0.0/8\"\nservice = \"10.96.0.0/16\"\n");
    let range = |called: &str, net: &str, at: std::ops::Range<usize>| {
        Range::new(
            called,
            Tracked::new(net.parse().unwrap(), Source::new("mke3.toml", called)),
            Some(toml.place(at)),
        )
    };
    let pods = range("the pod network", "10.0.0.0/8", 12..22);
    let services = range("the service network", "10.96.0.0/16", 35..49);
    let check = |files: &SiteFiles, cluster: &[Range]| {
        let mut findings = Findings::new();
        let site = Site::read(files, &Overrides::new(), &mut findings).unwrap();
        networks::overlaps(cluster, &site.fixed_ranges(), &mut findings);
        shown(&findings)
    };
    let usable = |net: &str| {
        let mut findings = Findings::new();
        networks::usable(&range("the pod network", net, 12..22), 22, &mut findings);
        shown(&findings)
    };
    let registry = SITE.replace("registry.example.com:5000", "10.200.0.5:5000");
    let wide = format!("{registry}node_network: 10.1.0.0/16\n");
    let cases = [
        (
            "pods and services",
            check(&site(), &[range("the pod network", "10.96.0.0/12", 12..22), services.clone()]),
        ),
        ("pods and nodes", check(&site(), std::slice::from_ref(&pods))),
        ("pods, node network and registry", check(&with("site.yaml", wide), &[pods])),
        (
            "services and external address",
            check(&instead("site.yaml", "mke.example.com", "10.96.3.4"), &[services]),
        ),
        ("IPv6", usable("fd00::/48")),
        ("too small", usable("10.0.0.0/24")),
        ("host bits", usable("10.0.0.1/16")),
    ];
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn flags() {
    let try_with = |flag: Flag, value: &str| {
        let mut overrides = Overrides::new();
        overrides.set(flag, Some(value));
        let mut findings = Findings::new();
        Parts::read(&site(), &overrides, &mut findings);
        shown(&findings)
    };
    let cases = [
        ("external address", try_with(Flag::ExternalAddress, "https://mke.example.com/")),
        ("air gap", try_with(Flag::Mke3Airgapped, "yes")),
        ("chart registry", try_with(Flag::ChartRegistry, "registry.example.com/mke")),
        ("data dir", try_with(Flag::DataDir, "/var/lib/docker")),
        ("hosts file that was not read", try_with(Flag::HostsPath, "/elsewhere/hosts.yaml")),
    ];
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn known_hosts() {
    let only = |text: &str| report(&with("known_hosts", text));
    let cases = [
        ("too few parts", only("10.0.0.1 ssh-ed25519\n")),
        ("damaged key", only("10.0.0.1 ssh-ed25519 AAAAC3Nz\n")),
        ("damaged hash", only(&format!("|1|abc {SSH}\n"))),
        ("a private key", only("-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n")),
    ];
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn wrong_kinds_and_empty_files() {
    let with_folder = |label: &str| {
        let mut files = site();
        files.remove(label);
        files.insert(format!("{label}/copy.txt"), "x");
        files
    };
    let cases = [
        ("nodes.json is a folder", report(&with_folder("nodes.json"))),
        ("known_hosts is a folder", report(&with_folder("known_hosts"))),
        ("hosts.yaml is a folder", report(&with_folder("hosts.yaml"))),
        ("CA file is a folder", report(&with_folder("certs/ca.pem"))),
        ("survey is a file", report(&with("survey", "{}"))),
        ("site.yaml is empty", report(&with("site.yaml", ""))),
        ("CA file is empty", report(&with("certs/ca.pem", ""))),
        ("lines end with CR", report(&with("hosts.yaml", HOSTS.replace('\n', "\r")))),
        ("serial beyond 64 bits", report(&instead("site.yaml", "serial: 1", "serial: 99999999999999999999"))),
        ("target of MKE 9", report(&instead("site.yaml", "serial: 1", "serial: 1\ntarget: v9.9.9"))),
        ("target without form", report(&instead("site.yaml", "serial: 1", "serial: 1\ntarget: newest"))),
    ];
    insta::assert_snapshot!(gallery(&cases));
}

#[test]
fn a_site_without_a_way_out_is_told_that_the_set_carries_no_k0s() {
    let absent = |files: &SiteFiles| {
        let site = read(files).0.whole().expect("a whole site");
        site.absences().iter().map(|f| f.code.id).collect::<Vec<_>>()
    };
    assert_eq!(absent(&site()), ["S016"]);
    assert_eq!(absent(&instead("site.yaml", "serial: 1", "serial: 1\nairgap: false")), [""; 0]);
    let mut files = instead("site.yaml", "serial: 1", "serial: 1\nk0s:\n  binary: k0s");
    files.insert("k0s", "binary");
    assert_eq!(absent(&files), [""; 0]);
}

#[test]
fn an_empty_folder_in_the_place_of_a_file_is_seen_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("nodes.json")).unwrap();
    let files = SiteFiles::load(folder.path(), &mut Findings::new());
    assert!(files.is_folder("nodes.json") && !files.is_folder("node"));
}
