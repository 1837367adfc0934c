//! The whole translation: an export in, objects, account and findings out. Pure, and blind to the order of the export.

use super::account::{Account, account};
use super::answers::{Answer, Answers};
use super::bindings::{Bindings, Outcome, bindings};
use super::export::Export;
use super::hashes::Hashes;
use super::labels;
use super::mapping::{Mapping, NAMES_HELP};
use super::names;
use super::nodes::{Nodes, nodes};
use super::notes::Notes;
use super::object::{Body, Object};
use super::people::{self, LoginBy, People, Person};
use super::report::{self, BindingCounts, Count, Report, Summary};
use super::rights::{Admins, EmptyRole, Gift, Login, Rights, Taken};
use super::swarm::{self, Swarm};
use super::writer::Writer;
use crate::diag::codes::{access as code, translate as decisions};
use crate::diag::{Finding, Findings};
use crate::document::yaml;
use crate::site::rights::SwarmRoles;
use crate::source::Place;
use crate::translate::Fate;
use std::collections::{BTreeMap, BTreeSet};

/// What a person has said.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `access.swarm_roles`.
    pub swarm_roles: SwarmRoles,
    /// access/names.yaml.
    pub mapping: Mapping,
    /// access/htpasswd.
    pub hashes: Hashes,
    /// `decisions`.
    pub answers: Answers,
}

/// What else the translation must know.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Whether MKE 4k's own guard against privileged pods will be on.
    pub has_policy: bool,
    /// Where mke3.toml switches SAML or SCIM on.
    pub provisioning: Vec<(&'static str, Option<Place>)>,
}

/// What an export becomes.
#[derive(Clone, Debug)]
pub struct Translation {
    /// All objects with the path in the ledger, in the order in which they are applied.
    pub objects: Vec<(String, Object)>,
    /// The fate of everything, and every object's origin.
    pub account: Account,
    /// Users, cases and counts.
    pub report: Report,
}

/// File of the roles, below the set.
pub const ROLES: &str = "rbac/roles.yaml";
/// File of the bindings.
pub const BINDINGS: &str = "rbac/bindings.yaml";
/// File of Dex's users with passwords.
pub const PASSWORDS: &str = "rbac/passwords.yaml";
/// File of [`Report`].
pub const REPORT: &str = "rbac/report.json";

/// Translates.
pub fn translate(
    export: &Export,
    options: &Options,
    around: &Around,
    writer: &impl Writer,
    findings: &mut Findings,
) -> Translation {
    let mut notes = Notes::default();
    swarm::check_map(export, &options.swarm_roles, findings);
    check_mapping(export, options, findings);
    let groups = options.mapping.groups(export, findings);
    let taken = taken(export);
    let answers = &options.answers;
    let people = People::new(export, &options.mapping, &options.hashes, answers, &mut notes);
    let admins = admins(&people, &taken, &mut notes);
    let mut nodes = nodes(export, &people, &groups, answers, &taken, &mut notes);
    let mut bindings = bindings(export, &people, &mut nodes, answers, &mut notes);
    let own: BTreeSet<String> = taken
        .iter()
        .cloned()
        .chain(nodes.list.iter().map(|node| node.name.clone()))
        .chain([labels::NONE.to_owned()])
        .collect();
    let swarm = swarm::swarm(export, &people, &mut nodes, &options.swarm_roles, &own, &mut notes);
    let placeholder = placeholder(&mut nodes, &taken);
    super::guard::guard(export, &nodes, &bindings, &mut notes);
    settings(export, around, &mut notes);
    let stale = stale(export, &bindings, answers);
    let counts = counts(&bindings, stale.len(), answers);
    let delete_proposed = stale.into_iter().chain(own_role(export, &mut notes)).collect();
    check_policy(answers, around, findings);
    notes.sort();

    let rights = Rights {
        swarm_roles: swarm.roles.iter().cloned().chain(placeholder).collect(),
        bindings: std::mem::take(&mut bindings.rewritten),
        admins,
        logins: logins(&people),
        taken: taken_bindings(export),
        nodes: std::mem::take(&mut nodes.list),
    };
    let (aggregated, passwords) = (rights.nodes.len(), rights.logins.len());
    let mut objects: Vec<(String, Object)> = writer
        .objects(rights, findings)
        .into_iter()
        .map(|object| (format!("{}:{}", file(&object), super::read::shown(&object.reference())), object))
        .collect();
    distinct(&objects, export, findings);
    let account = account(export, &people, &bindings, &swarm, answers, &mut objects, findings);
    notes.report(answers, findings);
    answers.unused(|id| notes.has(id), findings);
    let summary = summary(export, &people, counts, &swarm, [aggregated, passwords], &notes);
    let report =
        Report { summary, users: report::users(&people), delete_proposed, items: notes.into_items() };
    Translation { objects, account, report }
}

