//! One value against its key: type, form, words, range.

use super::catalog::{Allowed, Form, Key, Kind};
use super::config::Written;
use super::forms::{self, Problem};
use super::secret::{OPEN, SecretSlot, can_hide};
use crate::diag::{Finding, Findings, codes::mke3 as code};
use crate::source::{self, File, Node, Value, nearest};
use std::ops::Range;

/// Checks a value and takes it. `None` where its type is wrong.
pub(super) fn read(
    key: &'static Key,
    path: &str,
    node: &Node,
    file: &File,
    findings: &mut Findings,
) -> Option<Written> {
    let mut value = Reading { key, path, file, findings };
    match (key.kind, &node.value) {
        (Kind::Bool, Value::Bool(on)) => Some(Written::Bool(*on)),
        (Kind::Int | Kind::NumberText | Kind::IntOrText, Value::Int(number)) => {
            value.range(*number, &node.span);
            Some(Written::Int(*number))
        }
        (Kind::NumberText, Value::Str(text)) => {
            value.number_text(text, &node.span);
            Some(Written::Str(text.clone()))
        }
        (Kind::IntOrText, Value::Str(text)) => {
            value.text(Form::Any, text, &node.span);
            Some(Written::Str(text.clone()))
        }
        (Kind::Text(form), Value::Str(text)) => {
            let slot = SecretSlot::of(path);
            // A secret was blanked before, so its slot is all that can be here.
            if *text == slot.placeholder() && can_hide(key) {
                return Some(Written::Secret(slot));
            }
            value.text(form, text, &node.span);
            Some(Written::Str(text.clone()))
        }
        (Kind::ListOrCommas, Value::Str(text)) => {
            value.text(Form::Any, text, &node.span);
            Some(Written::Str(text.clone()))
        }
        (Kind::List(form), Value::List(items)) => value.list(form, items),
        (Kind::ListOrCommas, Value::List(items)) => value.list(Form::Any, items),
        (_, other) => {
            value.wrong_type(other, &node.span);
            None
        }
    }
}

struct Reading<'a> {
    key: &'static Key,
    path: &'a str,
    file: &'a File,
    findings: &'a mut Findings,
}

