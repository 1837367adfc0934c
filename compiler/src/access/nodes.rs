//! Organizations and teams become pairs of an aggregated ClusterRole and its binding.
//!
//! A team's binding has its active members; an organization's those of all its teams besides its own, which is how the
//! organization's rights reach them.

use super::answers::{Answer, Answers};
use super::export::{Export, Member, Org, Subject, Team};
use super::labels::Kind;
use super::names::{self, slug};
use super::notes::Notes;
use super::people::{self, People};
use super::rights::Node;
use crate::diag::codes::access as code;
use crate::source::Place;
use std::collections::{BTreeMap, BTreeSet};

/// The organization that every MKE 3 has.
const BUILT_IN: &str = "docker-datacenter";

/// Organizations and teams, and who is meant by their groups and ids.
pub struct Nodes {
    /// Organizations in the order of the export, each followed by its teams.
    pub list: Vec<Node>,
    /// Which nodes the groups of MKE 3 mean, `org:NAME` and `team:ORG:NAME`. Two only if names hold colons.
    pub by_group: BTreeMap<String, Vec<usize>>,
    /// By id.
    pub by_id: BTreeMap<String, usize>,
}

/// How notes and the ledger call an organization.
pub fn org_subject(org: &Org) -> String {
    format!("org:{}", org.name)
}

/// How notes and the ledger call a team.
pub fn team_subject(org: &Org, team: &Team) -> String {
    // With a slash in it, a name and the name of a team could be read as another's.
    let org = if org.name.contains('/') { &org.id } else { &org.name };
    format!("team:{org}/{}", team.name)
}

/// Makes them. `groups` stand for teams' members, by team id; `taken` are names of objects of others.
pub fn nodes(
    export: &Export,
    people: &People<'_>,
    groups: &BTreeMap<&str, &str>,
    answers: &Answers,
    taken: &BTreeSet<String>,
    notes: &mut Notes,
) -> Nodes {
    let org_names: Vec<&str> = export.orgs.iter().map(|org| org.name.as_str()).collect();
    let org_names = names::orgs(&org_names, taken);
    let all_teams = || export.orgs.iter().flat_map(|org| org.teams.iter().map(move |team| (org, team)));
    let wanted: Vec<names::Team<'_>> =
        all_teams().map(|(org, team)| names::Team { org: &org.name, team: &team.name }).collect();
    let mut team_names = names::teams(&wanted, taken).into_iter();
    let mut nodes = Nodes { list: Vec::new(), by_group: BTreeMap::new(), by_id: BTreeMap::new() };
    for (org, name) in export.orgs.iter().zip(org_names) {
        let subject = org_subject(org);
        if org.name == BUILT_IN {
            notes.add(
                code::BUILT_IN_ORG,
                &subject,
                "translated like any other organization",
                Some(&org.place),
            );
        }
        let at = nodes.list.len();
        let mut own = members(&org.members, people, &subject, &org.place, notes);
        let first_team = at + 1;
        nodes.list.push(node(Kind::Org, name, org, None, &subject));
        for team in &org.teams {
            let subject = team_subject(org, team);
            let name = team_names.next().unwrap_or_default();
            let mut node = node(Kind::Team, name, org, Some(team), &subject);
            let found = team_members(org, team, people, groups, answers, notes);
            node.subjects = found.subjects;
            node.binding_from.extend(found.from);
            nodes
                .by_group
                .entry(format!("team:{}:{}", org.name, team.name))
                .or_default()
                .push(nodes.list.len());
            nodes.by_id.insert(team.id.clone(), nodes.list.len());
            administrators(&team.members, false, people, &subject, &team.place, notes);
            nodes.list.push(node);
        }
        for team in &nodes.list[first_team..] {
            own.subjects.extend(team.subjects.iter().cloned());
            own.from.extend(team.binding_from.iter().cloned());
        }
        nodes.list[at].subjects = own.subjects;
        nodes.list[at].binding_from.extend(own.from);
        nodes.by_group.entry(format!("org:{}", org.name)).or_default().push(at);
        nodes.by_id.insert(org.id.clone(), at);
        administrators(&org.members, org.admins_synced, people, &subject, &org.place, notes);
    }
    let places = export
        .orgs
        .iter()
        .flat_map(|org| std::iter::once(&org.place).chain(org.teams.iter().map(|t| &t.place)));
    for (node, place) in nodes.list.iter().zip(places) {
        named(node, place, notes);
        if node.subjects.is_empty() {
            notes.add(
                code::NOBODY,
                &node.subject,
                "has no active member; its binding has no subject",
                Some(place),
            );
        }
    }
    nodes
}

