//! Names of MKE 3 that are others in MKE 4k: `access/names.yaml`.
//!
//! ```yaml
//! users:                          # login at the identity provider, what its claim `email` says
//!   carol: carol@corp.example
//! teams:                          # a group of the directory in the place of a team's members
//!   acme/platform: platform-admins
//! ```
//!
//! A name that begins with `system:` is refused: Kubernetes gives such names a meaning of its own.

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
    /// `organization/team` to group.
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
}

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