/// The file in which an object stands.
fn file(object: &Object) -> &'static str {
    match object.kind() {
        "ClusterRole" => ROLES,
        "Password" => PASSWORDS,
        _ => BINDINGS,
    }
}

impl Translation {
    /// The slots of password hashes, each with the user's name.
    pub fn slots(&self) -> impl Iterator<Item = (&str, &str)> {
        self.objects.iter().filter_map(|(_, object)| match &object.body {
            Body::Password { user, slot, .. } => Some((slot.as_str(), user.as_str())),
            _ => None,
        })
    }

    /// The files of the set, by path. Secrets are slots.
    pub fn files(&self) -> BTreeMap<&'static str, String> {
        let mut files: BTreeMap<&'static str, String> = BTreeMap::new();
        for (_, object) in &self.objects {
            let text = files.entry(file(object)).or_default();
            if !text.is_empty() {
                text.push_str("---\n");
            }
            text.push_str(&yaml::to_string(&object.tree()));
        }
        files
    }
}

/// Names that objects of others have, or that a binding of others points to: an object of ours under such a name would
/// change theirs, or bring their binding to life.
fn taken(export: &Export) -> BTreeSet<String> {
    let kubernetes = &export.kubernetes;
    let roles = kubernetes.cluster_roles.iter().filter(|(_, role)| !role.ours).map(|(name, _)| name.clone());
    let foreign = || kubernetes.bindings.iter().filter(|binding| !binding.ours);
    let bindings =
        foreign().filter(|binding| binding.namespace.is_none()).map(|binding| binding.name.clone());
    let ours = |name: &String| kubernetes.cluster_roles.get(name).is_some_and(|role| role.ours);
    let named = foreign().filter(|binding| binding.role.cluster).map(|binding| binding.role.name.clone());
    roles.chain(bindings).chain(named.filter(|name| !ours(name))).collect()
}

/// Bindings of others by namespace and name.
fn taken_bindings(export: &Export) -> Taken {
    let foreign = export.kubernetes.bindings.iter().filter(|binding| !binding.ours);
    foreign.map(|binding| (binding.namespace.clone(), binding.name.clone())).collect()
}

fn admins(people: &People<'_>, taken: &BTreeSet<String>, notes: &mut Notes) -> Option<Admins> {
    let carried: Vec<_> = people
        .iter()
        .filter(|(user, _)| user.admin)
        .filter_map(|(user, person)| Some((people::subject(user), person.subject()?)))
        .collect();
    if carried.is_empty() {
        let detail = "no active administrator is carried; nobody could manage the cluster";
        notes.add(code::NO_ADMIN, "users:admins", detail, None);
        return None;
    }
    let detail = format!("{} administrators are bound to cluster-admin", carried.len());
    notes.add(code::ADMINS, "users:admins", detail, None);
    let (from, subjects) = carried.into_iter().unzip();
    Some(Admins { name: names::fixed(labels::ADMINS, taken), subjects, from })
}

