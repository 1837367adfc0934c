//! What a verb answers, for people and for programs.
//!
//! Each verb returns one [`Answer`]; nothing but this module writes JSON to standard output, so that every run with
//! `--format json`, failed ones included, prints exactly one object of one shape: `docs/schemas/answer.schema.json`.

use super::args::Format;
use super::ui::{Ui, exit_code};
use super::{exit, output};
use crate::diag::Findings;
use crate::diag::json::FindingJson;
use airlift_bundle::Problems;
use serde::Serialize;

/// The shape's name and version. A field may be added under the same version; a change of meaning raises it.
pub const SCHEMA: &str = "airlift/answer/1";

/// What a verb found and did.
#[derive(Debug)]
pub struct Answer {
    /// The process's exit code.
    pub code: u8,
    findings: Findings,
    problems: Vec<Problem>,
    result: Option<serde_json::Value>,
    text: String,
    /// Standard output was written already: a file's content, a script, a page.
    raw: bool,
}

/// Something that went wrong and that has no place in an input.
#[derive(Debug, Serialize)]
struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    schema: &'static str,
    verb: &'static str,
    ok: bool,
    exit_code: u8,
    findings: Vec<FindingJson<'a>>,
    problems: &'a [Problem],
    result: Option<&'a serde_json::Value>,
}

impl Answer {
    /// Nothing but an exit code, so far.
    pub fn new(code: u8) -> Self {
        Self {
            code,
            findings: Findings::new(),
            problems: Vec::new(),
            result: None,
            text: String::new(),
            raw: false,
        }
    }

    /// The verb has written standard output itself.
    pub fn written(code: u8) -> Self {
        Self { raw: true, ..Self::new(code) }
    }

    /// What was found in the inputs stops the run before anything came of it. `what` says so in words.
    pub fn stopped(findings: &Findings, what: &str) -> Self {
        let code = match exit_code(findings) {
            exit::DONE => exit::FAILED,
            code => code,
        };
        let hint = "mend what stands above and run the same command again";
        Self::new(code).findings(findings).problem(what, Some(hint))
    }

    /// What came of it: as data, and in words.
    pub fn result<T: Serialize>(mut self, result: &T, text: impl Into<String>) -> anyhow::Result<Self> {
        self.result = Some(serde_json::to_value(result)?);
        self.text = text.into();
        Ok(self)
    }

    /// What was found in the inputs. Showing it to people is the verb's business.
    pub fn findings(mut self, findings: &Findings) -> Self {
        self.findings = findings.clone();
        self.findings.sort();
        self
    }

    /// What went wrong, and what to do.
    pub fn problem(self, message: impl Into<String>, hint: Option<&str>) -> Self {
        self.coded(None, message, hint)
    }

    /// As [`problem`](Self::problem), with a stable code.
    pub fn coded(
        mut self,
        code: Option<&'static str>,
        message: impl Into<String>,
        hint: Option<&str>,
    ) -> Self {
        self.problems.push(Problem { code, message: message.into(), hint: hint.map(str::to_owned) });
        self
    }

    /// What is wrong with a set, a bundle or a key.
    pub fn problems(self, found: &Problems) -> Self {
        found.iter().fold(self, |answer, problem| {
            answer.coded(Some(problem.code()), format!("failed to {problem}"), Some(problem.hint()))
        })
    }

    /// Says it: problems on standard error; on standard output the text, or the object.
    pub fn tell(&self, ui: Ui, verb: &'static str, format: Format) -> anyhow::Result<()> {
        let mut problems = self.problems.iter().peekable();
        while let Some(problem) = problems.next() {
            let code = problem.code.map(|code| format!("[{code}] ")).unwrap_or_default();
            // A hint that the next problem has too is said after that one.
            let hint = problem.hint.as_deref();
            let last = problems.peek().is_none_or(|next| next.hint.as_deref() != hint);
            ui.fail(&format!("{code}{}", problem.message), hint.filter(|_| last));
        }
        match format {
            _ if self.raw => Ok(()),
            Format::Text => output::print(&self.text),
            Format::Json => output::print_json(&Envelope {
                schema: SCHEMA,
                verb,
                ok: self.code == exit::DONE,
                exit_code: self.code,
                findings: crate::diag::json::list(&self.findings),
                problems: &self.problems,
                result: self.result.as_ref(),
            }),
        }
    }
}
