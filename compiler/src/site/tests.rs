//! A site that is right, to break in one place at a time.

mod good;
mod messages;
mod properties;

use super::{Overrides, Parts, SiteFiles};
use crate::diag::{Findings, render};

const CA: &[u8] = include_bytes!("../../../tests/fixtures/pki/ca.pem");

const SITE: &str = "\
site: prod-east
serial: 1
mke3_version: 3.8.7
external_address: mke.example.com
registries:
  image:
    url: registry.example.com:5000/mke
    ca_file: certs/ca.pem
  chart:
    url: oci://registry.example.com:5000/mke
";

const HOSTS: &str = "\
hosts:
  - address: 203.0.113.11
    port: 22
    user: ubuntu
    keyPath: ~/.ssh/id_ed25519
    hostname: mgr1
    role: manager
    privateAddress: 10.1.0.11
  - address: 203.0.113.12
    hostname: mgr2
    role: manager
    privateAddress: 10.1.0.12
  - address: 203.0.113.13
    hostname: mgr3
    role: manager
    privateAddress: 10.1.0.13
  - address: 203.0.113.21
    hostname: wrk1
    role: worker
    privateAddress: 10.1.0.21
";

/// Addresses only, as mkectl needs them: the rest must come from elsewhere.
const BARE_HOSTS: &str = "\
hosts:
  - address: 203.0.113.11
  - address: 203.0.113.12
  - address: 203.0.113.13
  - address: 203.0.113.21
";

const AGE: &str = "age10kzetxtl73h294xagxkk0d24vjuz8prr766rt3hv7tgmxz7fqvhqpk0z7e";
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXLCoZK8ERKtTy8mouvw1bevAaD6F+CPeKCTuMW/JNS";
const SSH_PRINT: &str = "SHA256:8MDeC7fKIPOIDZzq0PoZ5c3RrMwOTOJiGnNUWFNIh/A";
const OTHER_SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyaXJT4kx1+re7TXZMKvp8RwuPb9/Yx9TAmRZLZz9pI";

fn site() -> SiteFiles {
    let mut files = SiteFiles::new();
    files.insert("site.yaml", SITE);
    files.insert("hosts.yaml", HOSTS);
    files.insert("mke3.toml", "[cluster_config]\npod_cidr = \"192.168.0.0/16\"\n");
    files.insert("certs/ca.pem", CA);
    files
}

fn with(label: &str, bytes: impl Into<Vec<u8>>) -> SiteFiles {
    let mut files = site();
    files.insert(label, bytes);
    files
}

/// The right site with other words in one of its files, which must be there.
fn instead(label: &str, old: &str, new: &str) -> SiteFiles {
    let text = String::from_utf8(site().bytes(label).unwrap().to_vec()).unwrap();
    assert!(text.contains(old), "{old:?} is not in {label}");
    with(label, text.replacen(old, new, 1))
}

fn kube_node(name: &str, internal: &str, external: &str, manager: bool) -> String {
    let role = if manager { "\"node-role.kubernetes.io/master\": \"\"," } else { "" };
    format!(
        r#"    {{
      "kind": "Node",
      "metadata": {{"name": "{name}", "labels": {{{role} "kubernetes.io/os": "linux"}}}},
      "spec": {{"podCIDR": "192.168.1.0/24"}},
      "status": {{
        "addresses": [
          {{"type": "InternalIP", "address": "{internal}"}},
          {{"type": "ExternalIP", "address": "{external}"}},
          {{"type": "Hostname", "address": "{name}"}}
        ],
        "conditions": [{{"type": "Ready", "status": "True"}}],
        "nodeInfo": {{"operatingSystem": "linux", "architecture": "amd64", "osImage": "Ubuntu 22.04.4 LTS",
          "kubeletVersion": "v1.31.9-mirantis-1", "kernelVersion": "5.15.0-113-generic"}}
      }}
    }}"#
    )
}

fn list(nodes: &[String]) -> String {
    format!("{{\n  \"kind\": \"List\",\n  \"items\": [\n{}\n  ]\n}}\n", nodes.join(",\n"))
}

fn nodes() -> Vec<String> {
    vec![
        kube_node("wrk1", "10.1.0.21", "203.0.113.21", false),
        kube_node("mgr3", "10.1.0.13", "203.0.113.13", true),
        kube_node("mgr2", "10.1.0.12", "203.0.113.12", true),
        kube_node("mgr1", "10.1.0.11", "203.0.113.11", true),
    ]
}

fn survey(name: &str, last: u8, role: &str) -> String {
    format!(
        r#"{{
  "version": 1,
  "hostname": "{name}",
  "fqdn": "{name}.example.com",
  "interfaces": [
    {{"name": "eth0", "addresses": [{{"address": "203.0.113.{last}/24", "scope": "global"}}]}},
    {{"name": "eth1", "addresses": [{{"address": "10.1.0.{last}/16", "scope": "global"}}]}},
    {{"name": "docker0", "addresses": [{{"address": "172.17.0.1/16", "scope": "global"}}]}}
  ],
  "keys": {{"age_recipient": "{AGE}", "ssh_host_ed25519": "{SSH}", "ssh_host_fingerprint": "{SSH_PRINT}"}},
  "os": {{"id": "ubuntu", "version": "22.04"}},
  "kernel": "5.15.0-113-generic",
  "arch": "amd64",
  "mke": {{"version": "3.8.7", "role": "{role}"}},
  "component_flags": {{"kubelet": [{{"name": "node-ip", "value": "10.1.0.{last}"}}]}}
}}
"#
    )
}

fn read(files: &SiteFiles) -> (Parts, Findings) {
    let mut findings = Findings::new();
    let parts = Parts::read(files, &Overrides::new(), &mut findings);
    (parts, findings)
}

fn shown(findings: &Findings) -> String {
    if findings.is_empty() {
        return "nothing found\n".to_owned();
    }
    findings.iter().map(|finding| format!("{}\n", render(finding, false))).collect()
}

fn report(files: &SiteFiles) -> String {
    shown(&read(files).1)
}
