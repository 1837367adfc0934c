//! Findings as data, one object each, for `--format json`.

use super::{Finding, Findings, Severity};
use crate::source::Place;
use serde::Serialize;

/// A finding as a program reads it.
#[derive(Debug, Serialize)]
pub struct FindingJson<'a> {
    code: &'static str,
    severity: Severity,
    summary: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// A place, line and column from 1.
#[derive(Debug, Serialize)]
pub struct PlaceJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

impl<'a> From<&'a Place> for PlaceJson<'a> {
    fn from(place: &'a Place) -> Self {
        let (line, column) = place.file.line_column(place.span.start);
        Self { file: place.file.label(), line, column }
    }
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(f: &'a Finding) -> Self {
        Self {
            code: f.code.id,
            severity: f.severity(),
            summary: f.code.summary,
            message: &f.message,
            place: f.place.as_ref().map(Into::into),
            notes: f.notes.iter().map(String::as_str).collect(),
            help: f.help.as_deref(),
        }
    }
}

/// All findings in order.
pub fn list(findings: &Findings) -> Vec<FindingJson<'_>> {
    findings.iter().map(Into::into).collect()
}
