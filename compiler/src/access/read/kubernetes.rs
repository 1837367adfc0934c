//! kubectl's lists of namespaces, roles and bindings.

use super::object::{COLLECT_AGAIN, Object, Reading, shown};
use crate::access::export::{Binding, KubeRole, Kubernetes, RoleRef, Subject};
use crate::access::labels;
use crate::diag::codes::{access as code, input};
use crate::diag::{Finding, Findings};
use crate::source::{File, Node, Place, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const LISTS: &[&str] = &["namespaces", "clusterroles", "roles", "clusterrolebindings", "rolebindings"];
const LIST: &[&str] = &["apiVersion", "kind", "metadata", "items"];
const OBJECT: &[&str] =
    &["apiVersion", "kind", "metadata", "spec", "status", "rules", "aggregationRule", "roleRef", "subjects"];
const SUBJECT: &[&str] = &["kind", "name", "namespace", "apiGroup"];
/// What says that Kubernetes made an object by itself.
const BOOTSTRAP: &str = "kubernetes.io/bootstrapping";
/// Resources whose makers decide what pods look like: pods, containers that are added to them, and what makes pods.
const WORKLOADS: &[&str] = &[
    "pods",
    "pods/ephemeralcontainers",
    "*/ephemeralcontainers",
    "deployments",
    "daemonsets",
    "statefulsets",
    "replicasets",
    "replicationcontrollers",
    "jobs",
    "cronjobs",
    "podtemplates",
];

/// What was met so far.
#[derive(Default)]
pub(super) struct Objects {
    kubernetes: Kubernetes,
    met: BTreeSet<&'static str>,
    seen: BTreeMap<(String, String, String), Place>,
}

impl Objects {
    pub(super) fn take(&mut self, top: &Object<'_>, reading: &mut Reading) {
        let Some(lists) = top.object("kubernetes", "the Kubernetes objects", LISTS, reading) else { return };
        for key in LISTS {
            if lists.get(key).is_some() {
                self.met.insert(key);
            }
            let Some(list) = lists.object(key, "a list of kubectl", LIST, reading) else { continue };
            let kind = list.text("kind", reading);
            if list.get("items").is_none() || !kind.ends_with("List") {
                let message = format!("`kubernetes.{key}` is no list that kubectl made");
                reading
                    .findings
                    .push(Finding::new(code::NOT_AN_EXPORT, message).at(list.place()).help(COLLECT_AGAIN));
                continue;
            }
            for item in list.list("items", reading) {
                self.object(key, top.file, item, reading);
            }
        }
    }

    pub(super) fn finish(mut self, head: Option<&Place>, reading: &mut Reading) -> Kubernetes {
        if let Some(head) = head {
            for list in LISTS.iter().filter(|list| !self.met.contains(*list)) {
                reading.incomplete(head.clone(), format!("the export has no `kubernetes.{list}`"));
            }
        }
        let order = |b: &Binding| (b.namespace.clone(), b.name.clone());
        self.kubernetes.bindings.sort_by_cached_key(order);
        self.kubernetes
    }

    fn object(&mut self, list: &'static str, file: &File, node: &Node, reading: &mut Reading) {
        let Some(object) = Object::new(file, node, "a Kubernetes object", OBJECT, reading) else { return };
        let Some(meta) = object.object("metadata", "the metadata of an object", &[], reading) else {
            let message = "a Kubernetes object has no `metadata`";
            reading
                .findings
                .push(Finding::new(input::MISSING, message).at(object.place()).help(COLLECT_AGAIN));
            return;
        };
        let Some(name) = meta.required("name", reading) else { return };
        let namespace = meta.text("namespace", reading);
        let key = (list.to_owned(), namespace.clone(), name.clone());
        if let Some(first) = self.seen.insert(key, object.place()) {
            let message = format!("`{}` stands twice in `kubernetes.{list}`", shown(&name));
            reading.twice(object.place(), first, message);
        }
        let labels = texts(meta.object("labels", "labels", &[], reading));
        let ours = labels.contains_key(labels::KIND);
        let kubernetes = &mut self.kubernetes;
        match list {
            "namespaces" => {
                kubernetes.namespaces.insert(name);
            }
            "clusterroles" => {
                kubernetes.cluster_roles.insert(name, role(&object, &meta, ours, reading));
            }
            "roles" => {
                kubernetes.roles.insert((namespace, name), role(&object, &meta, ours, reading));
            }
            _ => {
                let Some(to) = object.object("roleRef", "the role of a binding", &[], reading) else {
                    let message = format!("binding `{}` names no role", shown(&name));
                    reading
                        .findings
                        .push(Finding::new(input::MISSING, message).at(object.place()).help(COLLECT_AGAIN));
                    return;
                };
                let cluster = to.text("kind", reading) == "ClusterRole";
                let Some(role) = to.required("name", reading) else { return };
                let annotations = texts(meta.object("annotations", "annotations", &[], reading));
                let subjects = match annotations.get(labels::ORIGINAL_SUBJECTS) {
                    Some(text) => original(text, &object, reading),
                    None => subjects(&object, reading),
                };
                kubernetes.bindings.push(Binding {
                    namespace: (list == "rolebindings").then_some(namespace),
                    name,
                    role: RoleRef { cluster, name: role },
                    subjects,
                    ours,
                    bootstrap: labels.contains_key(BOOTSTRAP),
                    place: meta.place_of("name"),
                });
            }
        }
    }
}

/// Labels or annotations.
fn texts(object: Option<Object<'_>>) -> BTreeMap<String, String> {
    let entries = object.iter().flat_map(|object| object.entries());
    let text = |value: &Value| match value {
        Value::Str(text) => Some(text.clone()),
        _ => None,
    };
    entries.filter_map(|entry| Some((entry.key.clone(), text(&entry.node.value)?))).collect()
}

fn role(object: &Object<'_>, meta: &Object<'_>, ours: bool, reading: &mut Reading) -> KubeRole {
    let mut collects = Vec::new();
    if let Some(rule) = object.object("aggregationRule", "an aggregation rule", &[], reading) {
        for node in rule.list("clusterRoleSelectors", reading) {
            let Some(selector) = Object::new(object.file, node, "a selector", &[], reading) else { continue };
            let simple = selector.entries().iter().all(|e| e.key == "matchLabels");
            let labels = texts(selector.object("matchLabels", "the labels of a selector", &[], reading));
            // A selector with expressions is nothing that a stock role has.
            collects.push(if simple { labels } else { BTreeMap::new() });
        }
    }
    let mut runs_pods = false;
    for node in object.list("rules", reading) {
        let Some(rule) = Object::new(object.file, node, "a rule", &[], reading) else { continue };
        let verbs = rule.texts("verbs", reading);
        let resources = rule.texts("resources", reading);
        runs_pods |= verbs.iter().any(|verb| ["create", "update", "patch", "*"].contains(verb))
            && resources.iter().any(|resource| *resource == "*" || WORKLOADS.contains(resource));
    }
    KubeRole { ours, collects, runs_pods, place: meta.place_of("name") }
}

fn subjects(object: &Object<'_>, reading: &mut Reading) -> Vec<Subject> {
    let nodes = object.list("subjects", reading);
    nodes.iter().filter_map(|node| subject(object.file, node, reading)).collect()
}

fn subject(file: &File, node: &Node, reading: &mut Reading) -> Option<Subject> {
    let subject = Object::new(file, node, "a subject", SUBJECT, reading)?;
    let kind = subject.required("kind", reading)?;
    let name = subject.required("name", reading)?;
    match kind.as_str() {
        "User" => Some(Subject::User(name)),
        "Group" => Some(Subject::Group(name)),
        "ServiceAccount" => Some(Subject::ServiceAccount(subject.text("namespace", reading), name)),
        _ => {
            let message = format!("a binding's subject is of the unknown kind `{}`", shown(&kind));
            reading
                .findings
                .push(Finding::new(input::VALUE, message).at(subject.place()).help(COLLECT_AGAIN));
            None
        }
    }
}

/// The subjects that an earlier translation kept in an annotation.
fn original(text: &str, object: &Object<'_>, reading: &mut Reading) -> Vec<Subject> {
    let file = File::new("annotation", text);
    let mut inner = Reading { findings: Findings::new(), unread: BTreeMap::new() };
    let node = json::parse(&file, &mut inner.findings);
    let found = match node.as_ref().map(|n| &n.value) {
        Some(Value::List(items)) => {
            items.iter().filter_map(|node| subject(&file, node, &mut inner)).collect()
        }
        _ => Vec::new(),
    };
    if node.is_none() || inner.findings.stop() {
        let message = format!("the annotation `{}` can't be read", labels::ORIGINAL_SUBJECTS);
        let help = "take the annotation away, or restore the binding's subjects by hand";
        reading.findings.push(Finding::new(input::VALUE, message).at(object.place()).help(help));
    }
    found
}
