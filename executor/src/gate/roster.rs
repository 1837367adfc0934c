//! The site as the journal keeps it: with it the protocol can be replayed when the set is long gone.

use airlift_bundle::gate::site::Site;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{Plan, Role};
use serde::{Deserialize, Serialize};

/// The names of a site's nodes, in the order of the migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The managers, the leader first.
    pub managers: Vec<NodeName>,
    /// The workers.
    pub workers: Vec<NodeName>,
}

impl Roster {
    /// The nodes of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let names = |managers: bool| {
            let of_kind = plan.nodes.iter().filter(|planned| planned.node.role.is_manager() == managers);
            of_kind.map(|planned| planned.node.name.clone()).collect()
        };
        Self { managers: names(true), workers: names(false) }
    }

    /// The site that the protocol is about; none without a manager.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        let managers = self.managers.iter().enumerate().map(|(place, name)| {
            let role = if place == 0 { Role::Leader } else { Role::Manager };
            (name.clone(), role)
        });
        let workers = self.workers.iter().map(|name| (name.clone(), Role::Worker));
        Site::new(managers.chain(workers).collect())
    }
}
