//! The words of others: receipts from a medium, codes that were typed.
//!
//! Nothing is believed that the verified set doesn't vouch for: a receipt is opened with the key that `plan.json` has for
//! the node in its name, a code is compared with the hash that the bundle has. What a medium holds beside, and words that
//! this node never asks for, are named and passed over.

use std::fs;
use std::path::{Path, PathBuf};

use airlift_bundle::error::Error;
use airlift_bundle::files::read_limited;
use airlift_bundle::gate::code::Code;
use airlift_bundle::gate::codes::CodeHashes;
use airlift_bundle::gate::protocol::Refusal;
use airlift_bundle::gate::receipt::{Asked, Receipt, SignedReceipt};
use airlift_bundle::gate::state::Event;
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::limits::Limits;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::Plan;
use airlift_bundle::value::PlanId;

use super::standing::NodeGate;

/// A receipt that was found on a medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// Whose it would be, by its name.
    pub node: NodeName,
    /// What it would say.
    pub word: Word,
    /// In which attempt.
    pub attempt: Attempt,
    /// Its files.
    pub signed: SignedReceipt,
}

/// A code that was typed.
#[derive(Clone)]
pub struct Typed {
    /// Whose it shall be.
    pub node: NodeName,
    /// What it shall say.
    pub word: Word,
    /// The code.
    pub code: Code,
}

/// Everything that was brought to a node in one run.
#[derive(Default)]
pub struct Brought {
    /// Receipts.
    pub found: Vec<Found>,
    /// Codes.
    pub typed: Vec<Typed>,
    /// What was passed over, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// What can't be read.
    pub refused: Vec<Error>,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Sorted {
    /// What the protocol takes, each with how it came, in the order in which it is to be written.
    pub taken: Vec<(Event<NodeName>, String)>,
    /// What was passed over, and why.
    pub skipped: Vec<(String, String)>,
    /// What is not what it says.
    pub refused: Vec<Error>,
    /// What the protocol refuses: the words, and why.
    pub unfit: Vec<(String, String)>,
}

impl Brought {
    /// Looks for receipts in these files and directories; directories below them are left alone.
    pub fn look_in(&mut self, paths: &[PathBuf]) {
        let mut files = Vec::new();
        for path in paths {
            let listed = path
                .metadata()
                .and_then(|data| if data.is_dir() { list(path) } else { Ok(vec![path.clone()]) });
            match listed {
                Ok(listed) => files.extend(listed),
                Err(source) => self.refused.push(Error::Read { path: path.clone(), source }),
            }
        }
        files.sort();
        files.dedup();
        for path in files {
            self.look_at(path);
        }
    }

    fn look_at(&mut self, path: PathBuf) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (json, is_signature) = match name.strip_suffix(".minisig") {
            Some(json) => (json, true),
            None => (name, false),
        };
        let Some((node, word, attempt)) = Receipt::parse_file_name(json) else {
            self.skipped.push((path, "is no receipt by its name".to_owned()));
            return;
        };
        let json = path.with_file_name(json);
        if is_signature && json.exists() {
            // taken with the receipt, which lies beside it; or the receipt was meant
            if self.found.iter().all(|found| found.path != json) {
                self.look_at(json);
            }
            return;
        }
        if self.found.iter().any(|found| found.path == json) {
            return;
        }
        let signature = json.with_file_name(Receipt::signature_name(&node, word, attempt));
        let limit = Limits::FORMAT_1.small;
        match (read_limited(&json, limit), read_limited(&signature, limit)) {
            (Ok(json_bytes), Ok(signature)) => {
                let signed = SignedReceipt { json: json_bytes, signature };
                self.found.push(Found { path: json, node, word, attempt, signed });
            }
            (json, signature) => self.refused.extend([json.err(), signature.err()].into_iter().flatten()),
        }
    }

    /// A typed code: `HOST WORD CODE`.
    ///
    /// # Errors
    /// What is wrong with it. The code itself is never shown.
    pub fn type_in(&mut self, host: &str, word: &str, code: &str) -> Result<(), Error> {
        self.typed.push(Typed { node: host.parse()?, word: word.parse()?, code: Code::parse(code)? });
        Ok(())
    }

