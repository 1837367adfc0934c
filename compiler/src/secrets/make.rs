//! Fills a store: makes what has to be made, takes what lies in inputs, takes what is given by hand.
//!
//! What is there stays as it is, whatever the inputs say now; only [`Wish::renew`] makes or takes a thing anew. Two things
//! follow the inputs by themselves: the digest of the configuration, which is no secret of anybody's, as long as the store
//! has the secrets of that very file; and the codes of a node whose role is another one, since codes belong to a role.

use super::authority;
use super::codes;
use super::error::SecretsError;
use super::join;
use super::policy::{self, Slots};
use super::secret::Secret;
use super::store::{Entry, Kind, Store};
use crate::ambient;
use crate::mke3;
use crate::site::values::Date;
use crate::site::{Site, SiteFiles, password};
use crate::source;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::codes::OwnCodes;
use airlift_bundle::name::{NodeName, SiteName};
use airlift_bundle::plan::Role;
use airlift_bundle::signing::SigningKey;
use std::collections::{BTreeMap, BTreeSet};

/// What a store is filled from.
pub struct Wish<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its files.
    pub files: &'a SiteFiles,
    /// The slots of its documents.
    pub slots: &'a Slots,
    /// The password hashes of access/, by the names of their slots.
    pub passwords: Vec<(&'a str, Secret)>,
    /// Values given by hand, by the names of slots.
    pub given: BTreeMap<String, Secret>,
    /// What is to be made or taken anew.
    pub renew: &'a [String],
    /// Today, for certificates and notes.
    pub today: Date,
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// What is new.
    pub added: Vec<String>,
    /// What was made or taken anew.
    pub renewed: Vec<String>,
    /// Inputs that say something else than the store, which was left alone.
    pub differ: Vec<String>,
    /// Slots of documents without a value.
    pub missing: Vec<String>,
}

impl Made {
    /// Whether the store is another one now.
    pub fn changed(&self) -> bool {
        !self.added.is_empty() || !self.renewed.is_empty()
    }
}

/// How far the slow part is.
pub trait Progress: Sync {
    /// There will be so many steps.
    fn expect(&self, steps: usize);
    /// One more is done.
    fn step(&self);
    /// Keeps what is there so far, so that the next run goes on from here.
    ///
    /// # Errors
    /// It can't be kept.
    fn keep(&self, store: &Store) -> Result<(), SecretsError>;
}

/// So many nodes' codes are hashed before the store is kept: some minutes of work on two cores.
const KEPT_AFTER: usize = 1000;

/// Names under which the store keeps what belongs to a node.
pub(super) fn of_node(what: &str, node: &NodeName) -> String {
    format!("{what}/{node}")
}
pub(super) const JOIN: &str = "join";
pub(super) const RECEIPT: &str = "receipt";
pub(super) const CODES: &str = "codes";

/// Fills a store.
///
/// # Errors
/// The system gives no randomness, or something given or to be renewed is unknown. The store may then be half filled; the
/// caller drops it.
pub fn fill(store: &mut Store, mut wish: Wish<'_>, progress: &dyn Progress) -> Result<Made, SecretsError> {
    let mut filling =
        Filling { today: wish.today.to_string(), made: Made::default(), renew: BTreeSet::new(), store };
    for name in wish.renew {
        if !filling.store.entries.contains_key(name) {
            return Err(SecretsError::Unknown(name.clone()));
        }
        filling.renew.insert(name.clone());
    }
    let site: SiteName = wish.site.settings.site.value.to_string().parse()?;
    let nodes = policy::roles(wish.site)?;
    for authority in &authority::ALL {
        filling.put(authority.key, Kind::Authority, || {
            let why = |e: rcgen::Error| make(authority.key, e.to_string());
            authority.make(wish.today).map_err(why)
        })?;
    }
    for (node, role) in &nodes {
        if *role != Role::Leader {
            filling.put(&of_node(JOIN, node), Kind::JoinToken, || {
                Ok((String::new(), join::token().map_err(|e| make("a join token", e.to_string()))?))
            })?;
        }
        filling.put(&of_node(RECEIPT, node), Kind::ReceiptKey, || {
            let random = |e: std::io::Error| make("a receipt key", e.to_string());
            let key =
                SigningKey::from_seed(ambient::random().map_err(random)?, ambient::random().map_err(random)?);
            Ok((key.public().to_string(), Secret::new(key.to_secret_line())))
        })?;
    }
    filling.codes(&site, &nodes, KEPT_AFTER, progress)?;
    filling.take(&mut wish)?;
    filling.drift(&wish);
    for (name, value) in wish.given {
        let slot = wish.slots.names().contains(name.as_str());
        if !slot {
            return Err(SecretsError::Value(format!(
                "no document has a slot {name}; its slots are: {}",
                wish.slots.names().into_iter().collect::<Vec<_>>().join(", ")
            )));
        }
        filling.accept(&name, Kind::Given, value);
    }
    let lacks = |name: &&str| filling.store.get(name).is_none();
    filling.made.missing = wish.slots.names().into_iter().filter(lacks).map(str::to_owned).collect();
    Ok(filling.made)
}

