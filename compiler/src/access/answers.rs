//! What a person must decide about rights, and what was decided.
//!
//! Each open point has one key in `decisions` of site.yaml that answers all cases of it. None is answered by itself:
//! rights are at stake, and the report shows who decided what.

use crate::diag::codes::{access as code, translate};
use crate::diag::{Code, Finding, Findings};
use crate::source::{Field, nearest};
use std::collections::BTreeMap;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Subjects get the account's name.
    AccountName,
    /// Who is in question gets nothing.
    LeaveOut,
    /// Somebody sets passwords afterwards.
    Reset,
    /// What is in question stays behind.
    Drop,
    /// Today's members become a fixed list.
    Freeze,
    /// MKE 4k's policy `ucpauthz` takes the guard's place.
    Policy,
    /// Labels of Pod Security take the guard's place, set by hand.
    PodSecurity,
    /// Nothing takes the guard's place.
    Accept,
    /// Delete after acceptance.
    Delete,
    /// Leave it where it is.
    Keep,
}

/// One answer on offer.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// What stands in site.yaml.
    pub name: &'static str,
    /// What it means.
    pub answer: Answer,
    /// What happens then, as a fragment.
    pub effect: &'static str,
}

/// An open point.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The finding that asks.
    pub code: &'static Code,
    /// The key in `decisions`.
    pub key: &'static str,
    /// The answers on offer.
    pub offers: &'static [Offer],
    /// What else settles it, one case at a time; may be empty.
    pub or: &'static str,
}

const fn offer(name: &'static str, answer: Answer, effect: &'static str) -> Offer {
    Offer { name, answer, effect }
}

/// What begins every key of this room.
pub const PREFIX: &str = "access.";

/// Every open point.
pub const QUESTIONS: &[Question] = &[
    Question {
        code: code::DIRECTORY_USER,
        key: "access.directory-users",
        offers: &[
            offer("account-name", Answer::AccountName, "they are bound under their MKE 3 names"),
            offer("leave-out", Answer::LeaveOut, "they get no rights"),
        ],
        or: "or name each one's login in access/names.yaml, under `users`",
    },
    Question {
        code: code::NO_HASH,
        key: "access.passwords",
        offers: &[offer(
            "reset",
            Answer::Reset,
            "they get no password from Airlift; an administrator sets one afterwards (`mkectl reset-password`)",
        )],
        or: "or put bcrypt hashes into access/htpasswd",
    },
    Question {
        code: code::WIDE_GRANT,
        key: "access.wide-grants",
        offers: &[offer("drop", Answer::Drop, "they give nothing afterwards")],
        or: "or map the role under `access.swarm_roles` in site.yaml",
    },
    Question {
        code: code::SYNCED_TEAM,
        key: "access.synced-teams",
        offers: &[
            offer("freeze", Answer::Freeze, "today's members become a fixed list"),
            offer("leave-out", Answer::LeaveOut, "the teams have no members"),
        ],
        or: "or name the directory's group in access/names.yaml, under `teams`",
    },
    Question {
        code: code::CLAIM_TEAM,
        key: "access.claim-teams",
        offers: &[
            offer("freeze", Answer::Freeze, "today's members become a fixed list"),
            offer("leave-out", Answer::LeaveOut, "the teams have no members"),
        ],
        or: "or name the group that the identity provider sends in access/names.yaml, under `teams`",
    },
    Question {
        code: code::NAMESPACE_GRANT,
        key: "access.namespace-grants",
        offers: &[offer(
            "drop",
            Answer::Drop,
            "nothing is bound; make RoleBindings by hand where they are wanted",
        )],
        or: "",
    },
    Question {
        code: code::ORG_ADMIN,
        key: "access.org-admins",
        offers: &[offer(
            "drop",
            Answer::Drop,
            "they are members like any other; cluster administrators manage teams",
        )],
        or: "",
    },
    Question {
        code: code::PRIVILEGED_PODS,
        key: "access.privileged-pods",
        offers: &[
            offer("policy", Answer::Policy, "MKE 4k's policy `ucpauthz` guards, where the release has it"),
            offer(
                "pod-security",
                Answer::PodSecurity,
                "you set Pod Security labels on the namespaces before users return",
            ),
            offer("accept", Answer::Accept, "these users may run privileged pods"),
        ],
        or: "",
    },
    Question {
        code: code::STALE_BINDING,
        key: "access.stale-bindings",
        offers: &[
            offer("delete", Answer::Delete, "rbac/report.json lists them for deletion after acceptance"),
            offer("keep", Answer::Keep, "they stay, and come alive if a login or group ever has such a name"),
        ],
        or: "",
    },
    Question {
        code: code::FOREIGN_GROUP,
        key: "access.foreign-groups",
        offers: &[
            offer(
                "keep",
                Answer::Keep,
                "whoever the directory puts into a group of that name has the rights",
            ),
            offer("drop", Answer::Drop, "the groups are taken out of the bindings"),
        ],
        or: "",
    },
    Question {
        code: code::FOREIGN_USER,
        key: "access.foreign-users",
        offers: &[
            offer(
                "keep",
                Answer::Keep,
                "whoever logs in under such a name, or has a new certificate for it, has the rights",
            ),
            offer("drop", Answer::Drop, "the names are taken out of the bindings"),
        ],
        or: "",
    },
];