/// Gives nodes to which nothing is granted the placeholder, and makes it where one has it.
fn placeholder(nodes: &mut Nodes, taken: &BTreeSet<String>) -> Option<EmptyRole> {
    let none = Gift::Swarm(labels::NONE.to_owned());
    let name = names::fixed(labels::NONE, taken);
    let mut from = BTreeSet::new();
    for node in &mut nodes.list {
        if node.gives.is_empty() || node.gives.remove(&none) {
            node.gives.insert(Gift::Swarm(name.clone()));
            from.extend(node.role_from.iter().cloned());
        }
    }
    (!from.is_empty()).then_some(EmptyRole { name, original: None, from })
}

fn logins(people: &People<'_>) -> Vec<Login> {
    let login = |(user, person): (&super::export::User, &Person)| match person {
        Person::Carried { name, login: LoginBy::Hash } => Some(Login {
            name: name.clone(),
            account: user.name.clone(),
            id: user.id.clone(),
            from: BTreeSet::from([people::subject(user)]),
        }),
        _ => None,
    };
    people.iter().filter_map(login).collect()
}

/// Notes about what belongs to no account.
fn settings(export: &Export, around: &Around, notes: &mut Notes) {
    let config = &export.config;
    if !config.default_role.is_empty() && config.default_role != "none" {
        let detail = format!(
            "new users got `{}` in Swarm; in MKE 4k they get nothing",
            super::read::shown(&config.default_role)
        );
        notes.add(code::DEFAULT_ROLE, "config:auth", detail, config.place.as_ref());
    }
    if config.admins_synced {
        let detail = "LDAP says who administers the cluster; MKE 4k binds today's administrators";
        notes.add(code::SYNCED_TEAM, "users:admins", detail, config.place.as_ref());
    }
    if let Some(count) = export.client_bundles.filter(|count| *count > 0) {
        let detail = format!("{count} client bundles are of no use to MKE 4k; users log in anew");
        notes.add(code::CLIENT_BUNDLES, "users:bundles", detail, None);
    }
    for (what, place) in &around.provisioning {
        let detail = format!("{what} is on in MKE 3; MKE 4k makes no accounts from it");
        notes.add(code::PROVISIONING, format!("config:{what}"), detail, place.as_ref());
    }
}

/// Bindings that should be deleted after acceptance.
fn stale(export: &Export, bindings: &Bindings, answers: &Answers) -> Vec<String> {
    let keep = answers.is(code::STALE_BINDING, Answer::Keep);
    let goes = |outcome: &Outcome| match outcome {
        Outcome::Absorbed | Outcome::Empty | Outcome::Disarmed => !keep,
        Outcome::OwnOfMke3 => true,
        Outcome::Untouched | Outcome::Rewritten | Outcome::Ours => false,
    };
    let all = export.kubernetes.bindings.iter().zip(&bindings.outcomes);
    all.filter(|(_, outcome)| goes(outcome)).map(|(binding, _)| binding.reference()).collect()
}

/// What becomes of bindings, in numbers that add up. A stale one that is kept stays as it is, or is rewritten.
fn counts(bindings: &Bindings, delete_proposed: usize, answers: &Answers) -> BindingCounts {
    let keep = answers.is(code::STALE_BINDING, Answer::Keep);
    let outcome = |o: &Outcome| bindings.outcomes.iter().filter(|other| *other == o).count();
    let kept = |o: &Outcome| if keep { outcome(o) } else { 0 };
    BindingCounts {
        found: bindings.outcomes.len() - outcome(&Outcome::Ours),
        absorbed_subjects: bindings.absorbed_subjects,
        rewritten: outcome(&Outcome::Rewritten) + kept(&Outcome::Disarmed),
        delete_proposed,
        untouched: outcome(&Outcome::Untouched) + kept(&Outcome::Absorbed) + kept(&Outcome::Empty),
    }
}

/// A ClusterRole that MKE 3 made for itself, which should be deleted as well.
fn own_role(export: &Export, notes: &mut Notes) -> Option<String> {
    const OWN_ROLE: &str = "privileged-psp-role";
    let role = export.kubernetes.cluster_roles.get(OWN_ROLE)?;
    let subject = format!("clusterrole:{OWN_ROLE}");
    notes.add(code::OWN_OBJECT, &subject, "a ClusterRole of MKE 3's own", Some(&role.place));
    Some(subject)
}

