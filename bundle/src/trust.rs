//! Which keys a machine trusts, and for what.
//!
//! The trust file is text, at most 64 KiB, and never comes from the medium. Lines, in any order:
//!
//! ```text
//! # a comment; blank lines are fine
//! threshold 1
//! author RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
//! approver RWT…
//! ```
//!
//! An author signs sets. An approver approves them; `threshold` says how many different approvers a set needs, and
//! stands there exactly once. The letters after a role are the second line of a minisign `.pub` file. One key has one
//! role, so nobody approves what they signed themselves.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Problems, printable};
use crate::signature::{KeyId, PublicKey};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRole {
    /// Signs sets.
    Author,
    /// Approves sets.
    Approver,
}

impl KeyRole {
    /// The word for it in the trust file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Approver => "approver",
        }
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyRole {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "author" => Ok(Self::Author),
            "approver" => Ok(Self::Approver),
            _ => Err(Error::value("a role", text, "is neither author nor approver")),
        }
    }
}

/// The keys that a machine trusts. Never holds a key twice, nor two keys of one id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustFile {
    threshold: usize,
    keys: Vec<(KeyRole, PublicKey)>,
}

impl TrustFile {
    /// Trust in one author, without approvals: for a reviewer's workstation.
    #[must_use]
    pub fn in_author(key: PublicKey) -> Self {
        Self { threshold: 0, keys: vec![(KeyRole::Author, key)] }
    }

    /// The trust in this text.
    ///
    /// # Errors
    /// Every line that can't be used, and what is wrong with the file as a whole.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut trust = Self::default();
        let mut found = Vec::new();
        let mut threshold = None;
        for (line, text) in text.lines().enumerate().map(|(n, text)| (n + 1, text.trim())) {
            let mut wrong = |why: String| found.push(Error::TrustLine { line, why });
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["threshold", number] => match number.parse() {
                    Err(_) => wrong(format!("{:?} is not a number", printable(number))),
                    Ok(_) if threshold.is_some() => wrong("the threshold is there already".to_owned()),
                    Ok(number) => threshold = Some(number),
                },
                ["author" | "approver", key] => match (text.starts_with("author"), key.parse()) {
                    (_, Err(Error::PublicKey { why, .. })) => wrong(why.to_owned()),
                    (_, Err(other)) => wrong(other.to_string()),
                    (is_author, Ok(key)) => {
                        let role = if is_author { KeyRole::Author } else { KeyRole::Approver };
                        if let Err(error) = trust.add(role, key) {
                            wrong(error.to_string());
                        }
                    }
                },
                _ => wrong("it is none of: threshold NUMBER, author KEY, approver KEY".to_owned()),
            }
        }
        match threshold {
            None => found.push(Error::Trust { why: "it has no line with the threshold".to_owned() }),
            Some(number) => {
                if let Err(error) = trust.set_threshold(number)
                    && found.is_empty()
                {
                    found.push(error);
                }
            }
        }
        Problems::none(found)?;
        Ok(trust)
    }

    /// The keys of one role.
    pub fn keys(&self, role: KeyRole) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().filter(move |(own, _)| *own == role).map(|(_, key)| key)
    }

    /// Every key with its role, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = (KeyRole, &PublicKey)> {
        self.keys.iter().map(|(role, key)| (*role, key))
    }

    /// How many approvals a set needs.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The role of the key of this id.
    #[must_use]
    pub fn role(&self, id: KeyId) -> Option<KeyRole> {
        self.keys.iter().find(|(_, key)| key.id() == id).map(|(role, _)| *role)
    }

    /// Trusts one more key.
    ///
    /// # Errors
    /// [`Error::KeyTwice`] when the key, or another one of its id, is there already.
    pub fn add(&mut self, role: KeyRole, key: PublicKey) -> Result<(), Error> {
        if let Some(own) = self.role(key.id()) {
            return Err(Error::KeyTwice { key: key.id(), role: own });
        }
        self.keys.push((role, key));
        Ok(())
    }

    /// Asks for this many approvals.
    ///
    /// # Errors
    /// [`Error::Threshold`] when fewer approvers are trusted.
    pub fn set_threshold(&mut self, number: usize) -> Result<(), Error> {
        let approvers = self.keys(KeyRole::Approver).count();
        if number > approvers {
            return Err(Error::Threshold { number, approvers });
        }
        self.threshold = number;
        Ok(())
    }
}

impl fmt::Display for TrustFile {
    /// The text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Keys that this machine trusts. Written by `airlift-node trust`, which keeps no comments."
        )?;
        writeln!(f, "threshold {}", self.threshold)?;
        self.keys.iter().try_for_each(|(role, key)| writeln!(f, "{role} {key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn a_trust_file_reads_back_as_it_was_written() {
        let mut trust = TrustFile::in_author(A.parse().unwrap());
        assert_eq!(TrustFile::parse(&trust.to_string()).unwrap(), trust);
        assert!(trust.set_threshold(1).is_err());
        let b = A.replace("RWQf6", "RWQe6");
        trust.add(KeyRole::Approver, b.parse().unwrap()).unwrap();
        trust.set_threshold(1).unwrap();
        assert_eq!(TrustFile::parse(&trust.to_string()).unwrap(), trust);
        let all: Vec<_> = trust.all().map(|(role, key)| (role, key.to_string())).collect();
        assert_eq!(all, [(KeyRole::Author, A.to_owned()), (KeyRole::Approver, b)]);
    }

    #[test]
    fn a_role_is_read_as_it_is_shown() {
        for role in [KeyRole::Author, KeyRole::Approver] {
            assert_eq!(role.to_string().parse::<KeyRole>().unwrap(), role);
        }
        assert!("owner".parse::<KeyRole>().is_err());
    }

    #[test]
    fn all_problems_of_a_trust_file_are_reported() {
        let text = format!("author {A}\napprover {A}\nauthor x\nreviewer {A}\nthreshold many\n");
        let problems = TrustFile::parse(&text).unwrap_err();
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 5, "{lines:#?}");
        assert!(lines[0].contains("line 2") && lines[0].contains("trusted as author"), "{lines:#?}");
    }

    #[test]
    fn a_threshold_stands_there_once_and_can_be_reached() {
        for bad in ["", "threshold 0\nthreshold 0\n", "threshold 1\n", "threshold -1\n"] {
            assert!(TrustFile::parse(bad).is_err(), "{bad}");
        }
        assert!(TrustFile::parse("threshold 0\n").is_ok());
        assert!(TrustFile::parse("# comments and blank lines\n\n  \nthreshold 0\n").is_ok());
    }
}
