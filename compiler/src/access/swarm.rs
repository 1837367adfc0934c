//! Swarm roles, collections and grants. Kubernetes has nothing like them: roles are re-created without permissions, so
//! that organizations and teams keep what they were called by, unless an operator says what a role becomes.

use super::export::{Collection, Export, Grant, SwarmRole};
use super::labels;
use super::names;
use super::nodes::Nodes;
use super::notes::Notes;
use super::people::People;
use super::read::shown;
use super::rights::{EmptyRole, Gift};
use crate::diag::codes::access as code;
use crate::diag::{Finding, Findings};
use crate::site::rights::{StockRole, SwarmRoles};
use crate::translate::Fate;
use std::collections::{BTreeMap, BTreeSet};

/// The role that grants nothing.
const NONE: &str = "none";
/// The role that grants everything.
const FULL: &str = "fullcontrol";
/// The collection of everything, and that of MKE's own things.
const WIDE: [&str; 2] = ["swarm", "system"];
/// The object of UCP 3.0 that stands for all namespaces.
const ALL_NAMESPACES: &str = "kubernetesnamespaces";

/// What became of everything of Swarm's.
pub struct Swarm {
    /// How notes and the ledger call each role, in the order of the export.
    pub role_subjects: Vec<String>,
    /// How they call each grant.
    pub grant_subjects: Vec<String>,
    /// Roles without permissions, the placeholder left out.
    pub roles: Vec<EmptyRole>,
    /// A fate and a reason for each role, collection and grant, in the order of the export.
    pub role_fates: Vec<(Fate, String)>,
    pub collection_fates: Vec<(Fate, String)>,
    pub grant_fates: Vec<(Fate, String)>,
}

/// Names that stand for one thing each: what several things would be called gets the id behind it.
fn unique(names: Vec<(String, String)>) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().for_each(|(name, _)| *count.entry(name).or_default() += 1);
    let twins: BTreeSet<String> =
        count.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name.to_owned()).collect();
    let only =
        |(name, id): (String, String)| if twins.contains(&name) { format!("{name}#{id}") } else { name };
    names.into_iter().map(only).collect()
}

/// How notes and the ledger call a collection.
pub fn collection_subject(collection: &Collection) -> String {
    format!("collection:{}", collection.path)
}

