//! Swarm roles, collections and grants.

use super::accounts::once;
use super::object::{Object, Reading, pages};
use crate::access::export::{Collection, Grant, SwarmRole};
use crate::source::{Node, Place, Value};

const ROLE: &[&str] = &["id", "name", "system_role", "operations"];
const COLLECTION: &[&str] = &[
    "name",
    "path",
    "id",
    "parent_ids",
    "label_constraints",
    "legacylabelkey",
    "legacylabelvalue",
    "created_at",
    "updated_at",
];
const GRANTS: &[&str] = &["grants", "subjects", "nextPageStart", "resourceCount"];
const GRANT: &[&str] = &["subjectID", "objectID", "roleID"];

/// What was met so far; `None` for a list that was not.
#[derive(Default)]
pub(super) struct Swarm {
    roles: Option<Vec<SwarmRole>>,
    collections: Option<Vec<Collection>>,
    grants: Option<Vec<Grant>>,
}

impl Swarm {
    pub(super) fn take(&mut self, top: &Object<'_>, reading: &mut Reading) {
        if let Some(items) = bare(top, "roles", "the list of roles", reading) {
            let roles = self.roles.get_or_insert_default();
            roles.extend(items.iter().filter_map(|node| role(top, node, reading)));
        }
        if let Some(items) = bare(top, "collections", "the list of collections", reading) {
            let collections = self.collections.get_or_insert_default();
            collections.extend(items.iter().filter_map(|node| collection(top, node, reading)));
        }
        if let Some(node) = top.get("collectionGrants") {
            let grants = self.grants.get_or_insert_default();
            for (_, items) in pages(top.file, node, "a page of grants", "grants", GRANTS, reading) {
                grants.extend(items.iter().filter_map(|node| grant(top, node, reading)));
            }
        }
    }

    pub(super) fn finish(
        self,
        head: Option<&Place>,
        reading: &mut Reading,
    ) -> (Vec<SwarmRole>, Vec<Collection>, Vec<Grant>) {
        if let Some(head) = head {
            let met = [
                (self.roles.is_some(), "roles"),
                (self.collections.is_some(), "collections"),
                (self.grants.is_some(), "collectionGrants"),
            ];
            for (_, what) in met.into_iter().filter(|(met, _)| !met) {
                reading.incomplete(head.clone(), format!("the export has no `{what}`"));
            }
        }
        let mut roles = self.roles.unwrap_or_default();
        let mut collections = self.collections.unwrap_or_default();
        let mut grants = self.grants.unwrap_or_default();
        once("role id", roles.iter().map(|r| (r.id.as_str(), &r.place)), reading);
        once("collection path", collections.iter().map(|c| (c.path.as_str(), &c.place)), reading);
        once("collection id", collections.iter().map(|c| (c.id.as_str(), &c.place)), reading);
        let names: Vec<String> = grants.iter().map(|g| [&*g.subject, &g.object, &g.role].join("/")).collect();
        once("the grant", names.iter().zip(&grants).map(|(n, g)| (n.as_str(), &g.place)), reading);
        roles.sort_by(|a, b| a.id.cmp(&b.id));
        collections.sort_by(|a, b| (&a.path, &a.id).cmp(&(&b.path, &b.id)));
        grants.sort_by(|a, b| (&a.subject, &a.object, &a.role).cmp(&(&b.subject, &b.object, &b.role)));
        (roles, collections, grants)
    }
}

/// An answer that is a list without pages.
fn bare<'a>(top: &Object<'a>, key: &str, what: &'static str, reading: &mut Reading) -> Option<&'a [Node]> {
    let node = top.get(key)?;
    match &node.value {
        Value::List(items) => Some(items),
        _ => {
            // Reported as what it is: an error reply, a page, or a wrong type.
            if Object::new(top.file, node, what, &["items"], reading).is_some() {
                reading.incomplete(top.file.place(node.span.clone()), format!("{what} is no list"));
            }
            None
        }
    }
}

fn role(top: &Object<'_>, node: &Node, reading: &mut Reading) -> Option<SwarmRole> {
    let role = Object::new(top.file, node, "a role", ROLE, reading)?;
    let (id, name) = (role.required("id", reading), role.required("name", reading));
    Some(SwarmRole {
        id: id?,
        name: name?,
        built_in: role.flag("system_role", reading),
        place: role.place_of("name"),
    })
}

fn collection(top: &Object<'_>, node: &Node, reading: &mut Reading) -> Option<Collection> {
    let collection = Object::new(top.file, node, "a collection", COLLECTION, reading)?;
    let (id, path) = (collection.required("id", reading), collection.required("path", reading));
    let constrained = !collection.list("label_constraints", reading).is_empty();
    Some(Collection { id: id?, path: path?, constrained, place: collection.place_of("path") })
}

fn grant(top: &Object<'_>, node: &Node, reading: &mut Reading) -> Option<Grant> {
    let grant = Object::new(top.file, node, "a grant", GRANT, reading)?;
    let (subject, object, role) = (
        grant.required("subjectID", reading),
        grant.required("objectID", reading),
        grant.required("roleID", reading),
    );
    Some(Grant { subject: subject?, object: object?, role: role?, place: grant.place_of("subjectID") })
}
