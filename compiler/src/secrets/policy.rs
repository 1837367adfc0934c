//! Who gets what: the one table of all secrets that a node can get, and the slots of documents beside it.
//!
//! CA keys go to the leader alone. A contract may allow other controllers a seeded CA
//! ([`SeededCa`](crate::contract::SeededCa)), but none needs one: a controller that joins fetches the cluster's and etcd's
//! from the leader (k0s: `/v1beta1/ca`, `/v1beta1/etcd/members`) and makes a front proxy's for itself.

use super::authority::{self, Authority};
use super::join::Joins;
use super::public::Servers;
use crate::compile::Translated;
use crate::document::{Role as K0sRole, Scalar, Tree};
use crate::site::Site;
use crate::site::address::Endpoint;
use crate::site::values::Role as SiteRole;
use airlift_bundle::error::Error;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{Role, SecretName};
use airlift_bundle::sealed::Room;
use std::collections::{BTreeMap, BTreeSet};

/// Which nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The leader alone.
    Leader,
    /// All managers, the leader too.
    Managers,
    /// All but the leader.
    Joiners,
    /// All.
    Everyone,
}

impl Who {
    fn includes(self, role: Role) -> bool {
        match self {
            Who::Leader => role == Role::Leader,
            Who::Managers => role.is_manager(),
            Who::Joiners => role != Role::Leader,
            Who::Everyone => true,
        }
    }
}

/// What is sealed under a name.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// Key of a certificate authority.
    Authority(&'static Authority),
    /// The node's own join token, a kubeconfig as k0s takes it.
    JoinToken,
    /// The Secrets of all join tokens.
    JoinSecrets,
    /// The key that signs the node's receipts.
    ReceiptKey,
    /// The node's release codes.
    ReleaseCodes,
    /// SHA-256 of the exact MKE 3 configuration, in hexadecimal digits.
    Drift,
    /// A registry's password, as a finished scalar.
    Password,
    /// What fills a slot of documents, as a finished scalar.
    Slot,
}

impl Item {
    /// For a secret that is a whole file: where it goes on the node, and its permission bits. Modes are those that k0s
    /// itself gives, tighter where k0s does not care.
    pub fn place(self, data_dir: &str) -> Option<(String, u32)> {
        match self {
            Item::Authority(authority) => Some((format!("{data_dir}/{}", authority.key), 0o640)),
            Item::JoinToken => Some((crate::document::TOKEN_FILE.to_owned(), 0o600)),
            Item::JoinSecrets => Some((format!("{data_dir}/manifests/airlift-join/tokens.yaml"), 0o600)),
            _ => None,
        }
    }
}

/// One line of the table.
struct Row {
    name: &'static str,
    who: Who,
    room: Room,
    item: Item,
}

const fn row(name: &'static str, who: Who, room: Room, item: Item) -> Row {
    Row { name, who, room, item }
}

/// The password of the image registry.
pub const IMAGE_PASSWORD: &str = "registry/image-password";
/// The password of the chart registry.
pub const CHART_PASSWORD: &str = "registry/chart-password";
/// The Secrets of all join tokens.
const JOIN_SECRETS: &str = "join/tokens.yaml";
/// The slot of the licence.
pub const LICENSE: &str = "site/license";
/// What the slots of users' password hashes begin with.
pub const PASSWORD_HASHES: &str = "access/password/";
/// The digest of the exact configuration.
pub const DRIFT: &str = "drift/mke3.toml";

const TABLE: [Row; 10] = [
    row("pki/ca.key", Who::Leader, Room::Small, Item::Authority(&authority::ALL[0])),
    row("pki/etcd/ca.key", Who::Leader, Room::Small, Item::Authority(&authority::ALL[1])),
    row("pki/front-proxy-ca.key", Who::Leader, Room::Small, Item::Authority(&authority::ALL[2])),
    row("join/token", Who::Joiners, Room::Medium, Item::JoinToken),
    row(JOIN_SECRETS, Who::Managers, Room::Fit, Item::JoinSecrets),
    row("receipt/key", Who::Everyone, Room::Small, Item::ReceiptKey),
    row("receipt/codes", Who::Everyone, Room::Medium, Item::ReleaseCodes),
    row(DRIFT, Who::Leader, Room::Small, Item::Drift),
    row(IMAGE_PASSWORD, Who::Everyone, Room::Medium, Item::Password),
    row(CHART_PASSWORD, Who::Leader, Room::Medium, Item::Password),
];

/// The slots that documents have.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// Of documents that every bundle carries; their values go to the leader, who hands them over.
    shared: BTreeSet<String>,
    /// Of the nodes' own documents: which there are depends on the role alone.
    managers: BTreeSet<String>,
    workers: BTreeSet<String>,
}

