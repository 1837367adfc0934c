//! Sealed secrets: the envelope inside an age file, and the slots that its value fills.
//!
//! One age file holds one secret for one node. What age encrypts is an envelope:
//!
//! ```text
//! airlift-secret 1 SITE/NODE NAME LENGTH\n      one line
//! the value                                     LENGTH bytes of UTF-8, none of them zero
//! zero bytes                                    up to the size of its room
//! ```
//!
//! An envelope is as long as its [`Room`], so the length of a sealed file says which kind of secret it holds and no
//! more. Its first line ties the value to the place that it was sealed for: a file that was renamed, or taken from
//! another site, does not open. In an emergency stock tools are enough:
//!
//! ```sh
//! age -d -i KEY NAME.age | { read -r _ _ _ _ n; head -c "$n"; }
//! ```
//!
//! A document with a secret inside has a slot in its place, `airlift-secret(NAME)` between quotes. The sealed value is
//! the finished scalar, quotes included, as [`scalar`] writes it: it takes the place of slot and quotes, and YAML and
//! TOML read it alike. [`fill`] puts values in, once; a value that looks like a slot stays what it is.
//!
//! Nothing here makes a key, encrypts or decrypts, and no message shows a value.

use crate::error::{Error, printable};
use crate::name::{EntryName, NodeName, SiteName};
use crate::plan::SecretName;

/// What every envelope begins with: its name and the version of its form.
const MAGIC: &str = "airlift-secret 1 ";
/// What a slot begins with.
const OPEN: &str = "airlift-secret(";
/// The smallest and the largest envelope, in bytes.
const SIZES: std::ops::RangeInclusive<usize> = 1 << 10..=1 << 24;

/// How long an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// 1 KiB: keys, tokens, digests.
    Small,
    /// 8 KiB: a scalar of a document, a join token's kubeconfig, all codes of a node.
    Medium,
    /// 64 KiB: a licence.
    Large,
    /// The next power of two, for a value whose length follows from what everybody may know, such as the number of nodes.
    Fit,
}

/// The place that a secret is sealed for.
#[derive(Clone, Copy, Debug)]
pub struct Address<'a> {
    /// The site.
    pub site: &'a SiteName,
    /// The node.
    pub node: &'a NodeName,
    /// The secret.
    pub name: &'a SecretName,
}

impl Address<'_> {
    /// The first line up to the length.
    fn head(&self) -> String {
        format!("{MAGIC}{}/{} {} ", self.site, self.node, self.name)
    }

    fn wrong(&self, why: &'static str) -> Error {
        Error::Sealed { name: self.name.to_string(), why }
    }

    /// The envelope of this value, to be encrypted. The caller wipes it.
    ///
    /// # Errors
    /// [`Error::Sealed`]: the value is too long for the room, or has a zero byte.
    pub fn wrap(&self, value: &str, room: Room) -> Result<Vec<u8>, Error> {
        if value.contains('\0') {
            return Err(self.wrong("has a zero byte"));
        }
        let head = format!("{}{}\n", self.head(), value.len());
        let used = head.len() + value.len();
        let size = match room {
            Room::Small => 1 << 10,
            Room::Medium => 1 << 13,
            Room::Large => 1 << 16,
            Room::Fit => used.next_power_of_two().max(*SIZES.start()),
        };
        if used > size || !SIZES.contains(&size) {
            return Err(self.wrong("is too long for its kind"));
        }
        let mut envelope = Vec::with_capacity(size);
        envelope.extend_from_slice(head.as_bytes());
        envelope.extend_from_slice(value.as_bytes());
        envelope.resize(size, 0);
        Ok(envelope)
    }

    /// The value in a decrypted envelope that was made for this very place.
    ///
    /// # Errors
    /// [`Error::Sealed`] for any other bytes than [`Address::wrap`] writes.
    pub fn unwrap<'e>(&self, envelope: &'e [u8]) -> Result<&'e str, Error> {
        if !envelope.len().is_power_of_two() || !SIZES.contains(&envelope.len()) {
            return Err(self.wrong("has a length that no envelope has"));
        }
        let rest = envelope
            .strip_prefix(self.head().as_bytes())
            .ok_or_else(|| self.wrong("was sealed for another place, or is no envelope of version 1"))?;
        let digits = rest.iter().position(|b| *b == b'\n').filter(|end| (1..=8).contains(end));
        let (digits, rest) = digits
            .and_then(|end| rest.split_at_checked(end))
            .ok_or_else(|| self.wrong("has no length in its first line"))?;
        let length: usize = std::str::from_utf8(digits)
            .ok()
            .filter(|text| {
                text.bytes().all(|b| b.is_ascii_digit()) && (*text == "0" || !text.starts_with('0'))
            })
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.wrong("has no length in its first line"))?;
        let (value, padding) = rest
            .get(1..)
            .and_then(|rest| rest.split_at_checked(length))
            .ok_or_else(|| self.wrong("is shorter than its first line says"))?;
        if padding.iter().any(|b| *b != 0) || value.contains(&0) {
            return Err(self.wrong("has something after its value"));
        }
        std::str::from_utf8(value).map_err(|_| self.wrong("is not text"))
    }
}

