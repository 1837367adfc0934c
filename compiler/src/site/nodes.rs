//! nodes.json: what `kubectl get nodes -o json` prints.
//!
//! Of each node only what a migration needs is taken; the rest, which differs with every version of Kubernetes, is
//! passed over. Everything that is not a list of nodes (one node, a Status, a Table, kubectl's own text, an empty
//! list) is refused by name, and so is a file that breaks off.

use super::values::{NodeName, Parse, ProfileName, Refusal, Role, accept, parse};
use crate::diag::codes::{input, site as code};
use crate::diag::{Finding, Findings};
use crate::source::{Field, File, Node, Place, Value, json};
use std::net::IpAddr;

/// The command that makes the file.
pub const COMMAND: &str = "kubectl get nodes -o json > nodes.json";

/// Labels that only managers have. MKE 3 sets the first on them; k0s and newer kubeadm the second.
const MANAGER_LABELS: [&str; 3] =
    ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane", "com.docker.ucp.manager"];

/// The label by which MKE 3 gives a node a kubelet profile.
const PROFILE_LABEL: &str = "custom-kubelet-profile";

/// A node as Kubernetes knows it.
#[derive(Clone, Debug)]
pub struct KubeNode {
    /// The whole object.
    pub place: Place,
    /// `metadata.name`
    pub name: Field<NodeName>,
    /// By its role labels; without one it is a worker.
    pub role: Field<Role>,
    /// `status.addresses[]` of type InternalIP.
    pub internal: Vec<Field<IpAddr>>,
    /// `status.addresses[]` of type ExternalIP.
    pub external: Vec<Field<IpAddr>>,
    /// `status.addresses[]` of type Hostname, lower-case.
    pub hostname: Option<Field<String>>,
    /// The label `custom-kubelet-profile`.
    pub profile: Option<Field<ProfileName>>,
    /// `status.nodeInfo.operatingSystem`: linux or windows.
    pub os: Option<Field<String>>,
    /// `status.nodeInfo.architecture`: amd64, arm64, …
    pub architecture: Option<Field<String>>,
    /// `status.nodeInfo.osImage`
    pub os_image: Option<Field<String>>,
    /// `status.nodeInfo.kubeletVersion`
    pub kubelet_version: Option<Field<String>>,
    /// `status.nodeInfo.kernelVersion`
    pub kernel: Option<Field<String>>,
    /// `status.nodeInfo.containerRuntimeVersion`
    pub runtime: Option<Field<String>>,
    /// `spec.podCIDR`
    pub pod_cidr: Option<Field<String>>,
    /// Whether the condition Ready is True.
    pub ready: bool,
}

/// The nodes of a file, and whether every one could be read.
#[derive(Debug)]
pub(super) struct Nodes {
    pub nodes: Vec<KubeNode>,
    pub complete: bool,
}

/// Reads nodes.json. `None` where it is no list of nodes.
pub(super) fn read(file: &File, findings: &mut Findings) -> Option<Nodes> {
    let wrong = |what: &str| {
        Finding::new(code::NODES_KIND, format!("{} {what}", file.label()))
            .help(format!("make it again with `{COMMAND}`"))
    };
    let head = file.text().trim_start();
    if !head.starts_with('{') && !head.starts_with('[') {
        let first = head.lines().next().unwrap_or_default();
        let what = if first.starts_with("NAME") {
            "is kubectl's table for people, not JSON"
        } else if first.starts_with("apiVersion:") || first.starts_with("items:") {
            "is YAML, not JSON"
        } else if first.starts_with("error")
            || first.starts_with("Error")
            || first.starts_with("The connection")
        {
            "is an error message of kubectl"
        } else {
            "is not JSON"
        };
        let start = file.text().len() - head.len();
        findings.push(wrong(what).at(file.place(start..start + first.len())));
        return None;
    }
    let root = json::parse(file, findings)?;
    let at = |key: &str| root.get(key).map(|n| file.place(n.span.clone()));
    let kind = text(&root, "kind").unwrap_or_default();
    let items = match kind {
        "Node" => {
            findings.push(wrong("holds a single node, not the list of all").at_opt(at("kind")));
            return None;
        }
        "Status" => {
            let mut finding =
                wrong("is an error that the API server sent").at_opt(at("message").or_else(|| at("kind")));
            if text(&root, "reason") == Some("Forbidden") || text(&root, "reason") == Some("Unauthorized") {
                finding =
                    finding.note("the account may not list nodes; take an administrator's client bundle");
            }
            findings.push(finding);
            return None;
        }
        "Table" => {
            findings.push(wrong("is a Table, which only has what a terminal shows").at_opt(at("kind")));
            return None;
        }
        "List" | "NodeList" => root.get("items"),
        _ => None,
    };
    let Some(Node { value: Value::List(items), span }) = items else {
        findings.push(wrong("is JSON, but no list of Kubernetes nodes").at(file.place(root.span.clone())));
        return None;
    };
    if items.is_empty() {
        findings.push(
            wrong("is a list without nodes")
                .at(file.place(span.clone()))
                .note("an account without rights on nodes can get an empty list"),
        );
        return None;
    }
    let mut nodes: Vec<KubeNode> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(node) = Reader { file, path: format!("items[{i}]"), node: item }.read(findings) else {
            continue;
        };
        if let Some(first) = nodes.iter().find(|n| n.name.value == node.name.value) {
            findings.push(
                node.name
                    .finding(
                        code::NODES_KIND,
                        format!("{} names the node `{}` twice", file.label(), node.name.value),
                    )
                    .also(first.name.place.clone(), "first here")
                    .help(format!("make it again with `{COMMAND}`")),
            );
        } else {
            nodes.push(node);
        }
    }
    let complete = nodes.len() == items.len();
    Some(Nodes { nodes, complete })
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    match &node.get(key)?.value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

