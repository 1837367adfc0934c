//! The account: one fate for each thing of the export, and what became of it.

use super::answers::Answers;
use super::bindings::{Bindings, Outcome};
use super::export::{Export, User};
use super::nodes;
use super::object::Object;
use super::people::{self, LoginBy, People, Person};
use super::read::shown;
use super::swarm::{self, Swarm};
use crate::diag::codes::access as code;
use crate::diag::codes::translate;
use crate::diag::{Code, Finding, Findings};
use crate::ledger::{KeyEntry, ValueEntry};
use crate::origin::Source;
use crate::source::Place;
use crate::translate::Fate;
use std::collections::{BTreeMap, BTreeSet};

/// The `file` of sources in the export.
pub const ACCESS: &str = "access";

/// Account and objects' origins.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Every thing of the export.
    pub things: Vec<KeyEntry>,
    /// Every object, with what it depends on.
    pub objects: Vec<ValueEntry>,
}

/// Makes the account, and proves that fates and objects agree.
pub fn account(
    export: &Export,
    people: &People<'_>,
    bindings: &Bindings,
    swarm: &Swarm,
    answers: &Answers,
    objects: &mut [(String, Object)],
    findings: &mut Findings,
) -> Account {
    let mut to: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (place, object) in &*objects {
        for from in &object.from {
            to.entry(from).or_default().push(place);
        }
    }
    let mut book = Book { to, names: BTreeSet::new(), things: Vec::new() };
    for (user, person) in people.iter() {
        let subject = people::subject(user);
        let named = book.to.contains_key(subject.as_str());
        let (fate, why) = user_fate(user, person, named, answers);
        let state = if user.active { "active" } else { "disabled" };
        let kind = if user.admin { "administrator" } else { "user" };
        book.add(subject, &user.place, format!("{state} {kind} {:?}", user.full_name), fate, why);
    }
    for org in &export.orgs {
        let why = "an aggregated ClusterRole and its binding";
        let value = format!("{} members, {} teams", org.members.len(), org.teams.len());
        book.add(nodes::org_subject(org), &org.place, value, Fate::Split, why);
        for team in &org.teams {
            let value = format!("{} members", team.members.len());
            book.add(nodes::team_subject(org, team), &team.place, value, Fate::Split, why);
        }
    }
    for ((role, subject), (fate, why)) in export.roles.iter().zip(&swarm.role_subjects).zip(&swarm.role_fates)
    {
        book.add(
            subject.clone(),
            &role.place,
            format!("{:?}, id {}", role.name, shown(&role.id)),
            *fate,
            why,
        );
    }
    for (collection, (fate, why)) in export.collections.iter().zip(&swarm.collection_fates) {
        let value = format!("id {}", shown(&collection.id));
        book.add(swarm::collection_subject(collection), &collection.place, value, *fate, why);
    }
    for ((grant, subject), (fate, why)) in
        export.grants.iter().zip(&swarm.grant_subjects).zip(&swarm.grant_fates)
    {
        let value = shown(&format!("{} / {} / {}", grant.subject, grant.object, grant.role));
        let open = open(&[code::WIDE_GRANT, code::NAMESPACE_GRANT], *fate, answers);
        let fate = if *fate == Fate::DecisionNeeded && !open { Fate::Dropped } else { *fate };
        book.add(subject.clone(), &grant.place, value, fate, why);
    }
    for (binding, outcome) in export.kubernetes.bindings.iter().zip(&bindings.outcomes) {
        let value = format!("gives {}", shown(&binding.role.name));
        let (fate, why) = binding_fate(outcome);
        book.add(binding.reference(), &binding.place, value, fate, why);
    }
    book.check(objects, findings);
    let things = book.things;
    let values = objects.iter_mut().map(|(place, object)| ValueEntry {
        value: place.clone(),
        is: object.summary().into(),
        from: std::mem::take(&mut object.from).into_iter().map(|from| Source::new(ACCESS, from)).collect(),
    });
    Account { objects: values.collect(), things }
}

