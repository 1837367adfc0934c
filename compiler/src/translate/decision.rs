//! Questions that a person answers in `decisions` of site.yaml.

use super::{Ctx, Fate};
use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::origin::{Origin, Source, Tracked};
use crate::source::{Place, nearest};

/// One answer on offer.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What stands in site.yaml.
    pub name: &'static str,
    /// What happens then, as a fragment: "write the CA into the file".
    pub effect: &'static str,
}

/// A question about a key.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The key in `decisions`: the catalogue's pattern of the TOML key that it is about, or a name of its own where it
    /// is about none.
    pub key: &'a str,
    /// What is to be decided, as a sentence without a final stop.
    pub ask: String,
    /// The answers.
    pub choices: &'a [Choice],
    /// The answer that is taken when nobody chooses, where one is safe.
    pub proposal: Option<&'static str>,
}

/// The answers as lines of site.yaml, ready to be copied, each with what it does.
pub(super) fn lines(lead: &str, key: &str, choices: &[Choice]) -> String {
    let lines = choices.iter().map(|c| format!("\n  {key}: {}  # {}", c.name, c.effect));
    format!("{lead} `decisions` in site.yaml:{}", lines.collect::<String>())
}

/// One line of site.yaml, with an answer in words of one's own.
fn line(key: &str, answer: &str) -> String {
    let mut tree = Tree::map();
    tree.set_key("", key, Tree::leaf(answer, &Origin::default()));
    crate::document::yaml::to_string(&tree).trim_end().to_owned()
}

impl Ctx<'_> {
    /// The answer to a question. Without one the proposal is taken and reported; without a proposal the question is a
    /// finding that stops the compile, and the answer is `None`.
    pub fn decide(&mut self, question: &Question<'_>) -> Option<Tracked<&'static str>> {
        self.asked.insert(question.key.to_owned());
        debug_assert!(
            question.choices.iter().all(|c| crate::document::yaml::is_plain(c.name) || c.name == "none"),
            "an answer must be typed into site.yaml without quotes: {}",
            question.key
        );
        if let Some(given) = self.site.decisions.get(question.key) {
            if let Some(choice) = question.choices.iter().find(|c| c.name == given.value) {
                return Some(Tracked::new(choice.name, given.source()));
            }
            let near = nearest(&given.value, question.choices.iter().map(|c| c.name));
            let mut finding = given
                .finding(
                    code::DECISION_VALUE,
                    format!("`{}` is no answer to `{}`", given.value, question.key),
                )
                .note(question.ask.clone())
                .help(lines("choose one of these lines for", question.key, question.choices));
            if let Some(near) = near {
                finding = finding.note(format!("did you mean `{near}`?"));
            }
            self.findings.push(finding);
            return None;
        }
        let place = self.asked_at(question.key);
        match question.proposal {
            Some(name) => {
                let effect = question.choices.iter().find(|c| c.name == name).map_or("", |c| c.effect);
                let (mut lead, others): (Vec<_>, Vec<_>) =
                    question.choices.iter().copied().partition(|c| c.name == name);
                lead.extend(others);
                self.findings.push(
                    Finding::new(code::PROPOSAL_TAKEN, question.ask.clone())
                        .at_opt(place)
                        .note(format!("taken: `{name}`: {effect}"))
                        .help(lines("to settle it, put one of these lines under", question.key, &lead)),
                );
                Some(Tracked::with_origin(name, self.decision_origin(question.key)))
            }
            None => {
                self.findings.push(
                    Finding::new(code::DECISION_NEEDED, question.ask.clone()).at_opt(place).help(lines(
                        "put one of these lines under",
                        question.key,
                        question.choices,
                    )),
                );
                None
            }
        }
    }

    /// As [`decide`](Self::decide), for an answer in words of one's own, such as an attribute name. `check` gives the
    /// reason why an answer can't be taken.
    pub fn ask_text(
        &mut self,
        key: &str,
        ask: &str,
        proposal: Option<Tracked<String>>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<Tracked<String>> {
        self.asked.insert(key.to_owned());
        if let Some(given) = self.site.decisions.get(key) {
            return match check(&given.value) {
                Ok(()) => Some(Tracked::new(given.value.clone(), given.source())),
                Err(why) => {
                    self.findings.push(
                        given
                            .finding(code::DECISION_VALUE, format!("`{}` can't be taken: {why}", given.value))
                            .help(ask.to_owned()),
                    );
                    None
                }
            };
        }
        let place = self.asked_at(key);
        match proposal {
            Some(text) => {
                self.findings.push(
                    Finding::new(code::PROPOSAL_TAKEN, ask.to_owned())
                        .at_opt(place)
                        .note(format!("taken: `{}`", text.value))
                        .help(format!(
                            "to settle it, put this line, or another value, under `decisions` in site.yaml:\n  {}",
                            line(key, &text.value)
                        )),
                );
                Some(text.because(&self.decision_origin(key)))
            }
            None => {
                self.findings.push(Finding::new(code::DECISION_NEEDED, ask.to_owned()).at_opt(place).help(
                    format!("put this line with your value under `decisions` in site.yaml:\n  {key}: VALUE"),
                ));
                None
            }
        }
    }

    /// Where the file gives rise to a question. A name such as `ldap.email_attr`, of a setting that MKE 3 does not have,
    /// belongs to the whole table.
    fn asked_at(&self, key: &str) -> Option<Place> {
        self.mke3_place(key).or_else(|| {
            let (table, _) = key.split_once('.')?;
            self.mke3_place(&format!("auth.{table}"))
        })
    }

    /// The origin of a decision that was not given: giving it would change the value.
    pub fn decision_origin(&self, key: &str) -> Origin {
        Origin::of(Source::new("site.yaml", format!("decisions.{key}")))
    }

    /// Gives a key the fate of an open question.
    pub fn undecided(&mut self, key: &str) {
        self.fate(key, Fate::DecisionNeeded, "an operator must choose in site.yaml");
    }
}
