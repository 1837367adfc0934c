//! How rights are written down.
//!
//! [`ClusterRoles`] is the reading of MKE 4k's pages that this project holds for the likeliest: an organization or team
//! is a ClusterRole with an aggregation rule and a ClusterRoleBinding of the same name. Which objects the dashboard of
//! MKE 4k shows can only be seen on a real one; another reading is another [`Writer`].

use super::dex;
use super::export::{RoleRef, Subject};
use super::labels::{self, Kind};
use super::object::{Body, Object, subjects_json};
use super::rights::{Gift, Login, Node, Rewritten, Rights, Taken};
use crate::diag::codes::access as code;
use crate::diag::{Finding, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// A way of writing rights down.
pub trait Writer {
    /// The objects, in the order in which they are applied.
    fn objects(&self, rights: Rights, findings: &mut Findings) -> Vec<Object>;
}

/// Aggregated ClusterRoles and bindings of the same name.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterRoles;

/// Subjects of one binding. The longest names that MKE 3 takes make it 1.3 MB then; the store refuses 1.5 MiB.
const SUBJECTS: usize = 4000;
/// Bytes of an annotation: going back hands it to kubectl as an argument, of which Linux takes 128 KiB.
const ANNOTATION: usize = 120 << 10;

impl Writer for ClusterRoles {
    fn objects(&self, rights: Rights, findings: &mut Findings) -> Vec<Object> {
        let mut roles = Vec::with_capacity(rights.nodes.len());
        let mut bindings = Vec::with_capacity(rights.nodes.len());
        for mut node in rights.nodes {
            roles.push(aggregated(&mut node));
            bindings.extend(own_binding(node, &rights.taken));
        }
        roles.extend(rights.swarm_roles.into_iter().map(|role| {
            let kind = if role.original.is_some() { Kind::SwarmRole } else { Kind::Placeholder };
            let mut object = cluster(&role.name, Body::Empty, role.from);
            object.labels = pairs([(labels::KIND, kind.value()), (labels::SWARM_ROLE, &role.name)]);
            if let Some((name, id)) = &role.original {
                object.annotations = pairs([(labels::ORIGINAL_NAME, name), (labels::MKE3_ID, id)]);
            }
            object
        }));
        if let Some(admins) = rights.admins {
            let role = RoleRef { cluster: true, name: "cluster-admin".to_owned() };
            let mut object = cluster(&admins.name, Body::Empty, admins.from);
            object.labels = pairs([(labels::KIND, Kind::Admins.value())]);
            bindings.extend(parts(object, &role, admins.subjects, &rights.taken));
        }
        for rewritten in rights.bindings {
            bindings.extend(self::rewritten(rewritten, &rights.taken, findings));
        }
        let mut logins: Vec<Object> = rights.logins.into_iter().map(password).collect();
        for list in [&mut roles, &mut bindings, &mut logins] {
            list.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        }
        [roles, bindings, logins].into_iter().flatten().collect()
    }
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn cluster(name: &str, body: Body, from: BTreeSet<String>) -> Object {
    Object {
        namespace: None,
        name: name.to_owned(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        body,
        from,
    }
}

/// A node's object without its body.
fn of_node(node: &Node, from: BTreeSet<String>) -> Object {
    let mut object = cluster(&node.name, Body::Empty, from);
    object.labels = pairs([(labels::KIND, node.kind.value()), (labels::ORG, &node.org)]);
    if let Some(team) = &node.team {
        object.labels.insert(labels::TEAM.to_owned(), team.clone());
    }
    object.annotations = pairs([(labels::ORIGINAL_NAME, &node.original), (labels::MKE3_ID, &node.id)]);
    object
}

fn aggregated(node: &mut Node) -> Object {
    let label = |gift: &Gift| match gift {
        Gift::Stock(role) => (labels::aggregate_to(role.name()), "true".to_owned()),
        Gift::Swarm(name) => (labels::SWARM_ROLE.to_owned(), name.clone()),
    };
    let body = Body::Aggregated(node.gives.iter().map(label).collect());
    let from = std::mem::take(&mut node.role_from);
    Object { body, ..of_node(node, from) }
}

fn own_binding(mut node: Node, taken: &Taken) -> Vec<Object> {
    let role = RoleRef { cluster: true, name: node.name.clone() };
    let from = std::mem::take(&mut node.binding_from);
    parts(of_node(&node, from), &role, node.subjects, taken)
}

fn rewritten(binding: Rewritten, taken: &Taken, findings: &mut Findings) -> Vec<Object> {
    let before = subjects_json(&binding.before);
    if before.len() > ANNOTATION {
        let message = format!(
            "binding `{}` has {} subjects, too many to be kept for going back",
            binding.name,
            binding.before.len()
        );
        let help = "split it into several bindings in MKE 3, or bind a team instead";
        findings.push(Finding::new(code::BINDING_SIZE, message).help(help));
    }
    let mut object = cluster(&binding.name, Body::Empty, binding.from);
    object.namespace = binding.namespace;
    object.annotations = pairs([(labels::ORIGINAL_SUBJECTS, &before)]);
    parts(object, &binding.role, binding.subjects, taken)
}

/// One binding, or several where there are too many subjects for one object. The first has the name; the others, with a
/// number behind it that is nobody's, are ours, whatever the first is, so that going back removes them.
fn parts(object: Object, role: &RoleRef, subjects: BTreeSet<Subject>, taken: &Taken) -> Vec<Object> {
    let mut first: Vec<Subject> = subjects.into_iter().collect();
    let more = first.split_off(first.len().min(SUBJECTS));
    let numbered = (2_usize..).map(|n| format!("{}.{n}", object.name));
    let free = numbered.filter(|name| !taken.contains(&(object.namespace.clone(), name.clone())));
    let mut bindings = Vec::new();
    for (chunk, name) in more.chunks(SUBJECTS).zip(free) {
        let mut part = Object { name, ..object.clone() };
        part.annotations.remove(labels::ORIGINAL_SUBJECTS);
        part.labels.entry(labels::KIND.to_owned()).or_insert_with(|| Kind::Part.value().to_owned());
        part.body = Body::Binding(role.clone(), chunk.to_vec());
        bindings.push(part);
    }
    bindings.insert(0, Object { body: Body::Binding(role.clone(), first), ..object });
    bindings
}

fn password(login: Login) -> Object {
    Object {
        namespace: Some(labels::DEX_NAMESPACE.to_owned()),
        name: dex::object_name(&login.name),
        labels: pairs([(labels::KIND, Kind::Login.value())]),
        annotations: pairs([(labels::ORIGINAL_NAME, &login.account), (labels::MKE3_ID, &login.id)]),
        body: Body::Password { slot: login.slot(), user: login.account, email: login.name, id: login.id },
        from: login.from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_with_too_many_subjects_becomes_several() {
        let subjects: BTreeSet<Subject> =
            (0..SUBJECTS * 2 + 1).map(|i| Subject::User(format!("u{i:06}"))).collect();
        let role = RoleRef { cluster: true, name: "x".to_owned() };
        let object = cluster("ops-org", Body::Empty, BTreeSet::new());
        let all = parts(object, &role, subjects.clone(), &Taken::new());
        let names: Vec<&str> = all.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(names, ["ops-org", "ops-org.2", "ops-org.3"]);
        let mut bound = Vec::new();
        for object in &all {
            let Body::Binding(_, subjects) = &object.body else { panic!() };
            bound.extend(subjects.iter().cloned());
        }
        assert_eq!(bound, subjects.into_iter().collect::<Vec<_>>());
        assert!(all[0].labels.is_empty() && all[1].labels.contains_key(labels::KIND));
    }
}
