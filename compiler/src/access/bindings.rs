//! Native bindings: rights of the groups of MKE 3 go into aggregated roles or become lists of people.
//!
//! What a subject meant to MKE 3 is what its translation means to MKE 4k, and no name that was dead there comes alive: a
//! user or group name that MKE 3 never gave anybody, but that MKE 4k could, is taken out or asked about.

use super::answers::{Answer, Answers};
use super::export::{Binding, Export, Subject};
use super::labels;
use super::nodes::Nodes;
use super::notes::Notes;
use super::people::{self, People};
use super::read::shown;
use super::rights::{Gift, Rewritten};
use crate::diag::codes::access as code;
use crate::site::rights::StockRole;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All its subjects mean the same afterwards.
    Untouched,
    /// It has new subjects.
    Rewritten,
    /// What it gave is in aggregated roles; it should go.
    Absorbed,
    /// Nobody is left in it; it should go.
    Empty,
    /// Somebody in it could come alive, so it is left without subjects at once; it should go.
    Disarmed,
    /// MKE 3 made it for itself; it should go.
    OwnOfMke3,
    /// An earlier translation made it.
    Ours,
}

/// All bindings, in the order of the export.
pub struct Bindings {
    /// What became of each.
    pub outcomes: Vec<Outcome>,
    /// Those with new subjects.
    pub rewritten: Vec<Rewritten>,
    /// How many subjects went into aggregated roles.
    pub absorbed_subjects: usize,
}

/// Translates them; what aggregated roles take over goes into `nodes`.
pub fn bindings(
    export: &Export,
    people: &People<'_>,
    nodes: &mut Nodes,
    answers: &Answers,
    notes: &mut Notes,
) -> Bindings {
    let mut all = Bindings { outcomes: Vec::new(), rewritten: Vec::new(), absorbed_subjects: 0 };
    for binding in &export.kubernetes.bindings {
        let reference = binding.reference();
        let place = Some(&binding.place);
        let outcome = if binding.ours {
            Outcome::Ours
        } else if binding.name.starts_with("ucp:") {
            notes.add(code::OWN_OBJECT, &reference, "a binding of MKE 3's own", place);
            Outcome::OwnOfMke3
        } else {
            if let Some(namespace) = &binding.namespace
                && !export.kubernetes.namespaces.contains(namespace)
            {
                let detail = format!("the namespace `{}` is not there", shown(namespace));
                notes.add(code::NAMESPACE_GONE, &reference, detail, place);
            }
            let mut work = Work {
                binding,
                reference: &reference,
                absorbs: stock(export, binding),
                kept: BTreeSet::new(),
                from: BTreeSet::from([reference.clone()]),
                changed: false,
                alive: false,
                absorbed: 0,
            };
            for subject in &binding.subjects {
                work.subject(subject, people, nodes, answers, notes);
            }
            all.absorbed_subjects += work.absorbed;
            work.outcome(&mut all.rewritten, notes)
        };
        all.outcomes.push(outcome);
    }
    all
}

/// The stock role that a ClusterRoleBinding gives, where it is one: aggregated, by its own label alone. Selecting that
/// label gives the same rights.
fn stock(export: &Export, binding: &Binding) -> Option<StockRole> {
    if binding.namespace.is_some() || !binding.role.cluster {
        return None;
    }
    let role = StockRole::of(&binding.role.name)?;
    let own = BTreeMap::from([(labels::aggregate_to(role.name()), "true".to_owned())]);
    let known = export.kubernetes.cluster_roles.get(&binding.role.name)?;
    (known.collects == [own]).then_some(role)
}

struct Work<'a> {
    binding: &'a Binding,
    reference: &'a str,
    absorbs: Option<StockRole>,
    kept: BTreeSet<Subject>,
    from: BTreeSet<String>,
    changed: bool,
    /// Whether a name that was taken out could mean somebody to MKE 4k.
    alive: bool,
    absorbed: usize,
}