/// Where a bundle holds a secret: `sealed/NAME.age`, or in the clear `sealed/NAME.plain`.
///
/// # Errors
/// [`Error::Value`]: the name is too long for a bundle.
pub fn entry(name: &SecretName, plaintext: bool) -> Result<EntryName, Error> {
    format!("sealed/{name}.{}", if plaintext { "plain" } else { "age" }).parse()
}

/// Text as a double-quoted scalar that YAML 1.1, YAML 1.2 and TOML read alike: ASCII, one line.
#[must_use]
pub fn scalar(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2 + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            c if u32::from(c) <= 0xFFFF => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Names of the slots in a document, sorted, each once.
///
/// # Errors
/// [`Error::Slot`]: something begins like a slot and is none.
pub fn slots(document: &str) -> Result<Vec<SecretName>, Error> {
    let mut names = pieces(document)?.into_iter().filter_map(|(_, name)| name).collect::<Vec<_>>();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The document with finished scalars in place of its slots and the quotes around them. The caller wipes it.
///
/// # Errors
/// [`Error::Slot`]: a slot without value, or something that begins like a slot and is none.
pub fn fill<'v>(document: &str, value: impl Fn(&SecretName) -> Option<&'v str>) -> Result<String, Error> {
    let parts = pieces(document)?
        .into_iter()
        .map(|(text, name)| {
            let value = name.map(|name| value(&name).ok_or_else(|| slot_error(&name.slot(), "has no value")));
            Ok((text, value.transpose()?.unwrap_or_default()))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    // Memory once and for all: growing would leave copies of secrets behind.
    let mut out = String::with_capacity(parts.iter().map(|(text, value)| text.len() + value.len()).sum());
    for (text, value) in parts {
        out.push_str(text);
        out.push_str(value);
    }
    Ok(out)
}

/// The document cut at its slots: text, then the slot after it, if any.
fn pieces(document: &str) -> Result<Vec<(&str, Option<SecretName>)>, Error> {
    let mut pieces = Vec::new();
    let mut rest = document;
    while let Some(at) = rest.find(OPEN) {
        let shown: String = rest.get(at..).unwrap_or_default().chars().take(100).collect();
        let wrong = |why| slot_error(&shown, why);
        let (text, slot) = rest.split_at_checked(at).ok_or_else(|| wrong("is cut"))?;
        let quote = text.chars().next_back().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.ok_or_else(|| wrong("does not stand between quotes"))?;
        let inside = slot.strip_prefix(OPEN).unwrap_or_default();
        let (name, after) = inside.split_once(')').ok_or_else(|| wrong("has no end"))?;
        let after = after.strip_prefix(quote).ok_or_else(|| wrong("does not stand between quotes"))?;
        let name = name.parse().map_err(|_| wrong("names no secret"))?;
        pieces.push((text.strip_suffix(quote).unwrap_or(text), Some(name)));
        rest = after;
    }
    pieces.push((rest, None));
    Ok(pieces)
}

fn slot_error(slot: &str, why: &'static str) -> Error {
    Error::Slot { slot: printable(slot), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with<T>(f: impl FnOnce(Address<'_>) -> T) -> T {
        let (site, node, name) =
            ("acme".parse().unwrap(), "m1".parse().unwrap(), "pki/ca.key".parse().unwrap());
        f(Address { site: &site, node: &node, name: &name })
    }

    proptest! {
        #[test]
        fn what_was_wrapped_unwraps_and_its_length_depends_on_its_room_alone(a in "[^\\x00]{0,200}", b in "[^\\x00]{0,200}") {
            with(|at| {
                let (one, two) = (at.wrap(&a, Room::Small).unwrap(), at.wrap(&b, Room::Small).unwrap());
                assert_eq!(one.len(), two.len());
                assert_eq!(at.unwrap(&one).unwrap(), a);
            });
        }

        #[test]
        fn a_filled_slot_is_read_as_the_secret_and_as_nothing_else(secret in "\\PC{0,40}|.{0,40}|(?s).{0,9}") {
            let name: SecretName = "a".parse().unwrap();
            let finished = scalar(&secret);
            let toml = fill("k = \"airlift-secret(a)\"\nz = 1\n", |n| (*n == name).then_some(finished.as_str()));
            assert_eq!(toml.unwrap(), format!("k = {finished}\nz = 1\n"));
            assert!(finished.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }

    #[test]
    fn every_changed_byte_of_an_envelope_but_those_of_the_value_is_refused() {
        with(|at| {
            let good = at.wrap("value", Room::Small).unwrap();
            let value = at.head().len() + 2..at.head().len() + 7;
            for offset in (0..good.len()).filter(|offset| !value.contains(offset)) {
                for bit in 0..8 {
                    let mut bad = good.clone();
                    bad[offset] ^= 1 << bit;
                    let read = at.unwrap(&bad).map(str::to_owned);
                    assert!(read.is_err(), "byte {offset}, bit {bit}: {read:?}");
                }
            }
            for length in [0, 1, 1023, 1025, 2047] {
                assert!(at.unwrap(&vec![0; length]).is_err());
            }
            assert!(at.unwrap(&good[..512]).is_err());
        });
    }

    #[test]
    fn a_secret_of_another_site_node_or_name_does_not_open() {
        let envelope = with(|at| at.wrap("v", Room::Small).unwrap());
        let texts =
            [("acme", "m1", "pki/ca.crt"), ("acme", "m2", "pki/ca.key"), ("other", "m1", "pki/ca.key")];
        for (site, node, name) in texts {
            let (site, node, name) = (site.parse().unwrap(), node.parse().unwrap(), name.parse().unwrap());
            let refused = Address { site: &site, node: &node, name: &name }.unwrap(&envelope).unwrap_err();
            assert_eq!(refused.code(), "AB070");
        }
    }

    #[test]
    fn too_long_a_value_is_refused_and_never_shown() {
        with(|at| {
            let value = "s3cret-".repeat(200);
            let refused = at.wrap(&value, Room::Small).unwrap_err();
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
            assert_eq!(at.wrap(&value, Room::Fit).unwrap().len(), 2048);
            assert_eq!(at.wrap("", Room::Large).unwrap().len(), 65536);
        });
    }

    #[test]
    fn a_document_is_filled_once_and_only_between_quotes() {
        let name: SecretName = "a".parse().unwrap();
        let value = |n: &SecretName| (*n == name).then_some("\"airlift-secret(a)\"");
        assert_eq!(fill("x: 'airlift-secret(a)'\n", value).unwrap(), "x: \"airlift-secret(a)\"\n");
        assert_eq!(slots("'airlift-secret(b)' \"airlift-secret(a)\" 'airlift-secret(b)'").unwrap().len(), 2);
        for bad in [
            "airlift-secret(a)",
            "'airlift-secret(a)",
            "'airlift-secret(a)\"",
            "x'airlift-secret(a'",
            "'airlift-secret(A)'",
            "'airlift-secret(b)'",
        ] {
            assert_eq!(fill(bad, value).unwrap_err().code(), "AB071", "{bad}");
        }
    }
}
