//! Release codes: which words a node has codes for, and the hashes by which others check them.

use super::error::SecretsError;
use super::secret::Secret;
use crate::ambient;
use airlift_bundle::gate::code::CodeHash;
use airlift_bundle::gate::codes::OwnCodes;
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::name::{NodeName, SiteName};
use airlift_bundle::plan::Role;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The hashes of one node's codes: for each word that it can give one for every attempt.
pub type Hashes = BTreeMap<Word, [CodeHash; Attempt::COUNT as usize]>;

/// The words that a node of this role can give. Every manager has a code for the hub's `back`: it may have to take the
/// leader's place.
pub fn words(role: Role) -> &'static [Word] {
    match role {
        Role::Leader => &[
            Word::Prepared,
            Word::Go,
            Word::Frozen,
            Word::FrozenAll,
            Word::Stopped,
            Word::Up,
            Word::MembersComplete,
            Word::Adopted,
            Word::Accepted,
            Word::Committed,
            Word::Away,
            Word::Back,
            Word::Returned,
        ],
        Role::Manager => &[
            Word::Prepared,
            Word::Frozen,
            Word::Stopped,
            Word::Joined,
            Word::Clear,
            Word::Committed,
            Word::Away,
            Word::Back,
            Word::Returned,
        ],
        Role::Worker => {
            &[Word::Prepared, Word::Stopped, Word::Started, Word::Committed, Word::Away, Word::Returned]
        }
    }
}

/// Whether a node of the role `reader` checks codes of the role `emitter`. Any manager may become the hub, to whom all
/// speak; a worker listens to managers alone.
pub fn checks(reader: Role, emitter: Role) -> bool {
    reader.is_manager() || emitter.is_manager()
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
    let codes = OwnCodes::generate(site.clone(), node.clone(), words(role).iter().copied(), random);
    match failed {
        None => Ok(codes),
        Some(error) => {
            Err(SecretsError::Make { what: format!("release codes of {node}"), why: error.to_string() })
        }
    }
}

/// The hashes of many nodes' codes, on all cores. `each` is called for every word that is done.
pub fn hash(of: &[OwnCodes], each: &(dyn Fn() + Sync)) -> Vec<Hashes> {
    let work: Vec<(usize, Word)> =
        of.iter().enumerate().flat_map(|(n, codes)| codes.words().map(move |word| (n, word))).collect();
    let done: Vec<_> = work
        .into_par_iter()
        .filter_map(|(n, word)| {
            let hashes = of.get(n)?.hashes(word)?;
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
