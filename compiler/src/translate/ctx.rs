//! What the code of a rule works with.

use super::Fate;
use crate::contract::Contract;
use crate::diag::{Code, Finding, Findings, codes::translate as code};
use crate::document::Tree;
use crate::mke3::Config;
use crate::origin::{Origin, Source};
use crate::source::Place;
use crate::surroundings::Surroundings;
use std::collections::{BTreeMap, BTreeSet};

/// A Kubernetes object that a setting became, to be applied beside mke4.yaml.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// File name without folder and extension: `metallb-pools`.
    pub name: String,
    /// The objects, in the order in which they are applied.
    pub objects: Vec<Tree>,
}

/// A running translation.
pub struct Ctx<'a> {
    /// The MKE 3 configuration.
    pub mke3: &'a Config,
    /// The rest of the site.
    pub site: &'a Surroundings,
    /// The target release.
    pub contract: &'a Contract,
    /// mke4.yaml as it grows, beginning with the release's default document.
    pub doc: Tree,
    /// Objects beside it.
    pub manifests: Vec<Manifest>,
    /// What a person should know.
    pub findings: Findings,
    /// Decision keys that were asked for.
    pub(super) asked: BTreeSet<String>,
    /// Fates by pattern or instance, each with its reason.
    pub(super) fates: BTreeMap<String, Vec<(Fate, String)>>,
}

