//! Users, organizations, teams and memberships.

use super::object::{Object, Reading, pages, shown};
use crate::access::export::{Member, Org, Team, User, UserSource};
use crate::diag::Finding;
use crate::diag::codes::input;
use crate::source::{Entry, File, Node, Place};
use std::borrow::Cow;
use std::collections::BTreeMap;

const PAGE: &[&str] = &[
    "usersCount",
    "orgsCount",
    "resourceCount",
    "nextPageStart",
    "accounts",
    "teams",
    "members",
    "accountPublicKeys",
];
const ACCOUNT: &[&str] = &[
    "name",
    "id",
    "fullName",
    "isOrg",
    "isAdmin",
    "isActive",
    "isImported",
    "onDemand",
    "otpEnabled",
    "locked",
    "membersCount",
    "teamsCount",
];
const ORG: &[&str] = &["teams", "members", "adminMemberSyncConfig", "teamDetails"];
const TEAM: &[&str] = &["orgID", "name", "id", "description", "membersCount"];
const TEAM_DETAILS: &[&str] = &["members", "memberSyncConfig", "kaasRoleConfig"];
const MEMBER: &[&str] = &["member", "isAdmin"];
const SYNC: &[&str] = &[
    "enableSync",
    "selectGroupMembers",
    "groupDN",
    "groupMemberAttr",
    "searchBaseDN",
    "searchScopeSubtree",
    "searchFilter",
];
const CLAIM: &[&str] = &["enableIamRole", "roleName"];

/// What was met so far.
#[derive(Default)]
pub(super) struct Accounts {
    users: Vec<User>,
    orgs: Vec<ListedOrg>,
    /// Whether the list of accounts was met, and what it says of its length.
    listed: bool,
    users_count: Option<(usize, Place)>,
    orgs_count: Option<(usize, Place)>,
    details: BTreeMap<String, Details>,
    details_met: bool,
    client_bundles: Option<usize>,
}

struct ListedOrg {
    id: String,
    name: String,
    members: Option<(usize, Place)>,
    teams: Option<(usize, Place)>,
    place: Place,
}

/// The answers about one organization.
struct Details {
    place: Place,
    teams: Option<Vec<ListedTeam>>,
    members: Option<Vec<Member>>,
    admins_synced: bool,
    team_details: BTreeMap<String, TeamDetails>,
}

struct ListedTeam {
    id: String,
    name: String,
    members: Option<(usize, Place)>,
    place: Place,
}

struct TeamDetails {
    place: Place,
    members: Option<Vec<Member>>,
    synced_from: Option<String>,
    claim: Option<String>,
}

impl Accounts {
    pub(super) fn take(&mut self, top: &Object<'_>, reading: &mut Reading) {
        if let Some(node) = top.get("accounts") {
            self.listed = true;
            for (page, items) in pages(top.file, node, "a page of accounts", "accounts", PAGE, reading) {
                // Every page repeats the counts.
                self.users_count = page.count("usersCount", reading).or(self.users_count.take());
                self.orgs_count = page.count("orgsCount", reading).or(self.orgs_count.take());
                items.iter().for_each(|item| self.account(top.file, item, reading));
            }
        }
        if let Some(orgs) = top.object("orgs", "the organizations", &[], reading) {
            self.details_met = true;
            orgs.entries().iter().for_each(|entry| self.details(top.file, entry, reading));
        }
        if let Some(keys) = top.object("publicKeys", "the client bundles", &[], reading) {
            let mut count = self.client_bundles.unwrap_or(0);
            for entry in keys.entries() {
                let what = "a page of client bundles";
                let pages = pages(top.file, &entry.node, what, "accountPublicKeys", PAGE, reading);
                count += pages.iter().map(|(_, items)| items.len()).sum::<usize>();
            }
            self.client_bundles = Some(count);
        }
    }

    fn account(&mut self, file: &File, node: &Node, reading: &mut Reading) {
        let Some(account) = Object::new(file, node, "an account", ACCOUNT, reading) else { return };
        let (id, name) = (account.required("id", reading), account.required("name", reading));
        let (Some(id), Some(name)) = (id, name) else { return };
        if !is_id(&id) {
            let message = format!("`{}` is no id of an account", shown(&id));
            reading.findings.push(Finding::new(input::VALUE, message).at(account.place_of("id")).help(
                "MKE 3 gives ids of letters, digits and dashes; this answer was changed or is another's",
            ));
            return;
        }
        if account.flag("isOrg", reading) {
            let (members, teams) =
                (account.count("membersCount", reading), account.count("teamsCount", reading));
            self.orgs.push(ListedOrg { id, name, members, teams, place: account.place_of("name") });
            return;
        }
        let source = match (account.flag("isImported", reading), account.flag("onDemand", reading)) {
            (_, true) => UserSource::OnDemand,
            (true, false) => UserSource::Directory,
            (false, false) => UserSource::Local,
        };
        self.users.push(User {
            id,
            name,
            full_name: account.text("fullName", reading),
            source,
            admin: account.flag("isAdmin", reading),
            active: account.flag("isActive", reading),
            locked: account.flag("locked", reading),
            otp: account.flag("otpEnabled", reading),
            place: account.place_of("name"),
        });
    }

