//! The plan of a whole site, `plan.json`. The order of [`Plan::nodes`] is the order of the migration: the leader, the
//! other managers as they join, the workers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::error::{Error, Problems};
use crate::json::{from_canonical_json, to_canonical_json};
use crate::name::{NodeName, SetPath, SiteName, collisions, text_type};
use crate::signature::PublicKey;
use crate::value::{ContractId, Format, PlanId, Serial, ToolText};

/// `plan.json`: what one compile decided for a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of the format.
    pub format: Format,
    /// The site.
    pub site: SiteName,
    /// Number of this set within the site.
    pub serial: Serial,
    /// The target release.
    pub contract: ContractId,
    /// What made the plan.
    pub tool: Tool,
    /// Every input with its digest, sorted by path.
    pub inputs: Vec<Input>,
    /// Every node in the order of the migration: the leader, the other managers, the workers.
    pub nodes: Vec<PlannedNode>,
}

/// The tool that made a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: ToolText,
    /// Its version.
    pub version: ToolText,
}

/// One input of a compile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Path below the site directory.
    pub path: SetPath,
    /// Digest of its content.
    pub sha256: Sha256,
}

/// One node as the whole site sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedNode {
    /// Which machine this is.
    pub node: NodeIdentity,
    /// Its public keys.
    pub keys: NodeKeys,
    /// Digest of the node's own plan, see [`NodePlan::digest`](super::NodePlan::digest).
    pub plan: Sha256,
}

/// Which machine a bundle is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeIdentity {
    /// Its name.
    pub name: NodeName,
    /// Its part in the migration.
    pub role: Role,
    /// Its private addresses; the machine must hold every one of them.
    pub addresses: Vec<IpAddr>,
}

/// The part of a node in the migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The first manager, hub of the protocol.
    Leader,
    /// Any other manager.
    Manager,
    /// A worker.
    Worker,
}

impl Role {
    /// The word for it in documents and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Manager => "manager",
            Self::Worker => "worker",
        }
    }

    /// Whether the node is a manager; the leader is one.
    #[must_use]
    pub const fn is_manager(self) -> bool {
        matches!(self, Self::Leader | Self::Manager)
    }
}

/// The public keys of a node; a key that the node doesn't have is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeKeys {
    /// Recipient of what is sealed to the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeRecipient>,
    /// SSH host key, the recipient where there is no age key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_host: Option<SshHostKey>,
    /// Key that signs the node's receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<PublicKey>,
}

text_type!(
    /// Public half of an age X25519 key: `age1` and 58 letters or digits.
    AgeRecipient,
    "an age recipient",
    |text| match text.strip_prefix("age1") {
        Some(rest) if rest.len() == 58 && rest.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) => Ok(()),
        _ => Err("is not age1 and 58 lower-case letters or digits"),
    }
);

text_type!(
    /// An Ed25519 SSH host key, `ssh-ed25519` and its base64, without a comment.
    SshHostKey,
    "an SSH host key",
    |text| match text.strip_prefix("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI") {
        Some(rest) if rest.len() == 43 && rest.bytes().all(|c| c.is_ascii_alphanumeric() || b"+/".contains(&c)) => {
            Ok(())
        }
        _ => Err("is not ssh-ed25519 and the base64 of an Ed25519 key"),
    }
);

impl Plan {
    /// Name of the document in a set.
    pub const FILE: &'static str = "plan.json";

    /// The bytes of `plan.json`, and the plan id that they have.
    ///
    /// # Errors
    /// All contradictions in the plan.
    pub fn to_json(&self) -> Result<(Vec<u8>, PlanId), Problems> {
        self.check()?;
        let bytes = to_canonical_json(self)?;
        let id = PlanId::of(&bytes);
        Ok((bytes, id))
    }

    /// The plan in these bytes of `plan.json`, and its id.
    ///
    /// # Errors
    /// What [`from_canonical_json`] refuses, or all contradictions in the plan.
    pub fn parse(bytes: &[u8]) -> Result<(Self, PlanId), Problems> {
        let plan: Self = from_canonical_json(Self::FILE, bytes)?;
        plan.check()?;
        Ok((plan, PlanId::of(bytes)))
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&PlannedNode> {
        self.nodes.iter().find(|planned| planned.node.name == *name)
    }

    /// What the types alone can't hold: sorted inputs; unique names and addresses; one leader, who comes first;
    /// managers before workers.
    fn check(&self) -> Result<(), Problems> {
        let mut found = collisions(self.inputs.iter().map(|input| input.path.as_str()));
        let wrong = |why: String| Error::Contradiction { file: Self::FILE.to_owned(), why };
        if !self.inputs.is_sorted_by(|a, b| a.path <= b.path) {
            found.push(wrong("its inputs are not sorted by path".to_owned()));
        }
        if !matches!(self.nodes.first(), Some(first) if first.node.role == Role::Leader) {
            found.push(wrong("its first node is not the leader".to_owned()));
        }
        if !self.nodes.is_sorted_by_key(|planned| planned.node.role) {
            found.push(wrong("its nodes are not in the order leader, managers, workers".to_owned()));
        }
        let mut names = BTreeSet::new();
        let mut addresses = BTreeSet::new();
        for NodeIdentity { name, role, addresses: own } in self.nodes.iter().map(|planned| &planned.node) {
            if !names.insert(name) {
                found.push(wrong(format!("two nodes have the name {name}")));
            }
            if *role == Role::Leader && names.len() > 1 {
                found.push(wrong(format!("{name} is a second leader")));
            }
            for address in own {
                if !addresses.insert(address) {
                    found.push(wrong(format!("{name} has the address {address}, which is taken already")));
                }
            }
        }
        Problems::none(found)
    }
}
