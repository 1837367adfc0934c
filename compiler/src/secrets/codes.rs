//! Release codes: which words a node has codes for, and the hashes by which others check them.

use super::error::SecretsError;
use super::secret::Secret;
use crate::ambient;
use airlift_bundle::gate::code::CodeHash;
use airlift_bundle::gate::codes::OwnCodes;
use airlift_bundle::gate::protocol::Protocol;
use airlift_bundle::gate::site::Site;
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::name::{NodeName, SiteName};
use airlift_bundle::plan::Role;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The hashes of one node's codes: for each word that it can give one for every attempt.
pub type Hashes = BTreeMap<Word, [CodeHash; Attempt::COUNT as usize]>;

/// The words that a node of this role can give, as the protocol's table says. They are asked of a site with several
/// managers, where each may become the hub: a site may grow until the next attempt.
#[must_use]
pub fn words(role: Role) -> Vec<Word> {
    let protocol = Protocol::new(sample());
    let node = protocol.site().nodes().find(|node| protocol.site().role(*node) == role);
    node.map(|node| protocol.own_words(node).into_iter().collect()).unwrap_or_default()
}

/// The words of a node of this role that any other node ever checks, as the protocol's table says. Nobody waits for the
/// rest, so they need no hash, which is what takes time.
#[must_use]
pub fn checked_words(role: Role) -> BTreeSet<Word> {
    let protocol = Protocol::new(sample());
    let asked = protocol.site().nodes().flat_map(|reader| protocol.hashes(reader));
    asked.filter(|(emitter, _)| protocol.site().role(*emitter) == role).map(|(_, word)| word).collect()
}

/// Whether a node of the role `reader` checks codes of the role `emitter`. Any manager may become the hub, to whom all
/// speak; a worker listens to managers alone.
#[must_use]
pub fn checks(reader: Role, emitter: Role) -> bool {
    reader.is_manager() || emitter.is_manager()
}

/// A leader, two more managers and two workers.
fn sample() -> Site {
    let roles = [Role::Leader, Role::Manager, Role::Manager, Role::Worker, Role::Worker];
    let nodes =
        roles.iter().zip(0..).filter_map(|(role, n)| Some((format!("n{n}").parse().ok()?, *role))).collect();
    // The order is the one that a site asks for.
    Site::new(nodes).unwrap_or_else(|| unreachable!("a leader, managers, workers"))
}

/// New codes for one node.
///
/// # Errors
/// The system gives no randomness.
pub fn make(site: &SiteName, node: &NodeName, role: Role) -> Result<OwnCodes, SecretsError> {
    let mut failed = None;
    let random = || {
        ambient::random().unwrap_or_else(|error| {
            failed = Some(error);
            Default::default()
        })
    };
    let codes = OwnCodes::generate(site.clone(), node.clone(), words(role), random);
    match failed {
        None => Ok(codes),
        Some(error) => {
            Err(SecretsError::Make { what: format!("release codes of {node}"), why: error.to_string() })
        }
    }
}

/// The hashes of many nodes' codes that others check, on all cores. `each` is called for every word that is done.
pub fn hash(of: &[(OwnCodes, Role)], each: &(dyn Fn() + Sync)) -> Vec<Hashes> {
    let words = |role: Role| checked_words(role).into_iter();
    let of_nodes = of.iter().enumerate();
    let work: Vec<(usize, Word)> =
        of_nodes.flat_map(|(n, (_, role))| words(*role).map(move |word| (n, word))).collect();
    let done: Vec<_> = work
        .into_par_iter()
        .filter_map(|(n, word)| {
            let hashes = of.get(n)?.0.hashes(word)?;
            each();
            Some((n, word, hashes))
        })
        .collect();
    let mut all: Vec<Hashes> = of.iter().map(|_| Hashes::new()).collect();
    for (n, word, hashes) in done {
        if let Some(one) = all.get_mut(n) {
            one.insert(word, hashes);
        }
    }
    all
}

/// What is kept and sealed of a node's codes.
///
/// # Errors
/// None that a table of codes gives.
pub fn to_secret(codes: &OwnCodes) -> Result<Secret, SecretsError> {
    let json = String::from_utf8(codes.to_secret_json()?);
    json.map(Secret::new).map_err(|_| SecretsError::Value("release codes are no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_somebody_waits_for_is_hashed() {
        // docs/secrets.md counts with these numbers.
        assert_eq!(
            checked_words(Role::Worker).into_iter().collect::<Vec<_>>(),
            [Word::Stopped, Word::Started, Word::Away, Word::Returned]
        );
        assert_eq!(words(Role::Worker).len(), 6);
        assert_eq!((checked_words(Role::Manager).len(), checked_words(Role::Leader).len()), (8, 10));
    }

    #[test]
    fn a_node_gets_the_hash_of_every_word_that_the_protocol_asks_it_to_check() {
        let protocol = Protocol::new(sample());
        let role = |node| protocol.site().role(node);
        let mut asked = 0;
        for node in protocol.site().nodes() {
            for (emitter, word) in protocol.hashes(node) {
                assert!(checks(role(node), role(emitter)), "{node:?} checks {word} of {emitter:?}");
                assert!(words(role(emitter)).contains(&word), "{emitter:?} has no code for {word}");
                assert!(checked_words(role(emitter)).contains(&word), "{word} of {emitter:?} is not hashed");
                asked += 1;
            }
        }
        assert!(asked > 30, "{asked}");
        assert!(!checks(Role::Worker, Role::Worker));
    }
}
