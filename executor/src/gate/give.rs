//! The words that this node gives: its receipts and its codes, as files in the state directory.
//!
//! ```text
//! receipts/NODE.WORD.ATTEMPT.json            the receipt
//! receipts/NODE.WORD.ATTEMPT.json.minisig    its signature
//! receipts/NODE.WORD.ATTEMPT.code            the code that says the same, in groups
//! ```
//!
//! The receipt itself is put last, so where it is, the other two belong to it. What is missing is made anew as long as
//! the set is there: a word given stays given. After a corrected set all are made for the new plan.

use std::collections::BTreeMap;
use std::path::PathBuf;

use airlift_bundle::error::Error;
use airlift_bundle::gate::codes::OwnCodes;
use airlift_bundle::gate::receipt::{Fact, FactName, Receipt, SignedReceipt};
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::json::from_canonical_json;
use airlift_bundle::limits::Limits;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{Plan, SecretName};
use airlift_bundle::signing::SigningKey;
use airlift_bundle::value::Format;

use crate::disk::{Disk, DiskError, ensure_dir, put_file, read_all, remove_file};
use crate::journal::{Accepted, Journal};
use crate::run::Home;
use crate::sealed::Secret;
use crate::step::{Contents, Fault};

/// The secret that holds the node's receipt key.
pub const KEY: &str = "receipt/key";
/// The secret that holds the node's release codes.
pub const CODES: &str = "receipt/codes";

/// One word that this node has given, as it lies in the state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The word.
    pub word: Word,
    /// In which attempt.
    pub attempt: Attempt,
    /// Name of the receipt's file; none where it is not there.
    pub file: Option<String>,
    /// The code, in groups; none where it is not there.
    pub code: Option<String>,
}

/// What signs and what reveals.
pub struct Keys {
    key: SigningKey,
    codes: OwnCodes,
}

impl Keys {
    /// Opens them, and makes sure that others will take what they sign.
    ///
    /// # Errors
    /// They can't be opened, or are not those that the plan says.
    pub fn open(contents: &dyn Contents, site: &Plan, node: &NodeName) -> Result<Self, Fault> {
        let secret = |name: &str| -> Result<Secret, Fault> {
            let name: SecretName = name.parse().map_err(|error: Error| Fault::said(error.to_string()))?;
            contents.secret(&name)
        };
        let wrong = |why: &str| Fault::said(format!("open the node's receipt key: {why}"));
        let line = secret(KEY)?;
        let text = std::str::from_utf8(line.expose()).map_err(|_| wrong("it is not text"))?;
        let key: SigningKey = text.trim().parse().map_err(|error: Error| wrong(&error.to_string()))?;
        let planned = site.node(node).and_then(|planned| planned.keys.receipt.as_ref());
        if planned != Some(&key.public()) {
            return Err(wrong("the plan knows it by another public key; seal the secrets and compile again"));
        }
        let codes = OwnCodes::parse(secret(CODES)?.expose(), &site.site, node)
            .map_err(|error| Fault::said(format!("open the node's release codes: {error}")))?;
        Ok(Self { key, codes })
    }
}

fn path(home: &Home, name: &str) -> PathBuf {
    home.receipts().join(name)
}

fn code_name(node: &NodeName, word: Word, attempt: Attempt) -> String {
    format!("{node}.{word}.{attempt}.code")
}

fn small(disk: &dyn Disk, path: &std::path::Path) -> Result<Option<Vec<u8>>, DiskError> {
    match disk.stat(path)? {
        Some(_) => read_all(disk, path, Limits::FORMAT_1.small).map(Some),
        None => Ok(None),
    }
}

/// The words given in this attempt whose files are not there, or are for another plan.
///
/// # Errors
/// What the disk reports.
pub fn missing(disk: &dyn Disk, home: &Home, journal: &Journal<'_>) -> Result<Vec<Word>, DiskError> {
    let state = journal.state();
    let (Some(set), Some(gate)) = (&state.set, &state.gate) else { return Ok(Vec::new()) };
    let attempt = gate.state().attempt();
    let mut missing = Vec::new();
    for word in gate.state().given() {
        let name = Receipt::file_name(&set.node, *word, attempt);
        let beside =
            [Receipt::signature_name(&set.node, *word, attempt), code_name(&set.node, *word, attempt)];
        let receipt = small(disk, &path(home, &name))?
            .and_then(|bytes| from_canonical_json::<Receipt>(&name, &bytes).ok())
            .is_some_and(|receipt| receipt.plan_id == set.plan_id && receipt.attempt == attempt);
        let mut whole = receipt;
        for name in beside {
            whole = whole && disk.stat(&path(home, &name))?.is_some();
        }
        if !whole {
            missing.push(*word);
        }
    }
    Ok(missing)
}

