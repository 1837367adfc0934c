//! Where a value comes from.
//!
//! Nothing reaches a generated document without an [`Origin`]: inputs are handed out as [`Tracked`] values, and the
//! combinators below join origins whenever values are joined or one decides about another. The promise that this
//! serves: changing an input changes exactly the scalars whose origin names it.

use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// One thing that a value depends on, shown as `file:path`.
///
/// `mke3.toml:cluster_config.pod_cidr`, `hosts.yaml:hosts[0].address`, `site.yaml:registries.image.url`,
/// `survey/mgr1.json:addresses`, `contract:v4.1.5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Label of the input, or `contract`. Shared, since a file has many values.
    pub file: Arc<str>,
    /// Path in it, in the dotted form that messages use.
    pub path: String,
}

impl Source {
    /// A source.
    pub fn new(file: impl Into<Arc<str>>, path: impl Into<String>) -> Self {
        Self { file: file.into(), path: path.into() }
    }

    /// Whether it is a constant of a contract rather than an input.
    pub fn is_constant(&self) -> bool {
        *self.file == *CONTRACT
    }
}

/// The `file` of constants.
pub const CONTRACT: &str = "contract";

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.path)
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// All that a value depends on. Never empty once it is in a document. Small and cheap to clone: a large site has millions
/// of values, most of which share their origins, and most origins are one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin(
    /// Sorted, each once.
    Arc<[Source]>,
);

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

impl Origin {
    /// An origin of one source.
    pub fn of(source: Source) -> Self {
        Self(Arc::new([source]))
    }

    /// A constant of the contract with this id.
    pub fn contract(id: &str) -> Self {
        Self::of(Source::new(CONTRACT, id))
    }

    /// Adds another's sources. A constant joined with an input is no longer told apart: the input decides.
    pub fn join(&mut self, other: &Origin) {
        let (ours, theirs) = (self.is_constant(), other.is_constant());
        if other.0.is_empty() || Arc::ptr_eq(&self.0, &other.0) || (theirs && !ours) {
            return;
        }
        if self.0.is_empty() || (ours && !theirs) {
            self.0 = Arc::clone(&other.0);
            return;
        }
        let new: Vec<&Source> = other.0.iter().filter(|source| !self.names(source)).collect();
        if !new.is_empty() {
            self.0 = sorted(self.0.iter().chain(new).cloned().collect());
        }
    }

    /// Both together.
    pub fn with(mut self, other: &Origin) -> Self {
        self.join(other);
        self
    }

    /// The same without sources at this path, for a value whose part that came from there was cut off.
    pub fn without(mut self, path: &str) -> Self {
        if self.0.iter().any(|s| s.path == path) {
            self.0 = self.0.iter().filter(|s| s.path != path).cloned().collect();
        }
        self
    }

    /// The sources in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// Whether no input is among the sources.
    pub fn is_constant(&self) -> bool {
        self.0.iter().all(Source::is_constant)
    }

    /// Whether it names this source.
    pub fn names(&self, source: &Source) -> bool {
        self.0.binary_search(source).is_ok()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn sorted(mut sources: Vec<Source>) -> Arc<[Source]> {
    sources.sort();
    sources.dedup();
    sources.into()
}

impl FromIterator<Source> for Origin {
    /// Of many sources at once; constants count only where nothing else does.
    fn from_iter<I: IntoIterator<Item = Source>>(sources: I) -> Self {
        let (constants, inputs): (Vec<_>, Vec<_>) = sources.into_iter().partition(Source::is_constant);
        Self(sorted(if inputs.is_empty() { constants } else { inputs }))
    }
}

/// A value with all that it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked<T> {
    /// The value.
    pub value: T,
    /// What it depends on.
    pub origin: Origin,
}

impl<T> Tracked<T> {
    /// A value from one source.
    pub fn new(value: T, source: Source) -> Self {
        Self { value, origin: Origin::of(source) }
    }

    /// A value with an origin made elsewhere.
    pub fn with_origin(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Another value that depends on the same.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Tracked<U> {
        Tracked { value: f(self.value), origin: self.origin }
    }

    /// As [`map`](Self::map), by reference.
    pub fn map_ref<U>(&self, f: impl FnOnce(&T) -> U) -> Tracked<U> {
        Tracked { value: f(&self.value), origin: self.origin.clone() }
    }

    /// Both values, depending on both origins.
    pub fn and<U>(self, other: Tracked<U>) -> Tracked<(T, U)> {
        Tracked { value: (self.value, other.value), origin: self.origin.with(&other.origin) }
    }

    /// The same value, which exists only because of something else too.
    pub fn because(mut self, why: &Origin) -> Self {
        self.origin.join(why);
        self
    }

    /// Borrows the value.
    pub fn as_ref(&self) -> Tracked<&T> {
        Tracked { value: &self.value, origin: self.origin.clone() }
    }
}

impl<T> Tracked<Option<T>> {
    /// The value where there is one.
    pub fn transpose(self) -> Option<Tracked<T>> {
        let origin = self.origin;
        self.value.map(|value| Tracked { value, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Source};

    #[test]
    fn an_input_outweighs_a_constant() {
        let mut origin = Origin::contract("v4.1.5");
        origin.join(&Origin::of(Source::new("mke3.toml", "a.b")));
        assert_eq!(origin.sources().map(ToString::to_string).collect::<Vec<_>>(), ["mke3.toml:a.b"]);
        origin.join(&Origin::contract("v4.1.5"));
        assert_eq!(origin.sources().count(), 1);
    }

    #[test]
    fn sources_are_sorted_and_stand_once_however_they_were_joined() {
        let source = |path: &str| Source::new("f", path);
        let of = |paths: &[&str]| paths.iter().map(|path| source(path)).collect::<Origin>();
        let mut joined = of(&["c", "a"]);
        joined.join(&of(&["b", "a"]));
        assert_eq!(joined, of(&["a", "b", "c", "a"]));
        assert!(joined.names(&source("b")) && !joined.names(&source("d")));
        assert_eq!(joined.without("b"), of(&["a", "c"]));
    }
}