impl Ctx<'_> {
    /// Gives a key its fate. `key` is a pattern of the catalogue, then all its instances get it, or one instance
    /// (`registries[0].ca_bundle`), which outweighs the pattern. `why` may be empty where the fate says it all.
    pub fn fate(&mut self, key: &str, fate: Fate, why: impl Into<String>) {
        self.fates.entry(key.to_owned()).or_default().push((fate, why.into()));
    }

    /// The same fate for several keys.
    pub fn fates(&mut self, keys: &[&str], fate: Fate, why: &str) {
        for key in keys {
            self.fate(key, fate, why);
        }
    }

    /// Puts a value at a plain dotted path below `spec`, where the release knows the field. Says whether it does.
    pub fn put(&mut self, path: &str, value: impl Into<Tree>) -> bool {
        let known = self.contract.has(&bare(path));
        if known {
            self.doc.set(&format!("spec.{path}"), value);
        }
        known
    }

    /// Says that what stands at a plain dotted path below `spec`, if anything does, stays as it is because of an input.
    pub fn depends(&mut self, path: &str, origin: &Origin) {
        let path = format!("spec.{path}");
        if let Some(tree) = self.doc.get(&path).cloned() {
            self.doc.set(&path, tree.because(origin));
        }
    }

    /// Reports a key as lost, unless it is at its default, and gives it the fate. `felt` says whether users of the
    /// cluster may notice.
    pub fn drop(&mut self, key: &str, why: &str, felt: bool) {
        if self.mke3.is_default(key) {
            self.fate(key, Fate::Default, "");
            return;
        }
        let (kind, word) = if felt {
            (code::DROPPED, "is lost")
        } else {
            (code::DROPPED_QUIETLY, "has no meaning any more")
        };
        self.findings.push(Finding::new(kind, format!("`{key}` {word}: {why}")).at_opt(self.mke3_place(key)));
        self.fate(key, Fate::Dropped, why);
    }

    /// As [`drop`](Self::drop), for keys that belong together: one finding about `what` for all that are not at their
    /// defaults. Patterns stand for all their instances.
    pub fn drop_all(&mut self, what: &str, keys: &[&str], why: &str, felt: bool) {
        let (kind, word) = if felt {
            (code::DROPPED, "is lost")
        } else {
            (code::DROPPED_QUIETLY, "has no meaning any more")
        };
        self.drop_as(keys, why, Finding::new(kind, format!("{what} {word}: {why}")));
    }

    /// As [`drop_all`](Self::drop_all), with a finding of one's own, which gets its places here.
    pub fn drop_as(&mut self, keys: &[&str], why: &str, finding: Finding) {
        let lost: Vec<String> = self.instances(keys).filter(|key| !self.mke3.is_default(key)).collect();
        self.idle(keys, why);
        let mut places = lost.iter().filter_map(|key| Some((key, self.mke3_place(key)?)));
        let Some((_, first)) = places.next() else { return };
        let others: Vec<String> = places.map(|(key, _)| format!("`{key}`")).collect();
        let mut finding = finding.at(first);
        if !others.is_empty() {
            finding = finding.note(format!("with it {}", others.join(", ")));
        }
        self.findings.push(finding);
    }

    /// Gives keys that change nothing their fates, without a word: what switched them off is told elsewhere. Patterns
    /// stand for all their instances.
    pub fn idle(&mut self, keys: &[&str], why: &str) {
        for key in self.instances(keys).collect::<Vec<_>>() {
            if self.mke3.is_default(&key) {
                self.fate(&key, Fate::Default, "");
            } else {
                self.fate(&key, Fate::Dropped, why);
            }
        }
    }

    /// The paths of all values of these keys. A key outside arrays of tables and free maps is its own only instance,
    /// present or not; of a pattern only those count that the file holds.
    pub fn instances(&self, keys: &[&str]) -> std::vec::IntoIter<String> {
        let paths = |key: &str| -> Vec<String> {
            if !key.contains("[]") && !key.contains('<') {
                return vec![key.to_owned()];
            }
            self.mke3.instances().filter(|i| i.key.pattern == key).map(|i| i.path).collect()
        };
        keys.iter().flat_map(|key| paths(key)).collect::<Vec<_>>().into_iter()
    }

    /// The origin of a key, be it absent.
    pub fn origin_of(&self, key: &str) -> Origin {
        Origin::of(Source::new(self.mke3.file().label(), key))
    }

    /// Reports a key that the release has no field for, unless it is at its default, and gives it the fate.
    pub fn no_field(&mut self, key: &str, path: &str) {
        if self.mke3.is_default(key) {
            self.fate(key, Fate::Default, "");
            return;
        }
        let why = format!("{} has no field `{path}`", self.contract.id);
        self.findings.push(
            Finding::new(code::NO_FIELD, format!("`{key}` is lost: {why}"))
                .at_opt(self.mke3_place(key))
                .help("`airlift contracts` shows the releases; a later one may know the field"),
        );
        self.fate(key, Fate::Dropped, why);
    }

    /// Stops the migration because of a key, and gives it the fate.
    pub fn block(
        &mut self,
        key: &str,
        code: &'static Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::new(code, message).at_opt(self.mke3_place(key)).help(help));
        self.fate(key, Fate::Blocked, code.summary);
    }

    /// Tells something about a key.
    pub fn tell(&mut self, key: &str, code: &'static Code, message: impl Into<String>) {
        self.findings.push(Finding::new(code, message).at_opt(self.mke3_place(key)));
    }

    /// Where a key or a table stands in the TOML file; `None` where it is absent or not of that file.
    pub fn mke3_place(&self, key: &str) -> Option<Place> {
        crate::mke3::catalog::walk(key).and_then(|_| self.mke3.place(key))
    }

    /// Adds an object to the manifest of this name.
    pub fn object(&mut self, manifest: &str, object: Tree) {
        match self.manifests.iter_mut().find(|m| m.name == manifest) {
            Some(found) => found.objects.push(object),
            None => self.manifests.push(Manifest { name: manifest.to_owned(), objects: vec![object] }),
        }
    }
}

/// A path with its indexes taken out: `hosts[0].role` becomes `hosts[].role`.
fn bare(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        if c == ']' {
            inside = false;
        }
        if !inside {
            out.push(c);
        }
        if c == '[' {
            inside = true;
        }
    }
    out
}
