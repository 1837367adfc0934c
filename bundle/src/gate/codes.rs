//! The two tables of release codes: [`OwnCodes`], sealed to the one node that can reveal them, and [`CodeHashes`], in
//! the open in the bundle of a node that checks them. Which node has which is the protocol's word ([`super::table`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::code::{Code, CodeHash, CodeId};
use super::word::{Attempt, Word};
use crate::error::Error;
use crate::json::{from_canonical_json, to_canonical_json};
use crate::name::{NodeName, SiteName};
use crate::value::Format;

/// Codes or hashes of one word, in the order of the attempts.
type PerAttempt<T> = [T; Attempt::COUNT as usize];

/// The codes that one node can reveal. Has no Debug, Display or Serialize: its JSON is a secret, made by
/// [`OwnCodes::to_secret_json`] to be sealed.
pub struct OwnCodes {
    site: SiteName,
    node: NodeName,
    codes: BTreeMap<Word, PerAttempt<Code>>,
}

/// What lies in the sealed file. Private, so that nothing else can print it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    format: Format,
    site: SiteName,
    node: NodeName,
    codes: BTreeMap<Word, PerAttempt<String>>,
}

impl OwnCodes {
    /// What messages call the sealed document.
    const FILE: &'static str = "the node's own codes";

    /// The codes of `node`, one for each of `words` in every attempt; `random` gives the bytes for each.
    pub fn generate(
        site: SiteName,
        node: NodeName,
        words: impl IntoIterator<Item = Word>,
        mut random: impl FnMut() -> [u8; Code::ENTROPY],
    ) -> Self {
        let codes = words
            .into_iter()
            .map(|word| (word, std::array::from_fn(|_| Code::from_random(random()))))
            .collect();
        Self { site, node, codes }
    }

    /// The node that the codes belong to.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// The code for one word in one attempt, if the node can give that word.
    #[must_use]
    pub fn code(&self, word: Word, attempt: Attempt) -> Option<&Code> {
        self.codes.get(&word)?.get(place(attempt))
    }

    /// The words that it has codes for.
    pub fn words(&self) -> impl Iterator<Item = Word> {
        self.codes.keys().copied()
    }

    /// The hashes of all codes of one word. Takes some milliseconds for each.
    #[must_use]
    pub fn hashes(&self, word: Word) -> Option<PerAttempt<CodeHash>> {
        let codes = self.codes.get(&word)?;
        let mut hashes = Attempt::all().zip(codes).map(|(attempt, code)| {
            code.hash(&CodeId { site: self.site.clone(), emitter: self.node.clone(), word, attempt })
        });
        let first = hashes.next()?;
        let mut all = [first; Attempt::COUNT as usize];
        all.iter_mut().skip(1).zip(hashes).for_each(|(to, hash)| *to = hash);
        Some(all)
    }

    /// The canonical JSON, to be sealed to the node and shown to nobody.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which no table of codes gives.
    pub fn to_secret_json(&self) -> Result<Vec<u8>, Error> {
        let codes =
            self.codes.iter().map(|(word, codes)| (*word, codes.each_ref().map(Code::reveal))).collect();
        to_canonical_json(&Sealed { format: Format, site: self.site.clone(), node: self.node.clone(), codes })
    }

    /// The table in these opened bytes, which must be the one of `site` and `node`.
    ///
    /// # Errors
    /// [`Error::OwnCodes`] for anything else. It says nothing about the content, which is secret.
    pub fn parse(bytes: &[u8], site: &SiteName, node: &NodeName) -> Result<Self, Error> {
        let wrong = |why| Error::OwnCodes { why };
        let sealed: Sealed = from_canonical_json(Self::FILE, bytes)
            .map_err(|_| wrong("it is not a table of codes of format 1"))?;
        if sealed.site != *site {
            return Err(wrong("it belongs to another site"));
        }
        if sealed.node != *node {
            return Err(wrong("it belongs to another node"));
        }
        let mut codes = BTreeMap::new();
        for (word, texts) in sealed.codes {
            let mut read = Vec::with_capacity(texts.len());
            for text in &texts {
                let code = Code::parse(text).ok().filter(|code| code.reveal() == *text);
                read.push(code.ok_or(wrong("it holds something that is not a code"))?);
            }
            let read = read.try_into().map_err(|_| wrong("it has not nine codes for a word"))?;
            codes.insert(word, read);
        }
        Ok(Self { site: sealed.site, node: sealed.node, codes })
    }
}