    /// Whether nothing was brought.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.typed.is_empty() && self.skipped.is_empty() && self.refused.is_empty()
    }
}

fn list(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        }
    }
    Ok(files)
}

/// Checks what was brought to a node that stands at `gate`. Changes nothing.
#[must_use]
pub fn sort(
    gate: &NodeGate,
    site: (&Plan, PlanId),
    hashes: Result<Option<CodeHashes>, Error>,
    brought: Brought,
) -> Sorted {
    let mut sorter = Sorter { gate: gate.clone(), site, sorted: Sorted::default() };
    let Brought { mut found, typed, skipped, refused } = brought;
    sorter.sorted.refused = refused;
    sorter.sorted.skipped =
        skipped.into_iter().map(|(path, why)| (path.display().to_string(), why)).collect();
    // the first word of an attempt comes before the others of it
    found.sort_by_key(|found| (found.attempt, found.word));
    for found in found {
        sorter.receipt(found);
    }
    match hashes {
        _ if typed.is_empty() => {}
        Err(error) => sorter.sorted.refused.push(error),
        Ok(hashes) => typed.into_iter().for_each(|typed| sorter.code(hashes.as_ref(), &typed)),
    }
    sorter.sorted
}

struct Sorter<'a> {
    gate: NodeGate,
    site: (&'a Plan, PlanId),
    sorted: Sorted,
}

