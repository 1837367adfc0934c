//! Kubernetes objects as they are applied.

use super::export::{RoleRef, Subject};
use crate::document::{Scalar, Tree};
use crate::origin::Origin;
use std::collections::{BTreeMap, BTreeSet};

const RBAC: &str = "rbac.authorization.k8s.io";

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `None` for one of the whole cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// What it is.
    pub body: Body,
    /// What in MKE 3 it depends on: `user:bob`, `clusterrolebinding:ops-admins`. Moves into the account.
    pub from: BTreeSet<String>,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A ClusterRole whose rules Kubernetes collects from all that have one of these labels.
    Aggregated(BTreeSet<(String, String)>),
    /// A ClusterRole without rules.
    Empty,
    /// A ClusterRoleBinding or RoleBinding.
    Binding(RoleRef, Vec<Subject>),
    /// A user of Dex with a password, which is in the slot of this name.
    Password {
        /// The account's name in MKE 3.
        user: String,
        /// The name to log in by, of small letters alone: the claim `email`, and so the subject of bindings.
        email: String,
        /// The user's id.
        id: String,
        /// The slot of the hash.
        slot: String,
    },
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        match (&self.body, &self.namespace) {
            (Body::Aggregated(_) | Body::Empty, _) => "ClusterRole",
            (Body::Binding(..), None) => "ClusterRoleBinding",
            (Body::Binding(..), Some(_)) => "RoleBinding",
            (Body::Password { .. }, _) => "Password",
        }
    }

    /// `ClusterRole/NAME`, `RoleBinding/NAMESPACE/NAME`.
    pub fn reference(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.kind(), self.name),
            None => format!("{}/{}", self.kind(), self.name),
        }
    }

    /// What it does, in a few words.
    pub fn summary(&self) -> String {
        match &self.body {
            Body::Aggregated(labels) => {
                let labels: Vec<String> =
                    labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("collects {}", labels.join(", "))
            }
            Body::Empty => "no rules".to_owned(),
            Body::Binding(role, subjects) => format!("{} to {} subjects", role.name, subjects.len()),
            Body::Password { slot, .. } => Scalar::slot_text(slot),
        }
    }

    /// The object as a tree, for the serializer.
    pub fn tree(&self) -> Tree {
        let origin = Origin::default();
        let text = |value: &str| Tree::leaf(value, &origin);
        let texts = |map: &BTreeMap<String, String>| {
            Tree::Map(map.iter().map(|(key, value)| (key.clone(), text(value))).collect())
        };
        let mut tree = Tree::map();
        let password = matches!(self.body, Body::Password { .. });
        let version = if password { "dex.coreos.com/v1".to_owned() } else { format!("{RBAC}/v1") };
        tree.set("apiVersion", text(&version));
        tree.set("kind", text(self.kind()));
        tree.set("metadata.name", text(&self.name));
        if let Some(namespace) = &self.namespace {
            tree.set("metadata.namespace", text(namespace));
        }
        if !self.labels.is_empty() {
            tree.set("metadata.labels", texts(&self.labels));
        }
        if !self.annotations.is_empty() {
            tree.set("metadata.annotations", texts(&self.annotations));
        }
        match &self.body {
            Body::Aggregated(labels) => {
                let selector = |(key, value): &(String, String)| {
                    let mut selector = Tree::map();
                    selector.set_key("matchLabels", key, text(value));
                    selector
                };
                tree.set(
                    "aggregationRule.clusterRoleSelectors",
                    Tree::List(labels.iter().map(selector).collect()),
                );
            }
            Body::Empty => tree.set("rules", Tree::list()),
            Body::Binding(role, subjects) => {
                tree.set("roleRef.apiGroup", text(RBAC));
                tree.set("roleRef.kind", text(if role.cluster { "ClusterRole" } else { "Role" }));
                tree.set("roleRef.name", text(&role.name));
                tree.set("subjects", Tree::List(subjects.iter().map(subject).collect()));
            }
            Body::Password { user, email, id, slot } => {
                tree.set("email", text(email));
                tree.set("username", text(user));
                tree.set("userID", text(id));
                tree.set("hash", Tree::leaf(Scalar::Secret(slot.clone()), &origin));
            }
        }
        tree
    }
}

fn subject(subject: &Subject) -> Tree {
    let origin = Origin::default();
    let text = |value: &str| Tree::leaf(value, &origin);
    let fields = match subject {
        Subject::User(name) => [("kind", "User"), ("name", name), ("apiGroup", RBAC)],
        Subject::Group(name) => [("kind", "Group"), ("name", name), ("apiGroup", RBAC)],
        Subject::ServiceAccount(namespace, name) => {
            [("kind", "ServiceAccount"), ("name", name), ("namespace", namespace)]
        }
    };
    Tree::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect())
}

/// Subjects as JSON, for the annotation that going back reads.
pub fn subjects_json(subjects: &[Subject]) -> String {
    let value = |subject: &Subject| match subject {
        Subject::User(name) => serde_json::json!({"apiGroup": RBAC, "kind": "User", "name": name}),
        Subject::Group(name) => serde_json::json!({"apiGroup": RBAC, "kind": "Group", "name": name}),
        Subject::ServiceAccount(namespace, name) => {
            serde_json::json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
        }
    };
    serde_json::Value::Array(subjects.iter().map(value).collect()).to_string()
}
