//! What MKE 3 knows about who may do what, as types. All lists are sorted, so that the order of the export says nothing.

use crate::source::Place;
use std::collections::{BTreeMap, BTreeSet};

/// An export, whole and free of contradictions.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// Users, by name.
    pub users: Vec<User>,
    /// Organizations, by name.
    pub orgs: Vec<Org>,
    /// Swarm roles, by id.
    pub roles: Vec<SwarmRole>,
    /// Collections, by path.
    pub collections: Vec<Collection>,
    /// Grants of Swarm roles.
    pub grants: Vec<Grant>,
    /// Kubernetes' own objects.
    pub kubernetes: Kubernetes,
    /// Settings of the account store.
    pub config: AuthConfig,
    /// Client bundles, where they were counted.
    pub client_bundles: Option<usize>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// The account id; Kubernetes on MKE 3 knows the user by it.
    pub id: String,
    /// The account name.
    pub name: String,
    /// The name for people; may be empty.
    pub full_name: String,
    /// Who checks the password.
    pub source: UserSource,
    /// Whether MKE lets the user do everything.
    pub admin: bool,
    /// Whether the user can log in.
    pub active: bool,
    /// Whether the user is locked out.
    pub locked: bool,
    /// Whether a second factor is asked for.
    pub otp: bool,
    /// Where the account stands.
    pub place: Place,
}

/// Where a user comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// MKE's own store.
    Local,
    /// Imported from LDAP (`isImported`).
    Directory,
    /// Made at the first login by SAML or OIDC (`onDemand`).
    OnDemand,
}

/// An organization.
#[derive(Clone, Debug)]
pub struct Org {
    /// The account id.
    pub id: String,
    /// The account name.
    pub name: String,
    /// Who belongs to it.
    pub members: Vec<Member>,
    /// Its teams, by name and id.
    pub teams: Vec<Team>,
    /// Whether LDAP says who administers it.
    pub admins_synced: bool,
    /// Where the account stands.
    pub place: Place,
}

/// A team.
#[derive(Clone, Debug)]
pub struct Team {
    /// Its id.
    pub id: String,
    /// Its name, unique in the organization.
    pub name: String,
    /// Who belongs to it.
    pub members: Vec<Member>,
    /// The LDAP group or search that fills it, where one does.
    pub synced_from: Option<String>,
    /// The identity claim that fills it, where one does.
    pub claim: Option<String>,
    /// Where the team stands.
    pub place: Place,
}

/// A membership.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The user's id.
    pub user: String,
    /// Whether the user administers the organization or team.
    pub admin: bool,
}

/// A Swarm role.
#[derive(Clone, Debug)]
pub struct SwarmRole {
    /// A word for built-in ones, else a UUID.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Whether MKE brought it.
    pub built_in: bool,
    /// Where it stands.
    pub place: Place,
}

/// A collection of Swarm resources.
#[derive(Clone, Debug)]
pub struct Collection {
    /// `swarm`, `system`, `shared`, `private`, or a UUID.
    pub id: String,
    /// `/Shared/acme`.
    pub path: String,
    /// Whether labels restrict what belongs to it.
    pub constrained: bool,
    /// Where it stands.
    pub place: Place,
}

impl Collection {
    /// Whether every MKE 3 has it.
    pub fn is_built_in(&self) -> bool {
        ["swarm", "system", "shared", "private"].contains(&self.id.as_str())
    }

    /// Whether it is a user's own.
    pub fn is_private(&self) -> bool {
        self.path.strip_prefix("/Shared/Private/").is_some_and(|rest| !rest.is_empty())
    }
}

/// A Swarm role for a subject on an object.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Id of a user, organization or team, `authenticated`, or a service account.
    pub subject: String,
    /// Id of a collection, or a namespace in the style of UCP 3.0.
    pub object: String,
    /// Id of a role.
    pub role: String,
    /// Where it stands.
    pub place: Place,
}

/// Kubernetes' own objects.
#[derive(Clone, Debug, Default)]
pub struct Kubernetes {
    /// Names of all namespaces.
    pub namespaces: BTreeSet<String>,
    /// ClusterRoles by name.
    pub cluster_roles: BTreeMap<String, KubeRole>,
    /// Roles by namespace and name.
    pub roles: BTreeMap<(String, String), KubeRole>,
    /// ClusterRoleBindings and RoleBindings, the former first, by namespace and name.
    pub bindings: Vec<Binding>,
}

/// A ClusterRole or Role, as far as it matters here.
#[derive(Clone, Debug)]
pub struct KubeRole {
    /// Whether an earlier translation made it.
    pub ours: bool,
    /// The labels that it collects its rules by, where it does: pairs of each selector.
    pub collects: Vec<BTreeMap<String, String>>,
    /// Whether it allows making pods, directly or through a workload.
    pub runs_pods: bool,
    /// Where it stands.
    pub place: Place,
}

/// A ClusterRoleBinding, or a RoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// `None` for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What it gives.
    pub role: RoleRef,
    /// To whom, before any translation: of a binding that an earlier one rewrote, the subjects from its annotation.
    pub subjects: Vec<Subject>,
    /// Whether an earlier translation made it.
    pub ours: bool,
    /// Whether Kubernetes itself made it at its first start.
    pub bootstrap: bool,
    /// Where it stands.
    pub place: Place,
}

impl Binding {
    /// `clusterrolebinding:NAME` or `rolebinding:NAMESPACE/NAME`.
    pub fn reference(&self) -> String {
        match &self.namespace {
            None => format!("clusterrolebinding:{}", self.name),
            Some(namespace) => format!("rolebinding:{namespace}/{}", self.name),
        }
    }
}

/// What a binding gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleRef {
    /// `false` for a Role of the binding's namespace.
    pub cluster: bool,
    /// The role's name.
    pub name: String,
}

/// Whom a binding is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A directory's group, or one of Kubernetes' own.
    Group(String),
    /// A service account: namespace and name.
    ServiceAccount(String, String),
    /// A person or a component.
    User(String),
}

/// Settings of the account store.
#[derive(Clone, Debug, Default)]
pub struct AuthConfig {
    /// The Swarm role that new users get; may be empty.
    pub default_role: String,
    /// Whether LDAP says who administers the cluster.
    pub admins_synced: bool,
    /// Where it stands.
    pub place: Option<Place>,
}
