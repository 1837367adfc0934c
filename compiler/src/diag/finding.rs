//! A finding and the list that collects them.

use crate::source::Place;
use serde::Serialize;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something is lost or different afterwards; a person should have seen it.
    Warning,
    /// An operator must choose in site.yaml before the compile can go on.
    Decision,
    /// The input is wrong.
    Error,
    /// The input is right, but this cluster can't be migrated as it is.
    Blocker,
}

impl Severity {
    /// Whether a compile stops at it.
    pub fn stops(self) -> bool {
        self >= Severity::Decision
    }

    /// The word before a message.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Decision => "decision needed",
            Severity::Error => "error",
            Severity::Blocker => "blocker",
        }
    }
}

/// A stable code with its severity and the one-line summary that the documentation shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// For example `T104`. Never reused.
    pub id: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// What kind of finding it is.
    pub summary: &'static str,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its code.
    pub code: &'static Code,
    /// What is wrong, in one sentence without a final stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What the place shows, written beside the marked text.
    pub label: Option<String>,
    /// Other places that matter, each with its label.
    pub also: Vec<(Place, String)>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// The way out.
    pub help: Option<String>,
}

impl Finding {
    /// A finding without a place.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: None,
            label: None,
            also: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Sets where it is.
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// As [`at`](Self::at), where there may be no place (a key that is absent).
    pub fn at_opt(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Sets the words beside the marked text.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a second place.
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.also.push((place, label.into()));
        self
    }

    /// Adds a fact.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Sets the way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Its severity.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }
}

/// All findings of one run, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Adds all of another list.
    pub fn append(&mut self, mut other: Findings) {
        self.0.append(&mut other.0);
    }

    /// Goes through them.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// Whether any of them stops a compile.
    pub fn stop(&self) -> bool {
        self.0.iter().any(|f| f.severity().stops())
    }

    /// How many have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|f| f.severity() == severity).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them has this code.
    pub fn has(&self, code: &Code) -> bool {
        self.0.iter().any(|f| f.code.id == code.id)
    }

    /// By file, then by position, so that the report reads like the input; what has no place comes last.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|f| match &f.place {
            Some(place) => (0, place.file.label().to_owned(), place.span.start, f.code.id),
            None => (1, String::new(), 0, f.code.id),
        });
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<Finding> for Findings {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, iter: T) {
        self.0.extend(iter);
    }
}