/// Translates them; what nodes get goes into `nodes`.
pub fn swarm(
    export: &Export,
    people: &People<'_>,
    nodes: &mut Nodes,
    map: &SwarmRoles,
    taken: &BTreeSet<String>,
    notes: &mut Notes,
) -> Swarm {
    let known = Known::new(export, map);
    let role_subjects = unique(
        export
            .roles
            .iter()
            .map(|role| {
                (format!("role:{}", if role.built_in { &role.id } else { &role.name }), role.id.clone())
            })
            .collect(),
    );
    let of_role: BTreeMap<&str, &str> = export
        .roles
        .iter()
        .map(|role| role.id.as_str())
        .zip(role_subjects.iter().map(String::as_str))
        .collect();
    let grant_subjects = unique(
        export
            .grants
            .iter()
            .map(|grant| {
                let ids = [grant.subject.as_str(), &grant.object, &grant.role].join("/");
                (known.grant_subject(grant, people, nodes), ids)
            })
            .collect(),
    );
    let uses: Vec<Use<'_>> = export.grants.iter().map(|grant| known.judge(grant, people, nodes)).collect();
    let granted: BTreeSet<&str> = uses
        .iter()
        .filter_map(|used| match used {
            Use::Node { role, .. } => Some(role.id.as_str()),
            _ => None,
        })
        .collect();
    // What is written: granted ones and, so that none is lost, custom ones without a grant.
    let written: Vec<&SwarmRole> = export
        .roles
        .iter()
        .filter(|role| role.id != NONE && known.mapped(role).is_none())
        .filter(|role| !role.built_in || granted.contains(role.id.as_str()))
        .collect();
    let wanted: Vec<(&str, Option<&str>)> = written
        .iter()
        .map(|role| (role.id.as_str(), (!role.built_in).then_some(role.name.as_str())))
        .collect();
    let object_names: BTreeMap<&str, String> =
        written.iter().map(|role| role.id.as_str()).zip(names::swarm_roles(&wanted, taken)).collect();

    let mut emptied: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut grant_fates = Vec::new();
    for ((grant, used), subject) in export.grants.iter().zip(&uses).zip(&grant_subjects) {
        let mut note = |code, detail: String| notes.add(code, subject, detail, Some(&grant.place));
        grant_fates.push(match used {
            Use::Orphan(what) => {
                note(code::ORPHAN, format!("names {what} that does not exist"));
                (Fate::Dropped, format!("it names {what} that does not exist"))
            }
            Use::Everybody(role) => {
                note(code::EVERYBODY, format!("gives {} to every logged-in user", shown(&role.name)));
                (Fate::Dropped, "it is for every logged-in user".to_owned())
            }
            Use::Namespace(role) => {
                note(
                    code::NAMESPACE_GRANT,
                    format!("gives {} in Kubernetes; {}", shown(&role.name), suggestion(role)),
                );
                (Fate::DecisionNeeded, "a RoleBinding has to be made by hand, if it is wanted".to_owned())
            }
            Use::User(role) => {
                note(code::USER_GRANT, format!("gives {} to one user", shown(&role.name)));
                if is_wide(grant, role) {
                    note(code::WIDE_GRANT, wide(role, grant));
                }
                (Fate::Dropped, "Swarm grants of single users have no counterpart".to_owned())
            }
            Use::Node { node, role } => {
                let mapped = known.mapped(role);
                if mapped.is_none() && is_wide(grant, role) {
                    note(code::WIDE_GRANT, wide(role, grant));
                }
                let gift = match mapped {
                    Some(stock) => Gift::Stock(stock),
                    None => match object_names.get(role.id.as_str()) {
                        Some(name) => {
                            emptied.entry(*node).or_default().insert(&role.name);
                            Gift::Swarm(name.clone())
                        }
                        None => Gift::Swarm(labels::NONE.to_owned()),
                    },
                };
                let target = &mut nodes.list[*node];
                target.gives.insert(gift);
                target.role_from.insert(subject.clone());
                target.role_from.extend(of_role.get(role.id.as_str()).map(|role| (*role).to_owned()));
                (
                    Fate::Merged,
                    "the collection is lost; the role is on the organization's or team's own role".to_owned(),
                )
            }
        });
    }
    for (node, roles) in emptied {
        let roles: Vec<String> = roles.into_iter().map(shown).collect();
        let detail = format!("has {} without permissions", roles.join(", "));
        notes.add(code::ROLE_EMPTIED, &nodes.list[node].subject, detail, None);
    }
    let mut roles = Vec::new();
    let mut role_fates = Vec::new();
    for (role, subject) in export.roles.iter().zip(&role_subjects) {
        role_fates.push(match (object_names.get(role.id.as_str()), known.mapped(role)) {
            (Some(name), _) => {
                if !role.built_in {
                    let detail = format!("is re-created as `{name}`, without permissions");
                    notes.add(code::ROLE_EMPTIED, subject, detail, Some(&role.place));
                }
                roles.push(EmptyRole {
                    name: name.clone(),
                    original: Some((role.name.clone(), role.id.clone())),
                    from: BTreeSet::from([subject.clone()]),
                });
                (Fate::Converted, "re-created without permissions".to_owned())
            }
            (None, Some(stock)) if granted.contains(role.id.as_str()) => {
                (Fate::Converted, format!("its grants become `{}`, by site.yaml", stock.name()))
            }
            (None, _) if role.id == NONE && granted.contains(NONE) => {
                (Fate::Merged, "the placeholder `none`".to_owned())
            }
            (None, _) => (Fate::Default, "no organization or team has it".to_owned()),
        });
    }
    let collection_fates = export.collections.iter().map(|c| collection(c, notes)).collect();
    Swarm { role_subjects, grant_subjects, roles, role_fates, collection_fates, grant_fates }
}

/// Reports entries of `access.swarm_roles` that name no role of this cluster.
pub fn check_map(export: &Export, map: &SwarmRoles, findings: &mut Findings) {
    for (name, given) in map {
        let named = |role: &&SwarmRole| role.id == *name || role.name == *name;
        let message = match export.roles.iter().filter(named).count() {
            0 => format!("no Swarm role of this cluster is called `{}`", shown(name)),
            1 => continue,
            n => format!("{n} Swarm roles are called `{}`", shown(name)),
        };
        let names: Vec<String> = export
            .roles
            .iter()
            .map(|role| shown(if role.built_in { &role.id } else { &role.name }))
            .collect();
        findings.push(
            Finding::new(code::SWARM_ROLE, message)
                .at(given.place.clone())
                .help(format!("use one of {}, or a role's id", names.join(", "))),
        );
    }
}

