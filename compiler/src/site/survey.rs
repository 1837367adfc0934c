//! survey/<node>.json: what `airlift-node survey` writes on a node. Format 1.
//!
//! The types below are the format; its JSON Schema is published as `docs/schemas/survey.schema.json`. A survey of a
//! newer format is refused before anything else in it is looked at, an unknown field always. Only public halves of
//! keys are in it.

use super::keys::{AgeRecipient, SshHostKey, fingerprint};
use super::values::{NodeName, Refusal, Role, Words, accept, parse};
use crate::diag::codes::{input, site as code};
use crate::diag::{Finding, Findings};
use crate::source::{Field, File, Node, Value, json};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The only format so far.
pub const VERSION: u32 = 1;

/// A survey of one node, made by `airlift-node survey`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Format of this file: 1.
    pub version: u32,
    /// The kernel's host name, as `uname -n` prints it.
    pub hostname: String,
    /// The fully qualified name, where the node knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<String>,
    /// All network interfaces with their addresses.
    pub interfaces: Vec<Interface>,
    /// Public keys of the node.
    pub keys: Keys,
    /// From os-release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// The architecture by its Go name: amd64, arm64.
    pub arch: String,
    /// Switches and states of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// The container engine of MKE 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Mounts of real file systems.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Sockets that wait for others.
    #[serde(default)]
    pub listening: Vec<Listening>,
    /// What MKE 3 says about itself on this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mke: Option<Mke>,
    /// MKE 3's own containers (their names begin with `ucp-`), by name.
    #[serde(default)]
    pub containers: Vec<Container>,
    /// Flags of running components (kubelet, kube-apiserver, …), in their order.
    #[serde(default)]
    pub component_flags: BTreeMap<String, Vec<ComponentFlag>>,
    /// Digests of key files, to compare nodes with each other; never the keys.
    #[serde(default)]
    pub key_digests: Vec<KeyDigest>,
    /// Images that the engine has.
    #[serde(default)]
    pub images: Vec<Image>,
    /// What the survey could not see, or holds for odd.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its name, for example eth0.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterfaceAddress {
    /// Address and prefix length, for example 10.0.0.11/24.
    pub address: String,
    /// How far it reaches, as `ip address` calls it.
    pub scope: Scope,
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everywhere.
    Global,
    /// On the link.
    Link,
    /// On this host.
    Host,
}

/// Public keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The node's own age recipient, age1….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_recipient: Option<String>,
    /// SHA-256 of the recipient's text, SHA256:<base64>, to be compared by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_fingerprint: Option<String>,
    /// The ed25519 SSH host key, ssh-ed25519 AAAA….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_host_ed25519: Option<String>,
    /// Its fingerprint as ssh-keygen -l prints it, SHA256:<base64>.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_host_fingerprint: Option<String>,
}

/// The operating system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Os {
    /// ID of os-release, for example ubuntu.
    pub id: String,
    /// VERSION_ID of os-release, for example 22.04; `rolling` where it has none.
    pub version: String,
}

/// Switches and states of the operating system; what is unknown is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Version of control groups that containers use: 1 or 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_version: Option<u8>,
    /// State of SELinux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selinux: Option<Selinux>,
    /// Swap space in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap: Option<u64>,
    /// Whether the kernel holds its clock for synchronized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_synchronized: Option<bool>,
}

/// State of SELinux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Selinux {
    /// Refuses.
    Enforcing,
    /// Logs only.
    Permissive,
    /// Off, or not in the kernel.
    Disabled,
}

/// The container engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Its version, where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its data folder.
    pub data_root: String,
    /// Its storage driver, where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_driver: Option<String>,
}

/// A mount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Where it is mounted.
    pub target: String,
    /// What is mounted.
    pub source: String,
    /// The file system's type.
    pub fs_type: String,
    /// Mount options, comma-separated.
    #[serde(default)]
    pub options: String,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Free for root, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<u64>,
}

/// A socket that waits for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listening {
    /// The port.
    pub port: u16,
    /// tcp or udp.
    pub protocol: Protocol,
    /// The address; `0.0.0.0` and `::` are all of them.
    pub address: String,
}

/// A protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// MKE 3 on the node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mke {
    /// Its version, for example 3.8.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cluster's instance id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The node's role.
    pub role: SurveyRole,
}

/// A node's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SurveyRole {
    /// Runs the control plane.
    Manager,
    /// Runs workloads only.
    Worker,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The reference of the image that it was made from.
    pub image: String,
    /// As the engine calls it: running, exited, ….
    pub state: String,
    /// always, unless-stopped, on-failure or no.
    pub restart_policy: String,
}

/// A flag of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentFlag {
    /// Without dashes.
    pub name: String,
    /// Its value; `true` for a bare switch, `(held back)` for a secret.
    pub value: String,
}