impl Slots {
    /// Collects them.
    pub fn of(translated: &Translated<'_>) -> Self {
        let mut slots = Self::default();
        for document in &translated.shared {
            slots.shared.extend(names(&document.tree));
        }
        let passwords = translated.access.iter().flat_map(|access| access.slots());
        slots.shared.extend(passwords.map(|(slot, _)| slot.to_owned()));
        if let Some(nodes) = &translated.nodes {
            for node in nodes.one_of_each_role() {
                let own = match node.flags.role {
                    K0sRole::Controller => &mut slots.managers,
                    K0sRole::Worker => &mut slots.workers,
                };
                own.extend(nodes.files(node).iter().flat_map(|placed| names(&placed.document.tree)));
            }
        }
        slots
    }

    /// All names.
    pub fn names(&self) -> BTreeSet<&str> {
        self.shared.iter().chain(&self.managers).chain(&self.workers).map(String::as_str).collect()
    }
}

fn names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    tree.for_each_scalar("", &mut |_, leaf| {
        if let Scalar::Secret(name) = &leaf.scalar {
            names.insert(name.clone());
        }
    });
    names
}

/// One secret that a node needs.
#[derive(Clone, Debug)]
pub struct Need {
    /// Its name.
    pub name: SecretName,
    /// How long its envelope is.
    pub room: Room,
    /// What it is.
    pub item: Item,
}

/// A node and what it needs, sorted by name.
#[derive(Clone, Debug)]
pub struct NodeNeeds {
    /// Its name.
    pub node: NodeName,
    /// Its role.
    pub role: Role,
    /// What it needs.
    pub needs: Vec<Need>,
}

/// What every node of a site needs, in the order of the inventory.
///
/// # Errors
/// A name that the format refuses.
pub fn needs(site: &Site, slots: &Slots) -> Result<Vec<NodeNeeds>, Error> {
    let settings = &site.settings;
    let has_joiners = site.inventory.nodes.len() > 1;
    let is_there = |name: &str| match name {
        JOIN_SECRETS => has_joiners,
        IMAGE_PASSWORD => settings.image_registry.as_ref().is_some_and(|r| r.credentials_file.is_some()),
        CHART_PASSWORD => settings.chart_registry.as_ref().is_some_and(|r| r.credentials_file.is_some()),
        _ => true,
    };
    let nodes = roles(site)?.into_iter().map(|(node, role)| {
        let rows = TABLE.iter().filter(|row| row.who.includes(role) && is_there(row.name));
        let mut found = rows
            .map(|row| Ok((row.name.parse()?, (row.room, row.item))))
            .collect::<Result<BTreeMap<SecretName, _>, Error>>()?;
        let shared = slots.shared.iter().filter(|_| role == Role::Leader);
        let own = if role.is_manager() { &slots.managers } else { &slots.workers };
        for slot in own.iter().chain(shared) {
            let room = match slot.as_str() {
                LICENSE => Room::Large,
                slot if slot.starts_with(PASSWORD_HASHES) => Room::Small,
                _ => Room::Medium,
            };
            found.entry(slot.parse()?).or_insert((room, Item::Slot));
        }
        let needs = found.into_iter().map(|(name, (room, item))| Need { name, room, item }).collect();
        Ok(NodeNeeds { node, role, needs })
    });
    nodes.collect()
}

/// The nodes with their parts in the migration, leader first.
///
/// # Errors
/// A name that the format refuses.
pub fn roles(site: &Site) -> Result<Vec<(NodeName, Role)>, Error> {
    let nodes = site.inventory.nodes.iter().enumerate().map(|(n, facts)| {
        let role = match (facts.role.value, n) {
            (SiteRole::Manager, 0) => Role::Leader,
            (SiteRole::Manager, _) => Role::Manager,
            (SiteRole::Worker, _) => Role::Worker,
        };
        Ok((facts.name.value.to_string().parse()?, role))
    });
    nodes.collect()
}

/// Where nodes join: controllers at the leader, workers through the load balancer where there is one. k0s' ports, whatever
/// port the load balancer has for people.
pub(super) fn servers(site: &Site) -> Servers {
    let leader = site.inventory.leader().map(|leader| leader.private_address.value.to_string());
    let leader = leader.unwrap_or_default();
    let external = site.settings.external_address.as_ref().map(|field| {
        let endpoint = Endpoint { host: field.value.host.clone(), port: None };
        endpoint.to_string()
    });
    Servers {
        controllers: format!("https://{leader}:{}", Joins::Controller.port()),
        workers: format!("https://{}:{}", external.unwrap_or(leader), Joins::Worker.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_authorities_go_to_the_leader_alone_and_tokens_to_one_node_each() {
        for row in &TABLE {
            let key = matches!(row.item, Item::Authority(_) | Item::Drift);
            for role in [Role::Leader, Role::Manager, Role::Worker] {
                assert_eq!(row.who.includes(role) && key, key && role == Role::Leader, "{}", row.name);
            }
            if let Item::Authority(authority) = row.item {
                assert_eq!(authority.key, row.name);
            }
        }
        let gets = |role| TABLE.iter().filter(|r| r.who.includes(role)).map(|r| r.name).collect::<Vec<_>>();
        assert_eq!(
            gets(Role::Worker),
            ["join/token", "receipt/key", "receipt/codes", "registry/image-password"],
            "a worker gets its own things and the registry's login, no more"
        );
        assert!(!gets(Role::Leader).contains(&"join/token"));
    }
}
