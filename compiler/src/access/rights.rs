//! Who may do what afterwards, before anybody has said how it is written down.

use super::export::{RoleRef, Subject};
use super::labels;
use crate::secrets::policy::PASSWORD_HASHES;
use crate::site::rights::StockRole;
use std::collections::BTreeSet;

/// All rights that a translation carries. Lists are sorted.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// Organizations and teams.
    pub nodes: Vec<Node>,
    /// Swarm roles without permissions, the placeholder included.
    pub swarm_roles: Vec<EmptyRole>,
    /// Bindings of others with new subjects.
    pub bindings: Vec<Rewritten>,
    /// The administrators' binding, if there is one.
    pub admins: Option<Admins>,
    /// Local users with a password.
    pub logins: Vec<Login>,
    /// Bindings of others: nothing that is made besides these lists may have such a name.
    pub taken: Taken,
}

/// Bindings by namespace, `None` for ClusterRoleBindings, and name.
pub type Taken = BTreeSet<(Option<String>, String)>;

/// An organization or team.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its object's name.
    pub name: String,
    /// Which of both.
    pub kind: labels::Kind,
    /// Slug of the organization.
    pub org: String,
    /// Slug of the team.
    pub team: Option<String>,
    /// How notes and the ledger call it.
    pub subject: String,
    /// `organization` or `organization/team`.
    pub original: String,
    /// The id in MKE 3.
    pub id: String,
    /// What it gives.
    pub gives: BTreeSet<Gift>,
    /// To whom.
    pub subjects: BTreeSet<Subject>,
    /// What in MKE 3 the role depends on.
    pub role_from: BTreeSet<String>,
    /// What in MKE 3 the binding depends on.
    pub binding_from: BTreeSet<String>,
}

/// What an aggregated role collects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gift {
    /// The rules of a stock role.
    Stock(StockRole),
    /// A Swarm role, by its object's name.
    Swarm(String),
}

/// A Swarm role without permissions.
#[derive(Clone, Debug)]
pub struct EmptyRole {
    /// Its object's name, and the label by which it is collected.
    pub name: String,
    /// Its name and id in MKE 3; `None` for the placeholder.
    pub original: Option<(String, String)>,
    /// What in MKE 3 it depends on.
    pub from: BTreeSet<String>,
}

/// A binding that gets subjects that MKE 4k knows.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// `None` for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What it gives, as before.
    pub role: RoleRef,
    /// The subjects before.
    pub before: Vec<Subject>,
    /// The subjects from now on.
    pub subjects: BTreeSet<Subject>,
    /// What in MKE 3 it depends on.
    pub from: BTreeSet<String>,
}

/// The administrators.
#[derive(Clone, Debug)]
pub struct Admins {
    /// The binding's name.
    pub name: String,
    /// Who they are.
    pub subjects: BTreeSet<Subject>,
    /// What in MKE 3 it depends on.
    pub from: BTreeSet<String>,
}

/// A local user with a password, as Dex keeps one.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name to log in by, which MKE 4k has in the field `email`.
    pub name: String,
    /// The account's name in MKE 3.
    pub account: String,
    /// The account id in MKE 3.
    pub id: String,
    /// What in MKE 3 it depends on.
    pub from: BTreeSet<String>,
}

impl Login {
    /// The slot of the password hash.
    pub fn slot(&self) -> String {
        format!("{PASSWORD_HASHES}{}", self.id.to_ascii_lowercase())
    }
}