/// The digest of a key file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyDigest {
    /// Path, or volume and path in it.
    pub path: String,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// An image of the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its reference.
    pub reference: String,
    /// Its digest, sha256:<hex>, where it was pulled by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What a survey could not see, or holds for odd.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The field that it is about, for example engine.version.
    pub fact: String,
    /// One line for people.
    pub text: String,
}

/// The format's JSON Schema, as it is published.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Survey).to_value()
}

/// A survey with what the merge needs in types.
#[derive(Clone, Debug)]
pub struct SurveyFile {
    /// The file.
    pub file: File,
    /// All of it.
    pub survey: Survey,
    /// `hostname`, lower-case.
    pub hostname: Field<NodeName>,
    /// `fqdn`, lower-case.
    pub fqdn: Option<Field<String>>,
    /// The kubelet's `--hostname-override`: the node's name in Kubernetes.
    pub node_name: Option<Field<NodeName>>,
    /// The kubelet's `--node-ip`.
    pub node_ip: Option<Field<IpAddr>>,
    /// Addresses that reach beyond the host, with their interfaces; Docker's bridges and CNI devices are left out.
    pub addresses: Vec<(String, Field<IpAddr>)>,
    /// `mke.role`
    pub role: Option<Field<Role>>,
    /// `keys.age_recipient`
    pub age_recipient: Option<Field<AgeRecipient>>,
    /// `keys.ssh_host_ed25519`
    pub ssh_host_key: Option<Field<SshHostKey>>,
}

/// Interfaces whose addresses are the same on every node, or are no addresses of the node at all.
const LOCAL_INTERFACES: [&str; 12] = [
    "lo",
    "docker",
    "br-",
    "cali",
    "vxlan",
    "tunl",
    "kube-ipvs",
    "veth",
    "cni",
    "flannel",
    "virbr",
    "nodelocaldns",
];

/// Reads a survey.
pub(super) fn read(file: &File, findings: &mut Findings) -> Option<SurveyFile> {
    // Before anything else, and without showing the line.
    if file.text().contains("AGE-SECRET-KEY-") || file.text().contains("PRIVATE KEY-----") {
        findings.push(
            Finding::new(code::PRIVATE_KEY, format!("{} holds a private key", file.label()))
                .help("destroy the file, make a new key on the node, and survey it again"),
        );
        return None;
    }
    let root = json::parse(file, findings)?;
    match root.get("version").map(|n| (&n.value, file.place(n.span.clone()))) {
        Some((Value::Int(n), place)) if *n > i64::from(VERSION) => {
            findings.push(
                Finding::new(
                    code::SURVEY_VERSION,
                    format!("{} has format {n}; this airlift reads up to {VERSION}", file.label()),
                )
                .at(place)
                .help("use the airlift of the same release as the airlift-node that made it"),
            );
            return None;
        }
        Some((Value::Int(1), _)) => {}
        other => {
            let place = other.map_or_else(|| file.place(root.span.clone()), |(_, place)| place);
            findings.push(
                Finding::new(
                    code::SURVEY_FORM,
                    format!("{} is no survey: `version: 1` is not in it", file.label()),
                )
                .at(place)
                .help("make it with `airlift-node survey` on the node"),
            );
            return None;
        }
    }
    let survey: Survey = match serde_json::from_str(file.text()) {
        Ok(survey) => survey,
        Err(error) => {
            findings.push(broken(file, &error));
            return None;
        }
    };
    let view = View { file, root: &root };
    let hostname = view.texts("hostname", &survey.hostname).map(|s| s.to_ascii_lowercase());
    let hostname = parse(hostname, findings);
    let fqdn = survey.fqdn.as_ref().map(|name| view.texts("fqdn", name).map(|s| s.to_ascii_lowercase()));
    let role = survey.mke.as_ref().map(|mke| {
        view.texts("mke.role", "").map(|_| match mke.role {
            SurveyRole::Manager => Role::Manager,
            SurveyRole::Worker => Role::Worker,
        })
    });
    let age_recipient: Option<Field<AgeRecipient>> = survey
        .keys
        .age_recipient
        .as_ref()
        .and_then(|text| parse(view.texts("keys.age_recipient", text), findings));
    let ssh_host_key: Option<Field<SshHostKey>> = survey
        .keys
        .ssh_host_ed25519
        .as_ref()
        .and_then(|text| parse(view.texts("keys.ssh_host_ed25519", text), findings));
    let prints = [
        (
            "keys.age_fingerprint",
            &survey.keys.age_fingerprint,
            age_recipient.as_ref().map(|key| fingerprint(key.value.as_str().as_bytes())),
        ),
        (
            "keys.ssh_host_fingerprint",
            &survey.keys.ssh_host_fingerprint,
            ssh_host_key.as_ref().map(|key| key.value.fingerprint()),
        ),
    ];
    for (path, given, computed) in prints {
        if let (Some(given), Some(computed)) = (given, computed)
            && *given != computed
        {
            findings.push(
                view.texts(path, given)
                    .finding(
                        code::SURVEY_FORM,
                        format!("`{path}` is not the fingerprint of the key beside it"),
                    )
                    .note(format!("the key's is {computed}"))
                    .help("the file was edited or damaged; make it again on the node"),
            );
        }
    }
    let os = survey.os.iter().flat_map(|os| [("os.id", &os.id), ("os.version", &os.version)]);
    for (path, text) in [("kernel", &survey.kernel), ("arch", &survey.arch)].into_iter().chain(os) {
        parse::<Words>(view.texts(path, text), findings);
    }
    let flag = |name: &str| {
        let flags = survey.component_flags.get("kubelet")?;
        let (i, flag) =
            flags.iter().enumerate().find(|(_, flag)| flag.name == name && !flag.value.is_empty())?;
        Some(view.texts(&format!("component_flags.kubelet[{i}].value"), &flag.value))
    };
    let node_name = flag("hostname-override").and_then(|f| parse(f, findings));
    let node_ip = flag("node-ip").and_then(|f| accept(f, ip, findings));
    let addresses = addresses(&survey, &view, findings);
    findings.extend(noted(&survey, &view));
    Some(SurveyFile {
        file: file.clone(),
        hostname: hostname?,
        fqdn,
        node_name,
        node_ip,
        addresses,
        role,
        age_recipient,
        ssh_host_key,
        survey,
    })
}