impl Sorter<'_> {
    fn skip(&mut self, what: String, why: impl Into<String>) {
        self.sorted.skipped.push((what, why.into()));
    }

    /// Whether this node ever asks for that word.
    fn asks(&self, node: &NodeName, word: Word) -> bool {
        let (protocol, own) = (self.gate.protocol(), self.gate.state().node());
        protocol.site().find(node).is_some_and(|from| protocol.hashes(own).contains(&(from, word)))
    }

    fn knows(&self, node: &NodeName, word: Word, attempt: Attempt) -> bool {
        let from = self.gate.protocol().site().find(node);
        attempt == self.gate.state().attempt()
            && from.is_some_and(|from| self.gate.state().has_heard(from, word))
    }

    fn receipt(&mut self, found: Found) {
        let Found { path, node, word, attempt, signed } = found;
        let name = path.display().to_string();
        if !self.asks(&node, word) {
            return self.skip(name, "this node asks for no such word");
        }
        if self.knows(&node, word, attempt) {
            return;
        }
        if attempt < self.gate.state().attempt() {
            return self.skip(name, Refusal::OtherAttempt.to_string());
        }
        let asked = Asked { plan: self.site, node: &node, word, attempt };
        match Receipt::open(&signed, &asked) {
            Ok(_) => self.take(node, word, attempt, "by receipt"),
            Err(error) => self.sorted.refused.push(error),
        }
    }

    fn code(&mut self, hashes: Option<&CodeHashes>, typed: &Typed) {
        let Typed { node, word, code } = typed;
        let what = format!("{word} of {node}");
        let Some(hashes) = hashes else {
            return self.sorted.unfit.push((what, "the set has no codes; bring the receipt".to_owned()));
        };
        let now = self.gate.state().attempt();
        // a code does not say its attempt; the next one begins with a word of the leader
        let attempts = [Some(now), now.next()].into_iter().flatten();
        let mut first = None;
        for attempt in attempts {
            match hashes.verify(code, node, *word, attempt) {
                Ok(()) if self.knows(node, *word, attempt) => return,
                Ok(()) => return self.take(node.clone(), *word, attempt, "by code"),
                Err(error) => first = first.or(Some(error)),
            }
        }
        self.sorted.refused.extend(first);
    }

    fn take(&mut self, from: NodeName, word: Word, attempt: Attempt, how: &str) {
        let what = format!("{word} of {from}, attempt {attempt}");
        let event = Event::Heard { from, word, attempt };
        match self.gate.step(&event) {
            Ok(gate) => {
                self.gate = gate;
                self.sorted.taken.push((event, how.to_owned()));
            }
            Err(why) => self.sorted.unfit.push((what, why)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

    use super::*;

    fn stick(names: &[&str]) -> tempfile::TempDir {
        let stick = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir_all(stick.path().join(name).parent().unwrap()).unwrap();
            fs::write(stick.path().join(name), name).unwrap();
        }
        stick
    }

    fn looked_in(paths: &[PathBuf]) -> Brought {
        let mut brought = Brought::default();
        assert!(brought.is_empty());
        brought.look_in(paths);
        assert!(!brought.is_empty());
        brought
    }

    #[test]
    fn a_folder_gives_its_receipts_and_names_what_is_none_of_them() {
        let stick = stick(&[
            "m1.prepared.1.json",
            "m1.prepared.1.json.minisig",
            "w1.stopped.2.json",
            "w2.stopped.1.json.minisig",
            "notes.txt",
            "below/m2.prepared.1.json",
        ]);
        let brought = looked_in(&[stick.path().to_owned()]);
        let [found] = &brought.found[..] else { panic!("{:?}", brought.found) };
        assert_eq!((found.node.as_str(), found.word, found.attempt), ("m1", Word::Prepared, Attempt::FIRST));
        assert_eq!(found.signed.json, b"m1.prepared.1.json");
        assert_eq!(found.signed.signature, b"m1.prepared.1.json.minisig");
        let refused: Vec<String> = brought.refused.iter().map(ToString::to_string).collect();
        let halves = ["w1.stopped.2.json.minisig", "w2.stopped.1.json"].map(|name| stick.path().join(name));
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert!(refused.iter().zip(&halves).all(|(why, half)| why.contains(&half.display().to_string())));
        let skipped: Vec<_> = brought.skipped.iter().map(|(path, _)| path.file_name().unwrap()).collect();
        assert_eq!(skipped, ["notes.txt"]);
    }

    #[test]
    fn a_stick_that_is_not_there_is_no_empty_one() {
        let stick = stick(&["m1.prepared.1.json", "m1.prepared.1.json.minisig"]);
        let gone = stick.path().join("gone");
        let brought = looked_in(&[gone.clone(), stick.path().to_owned()]);
        assert_eq!((brought.found.len(), brought.skipped.len()), (1, 0));
        let [refused] = &brought.refused[..] else { panic!("{:?}", brought.refused) };
        assert!(refused.to_string().contains(&gone.display().to_string()), "{refused}");
    }

    #[test]
    fn a_receipt_is_taken_once_whichever_of_its_files_is_named() {
        let stick = stick(&["m1.prepared.1.json", "m1.prepared.1.json.minisig"]);
        let [json, signature] =
            ["m1.prepared.1.json", "m1.prepared.1.json.minisig"].map(|name| stick.path().join(name));
        for named in [
            vec![json.clone()],
            vec![signature.clone()],
            vec![signature.clone(), json.clone()],
            vec![json.clone(), json.clone(), stick.path().to_owned()],
        ] {
            let brought = looked_in(&named);
            let found: Vec<&PathBuf> = brought.found.iter().map(|found| &found.path).collect();
            assert_eq!(
                (found, brought.refused.len(), brought.skipped.len()),
                (vec![&json], 0, 0),
                "{named:?}"
            );
        }
    }

    #[test]
    fn a_signature_brings_its_receipt_along_beside_others() {
        let names = ["m1.prepared.1.json", "m2.prepared.1.json"];
        let stick = stick(&[names[0], "m1.prepared.1.json.minisig", names[1], "m2.prepared.1.json.minisig"]);
        let brought =
            looked_in(&[stick.path().join(names[0]), stick.path().join("m2.prepared.1.json.minisig")]);
        let found: Vec<&str> = brought.found.iter().map(|found| found.node.as_str()).collect();
        assert_eq!(found, ["m1", "m2"]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let stick = stick(&[]);
        let brought = looked_in(&[stick.path().join("m1.prepared.1.json")]);
        assert!(brought.found.is_empty() && !brought.refused.is_empty());
    }
}