    fn details(&mut self, file: &File, entry: &Entry, reading: &mut Reading) {
        let Some(org) = Object::new(file, &entry.node, "an organization", ORG, reading) else { return };
        // The answers about a large organization may lie in several files.
        let details = self.details.entry(entry.key.clone()).or_insert_with(|| Details {
            place: file.place(entry.key_span.clone()),
            teams: None,
            members: None,
            admins_synced: false,
            team_details: BTreeMap::new(),
        });
        if let Some(node) = org.get("teams") {
            let list = details.teams.get_or_insert_default();
            for (_, items) in pages(file, node, "a page of teams", "teams", PAGE, reading) {
                for item in items {
                    let Some(team) = Object::new(file, item, "a team", TEAM, reading) else { continue };
                    let (id, name) = (team.required("id", reading), team.required("name", reading));
                    let members = team.count("membersCount", reading);
                    if let (Some(id), Some(name)) = (id, name) {
                        list.push(ListedTeam { id, name, members, place: team.place_of("name") });
                    }
                }
            }
        }
        if let Some(node) = org.get("members") {
            details.members.get_or_insert_default().extend(members(file, node, reading));
        }
        if let Some(sync) = org.object(
            "adminMemberSyncConfig",
            "the search for an organization's administrators",
            SYNC,
            reading,
        ) {
            details.admins_synced |= sync.flag("enableSync", reading);
        }
        let teams = org.object("teamDetails", "the teams", &[], reading);
        for entry in teams.iter().flat_map(|teams| teams.entries()) {
            let Some(team) = Object::new(file, &entry.node, "a team", TEAM_DETAILS, reading) else {
                continue;
            };
            let slot = details.team_details.entry(entry.key.clone()).or_insert_with(|| TeamDetails {
                place: file.place(entry.key_span.clone()),
                members: None,
                synced_from: None,
                claim: None,
            });
            if let Some(node) = team.get("members") {
                slot.members.get_or_insert_default().extend(members(file, node, reading));
            }
            if let Some(sync) =
                team.object("memberSyncConfig", "the search for a team's members", SYNC, reading)
                && sync.flag("enableSync", reading)
            {
                let (group, base) = (sync.text("groupDN", reading), sync.text("searchBaseDN", reading));
                slot.synced_from = Some(if group.is_empty() { base } else { group });
            }
            if let Some(claim) = team.object("kaasRoleConfig", "the claim of a team", CLAIM, reading)
                && claim.flag("enableIamRole", reading)
            {
                slot.claim = Some(claim.text("roleName", reading));
            }
        }
    }

    /// Joins lists and answers, and compares them with what MKE 3 counted.
    pub(super) fn finish(
        mut self,
        head: Option<&Place>,
        reading: &mut Reading,
    ) -> (Vec<User>, Vec<Org>, Option<usize>) {
        let Some(head) = head else { return (Vec::new(), Vec::new(), None) };
        for (met, what) in [(self.listed, "accounts"), (self.details_met, "orgs")] {
            if !met {
                reading.incomplete(head.clone(), format!("the export has no `{what}`"));
            }
        }
        if self.listed {
            counted(self.users_count.as_ref(), self.users.len(), "user", reading);
            counted(self.orgs_count.as_ref(), self.orgs.len(), "organization", reading);
        }
        let accounts = self.users.iter().map(|u| (&u.id, &u.name, &u.place));
        let accounts = accounts.chain(self.orgs.iter().map(|o| (&o.id, &o.name, &o.place)));
        account_ids_once(accounts.clone().map(|(id, _, place)| (id.as_str(), place)), reading);
        once("account name", accounts.map(|(_, name, place)| (name.as_str(), place)), reading);
        let mut orgs: Vec<Org> = Vec::new();
        for listed in std::mem::take(&mut self.orgs) {
            match self.details.remove(&listed.id) {
                Some(details) => orgs.push(org(listed, details, reading)),
                None if self.details_met => {
                    let message =
                        format!("the answers about organization `{}` are missing", shown(&listed.name));
                    reading.incomplete(listed.place, message);
                }
                None => {}
            }
        }
        for (id, details) in self.details {
            if self.listed {
                let message = format!("`{}` is no organization in the list of accounts", shown(&id));
                reading.incomplete(details.place, message);
            }
        }
        once("team id", orgs.iter().flat_map(|o| &o.teams).map(|t| (t.id.as_str(), &t.place)), reading);
        self.users.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        orgs.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        (self.users, orgs, self.client_bundles)
    }
}

