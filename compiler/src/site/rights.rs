//! `access` of site.yaml: what Swarm roles become, where an operator wants them to become anything.

use crate::diag::Findings;
use crate::diag::codes::input;
use crate::source::{Cursor, Field, Value, nearest};
use std::collections::BTreeMap;

/// A role that every Kubernetes brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockRole {
    /// Read most objects, but no Secrets.
    View,
    /// Change most objects, Secrets too.
    Edit,
    /// Also Roles and RoleBindings.
    Admin,
}

impl StockRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::View, Self::Edit, Self::Admin];

    /// The ClusterRole's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// `access.swarm_roles`: id or name of a Swarm role to the stock role that its grants become, cluster-wide.
pub type SwarmRoles = BTreeMap<String, Field<StockRole>>;

/// Reads the table `access`.
pub(super) fn read(mut table: Cursor<'_>, findings: &mut Findings) -> SwarmRoles {
    let mut roles = SwarmRoles::new();
    if let Some(map) = table.table("swarm_roles", findings) {
        let file = map.place().file;
        for (entry, path) in map.entries() {
            let field = Field { value: (), place: file.place(entry.node.span.clone()), path };
            let given = match &entry.node.value {
                Value::Str(name) => name.as_str(),
                _ => "",
            };
            match StockRole::of(given) {
                Some(role) => {
                    roles.insert(entry.key.clone(), field.map(|()| role));
                }
                None => {
                    let near = nearest(given, StockRole::ALL.iter().map(|role| role.name()));
                    let mean = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                    let message = format!("`{}` must be view, edit or admin", field.path);
                    findings.push(
                        field
                            .finding(input::VALUE, message)
                            .help(format!("left out, a Swarm role gives nothing in Kubernetes{mean}")),
                    );
                }
            }
        }
    }
    table.finish(findings);
    roles
}