/// The open point that a finding asks about.
pub fn question(code: &Code) -> Option<&'static Question> {
    QUESTIONS.iter().find(|q| q.code.id == code.id)
}

/// What was decided.
#[derive(Clone, Debug, Default)]
pub struct Answers(BTreeMap<&'static str, (Offer, Field<String>)>);

impl Answers {
    /// Takes the answers of this room out of all decisions. Unknown keys and answers go to `findings`.
    pub fn read<'d>(
        decisions: impl IntoIterator<Item = (&'d String, &'d Field<String>)>,
        findings: &mut Findings,
    ) -> Self {
        let mut answers = BTreeMap::new();
        for (key, given) in decisions.into_iter().filter(|(key, _)| key.starts_with(PREFIX)) {
            let Some(question) = QUESTIONS.iter().find(|q| q.key == key) else {
                let message = format!("there is nothing to decide about `{key}`");
                let near = nearest(key, QUESTIONS.iter().map(|q| q.key));
                let help = near.map_or_else(
                    || "take the line away, or use the name that a finding gives".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                findings.push(given.finding(translate::DECISION_UNKNOWN, message).help(help));
                continue;
            };
            match question.offers.iter().find(|offer| offer.name == given.value) {
                Some(offer) => {
                    answers.insert(question.code.id, (*offer, given.clone()));
                }
                None => {
                    let message = format!("`{}` is no answer to `{key}`", given.value);
                    let help = format!("choose one of: {}", question.choices());
                    findings.push(given.finding(translate::DECISION_VALUE, message).help(help));
                }
            }
        }
        Self(answers)
    }

    /// The answer to what this finding asks.
    pub fn get(&self, code: &Code) -> Option<Answer> {
        self.0.get(code.id).map(|(offer, _)| offer.answer)
    }

    /// Whether this is the answer.
    pub fn is(&self, code: &Code, answer: Answer) -> bool {
        self.get(code) == Some(answer)
    }

    /// The answer as an offer, with its place.
    pub fn given(&self, code: &Code) -> Option<&(Offer, Field<String>)> {
        self.0.get(code.id)
    }

    /// Reports decisions about points that are not open.
    pub fn unused(&self, asked: impl Fn(&str) -> bool, findings: &mut Findings) {
        for (_, (_, given)) in self.0.iter().filter(|(id, _)| !asked(id)) {
            let key = given.path.strip_prefix("decisions.").unwrap_or(&given.path);
            let message = format!("the decision about `{key}` is not needed here");
            findings.push(
                given
                    .finding(translate::DECISION_UNUSED, message)
                    .help("this cluster's accounts leave nothing to decide there; take the line away"),
            );
        }
    }
}

impl Question {
    /// The answers as words.
    fn choices(&self) -> String {
        self.offers.iter().map(|o| format!("`{}`: {}", o.name, o.effect)).collect::<Vec<_>>().join("; ")
    }

    /// The way out, for the finding that asks.
    pub fn help(&self) -> String {
        let put = format!(
            "put `{}: CHOICE` under `decisions` in site.yaml; choices are {}",
            self.key,
            self.choices()
        );
        if self.or.is_empty() { put } else { format!("{put}; {}", self.or) }
    }

    /// The finding of an answered point.
    pub fn decided(&self, offer: &Offer, given: &Field<String>) -> Finding {
        let message = format!("decided about {}: `{}`: {}", self.code.id, offer.name, offer.effect);
        given.finding(code::DECIDED, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Severity;
    use crate::diag::codes;

    #[test]
    fn every_finding_that_needs_a_person_has_a_question_and_no_other() {
        for code in codes::access::ALL {
            assert_eq!(question(code).is_some(), code.severity == Severity::Decision, "{}", code.id);
        }
    }

    #[test]
    fn every_answer_can_be_typed_without_quotes() {
        for offer in QUESTIONS.iter().flat_map(|q| q.offers) {
            assert!(crate::document::yaml::is_plain(offer.name), "{}", offer.name);
        }
        assert!(QUESTIONS.iter().all(|q| q.key.starts_with(PREFIX)));
    }
}