/// Whether a point is still open for something of this fate.
fn open(codes: &[&Code], fate: Fate, answers: &Answers) -> bool {
    fate == Fate::DecisionNeeded && codes.iter().all(|code| answers.get(code).is_none())
}

fn user_fate(user: &User, person: &Person, named: bool, answers: &Answers) -> (Fate, &'static str) {
    let undecided = |code| answers.get(code).is_none();
    match person {
        Person::LeftOut(why) => (Fate::Dropped, why),
        Person::Blocked(why) => (Fate::Blocked, why),
        Person::Carried { login: LoginBy::Reset, .. } if undecided(code::NO_HASH) => {
            (Fate::DecisionNeeded, "without a password hash, somebody has to set a password")
        }
        Person::Carried { login: LoginBy::AccountName, .. } if undecided(code::DIRECTORY_USER) => {
            (Fate::DecisionNeeded, "a directory's user may have another name in MKE 4k")
        }
        Person::Carried { login: LoginBy::Mapped, .. } if named => (Fate::Renamed, "by access/names.yaml"),
        Person::Carried { name, .. } if named && *name != user.name => {
            (Fate::Renamed, "logs in and is bound in small letters, which is how Dex has names")
        }
        Person::Carried { login: LoginBy::Reset, .. } if named => {
            (Fate::Converted, "a subject of bindings by name; a password has to be set")
        }
        Person::Carried { .. } if named => (Fate::Converted, "a subject of bindings by name"),
        Person::Carried { login: LoginBy::Reset, .. } => {
            (Fate::Dropped, "has no rights to bind; a password has to be set")
        }
        Person::Carried { .. } => {
            (Fate::Default, "has no rights to bind; the directory goes on knowing the user")
        }
    }
}

fn binding_fate(outcome: &Outcome) -> (Fate, &'static str) {
    match outcome {
        Outcome::Untouched => (Fate::Default, "holds as it is"),
        Outcome::Rewritten => (Fate::Converted, "has subjects that MKE 4k knows"),
        Outcome::Absorbed => {
            (Fate::Merged, "its organizations and teams have the role by their own objects; it should go")
        }
        Outcome::Empty => (Fate::Dropped, "nobody in it exists any more; it should go"),
        Outcome::Disarmed => {
            (Fate::Converted, "is left without subjects, because a name in it could come alive; it should go")
        }
        Outcome::OwnOfMke3 => (Fate::Dropped, "MKE 3 made it for itself; it should go"),
        Outcome::Ours => (Fate::Default, "an earlier translation made it"),
    }
}

struct Book<'a> {
    to: BTreeMap<&'a str, Vec<&'a str>>,
    names: BTreeSet<String>,
    things: Vec<KeyEntry>,
}

impl Book<'_> {
    fn add(&mut self, subject: String, place: &Place, value: String, fate: Fate, why: impl Into<String>) {
        let (line, column) = place.file.line_column(place.span.start);
        let to = self.to.get(subject.as_str()).into_iter().flatten().map(|s| (*s).to_owned()).collect();
        let key = format!("{ACCESS}:{}", shown(&subject));
        self.names.insert(subject);
        let (file, why) = (place.file.label().to_owned(), why.into());
        self.things.push(KeyEntry { key, file, line, column, value, default: false, fate, why, to });
    }

    /// What was carried is some object's origin, what was dropped is none's, and nothing else is any.
    fn check(&self, objects: &[(String, Object)], findings: &mut Findings) {
        let fault = |message: String| {
            Finding::new(translate::FATE_MISMATCH, message)
                .help("this is a fault of Airlift, not of the input; report it with the name")
        };
        for thing in &self.things {
            let named = !thing.to.is_empty();
            if thing.fate.has_output() && !named {
                findings
                    .push(fault(format!("`{}` counts as {}, but no object names it", thing.key, thing.fate)));
            }
            if thing.fate.has_no_output() && named {
                findings
                    .push(fault(format!("`{}` counts as {}, but an object names it", thing.key, thing.fate)));
            }
        }
        for (place, object) in objects {
            if object.from.is_empty() || !object.from.is_subset(&self.names) {
                findings.push(fault(format!("`{place}` depends on what is in no account")));
            }
        }
    }
}
