//! `rbac/report.json`: every case, every user, and what should be deleted afterwards, for programs; and the counts that
//! the report for people shows.

use super::dex;
use super::export::UserSource;
use super::notes::{Item, Notes};
use super::people::{LoginBy, People, Person};
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many of each kind.
    pub summary: Summary,
    /// Every user.
    pub users: Vec<UserLine>,
    /// Objects that should be deleted after acceptance.
    pub delete_proposed: Vec<String>,
    /// Every case.
    pub items: Vec<Item>,
}

/// How many were found, carried and left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// In the export.
    pub found: usize,
    /// Translated.
    pub carried: usize,
    /// The difference.
    pub skipped: usize,
}

impl Count {
    /// Of all these so many are carried.
    pub fn new(found: usize, carried: usize) -> Self {
        Self { found, carried, skipped: found - carried }
    }
}

/// How many of each kind.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Accounts that are people.
    pub users: Count,
    /// Organizations, the built-in one included.
    pub organizations: Count,
    /// Teams of all organizations.
    pub teams: Count,
    /// Swarm grants.
    pub grants: Count,
    /// Aggregated ClusterRoles.
    pub aggregated_roles: usize,
    /// Swarm roles that were re-created without permissions.
    pub swarm_roles_replicated: usize,
    /// Native bindings.
    pub bindings: BindingCounts,
    /// Local users with a password hash.
    pub passwords: usize,
    /// Local users who need a new password.
    pub passwords_to_reset: usize,
    /// Cases by severity.
    pub report_items: BTreeMap<&'static str, usize>,
}

impl Summary {
    /// The counts as lines for people.
    pub fn lines(&self) -> Vec<String> {
        let count = |what: &str, n: &Count| {
            format!("{what}: found {}, carried {}, skipped {}", n.found, n.carried, n.skipped)
        };
        let Self { bindings, .. } = self;
        let mut lines = vec![
            count("users", &self.users),
            format!(
                "passwords: carried {}, to be set afterwards {}",
                self.passwords, self.passwords_to_reset
            ),
            count("organizations", &self.organizations),
            count("teams", &self.teams),
            format!("aggregated roles: written {}", self.aggregated_roles),
            count("Swarm grants", &self.grants),
            format!("Swarm roles: re-created without permissions {}", self.swarm_roles_replicated),
            format!(
                "bindings: found {}, rewritten {}, to be deleted afterwards {}, untouched {}; {} subjects went into aggregated roles",
                bindings.found,
                bindings.rewritten,
                bindings.delete_proposed,
                bindings.untouched,
                bindings.absorbed_subjects
            ),
        ];
        let items: Vec<String> = self.report_items.iter().map(|(word, n)| format!("{word} {n}")).collect();
        lines.push(format!("cases in rbac/report.json: {}", items.join(", ")));
        lines
    }
}

/// Native bindings by what became of them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingCounts {
    /// Bindings that were not ours.
    pub found: usize,
    /// Subjects that went into aggregated roles.
    pub absorbed_subjects: usize,
    /// With new subjects.
    pub rewritten: usize,
    /// That should be deleted.
    pub delete_proposed: usize,
    /// As they were.
    pub untouched: usize,
}

/// A user.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLine {
    /// The account name.
    pub name: String,
    /// `local`, `directory` or `on-demand`.
    pub source: &'static str,
    /// `carried`, `skipped` or `blocked`.
    pub result: &'static str,
    /// Why the user is not carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// The name in MKE 4k.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_name: Option<String>,
    /// Whether the user is bound to cluster-admin.
    pub admin: bool,
    /// The object in which Dex looks for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dex_object: Option<String>,
    /// The account id.
    #[serde(rename = "userID")]
    pub user_id: String,
    /// `carried` or `reset-required`, for local users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'static str>,
}

/// All users, in the order of the export.
pub fn users(people: &People<'_>) -> Vec<UserLine> {
    people
        .iter()
        .map(|(user, person)| {
            let (result, why, name, login) = match person {
                Person::Carried { name, login } => ("carried", None, Some(name.clone()), Some(*login)),
                Person::LeftOut(why) => ("skipped", Some(*why), None, None),
                Person::Blocked(why) => ("blocked", Some(*why), None, None),
            };
            let password = match login {
                Some(LoginBy::Hash) => Some("carried"),
                Some(LoginBy::Reset) => Some("reset-required"),
                _ => None,
            };
            UserLine {
                name: user.name.clone(),
                source: match user.source {
                    UserSource::Local => "local",
                    UserSource::Directory => "directory",
                    UserSource::OnDemand => "on-demand",
                },
                result,
                why,
                admin: user.admin && name.is_some(),
                dex_object: password.and(name.as_deref()).map(dex::object_name),
                subject_name: name,
                user_id: user.id.clone(),
                password,
            }
        })
        .collect()
}

/// Cases by severity.
pub fn severities(notes: &Notes) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for note in notes.iter() {
        *counts.entry(super::notes::word(note.code.severity)).or_default() += 1;
    }
    counts
}