impl Reading<'_> {
    fn push(&mut self, finding: Finding, span: &Range<usize>) {
        self.findings.push(finding.at(self.file.place(span.clone())));
    }

    fn wrong_type(&mut self, value: &Value, span: &Range<usize>) {
        let got = value.kind();
        let (want, help) = match (self.key.kind, got) {
            (Kind::Bool, source::Kind::Str) => ("true or false", Some("write it without quotes")),
            (Kind::Bool, _) => ("true or false", None),
            (Kind::Int, source::Kind::Str) => ("a whole number", Some("write it without quotes")),
            (Kind::Int, _) => ("a whole number", None),
            (Kind::NumberText | Kind::IntOrText, _) => ("a number, with or without quotes", None),
            (Kind::Text(_), source::Kind::Int | source::Kind::Float | source::Kind::Bool) => {
                ("text", Some("put it in quotes"))
            }
            (Kind::Text(_), _) => ("text", None),
            (Kind::List(_) | Kind::ListOrCommas, source::Kind::Str) => {
                ("a list of texts", Some("put it in brackets: `[\"...\"]`"))
            }
            (Kind::List(_) | Kind::ListOrCommas, _) => ("a list of texts", None),
        };
        let finding = Finding::new(code::TYPE, format!("`{}` must be {want}, not {got}", self.path))
            .label(format!("this is {got}"));
        self.push(if let Some(help) = help { finding.help(help) } else { finding }, span);
    }

    fn list(&mut self, form: Form, items: &[Node]) -> Option<Written> {
        let mut texts = Vec::with_capacity(items.len());
        let mut whole = true;
        for (i, item) in items.iter().enumerate() {
            let path = format!("{}[{i}]", self.path);
            let mut element =
                Reading { key: self.key, path: &path, file: self.file, findings: self.findings };
            match &item.value {
                Value::Str(text) if text.is_empty() && form == Form::Flag => {
                    let problem = Problem { why: "is empty".to_owned(), help: "remove it", sure: true };
                    element.problem(problem, text, &item.span);
                }
                Value::Str(text) => element.text(form, text, &item.span),
                other => {
                    let got = other.kind();
                    let finding = Finding::new(code::TYPE, format!("`{path}` must be text, not {got}"))
                        .label(format!("this is {got}"))
                        .help("put each element in quotes");
                    element.push(finding, &item.span);
                    whole = false;
                    continue;
                }
            }
            if let Value::Str(text) = &item.value {
                texts.push((text.clone(), item.span.clone()));
            }
        }
        whole.then_some(Written::List(texts))
    }

    /// A text that must be a number.
    fn number_text(&mut self, text: &str, span: &Range<usize>) {
        if text.is_empty() || self.reserved(text, span) {
            return;
        }
        match text.trim().parse() {
            Ok(number) => self.range(number, span),
            Err(_) => {
                let problem =
                    Problem { why: "is no whole number".to_owned(), help: "write digits only", sure: true };
                self.problem(problem, text, span);
            }
        }
    }

    /// A text. Empty means unset.
    fn text(&mut self, form: Form, text: &str, span: &Range<usize>) {
        if text.is_empty() || self.reserved(text, span) {
            return;
        }
        if let Allowed::Words { words, any_case, complete } = self.key.allowed {
            let known =
                words.iter().any(|word| *word == text || (any_case && word.eq_ignore_ascii_case(text)));
            if !known {
                let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                let (code, message) = match complete {
                    true => (code::VALUE, format!("`{}` can't be {}", self.path, shown(text))),
                    false => (
                        code::DOUBTFUL_VALUE,
                        format!("{} is no value of `{}` that Airlift knows", shown(text), self.path),
                    ),
                };
                let finding = Finding::new(code, message);
                let finding = match nearest(text, words.iter().copied()) {
                    Some(near) => finding.label(format!("did you mean `{near}`?")),
                    None => finding.label("not one of the known words"),
                };
                self.push(finding.help(format!("known: {list}")), span);
            }
            return;
        }
        let name = self.path.rsplit('.').next().unwrap_or_default().trim_matches('"');
        if let Err(problem) = forms::check(form, text, name) {
            self.problem(problem, text, span);
        }
    }

    /// Only Airlift writes slots; one that stands elsewhere would be taken for a secret later.
    fn reserved(&mut self, text: &str, span: &Range<usize>) -> bool {
        // A flag keeps its name before the slot.
        let flag = matches!(self.key.kind, Kind::List(Form::Flag) | Kind::Text(Form::FlagText))
            && text.rsplit_once('=').is_some_and(|(rest, slot)| {
                slot == SecretSlot::of(self.path).placeholder() && !rest.contains(OPEN)
            });
        let reserved = text.contains(OPEN) && !flag;
        if reserved {
            self.push(
                Finding::new(
                    code::RESERVED,
                    format!("`{}` holds the beginning of one of Airlift's slots", self.path),
                )
                .label(format!("contains `{OPEN}`"))
                .help("slots stand for secrets, and nothing here is secret; write the value itself"),
                span,
            );
        }
        reserved
    }

    fn problem(&mut self, problem: Problem, text: &str, span: &Range<usize>) {
        let code = if problem.sure { code::VALUE } else { code::DOUBTFUL_VALUE };
        self.push(
            Finding::new(code, format!("the value {} of `{}` {}", shown(text), self.path, problem.why))
                .help(problem.help),
            span,
        );
    }

    fn range(&mut self, number: i64, span: &Range<usize>) {
        let Allowed::Range(from, to) = self.key.allowed else { return };
        if (from..=to).contains(&number) {
            return;
        }
        let help = match to {
            i64::MAX => format!("write {from} or more"),
            to => format!("write a number from {from} to {to}"),
        };
        let what = if number < from { "too small" } else { "too large" };
        self.push(
            Finding::new(code::RANGE, format!("`{}` can't be {number}", self.path)).label(what).help(help),
            span,
        );
    }
}

/// A text for a message: short, on one line.
fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let short: String = text.chars().take(MOST).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("\"{}{dots}\"", short.escape_debug())
}
