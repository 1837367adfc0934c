//! Who could run privileged pods. MKE 3's admission plugin `UCPAuthorization` kept everybody but administrators from
//! host paths, host namespaces and privileged containers, whatever RBAC said; it does not come along by itself.

use super::bindings::{Bindings, Outcome};
use super::export::{Export, RoleRef, Subject};
use super::nodes::Nodes;
use super::notes::Notes;
use super::read::shown;
use super::rights::{Gift, Rewritten};
use crate::diag::codes::access as code;
use crate::site::rights::StockRole;
use std::collections::BTreeSet;

/// Namespaces that a note names; the rest is counted.
const SHOWN: usize = 10;

/// Adds one note if anybody can make pods afterwards who is no administrator.
pub fn guard(export: &Export, nodes: &Nodes, bindings: &Bindings, notes: &mut Notes) {
    let edits = |gift: &Gift| matches!(gift, Gift::Stock(StockRole::Edit | StockRole::Admin));
    let mut everywhere = nodes.list.iter().any(|node| node.gives.iter().any(edits));
    let mut namespaces: BTreeSet<&str> = BTreeSet::new();
    let mut rewritten = bindings.rewritten.iter();
    for (binding, outcome) in export.kubernetes.bindings.iter().zip(&bindings.outcomes) {
        let subjects: Vec<&Subject> = match outcome {
            Outcome::Untouched => binding.subjects.iter().collect(),
            Outcome::Rewritten | Outcome::Disarmed => {
                rewritten.next().map(|r: &Rewritten| r.subjects.iter().collect()).unwrap_or_default()
            }
            Outcome::Absorbed | Outcome::Empty | Outcome::OwnOfMke3 | Outcome::Ours => continue,
        };
        if binding.bootstrap || !subjects.into_iter().any(is_guarded) {
            continue;
        }
        if !runs_pods(export, binding.namespace.as_deref(), &binding.role) {
            continue;
        }
        match &binding.namespace {
            Some(namespace) => {
                namespaces.insert(namespace);
            }
            None => everywhere = true,
        }
    }
    if !everywhere && namespaces.is_empty() {
        return;
    }
    let mut where_: Vec<String> = if everywhere { vec!["*".to_owned()] } else { Vec::new() };
    let more = namespaces.len().saturating_sub(SHOWN);
    where_.extend(namespaces.into_iter().take(SHOWN).map(shown));
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let detail = format!(
        "MKE 3's guard against privileged pods does not come along; whoever may make pods could run such pods in: {}{more}",
        where_.join(", ")
    );
    notes.add(code::PRIVILEGED_PODS, "cluster", detail, None);
}

/// Kubernetes' own components were never guarded.
fn is_guarded(subject: &Subject) -> bool {
    match subject {
        Subject::User(name) => !name.starts_with("system:"),
        Subject::Group(name) => {
            matches!(name.as_str(), "system:authenticated" | "system:unauthenticated")
                || !name.starts_with("system:")
        }
        Subject::ServiceAccount(namespace, _) => namespace != "kube-system",
    }
}

fn runs_pods(export: &Export, namespace: Option<&str>, role: &RoleRef) -> bool {
    if role.cluster && ["edit", "admin", "cluster-admin"].contains(&role.name.as_str()) {
        return true;
    }
    let known = match (role.cluster, namespace) {
        (true, _) => export.kubernetes.cluster_roles.get(&role.name),
        (false, Some(namespace)) => export.kubernetes.roles.get(&(namespace.to_owned(), role.name.clone())),
        (false, None) => None,
    };
    known.is_some_and(|role| role.runs_pods)
}
