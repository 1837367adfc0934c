//! A text that is no TOML, with everything hidden that sounds like a secret.
//!
//! Without a tree nobody knows where a value ends, so this looks at lines: what follows a secret-sounding or an unknown
//! name on a line is cut away, and so are the lines that a multi-line text or a lone `=` goes on over. A line that lost
//! the name of its secret and now stands under another's can't be told from an honest one; it stays.

use super::catalog::is_plain_name;
use super::secret::looks_secret;
use crate::diag::{Finding, Findings};
use crate::source::{File, Place};
use std::ops::Range;

/// What stands in for the hidden text.
const HIDDEN: &str = " <secret>";

/// A text with parts cut away, and the way from old places to new ones.
pub(super) struct Masked {
    file: File,
    /// Old bytes that became [`HIDDEN`], in order.
    cuts: Vec<Range<usize>>,
}

impl Masked {
    /// Hides what sounds secret.
    pub(super) fn new(file: &File) -> Self {
        let cuts = cuts(file.text());
        let mut text = String::with_capacity(file.text().len());
        let mut from = 0;
        for cut in &cuts {
            text.push_str(file.text().get(from..cut.start).unwrap_or_default());
            text.push_str(HIDDEN);
            from = cut.end;
        }
        text.push_str(file.text().get(from..).unwrap_or_default());
        Self { file: File::new(file.label(), text), cuts }
    }

    /// The masked text.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Findings about the old text, now about this one.
    pub(super) fn moved(&self, findings: Findings) -> impl Iterator<Item = Finding> + '_ {
        findings.into_iter().map(|mut finding| {
            finding.place = finding.place.map(|place| self.place(&place.span));
            finding.also =
                finding.also.into_iter().map(|(place, label)| (self.place(&place.span), label)).collect();
            finding
        })
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let start = self.offset(span.start);
        self.file.place(start..self.offset(span.end).max(start))
    }

    /// A place inside a cut becomes the cut's beginning.
    fn offset(&self, old: usize) -> usize {
        let mut new = old;
        for cut in self.cuts.iter().take_while(|cut| cut.start < old) {
            if old < cut.end {
                return new - (old - cut.start);
            }
            new = new - cut.len() + HIDDEN.len();
        }
        new
    }
}

/// The bytes to hide. Every range ends at the end of a line's text.
fn cuts(text: &str) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    let mut at = 0;
    // What the hidden value still waits for on the next line.
    let mut until: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        if let Some(end) = until {
            if !body.is_empty() {
                cuts.push(at..at + body.len());
            }
            if end.is_empty() || body.contains(end) {
                until = None;
            }
        } else if let Some(from) = secret_from(body) {
            let value = body.get(from..).unwrap_or_default().trim_start_matches([' ', '\t', '=', ':']);
            until = ["\"\"\"", "'''"]
                .into_iter()
                .find(|quotes| value.matches(quotes).count() % 2 == 1)
                .or((value.is_empty() && from < body.len()).then_some(""));
            if from < body.len() {
                cuts.push(at + from..at + body.len());
            }
        }
        at += line.len();
    }
    cuts
}

/// Where on a line the value of something secret begins, or of something unknown.
fn secret_from(line: &str) -> Option<usize> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut at = 0;
    while let Some(found) = line.get(at..).and_then(|rest| rest.find(is_name)) {
        let start = at + found;
        let end = line.get(start..)?.find(|c| !is_name(c)).map_or(line.len(), |len| start + len);
        let word = line.get(start..end)?;
        if looks_secret(word) && !is_plain_name(word) {
            // The header of a table isn't a value.
            let rest = line.get(end..)?;
            return (!line.trim_start().starts_with('[') || rest.contains('=')).then_some(end);
        }
        at = end;
    }
    // A damaged name doesn't sound like anything: only what stands under a known name is shown.
    let equals = line.find('=').filter(|_| !line.trim_start().starts_with(['[', '#']))?;
    let name = line.get(..equals)?.trim().rsplit('.').next()?.trim_matches(['"', '\'']);
    (!is_plain_name(name)).then_some(equals)
}