struct Filling<'a> {
    store: &'a mut Store,
    today: String,
    made: Made,
    renew: BTreeSet<String>,
}

impl Filling<'_> {
    /// Makes what is not there, or is to be made anew.
    fn put(
        &mut self,
        name: &str,
        kind: Kind,
        make: impl FnOnce() -> Result<(String, Secret), SecretsError>,
    ) -> Result<(), SecretsError> {
        if self.is_wanted(name) {
            let (public, value) = make()?;
            self.insert(name, kind, public, value);
        }
        Ok(())
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.store.get(name).is_none() || self.renew.contains(name)
    }

    fn insert(&mut self, name: &str, kind: Kind, public: String, value: Secret) {
        let entry = Entry { kind, made: self.today.clone(), public, value };
        match self.store.entries.insert(name.to_owned(), entry) {
            None => self.made.added.push(name.to_owned()),
            Some(_) => self.made.renewed.push(name.to_owned()),
        }
    }

    /// Takes a value from outside, unless the store has another one already.
    fn accept(&mut self, name: &str, kind: Kind, value: Secret) {
        if self.is_wanted(name) {
            self.insert(name, kind, String::new(), value);
        } else if self.store.get(name).is_some_and(|entry| !entry.value.same(&value)) {
            self.made.differ.push(name.to_owned());
        }
    }

    fn codes(
        &mut self,
        site: &SiteName,
        nodes: &[(NodeName, Role)],
        kept_after: usize,
        progress: &dyn Progress,
    ) -> Result<(), SecretsError> {
        let mut new = Vec::new();
        for (node, role) in nodes {
            let name = of_node(CODES, node);
            let right = self.store.get(&name).is_some_and(|entry| {
                let own = OwnCodes::parse(entry.value.expose().as_bytes(), site, node);
                let mut words = codes::words(*role);
                words.sort();
                own.is_ok_and(|own| own.words().eq(words))
            });
            if !right || self.renew.contains(&name) {
                new.push((codes::make(site, node, *role)?, *role));
            }
        }
        progress.expect(new.iter().map(|(_, role)| codes::checked_words(*role).len()).sum());
        let mut left = new.as_slice();
        while !left.is_empty() {
            let (batch, rest) = left.split_at(left.len().min(kept_after));
            left = rest;
            let hashes = codes::hash(batch, &|| progress.step());
            for ((own, _), hashes) in batch.iter().zip(hashes) {
                let public =
                    serde_json::to_string(&hashes).map_err(|e| make("hashes of codes", e.to_string()))?;
                self.insert(&of_node(CODES, own.node()), Kind::ReleaseCodes, public, codes::to_secret(own)?);
            }
            if !left.is_empty() {
                progress.keep(self.store)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, wish: &mut Wish<'_>) -> Result<(), SecretsError> {
        for (name, value) in inputs(wish.site, wish.files, std::mem::take(&mut wish.passwords))? {
            self.accept(&name, Kind::Input, value);
        }
        Ok(())
    }

    /// The digest belongs to the secrets that the store has: while one of the file's own is another one, the digest stays too.
    fn drift(&mut self, wish: &Wish<'_>) {
        let mut own = mke3::secrets(&wish.site.mke3_toml).into_iter();
        if own.any(|(slot, _)| self.made.differ.iter().any(|name| name == slot.name())) {
            return;
        }
        let Some((exact, blanked)) = drift(wish.site, wish.files) else { return };
        let entry = self.store.get(policy::DRIFT);
        if entry.is_none_or(|entry| entry.public != blanked || !entry.value.same(&exact)) {
            self.insert(policy::DRIFT, Kind::Digest, blanked, exact);
        }
    }
}

/// What lies in inputs, by the names that the store has for it: secrets of the configuration, users' passwords, the licence,
/// logins of registries.
fn inputs(
    site: &Site,
    files: &SiteFiles,
    passwords: Vec<(&str, Secret)>,
) -> Result<Vec<(String, Secret)>, SecretsError> {
    let mut found: Vec<(String, Secret)> = Vec::new();
    let own = mke3::secrets(&site.mke3_toml);
    found.extend(own.into_iter().map(|(slot, value)| (slot.name().to_owned(), value)));
    found.extend(passwords.into_iter().map(|(slot, value)| (slot.to_owned(), value)));
    let settings = &site.settings;
    if let Some(label) = settings.license_file.as_ref().map(|file| file.value.as_str()) {
        let mut unshown = crate::diag::Findings::new();
        let text = files.bytes(label).and_then(|bytes| source::decode(label, bytes, &mut unshown));
        let text = text.ok_or_else(|| {
            SecretsError::Value(format!("{label} is not text; copy the licence there as it was sent"))
        })?;
        let text = text.text().trim();
        if !text.contains(mke3::SLOT) {
            found.push((policy::LICENSE.to_owned(), Secret::new(text.to_owned())));
        }
    }
    let image = settings.image_registry.as_ref().map(|r| (&r.credentials_file, &r.url.value.0));
    let chart = settings.chart_registry.as_ref().map(|r| (&r.credentials_file, &r.url.value.0));
    for (name, registry) in [(policy::IMAGE_PASSWORD, image), (policy::CHART_PASSWORD, chart)] {
        let Some((Some(file), address)) = registry else { continue };
        let label = file.value.as_str();
        if let Some(value) = files.get(label).and_then(|file| password(file, label, address)) {
            found.push((name.to_owned(), value));
        }
    }
    Ok(found)
}

/// Names of the secrets for which the store has another value than an input.
pub(super) fn differing(
    store: &Store,
    site: &Site,
    files: &SiteFiles,
    passwords: Vec<(&str, Secret)>,
) -> Result<Vec<String>, SecretsError> {
    let differs = |name: &str, value: &Secret| store.get(name).is_some_and(|entry| !entry.value.same(value));
    let found = inputs(site, files, passwords)?.into_iter();
    Ok(found.filter(|(name, value)| differs(name, value)).map(|(name, _)| name).collect())
}

/// Digests of the configuration as it is and without its secrets. `None` where its secrets are taken out already: then
/// nobody can tell what the file was.
pub(super) fn drift(site: &Site, files: &SiteFiles) -> Option<(Secret, String)> {
    let file = &site.mke3_toml;
    if file.text().contains(mke3::SLOT) {
        return None;
    }
    let exact = Sha256::of(files.bytes(file.label())?);
    Some((Secret::new(exact.to_string()), blanked_digest(site).ok()?.to_string()))
}

/// Digest of the configuration without its secrets.
pub(super) fn blanked_digest(site: &Site) -> Result<Sha256, SecretsError> {
    let text = mke3::blanked(&site.mke3_toml);
    let text =
        text.ok_or_else(|| SecretsError::Value(format!("{} can't be read", site.mke3_toml.label())))?;
    Ok(Sha256::of(text.as_bytes()))
}

fn make(what: &str, why: String) -> SecretsError {
    SecretsError::Make { what: what.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Counts, and keeps a copy of the store as text; is cut off after so many times.
    struct Counter {
        expected: Mutex<usize>,
        kept: Mutex<Vec<Vec<u8>>>,
        fails_at: usize,
    }

    impl Progress for Counter {
        fn expect(&self, steps: usize) {
            *self.expected.lock().unwrap() = steps;
        }

        fn step(&self) {}

        fn keep(&self, store: &Store) -> Result<(), SecretsError> {
            let mut kept = self.kept.lock().unwrap();
            kept.push(store.to_plain().unwrap().to_vec());
            if kept.len() == self.fails_at {
                Err(make("a test", "the power is cut".to_owned()))
            } else {
                Ok(())
            }
        }
    }

    fn codes(store: &mut Store, fails_at: usize) -> (Result<(), SecretsError>, Counter) {
        let names = [("m1", Role::Leader), ("w1", Role::Worker), ("w2", Role::Worker), ("w3", Role::Worker)];
        let nodes = names.map(|(name, role)| (name.parse().unwrap(), role));
        let counter = Counter { expected: Mutex::default(), kept: Mutex::default(), fails_at };
        let (today, made, renew) = (String::new(), Made::default(), BTreeSet::new());
        let mut filling = Filling { today, made, renew, store };
        let done = filling.codes(&"acme".parse().unwrap(), &nodes, 2, &counter);
        (done, counter)
    }

    #[test]
    fn interrupted_hashing_goes_on_from_the_store_that_was_kept() {
        let (cut, counter) = codes(&mut Store::new("acme"), 1);
        assert!(cut.is_err());
        assert_eq!(*counter.expected.lock().unwrap(), 10 + 3 * 4);
        let kept = counter.kept.into_inner().unwrap().pop().unwrap();
        let mut store = Store::from_plain(&kept, std::path::Path::new("store")).unwrap();
        let half = store.get("codes/w1").unwrap().public.clone();
        let (done, counter) = codes(&mut store, 1);
        done.unwrap();
        assert_eq!(*counter.expected.lock().unwrap(), 2 * 4, "two nodes were done before");
        assert_eq!(store.get("codes/w1").unwrap().public, half, "what was made stays");
        assert!(["m1", "w2", "w3"].iter().all(|node| store.get(&format!("codes/{node}")).is_some()));
    }
}