/// What the node itself has to say about its survey: a fact that is missing is not one that is absent.
fn noted(survey: &Survey, view: &View<'_>) -> Option<Finding> {
    const MOST: usize = 10;
    let first = survey.notes.first()?;
    let count = survey.notes.len();
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = survey.notes.iter().take(MOST);
    let mut lines: Vec<String> =
        shown.map(|note| format!("{}: {}", line(&note.fact), line(&note.text))).collect();
    if count > MOST {
        lines.push(format!("and {} more", count - MOST));
    }
    let things = if count == 1 { "one thing".to_owned() } else { format!("{count} things") };
    let text = format!("{}'s survey could not see, or holds for odd, {things}", survey.hostname);
    let finding = view.texts("notes[0].text", &first.text).finding(code::SURVEY_NOTES, text);
    Some(finding.note(lines.join("\n")).help("where that matters, mend it on the node and survey it again"))
}

fn addresses(survey: &Survey, view: &View<'_>, findings: &mut Findings) -> Vec<(String, Field<IpAddr>)> {
    let mut addresses = Vec::new();
    for (i, interface) in survey.interfaces.iter().enumerate() {
        for (j, address) in interface.addresses.iter().enumerate() {
            let field = view.texts(&format!("interfaces[{i}].addresses[{j}].address"), &address.address);
            let read = |text: &str| {
                text.parse::<IpNet>().map(|net| net.addr()).map_err(|_| {
                    Refusal::new(code::ADDRESS, "is no address with a prefix length", "make the survey again")
                })
            };
            let Some(field) = accept(field, read, findings) else { continue };
            let local = LOCAL_INTERFACES.iter().any(|name| interface.name.starts_with(name));
            if address.scope == Scope::Global && !local {
                addresses.push((interface.name.clone(), field));
            }
        }
    }
    addresses
}

fn ip(text: &str) -> Result<IpAddr, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(code::ADDRESS, "is no IP address", "make the survey again on the node"))
}

fn broken(file: &File, error: &serde_json::Error) -> Finding {
    // serde_json counts lines and columns from 1, in bytes.
    let start: usize =
        file.text().split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(file.text().len());
    let at = (0..=at).rev().find(|at| file.text().is_char_boundary(*at)).unwrap_or(0);
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    let code = if message.starts_with("unknown field") {
        input::UNKNOWN
    } else if message.starts_with("missing field") {
        input::MISSING
    } else if message.starts_with("duplicate field") {
        input::DUPLICATE
    } else {
        code::SURVEY_FORM
    };
    Finding::new(code, message).at(file.place(at..at)).help(
        "make the survey again with `airlift-node survey`; its format is in docs/schemas/survey.schema.json",
    )
}

/// Finds places of values that serde has already read.
struct View<'a> {
    file: &'a File,
    root: &'a Node,
}

impl View<'_> {
    /// A field at a path such as `keys.age_recipient` or `interfaces[0].name`.
    fn texts(&self, path: &str, value: &str) -> Field<String> {
        let mut node = Some(self.root);
        for part in path.split('.') {
            let (key, index) = match part.split_once('[') {
                Some((key, index)) => (key, index.trim_end_matches(']').parse::<usize>().ok()),
                None => (part, None),
            };
            node = node.and_then(|n| n.get(key));
            if let Some(index) = index {
                node = node.and_then(|n| match &n.value {
                    Value::List(items) => items.get(index),
                    _ => None,
                });
            }
        }
        let span = node.map_or(0..0, |n| n.span.clone());
        Field { value: value.to_owned(), place: self.file.place(span), path: path.to_owned() }
    }
}