struct Reader<'a> {
    file: &'a File,
    path: String,
    node: &'a Node,
}

impl Reader<'_> {
    fn read(&self, findings: &mut Findings) -> Option<KubeNode> {
        let kind = text(self.node, "kind");
        if kind.is_some_and(|kind| kind != "Node") {
            findings.push(
                Finding::new(code::NODES_KIND, format!("`{}` is not a Node", self.path))
                    .at(self.file.place(self.node.span.clone()))
                    .help(format!("make the file again with `{COMMAND}`")),
            );
            return None;
        }
        let Some(name) = self.text(&["metadata", "name"]) else {
            findings.push(
                Finding::new(input::MISSING, format!("`{}` has no metadata.name", self.path))
                    .at(self.file.place(self.node.span.clone()))
                    .help(format!("make the file again with `{COMMAND}`")),
            );
            return None;
        };
        let name: Field<NodeName> = parse(name, findings)?;
        let addresses = self.addresses(findings);
        let ready = self.ready();
        if !ready {
            findings.push(
                name.finding(code::NOT_READY, format!("node `{}` is not Ready", name.value))
                    .help("bring it back before the change window, or take it out of the cluster"),
            );
        }
        Some(KubeNode {
            place: self.file.place(self.node.span.clone()),
            role: self.role(),
            internal: addresses.internal,
            external: addresses.external,
            hostname: addresses.hostname,
            profile: self.label(PROFILE_LABEL).and_then(|f| parse(f, findings)),
            os: self.info("operatingSystem", findings),
            architecture: self.info("architecture", findings),
            os_image: self.info("osImage", findings),
            kubelet_version: self.info("kubeletVersion", findings),
            kernel: self.info("kernelVersion", findings),
            runtime: self.info("containerRuntimeVersion", findings),
            pod_cidr: self.text(&["spec", "podCIDR"]),
            ready,
            name,
        })
    }

    fn field(&self, path: &[&str], node: &Node) -> Field<()> {
        let path = format!("{}.{}", self.path, path.join("."));
        Field { value: (), place: self.file.place(node.span.clone()), path }
    }

    fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self.node, |node, key| node.get(key))
    }

    fn text(&self, path: &[&str]) -> Option<Field<String>> {
        let node = self.at(path)?;
        match &node.value {
            Value::Str(text) if !text.is_empty() => Some(self.field(path, node).map(|()| text.to_owned())),
            _ => None,
        }
    }

    /// A member of nodeInfo: words that people and reports read.
    fn info(&self, key: &str, findings: &mut Findings) -> Option<Field<String>> {
        let field = self.text(&["status", "nodeInfo", key])?;
        parse::<super::values::Words>(field, findings).map(|f| f.map(|words| words.to_string()))
    }

    fn label(&self, key: &str) -> Option<Field<String>> {
        let field = self.text(&["metadata", "labels", key])?;
        Some(Field { path: format!("{}.metadata.labels[{key}]", self.path), ..field })
    }

    fn role(&self) -> Field<Role> {
        let labels = self.at(&["metadata", "labels"]);
        let found = MANAGER_LABELS.iter().find_map(|key| {
            let node = labels?.get(key)?;
            // `false` is how a person switches a label off.
            (node.value != Value::Str("false".to_owned())).then_some((*key, node))
        });
        match found {
            Some((key, node)) => Field {
                value: Role::Manager,
                place: self.file.place(node.span.clone()),
                path: format!("{}.metadata.labels[{key}]", self.path),
            },
            None => {
                let node = labels.unwrap_or(self.node);
                self.field(&["metadata", "labels"], node).map(|()| Role::Worker)
            }
        }
    }

    fn addresses(&self, findings: &mut Findings) -> Addresses {
        let mut addresses = Addresses { internal: Vec::new(), external: Vec::new(), hostname: None };
        let Some(Node { value: Value::List(list), .. }) = self.at(&["status", "addresses"]) else {
            return addresses;
        };
        for (i, entry) in list.iter().enumerate() {
            let (Some(kind), Some(node)) = (text(entry, "type"), entry.get("address")) else { continue };
            let Value::Str(address) = &node.value else { continue };
            let field = Field {
                value: address.clone(),
                place: self.file.place(node.span.clone()),
                path: format!("{}.status.addresses[{i}].address", self.path),
            };
            match kind {
                "InternalIP" => addresses.internal.extend(accept(field, ip, findings)),
                "ExternalIP" => addresses.external.extend(accept(field, ip, findings)),
                "Hostname" => addresses.hostname = Some(field.map(|name| name.to_ascii_lowercase())),
                _ => {}
            }
        }
        addresses
    }

    fn ready(&self) -> bool {
        let Some(Node { value: Value::List(list), .. }) = self.at(&["status", "conditions"]) else {
            return true;
        };
        list.iter().filter(|c| text(c, "type") == Some("Ready")).all(|c| text(c, "status") == Some("True"))
    }
}

struct Addresses {
    internal: Vec<Field<IpAddr>>,
    external: Vec<Field<IpAddr>>,
    hostname: Option<Field<String>>,
}

fn ip(text: &str) -> Result<IpAddr, Refusal> {
    match super::address::HostAddress::parse(text).ok().and_then(|address| address.ip()) {
        Some(ip) => Ok(ip),
        None => Err(Refusal::new(
            code::ADDRESS,
            "is no IP address",
            format!("make the file again with `{COMMAND}`"),
        )),
    }
}
