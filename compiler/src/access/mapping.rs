//! Names of MKE 3 that are others in MKE 4k: `access/names.yaml`.
//!
//! ```yaml
//! users:                          # login at the identity provider, what its claim `email` says
//!   carol: carol@corp.example
//! teams:                          # a group of the directory in the place of a team's members
//!   acme/platform: platform-admins
//!   2155018b-0c5a-4a57-9d62-8b5a4a5b1f10/dev: developers
//! ```
//!
//! An organization's id in the place of its name tells teams apart where names hold slashes: team `b/c` of organization `a`,
//! and `c` of `a/b`. What could mean both is refused.
//!
//! A name that begins with `system:` is refused: Kubernetes gives such names a meaning of its own.

use super::export::{Export, Org, Team};
use super::read::shown;
use crate::diag::Findings;
use crate::diag::codes::access as code;
use crate::site::values::SLOT;
use crate::source::{Cursor, Entry, Field, File, Value, yaml};
use std::collections::BTreeMap;

/// The file's name below access/.
pub const NAMES: &str = "names.yaml";

/// The names.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// Account name to login.
    pub users: BTreeMap<String, Field<String>>,
    /// `ORGANIZATION/TEAM` to group.
    pub teams: BTreeMap<String, Field<String>>,
}

impl Mapping {
    /// Reads the file.
    pub fn read(file: &File, findings: &mut Findings) -> Self {
        let Some(node) = yaml::parse(file, findings) else { return Self::default() };
        let Some(mut top) = Cursor::new(file, &node, "", findings) else { return Self::default() };
        let users = top.table("users", findings).map(|t| table(file, &t, findings)).unwrap_or_default();
        let teams = top.table("teams", findings).map(|t| table(file, &t, findings)).unwrap_or_default();
        top.finish(findings);
        Self { users, teams }
    }

    /// The groups that take the place of teams' members, by the team's id. Entries must be about one team each.
    pub fn groups<'a>(&'a self, export: &'a Export, findings: &mut Findings) -> BTreeMap<&'a str, &'a str> {
        let mut by_name: BTreeMap<String, Vec<(&Org, &Team)>> = BTreeMap::new();
        let mut by_id: BTreeMap<String, (&Org, &Team)> = BTreeMap::new();
        for (org, team) in export.orgs.iter().flat_map(|org| org.teams.iter().map(move |team| (org, team))) {
            by_name.entry(format!("{}/{}", org.name, team.name)).or_default().push((org, team));
            by_id.insert(format!("{}/{}", org.id, team.name), (org, team));
        }
        let mut groups: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, field) in &self.teams {
            let meant = match by_id.get(key) {
                Some(one) => std::slice::from_ref(one),
                None => by_name.get(key).map(Vec::as_slice).unwrap_or_default(),
            };
            let (wrong, help) = match meant {
                [] => ("no team (ORGANIZATION/TEAM) of the export".to_owned(), NAMES_HELP.to_owned()),
                [(_, team)] => match groups.insert(&team.id, &field.value) {
                    None => continue,
                    Some(_) => ("a team that another line is about".to_owned(), "take one away".to_owned()),
                },
                several => {
                    let list = |name: &dyn Fn(&Org, &Team) -> String, and: &str| {
                        let names: Vec<String> = several.iter().map(|(org, team)| name(org, team)).collect();
                        shown(&names.join(and))
                    };
                    let teams = list(&|o, t| format!("`{}` of organization `{}`", t.name, o.name), " and ");
                    let keys = list(&|o, t| format!("`{}/{}`", o.id, t.name), " or ");
                    (format!("several teams: {teams}"), format!("say which by its organization's id: {keys}"))
                }
            };
            let message = format!("`{}` is about {wrong}", shown(&field.path));
            findings.push(field.finding(code::NAMES, message).help(help));
        }
        groups
    }
}

/// The way out of a name that nothing has.
pub(super) const NAMES_HELP: &str = "write names as MKE 3 has them, or take the line away";

fn table(file: &File, table: &Cursor<'_>, findings: &mut Findings) -> BTreeMap<String, Field<String>> {
    let mut names = BTreeMap::new();
    for (entry, path) in table.entries() {
        let place = file.place(entry.node.span.clone());
        let field = Field { value: entry, place, path };
        if let Some(name) = name(&field, findings) {
            names.insert(entry.key.clone(), field.map(|_| name));
        }
    }
    names
}

fn name(field: &Field<&Entry>, findings: &mut Findings) -> Option<String> {
    let refuse = |what: &str| field.finding(code::NAMES, format!("`{}` {what}", shown(&field.path)));
    let Value::Str(name) = &field.value.node.value else {
        let kind = field.value.node.value.kind();
        findings.push(refuse(&format!("must be a name, not {kind}")).help("put the name in quotes"));
        return None;
    };
    let wrong = if name.is_empty() {
        "is empty"
    } else if name.chars().any(char::is_control) || name.trim() != name {
        "has blanks around it or control characters in it"
    } else if name.contains(SLOT) {
        "looks like the slot of a secret"
    } else if name.starts_with("system:") {
        "begins with `system:`, which Kubernetes keeps for itself"
    } else {
        return Some(name.clone());
    };
    findings.push(refuse(wrong).help("write the name exactly as the identity provider sends it"));
    None
}
