//! What a person should know: one note for each case, one finding for each kind.
//!
//! A large site has thousands of cases of one kind. `rbac/report.json` holds every one; a finding shows the first few.

use super::answers::{Answers, question};
use super::read::shown;
use crate::diag::{Code, Finding, Findings, Severity};
use crate::source::Place;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Cases that a finding shows.
const SHOWN: usize = 8;

/// One case.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its kind.
    pub code: &'static Code,
    /// What it is about: `user:bob`, `team:acme/dev`, `clusterrolebinding:ops-admins`.
    pub subject: String,
    /// What is the matter, as a fragment.
    pub detail: Cow<'static, str>,
    /// Where it stands in the export.
    pub place: Option<Place>,
}

/// All cases, in the order of codes and subjects once [`sort`](Self::sort)ed.
#[derive(Clone, Debug, Default)]
pub struct Notes(Vec<Note>);

/// A case as `rbac/report.json` holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Item {
    /// `R006`.
    pub code: &'static str,
    /// `info`, `warn`, `action` or `blocker`.
    pub severity: &'static str,
    /// See [`Note::subject`].
    pub subject: String,
    /// See [`Note::detail`].
    pub detail: Cow<'static, str>,
}

impl Notes {
    /// Adds a case.
    pub fn add(
        &mut self,
        code: &'static Code,
        subject: impl Into<String>,
        detail: impl Into<Cow<'static, str>>,
        place: Option<&Place>,
    ) {
        self.0.push(Note { code, subject: subject.into(), detail: detail.into(), place: place.cloned() });
    }

    /// Brings them into order.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| (a.code.id, &a.subject, &a.detail).cmp(&(b.code.id, &b.subject, &b.detail)));
    }

    /// All cases.
    pub fn iter(&self) -> std::slice::Iter<'_, Note> {
        self.0.iter()
    }

    /// Whether there is a case of this kind.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|note| note.code.id == id)
    }

    /// All cases as data.
    pub fn into_items(self) -> Vec<Item> {
        let item = |Note { code, subject, detail, .. }: Note| {
            let Code { id, severity, .. } = code;
            Item { code: id, severity: word(*severity), subject, detail }
        };
        self.0.into_iter().map(item).collect()
    }

    /// One finding for each kind. An answered point counts as decided.
    pub fn report(&self, answers: &Answers, findings: &mut Findings) {
        let mut kinds: BTreeMap<&str, Vec<&Note>> = BTreeMap::new();
        for note in &self.0 {
            kinds.entry(note.code.id).or_default().push(note);
        }
        for notes in kinds.into_values() {
            let [first, ..] = notes.as_slice() else { continue };
            let mut finding = match (question(first.code), answers.given(first.code)) {
                (Some(question), Some((offer, given))) => question.decided(offer, given),
                (question, _) => {
                    let message = match notes.as_slice() {
                        [one] => format!("{}: {}: {}", first.code.summary, shown(&one.subject), one.detail),
                        many => format!("{}: {} cases", first.code.summary, many.len()),
                    };
                    let finding = Finding::new(first.code, message).at_opt(first.place.clone());
                    match (question, advice(first.code.id)) {
                        (Some(question), _) => finding.help(question.help()),
                        (None, "") => finding,
                        (None, advice) => finding.help(advice),
                    }
                }
            };
            if notes.len() > 1 || finding.code.id != first.code.id {
                for note in notes.iter().take(SHOWN) {
                    finding = finding.note(format!("{}: {}", shown(&note.subject), note.detail));
                }
                if notes.len() > SHOWN {
                    let rest = notes.len() - SHOWN;
                    finding = finding.note(format!("and {rest} more; rbac/report.json of the set has all"));
                }
            }
            findings.push(finding);
        }
    }
}

/// The words of `rbac/report.json` for severities.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "info",
        Severity::Warning => "warn",
        Severity::Decision => "action",
        Severity::Error | Severity::Blocker => "blocker",
    }
}

/// The way out for kinds that ask nothing; empty where there is nothing to do.
fn advice(id: &str) -> &'static str {
    match id {
        "R002" => "nothing merges; tell those who look for the short names",
        "R003" => "enable the account in MKE 3 before collecting, if it is still wanted",
        "R004" => "disable the account, or give it a new password, if it must stay out",
        "R007" => {
            "map the role under `access.swarm_roles` in site.yaml, or bind a Kubernetes role by hand. A re-created Swarm role is shared: rules added to it later go cluster-wide to everybody that it was granted to"
        }
        "R008" => "bind a Kubernetes role to the user by hand, if one is wanted",
        "R013" => "nothing is lost that still worked; remove it in MKE 3 if it is in the way",
        "R014" => "bind the group system:authenticated by hand, if every user should have a role",
        "R025" => "rename the account in MKE 3, or leave it disabled",
        "R026" => "enable an administrator's account in MKE 3, or give one a name in access/names.yaml",
        "R027" => "remove the binding in MKE 3, or collect again if the namespace is there",
        "R032" => {
            "Dex compares in lower case: rename one of them in MKE 3, or give one another name in access/names.yaml"
        }
        "R034" => "let the identity provider ask for a second factor",
        "R035" => "accounts are made and removed by hand, or by the identity provider's own means",
        "R038" => "give the user another name in MKE 3, or one in access/names.yaml, or disable the account",
        "R036" => "proposed for deletion after acceptance; MKE 4k has no use for it",
        _ => "",
    }
}
