//! Every label, annotation and fixed name that Airlift writes on RBAC objects, in one table.
//!
//! Which labels MKE 4k's dashboard looks for is not published. When somebody has looked at a real one (create an
//! organization, a team and a grant, then `kubectl get clusterroles,clusterrolebindings -o yaml`), this is the place.

/// Label: what an object is, one of the values of [`Kind`]. Only objects that Airlift made have it.
pub const KIND: &str = "mke3-migrate.example/kind";
/// Label: the organization that an object belongs to, as a slug.
pub const ORG: &str = "mke3-migrate.example/org";
/// Label: the team that an object belongs to, as a slug.
pub const TEAM: &str = "mke3-migrate.example/team";
/// Label on re-created Swarm roles: their object's name. Aggregated roles select by it.
pub const SWARM_ROLE: &str = "mke3-migrate.example/swarm-role";
/// Annotation: the name in MKE 3; a team's has its organization's in front.
pub const ORIGINAL_NAME: &str = "mke3-migrate.example/original-name";
/// Annotation: the id in MKE 3.
pub const MKE3_ID: &str = "mke3-migrate.example/mke3-id";
/// Annotation on rewritten bindings: the subjects before, as JSON. Going back restores them.
pub const ORIGINAL_SUBJECTS: &str = "mke3-migrate.example/original-subjects";

/// The placeholder role of organizations and teams to which nothing is granted.
pub const NONE: &str = "none";
/// The binding of MKE 3's administrators.
pub const ADMINS: &str = "mke3-admins";
/// Where MKE 4k's Dex keeps its users.
pub const DEX_NAMESPACE: &str = "mke";

/// The label by which a stock role (`view`, `edit`, `admin`) collects its rules.
pub fn aggregate_to(stock: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{stock}")
}

/// Values of [`KIND`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Role and binding of an organization.
    Org,
    /// Role and binding of a team.
    Team,
    /// A Swarm role without permissions.
    SwarmRole,
    /// The role `none`.
    Placeholder,
    /// The binding of the administrators.
    Admins,
    /// A user of Dex with a password.
    Login,
    /// A further part of a binding with too many subjects for one object.
    Part,
}

impl Kind {
    /// The label's value.
    pub fn value(self) -> &'static str {
        match self {
            Kind::Org => "org",
            Kind::Team => "team",
            Kind::SwarmRole => "swarm-role",
            Kind::Placeholder => "placeholder",
            Kind::Admins => "admins",
            Kind::Login => "login",
            Kind::Part => "part",
        }
    }
}