/// The hashes that one node checks typed codes against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeHashes {
    /// Version of the format.
    pub format: Format,
    /// The site.
    pub site: SiteName,
    /// Emitter, word, and the hash for each attempt from 1 to 9.
    pub hashes: BTreeMap<NodeName, BTreeMap<Word, PerAttempt<CodeHash>>>,
}

impl CodeHashes {
    /// Name of the file in a node's bundle.
    pub const FILE: &'static str = "gates/codes.json";

    /// The canonical JSON.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which no table of hashes gives.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        to_canonical_json(self)
    }

    /// The table in these bytes, which come from a verified bundle.
    ///
    /// # Errors
    /// What [`from_canonical_json`] refuses.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        from_canonical_json(Self::FILE, bytes)
    }

    /// The hash of one word of one node in one attempt, if this node checks it.
    #[must_use]
    pub fn hash(&self, emitter: &NodeName, word: Word, attempt: Attempt) -> Option<&CodeHash> {
        self.hashes.get(emitter)?.get(&word)?.get(place(attempt))
    }

    /// Checks a code that was typed as `word` of `emitter` in `attempt`.
    ///
    /// # Errors
    /// [`Error::CodeWrong`] when it is another code, [`Error::CodeUnknown`] when this node doesn't check that word.
    pub fn verify(&self, code: &Code, emitter: &NodeName, word: Word, attempt: Attempt) -> Result<(), Error> {
        let hash = self.hash(emitter, word, attempt).ok_or_else(|| Error::CodeUnknown {
            emitter: emitter.clone(),
            word,
            attempt,
        })?;
        hash.verify(code, &CodeId { site: self.site.clone(), emitter: emitter.clone(), word, attempt })
    }
}

fn place(attempt: Attempt) -> usize {
    usize::from(attempt.get() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> OwnCodes {
        let mut n = 0;
        OwnCodes::generate("acme".parse().unwrap(), "m1".parse().unwrap(), [Word::Go, Word::Up], || {
            n += 1;
            [n; Code::ENTROPY]
        })
    }

    #[test]
    fn own_codes_come_back_from_their_json() {
        let own = own();
        let json = own.to_secret_json().unwrap();
        let read = OwnCodes::parse(&json, &"acme".parse().unwrap(), &"m1".parse().unwrap()).unwrap();
        for word in [Word::Go, Word::Up] {
            for attempt in Attempt::all() {
                assert!(own.code(word, attempt) == read.code(word, attempt));
            }
        }
        assert!(read.code(Word::Back, Attempt::FIRST).is_none());
        assert!(own.code(Word::Go, Attempt::FIRST) != own.code(Word::Up, Attempt::FIRST));
    }

    #[test]
    fn a_refused_table_of_codes_shows_none_of_them() {
        let json = String::from_utf8(own().to_secret_json().unwrap()).unwrap();
        let code = own().code(Word::Up, Attempt::FIRST).unwrap().reveal();
        let (site, node) = ("acme".parse().unwrap(), "m1".parse().unwrap());
        for (from, to) in
            [("acme", "other"), ("\"m1\"", "\"m2\""), (&*code, "x"), ("up", &code), ("codes", "Codes")]
        {
            let Err(error) = OwnCodes::parse(json.replacen(from, to, 1).as_bytes(), &site, &node) else {
                panic!("{from}")
            };
            assert_eq!(error.code(), "AB065", "{from}");
            assert!(!error.to_string().contains(&code));
        }
        let lower = json.replace(&code, &code.to_lowercase());
        assert!(OwnCodes::parse(lower.as_bytes(), &site, &node).is_err() || lower == json);
    }

    #[test]
    fn hashes_check_the_codes_of_others() {
        let own = own();
        let (site, node): (SiteName, NodeName) = ("acme".parse().unwrap(), "m1".parse().unwrap());
        let table = CodeHashes {
            format: Format,
            site,
            hashes: [(node.clone(), [(Word::Up, own.hashes(Word::Up).unwrap())].into())].into(),
        };
        let table = CodeHashes::parse(&table.to_json().unwrap()).unwrap();
        let code = own.code(Word::Up, Attempt::FIRST).unwrap();
        let second = Attempt::new(2).unwrap();
        assert!(table.verify(code, &node, Word::Up, Attempt::FIRST).is_ok());
        assert_eq!(table.verify(code, &node, Word::Up, second).unwrap_err().code(), "AB062");
        assert_eq!(table.verify(code, &node, Word::Go, Attempt::FIRST).unwrap_err().code(), "AB063");
        let stranger = "m2".parse().unwrap();
        assert_eq!(table.verify(code, &stranger, Word::Up, Attempt::FIRST).unwrap_err().code(), "AB063");
    }
}