fn node(kind: Kind, name: String, org: &Org, team: Option<&Team>, subject: &str) -> Node {
    Node {
        name,
        kind,
        org: slug(&org.name),
        team: team.map(|team| slug(&team.name)),
        subject: subject.to_owned(),
        original: team.map_or_else(|| org.name.clone(), |team| format!("{}/{}", org.name, team.name)),
        id: team.map_or(&org.id, |team| &team.id).clone(),
        gives: BTreeSet::new(),
        subjects: BTreeSet::new(),
        role_from: BTreeSet::from([subject.to_owned()]),
        binding_from: BTreeSet::from([subject.to_owned()]),
    }
}

/// Tells where a node's name differs from the one that people know.
fn named(node: &Node, place: &Place, notes: &mut Notes) {
    let (slug, suffix) = match &node.team {
        Some(team) => (team, "team"),
        None => (&node.org, "org"),
    };
    let last = match &node.team {
        // What stands behind the organization's name, which is in front in `original`.
        Some(_) => node.original.ends_with(&format!("/{slug}")),
        None => node.original == *slug,
    };
    if !last {
        let detail = format!("becomes `{}`; annotations keep the name", node.name);
        notes.add(code::NAME_REWRITTEN, &node.subject, detail, Some(place));
    }
    if node.name != format!("{slug}-{suffix}") {
        let detail = format!("`{slug}-{suffix}` would be ambiguous; the objects are called `{}`", node.name);
        notes.add(code::NAME_COLLISION, &node.subject, detail, Some(place));
    }
}

struct Members {
    subjects: BTreeSet<Subject>,
    from: BTreeSet<String>,
}

fn team_members(
    org: &Org,
    team: &Team,
    people: &People<'_>,
    groups: &BTreeMap<&str, &str>,
    answers: &Answers,
    notes: &mut Notes,
) -> Members {
    let subject = team_subject(org, team);
    if let Some(group) = groups.get(team.id.as_str()) {
        return Members {
            subjects: BTreeSet::from([Subject::Group((*group).to_owned())]),
            from: BTreeSet::new(),
        };
    }
    let mut left_out = false;
    if let Some(source) = &team.synced_from {
        let detail = format!("LDAP fills it from `{}`; MKE 4k does not", super::read::shown(source));
        notes.add(code::SYNCED_TEAM, &subject, detail, Some(&team.place));
        left_out |= answers.is(code::SYNCED_TEAM, Answer::LeaveOut);
    }
    if let Some(claim) = &team.claim {
        let detail = format!("the claim `{}` fills it; MKE 4k does not", super::read::shown(claim));
        notes.add(code::CLAIM_TEAM, &subject, detail, Some(&team.place));
        left_out |= answers.is(code::CLAIM_TEAM, Answer::LeaveOut);
    }
    if left_out {
        return Members { subjects: BTreeSet::new(), from: BTreeSet::new() };
    }
    members(&team.members, people, &subject, &team.place, notes)
}

/// The active ones. A member that is no account is reported.
fn members(list: &[Member], people: &People<'_>, of: &str, place: &Place, notes: &mut Notes) -> Members {
    let mut found = Members { subjects: BTreeSet::new(), from: BTreeSet::new() };
    for member in list {
        let Some((user, person)) = people.by_id(&member.user) else {
            let detail = format!("has a member `{}` that is no user", super::read::shown(&member.user));
            notes.add(code::ORPHAN, of, detail, Some(place));
            continue;
        };
        if let Some(subject) = person.subject() {
            found.subjects.insert(subject);
            found.from.insert(people::subject(user));
        }
    }
    found
}

fn administrators(
    members: &[Member],
    synced: bool,
    people: &People<'_>,
    of: &str,
    place: &Place,
    notes: &mut Notes,
) {
    let names: Vec<String> = members
        .iter()
        .filter(|member| member.admin)
        .filter_map(|member| people.by_id(&member.user))
        .filter(|(_, person)| person.subject().is_some())
        .map(|(user, _)| super::read::shown(&user.name))
        .collect();
    let detail = match (names.len(), synced) {
        (0, false) => return,
        (0, true) => "LDAP says who administers it".to_owned(),
        (1..=5, _) => format!("administered by {}", names.join(", ")),
        (n, _) => format!("administered by {} and {} more", names[..5].join(", "), n - 5),
    };
    notes.add(code::ORG_ADMIN, of, detail, Some(place));
}