fn org(listed: ListedOrg, mut details: Details, reading: &mut Reading) -> Org {
    let name = shown(&listed.name);
    let missing = |what: &str| format!("{what} of organization `{name}` are missing");
    let teams = details.teams.take().unwrap_or_else(|| {
        reading.incomplete(details.place.clone(), missing("the teams"));
        Vec::new()
    });
    let members = details.members.take().unwrap_or_else(|| {
        reading.incomplete(details.place.clone(), missing("the members"));
        Vec::new()
    });
    counted(listed.members.as_ref(), members.len(), &format!("member of organization `{name}`"), reading);
    counted(listed.teams.as_ref(), teams.len(), &format!("team of organization `{name}`"), reading);
    let names = teams.iter().map(|t| (t.name.as_str(), &t.place));
    once(&format!("in organization `{name}` the team name"), names, reading);
    let mut found = Vec::new();
    for team in teams {
        let what = format!("`{name}/{}`", shown(&team.name));
        let details = details.team_details.remove(&team.id);
        let Some(TeamDetails { members: Some(members), synced_from, claim, .. }) = details else {
            reading.incomplete(team.place, format!("the members of team {what} are missing"));
            continue;
        };
        counted(team.members.as_ref(), members.len(), &format!("member of team {what}"), reading);
        let members = sorted(members, &team.place, &format!("team {what}"), reading);
        found.push(Team { id: team.id, name: team.name, members, synced_from, claim, place: team.place });
    }
    for (id, details) in details.team_details {
        let message = format!("`{}` is no team in the list of organization `{name}`", shown(&id));
        reading.incomplete(details.place, message);
    }
    found.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let members = sorted(members, &listed.place, &format!("organization `{name}`"), reading);
    Org {
        id: listed.id,
        name: listed.name,
        members,
        teams: found,
        admins_synced: details.admins_synced,
        place: listed.place,
    }
}

fn members(file: &File, node: &Node, reading: &mut Reading) -> Vec<Member> {
    let mut found = Vec::new();
    for (_, items) in pages(file, node, "a page of members", "members", PAGE, reading) {
        for item in items {
            let Some(member) = Object::new(file, item, "a member", MEMBER, reading) else { continue };
            let Some(user) = member.object("member", "a member's account", ACCOUNT, reading) else {
                reading.incomplete(member.place(), "a member without an account");
                continue;
            };
            if let Some(id) = user.required("id", reading) {
                found.push(Member { user: id, admin: member.flag("isAdmin", reading) });
            }
        }
    }
    found
}

/// Members by id, each once.
fn sorted(mut members: Vec<Member>, place: &Place, of: &str, reading: &mut Reading) -> Vec<Member> {
    members.sort();
    if let Some(pair) = members.windows(2).find(|pair| pair[0].user == pair[1].user) {
        let message = format!("account `{}` stands twice among the members of {of}", shown(&pair[0].user));
        reading.twice(place.clone(), place.clone(), message);
    }
    members
}

/// Letters, digits and dashes: an id goes into names of slots and into addresses.
fn is_id(id: &str) -> bool {
    id.len() <= 64
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Compares a count with what is there.
fn counted(count: Option<&(usize, Place)>, found: usize, what: &str, reading: &mut Reading) {
    if let Some((count, place)) = count.filter(|(count, _)| *count != found) {
        let message = format!("MKE 3 counts {count} where the export has {found}: {what}");
        reading.incomplete(place.clone(), message);
    }
}

/// Reports what stands more than once.
pub(super) fn once<'n>(what: &str, names: impl Iterator<Item = (&'n str, &'n Place)>, reading: &mut Reading) {
    distinct(what, names, Cow::Borrowed, reading);
}

/// Reports account ids that stand more than once. They are UUIDs, the same in either case, and so are the slots that
/// are named after them.
fn account_ids_once<'n>(ids: impl Iterator<Item = (&'n str, &'n Place)>, reading: &mut Reading) {
    distinct("account id", ids, |id| Cow::Owned(id.to_ascii_lowercase()), reading);
}

fn distinct<'n>(
    what: &str,
    names: impl Iterator<Item = (&'n str, &'n Place)>,
    same: impl Fn(&'n str) -> Cow<'n, str>,
    reading: &mut Reading,
) {
    let mut seen: BTreeMap<Cow<'n, str>, &Place> = BTreeMap::new();
    for (name, place) in names {
        if let Some(first) = seen.insert(same(name), place) {
            reading.twice(place.clone(), first.clone(), format!("{what} `{}` stands twice", shown(name)));
        }
    }
}