impl Work<'_> {
    fn subject(
        &mut self,
        subject: &Subject,
        people: &People<'_>,
        nodes: &mut Nodes,
        answers: &Answers,
        notes: &mut Notes,
    ) {
        match subject {
            Subject::ServiceAccount(..) => self.keep(subject),
            Subject::User(name) if name.starts_with("system:") => self.keep(subject),
            Subject::User(name) => self.user(name, people, answers, notes),
            Subject::Group(name) if name.starts_with("system:") => self.keep(subject),
            Subject::Group(name) => match nodes.by_group.get(name) {
                Some(meant) => self.group(&meant.clone(), nodes),
                None if name.starts_with("team:") || name.starts_with("org:") => {
                    let detail = format!("the group `{}` is no organization or team", shown(name));
                    notes.add(code::ORPHAN, self.reference, detail, Some(&self.binding.place));
                    self.changed = true;
                }
                None => {
                    let detail = format!(
                        "`{}` would come alive if a login ever had a group of that name",
                        shown(name)
                    );
                    notes.add(code::FOREIGN_GROUP, self.reference, detail, Some(&self.binding.place));
                    if answers.is(code::FOREIGN_GROUP, Answer::Drop) {
                        self.changed = true;
                        self.alive = true;
                    } else {
                        self.keep(subject);
                    }
                }
            },
        }
    }

    fn keep(&mut self, subject: &Subject) {
        self.kept.insert(subject.clone());
    }

    fn user(&mut self, name: &str, people: &People<'_>, answers: &Answers, notes: &mut Notes) {
        let place = Some(&self.binding.place);
        match people.by_id(name) {
            Some((user, person)) => {
                self.changed = true;
                match person.subject() {
                    Some(subject) => {
                        self.kept.insert(subject);
                        self.from.insert(people::subject(user));
                    }
                    None => {
                        let detail =
                            format!("user `{}` is taken out: left out of the migration", shown(&user.name));
                        notes.add(code::USER_DISABLED, self.reference, detail, place);
                    }
                }
            }
            None if people.is_login(name) => {
                // MKE 3 knows users by id: nobody had this name there, but in MKE 4k somebody may.
                let detail = format!("the user `{}` had no rights by that name in MKE 3", shown(name));
                notes.add(code::ORPHAN, self.reference, detail, place);
                self.changed = true;
                self.alive = true;
            }
            None if is_uuid(name) => {
                let detail = format!("the user `{name}` is no account");
                notes.add(code::ORPHAN, self.reference, detail, place);
                self.changed = true;
            }
            None => {
                // Only a certificate could have had it, of a CA that MKE 4k replaces, or an external provider's user, who
                // has another name now.
                let detail = if name.contains('#') {
                    format!(
                        "`{}` is a user of MKE 3's identity provider, whom MKE 4k knows by the claim `email`",
                        shown(name)
                    )
                } else {
                    format!("`{}` would come alive with the first login of that name", shown(name))
                };
                notes.add(code::FOREIGN_USER, self.reference, detail, place);
                if answers.is(code::FOREIGN_USER, Answer::Drop) {
                    self.changed = true;
                    self.alive = true;
                } else {
                    self.keep(&Subject::User(name.to_owned()));
                }
            }
        }
    }

    fn group(&mut self, meant: &[usize], nodes: &mut Nodes) {
        self.changed = true;
        for i in meant {
            let node = &mut nodes.list[*i];
            match self.absorbs {
                Some(role) => {
                    node.gives.insert(Gift::Stock(role));
                    node.role_from.insert(self.reference.to_owned());
                    self.absorbed += 1;
                }
                None => {
                    self.kept.extend(node.subjects.iter().cloned());
                    self.from.extend(node.binding_from.iter().cloned());
                }
            }
        }
    }

    fn outcome(self, rewritten: &mut Vec<Rewritten>, notes: &mut Notes) -> Outcome {
        let place = Some(&self.binding.place);
        if !self.changed {
            return Outcome::Untouched;
        }
        if self.kept.is_empty() {
            let detail = if self.absorbed > 0 {
                "its organizations and teams have the role by their own objects now"
            } else {
                "nobody in it exists any more"
            };
            notes.add(code::STALE_BINDING, self.reference, detail, place);
        }
        match (self.kept.is_empty(), self.alive, self.absorbed) {
            (true, false, 0) => return Outcome::Empty,
            (true, false, _) => return Outcome::Absorbed,
            _ => {}
        }
        let detail = format!("subjects: {} before, {} now", self.binding.subjects.len(), self.kept.len());
        notes.add(code::BINDING_REWRITTEN, self.reference, detail, place);
        let outcome = if self.kept.is_empty() { Outcome::Disarmed } else { Outcome::Rewritten };
        rewritten.push(Rewritten {
            namespace: self.binding.namespace.clone(),
            name: self.binding.name.clone(),
            role: self.binding.role.clone(),
            before: self.binding.subjects.clone(),
            subjects: self.kept,
            from: self.from,
        });
        outcome
    }
}

fn is_uuid(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}