/// Entries of names.yaml and htpasswd must be about users that there are.
fn check_mapping(export: &Export, options: &Options, findings: &mut Findings) {
    let users: BTreeSet<&str> = export.users.iter().map(|user| user.name.as_str()).collect();
    let mapping = &options.mapping;
    for (_, field) in mapping.users.iter().filter(|(name, _)| !users.contains(name.as_str())) {
        let message = format!("`{}` is about no user of the export", super::read::shown(&field.path));
        findings.push(field.finding(code::NAMES, message).help(NAMES_HELP));
    }
    let takes = |name: &str| {
        export.users.iter().any(|user| {
            user.name == name
                && user.active
                && user.source == super::export::UserSource::Local
                && !mapping.users.contains_key(name)
        })
    };
    for name in options.hashes.names().filter(|name| !takes(name)) {
        let message = format!(
            "access/htpasswd has a hash for `{}`, who is no active local user",
            super::read::shown(name)
        );
        findings.push(Finding::new(code::HASH_UNUSED, message).help("take the line away"));
    }
}

/// The policy can only guard where the release has it.
fn check_policy(answers: &Answers, around: &Around, findings: &mut Findings) {
    if let Some((offer, given)) = answers.given(code::PRIVILEGED_PODS)
        && offer.answer == Answer::Policy
        && !around.has_policy
    {
        let message =
            "the policy `ucpauthz` will not be there: the target release lacks it, or it is switched off";
        findings.push(
            given
                .finding(decisions::DECISION_VALUE, message)
                .help("choose v4.1.2 or later, or another answer"),
        );
    }
}

/// Two objects under one name would be one, and one of ours under a name of others would be in the place of theirs: a fault
/// of Airlift.
fn distinct(objects: &[(String, Object)], export: &Export, findings: &mut Findings) {
    let mut fault = |message: String| {
        findings.push(
            Finding::new(decisions::FATE_MISMATCH, message)
                .help("this is a fault of Airlift, not of the input; report it with the name"),
        );
    };
    let bindings = taken_bindings(export);
    let is_theirs = |object: &Object| match object.body {
        Body::Binding(..) => bindings.contains(&(object.namespace.clone(), object.name.clone())),
        Body::Aggregated(_) | Body::Empty => {
            export.kubernetes.cluster_roles.get(&object.name).is_some_and(|role| !role.ours)
        }
        Body::Password { .. } => false,
    };
    let mut seen = BTreeSet::new();
    for (place, object) in objects {
        if !seen.insert(place.as_str()) {
            fault(format!("two objects would be `{place}`"));
        }
        // A binding that keeps its name has no such label.
        if object.labels.contains_key(labels::KIND) && is_theirs(object) {
            let name = super::read::shown(&object.reference());
            fault(format!("`{name}` is somebody else's, and would be overwritten"));
        }
    }
}

fn summary(
    export: &Export,
    people: &People<'_>,
    bindings: BindingCounts,
    swarm: &Swarm,
    [aggregated_roles, passwords]: [usize; 2],
    notes: &Notes,
) -> Summary {
    let teams: usize = export.orgs.iter().map(|org| org.teams.len()).sum();
    let carried = people.iter().filter(|(_, person)| person.subject().is_some()).count();
    let merged = swarm.grant_fates.iter().filter(|(fate, _)| *fate == Fate::Merged).count();
    let reset = |(_, person): &(&super::export::User, &Person)| {
        matches!(person, Person::Carried { login: LoginBy::Reset, .. })
    };
    Summary {
        users: Count::new(export.users.len(), carried),
        organizations: Count::new(export.orgs.len(), export.orgs.len()),
        teams: Count::new(teams, teams),
        grants: Count::new(export.grants.len(), merged),
        aggregated_roles,
        swarm_roles_replicated: swarm.roles.len(),
        bindings,
        passwords,
        passwords_to_reset: people.iter().filter(reset).count(),
        report_items: report::severities(notes),
    }
}