/// Signs and writes the receipts of these words, which the journal says were given.
///
/// # Errors
/// What the disk reports; a word that the node has no code for.
pub fn write(
    disk: &dyn Disk,
    home: &Home,
    journal: &Journal<'_>,
    words: &[Word],
    keys: &Keys,
) -> Result<(), Fault> {
    let state = journal.state();
    let (Some(set), Some(gate)) = (&state.set, &state.gate) else { return Ok(()) };
    let attempt = gate.state().attempt();
    ensure_dir(disk, &home.receipts(), 0o700)?;
    for word in words {
        let said = |error: &dyn std::fmt::Display| Fault::said(format!("sign the receipt {word}: {error}"));
        let receipt = Receipt {
            format: Format,
            plan_id: set.plan_id,
            site: set.site.clone(),
            node: set.node.clone(),
            word: *word,
            attempt,
            journal: journal.head(),
            facts: facts(journal, set),
        };
        let SignedReceipt { json, signature } = receipt.sign(&keys.key).map_err(|error| said(&error))?;
        let code = keys.codes.code(*word, attempt).ok_or_else(|| said(&"the node has no code for it"))?;
        let name = path(home, &Receipt::file_name(&set.node, *word, attempt));
        if disk.stat(&name)?.is_some() {
            // it would vouch for files that are not its own
            remove_file(disk, &name)?;
            disk.sync_dir(&home.receipts())?;
        }
        put_file(disk, &path(home, &code_name(&set.node, *word, attempt)), 0o600, code.reveal().as_bytes())?;
        put_file(disk, &path(home, &Receipt::signature_name(&set.node, *word, attempt)), 0o644, &signature)?;
        put_file(disk, &name, 0o644, &json)?;
    }
    Ok(())
}

/// What a receipt says beside its word. For reports: no gate reads it.
fn facts(journal: &Journal<'_>, set: &Accepted) -> BTreeMap<FactName, Fact> {
    let state = journal.state();
    let mut facts = BTreeMap::new();
    let mut add = |name: String, text: String| {
        let text: String = text.chars().filter(|c| *c == ' ' || c.is_ascii_graphic()).take(400).collect();
        if let (Ok(name), Ok(fact)) = (name.parse(), text.parse()) {
            facts.insert(name, fact);
        }
    };
    add("serial".to_owned(), set.serial.get().to_string());
    if let Some(boot) = &state.boot {
        add("boot-id".to_owned(), boot.clone());
    }
    for (stage, (began, ended)) in &state.times {
        add(format!("{stage}-began"), began.to_string());
        if let Some(ended) = ended {
            add(format!("{stage}-ended"), ended.to_string());
        }
    }
    for (number, said) in (1..=16).zip(&state.said) {
        add(format!("said-{number}"), said.clone());
    }
    facts
}

/// The words that the node has given in this attempt, with their files.
///
/// # Errors
/// What the disk reports.
pub fn list(disk: &dyn Disk, home: &Home, journal: &Journal<'_>) -> Result<Vec<Given>, DiskError> {
    let Some(gate) = &journal.state().gate else { return Ok(Vec::new()) };
    let (attempt, site) = (gate.state().attempt(), gate.protocol().site());
    let Some(node) = site.name(gate.state().node()) else { return Ok(Vec::new()) };
    let mut given = Vec::new();
    for word in gate.state().given() {
        let name = Receipt::file_name(node, *word, attempt);
        let file = disk.stat(&path(home, &name))?.is_some().then_some(name);
        let code = small(disk, &path(home, &code_name(node, *word, attempt)))?
            .and_then(|bytes| String::from_utf8(bytes).ok());
        given.push(Given { word: *word, attempt, file, code });
    }
    Ok(given)
}

/// The two files of a receipt that lies in the state directory.
///
/// # Errors
/// What the disk reports.
pub fn read(disk: &dyn Disk, home: &Home, file: &str) -> Result<SignedReceipt, DiskError> {
    let json = read_all(disk, &path(home, file), Limits::FORMAT_1.small)?;
    let signature = read_all(disk, &path(home, &format!("{file}.minisig")), Limits::FORMAT_1.small)?;
    Ok(SignedReceipt { json, signature })
}