fn collection(collection: &Collection, notes: &mut Notes) -> (Fate, String) {
    let subject = collection_subject(collection);
    if collection.constrained {
        let detail = "MKE 4k does not sort what belongs to a collection by labels";
        notes.add(code::CONSTRAINT, &subject, detail, Some(&collection.place));
    }
    if collection.is_private() {
        notes.add(code::PRIVATE_COLLECTION, &subject, "a user's own", Some(&collection.place));
    }
    if collection.is_built_in() && !collection.constrained {
        return (Fate::Default, "every MKE 3 has it".to_owned());
    }
    (Fate::Dropped, "Kubernetes has no collections; use namespaces".to_owned())
}

/// What a grant says.
enum Use<'a> {
    Orphan(&'static str),
    Everybody(&'a SwarmRole),
    Namespace(&'a SwarmRole),
    User(&'a SwarmRole),
    Node { node: usize, role: &'a SwarmRole },
}

/// Names of the export by id.
struct Known<'a> {
    roles: BTreeMap<&'a str, &'a SwarmRole>,
    collections: BTreeMap<&'a str, &'a Collection>,
    namespaces: &'a BTreeSet<String>,
    map: &'a SwarmRoles,
}

impl<'a> Known<'a> {
    fn new(export: &'a Export, map: &'a SwarmRoles) -> Self {
        Self {
            roles: export.roles.iter().map(|role| (role.id.as_str(), role)).collect(),
            collections: export.collections.iter().map(|c| (c.id.as_str(), c)).collect(),
            namespaces: &export.kubernetes.namespaces,
            map,
        }
    }

    /// What an operator wants a role to become.
    fn mapped(&self, role: &SwarmRole) -> Option<StockRole> {
        let given = self.map.get(&role.id).or_else(|| self.map.get(&role.name))?;
        Some(given.value)
    }

    fn judge(&self, grant: &Grant, people: &People<'_>, nodes: &Nodes) -> Use<'a> {
        let Some(role) = self.roles.get(grant.role.as_str()).copied() else { return Use::Orphan("a role") };
        let in_kubernetes = grant.object == ALL_NAMESPACES || self.namespaces.contains(&grant.object);
        let collection = self.collections.contains_key(grant.object.as_str());
        if !collection && !in_kubernetes {
            return Use::Orphan("a collection");
        }
        if grant.subject == "authenticated" {
            return Use::Everybody(role);
        }
        let node = nodes.by_id.get(&grant.subject).copied();
        let account = grant.subject.starts_with("system:serviceaccount:");
        if !account && node.is_none() && people.by_id(&grant.subject).is_none() {
            return Use::Orphan("an account");
        }
        match node {
            _ if account || !collection => Use::Namespace(role),
            Some(node) => Use::Node { node, role },
            None => Use::User(role),
        }
    }

    /// How notes and the ledger call a grant: subject, object and role by name, where they have one.
    fn grant_subject(&self, grant: &Grant, people: &People<'_>, nodes: &Nodes) -> String {
        let subject = match (nodes.by_id.get(&grant.subject), people.by_id(&grant.subject)) {
            (Some(node), _) => nodes.list[*node].original.clone(),
            (_, Some((user, _))) => user.name.clone(),
            _ => grant.subject.clone(),
        };
        let object = match self.collections.get(grant.object.as_str()) {
            Some(collection) if collection.is_built_in() => collection.id.clone(),
            Some(collection) => collection.path.trim_start_matches('/').to_owned(),
            None => grant.object.clone(),
        };
        let role = match self.roles.get(grant.role.as_str()) {
            Some(role) if !role.built_in => role.name.clone(),
            _ => grant.role.clone(),
        };
        format!("grant:{subject}/{object}/{role}")
    }
}

fn is_wide(grant: &Grant, role: &SwarmRole) -> bool {
    match WIDE.iter().position(|id| *id == grant.object) {
        Some(0) => role.id == FULL,
        Some(_) => role.id != NONE,
        None => false,
    }
}

fn wide(role: &SwarmRole, grant: &Grant) -> String {
    let of = if grant.object == WIDE[0] { "everything in the cluster" } else { "MKE's own things" };
    format!("gives {} over {of}", shown(&role.name))
}

/// The stock role that comes nearest, for a person who makes a binding by hand.
fn suggestion(role: &SwarmRole) -> String {
    let nearest = match role.id.as_str() {
        "viewonly" => "`view`",
        "restrictedcontrol" => "`edit`",
        FULL => "`admin`",
        _ => return "no stock role comes near".to_owned(),
    };
    format!("{nearest} comes nearest")
}
