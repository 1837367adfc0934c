//! minisign's public keys and signatures: prehashed Ed25519, checked by `minisign-verify`.
//!
//! Stock `minisign -Vm FILE -p KEY.pub` accepts what this module accepts. This module is narrower in form: a signature
//! file has exactly the four lines that stock `minisign -S` writes without `-c`, ends in a newline, and its base64 is
//! canonical. So no byte of a signature file is without meaning, and none of it is text of a stranger.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::Sha256;
use crate::error::{Error, printable};

/// Id of a minisign key, as minisign prints it: 16 upper-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A minisign public key: algorithm, key id and Ed25519 key, 42 bytes in all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 42]);

impl PublicKey {
    /// The key with this id and these bytes of an Ed25519 key.
    pub(crate) fn new(id: [u8; 8], key: [u8; 32]) -> Self {
        let mut bytes = [0; 42];
        bytes.iter_mut().zip(b"Ed".iter().chain(&id).chain(&key)).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// The key in the two lines of a `.pub` file. `file` names it in messages.
    ///
    /// # Errors
    /// [`Error::PublicKey`] for anything but an untrusted comment and one line of key.
    pub fn parse_file(file: &str, text: &str) -> Result<Self, Error> {
        let wrong = |why| Error::PublicKey { file: printable(file), why };
        let lines: Vec<&str> = text.lines().collect();
        let [comment, key] = lines.as_slice() else { return Err(wrong("it has not exactly two lines")) };
        if !comment.starts_with("untrusted comment: ") {
            return Err(wrong("its first line is not an untrusted comment"));
        }
        Self::parse_line(key).map_err(wrong)
    }

    fn parse_line(line: &str) -> Result<Self, &'static str> {
        let bytes = decode_base64(line).ok_or("its key is not base64")?;
        let bytes: [u8; 42] = bytes.try_into().map_err(|_| "its key is not 42 bytes long")?;
        if !bytes.starts_with(b"Ed") {
            return Err("its key is not an Ed25519 key");
        }
        Ok(Self(bytes))
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.iter_mut().zip(self.0.iter().skip(2)).for_each(|(to, from)| *to = *from);
        KeyId(id)
    }

    /// SHA-256 of the 42 bytes that the key's line encodes. On a machine without Airlift:
    /// `tail -n 1 KEY.pub | base64 -d | sha256sum`.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::of(&self.0))
    }

    /// Checks that `signature` is this key's over `subject`.
    fn holds(&self, subject: &[u8], signature: &Signature) -> bool {
        minisign_verify::PublicKey::from_base64(&self.to_string())
            .is_ok_and(|key| key.verify(subject, &signature.inner, false).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    /// The key in its one line of base64.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse_line(text).map_err(|why| Error::PublicKey { file: "the key".to_owned(), why })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_base64(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Fingerprint of a public key, for people to compare: 16 groups of four hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(Sha256);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, c) in self.0.to_string().chars().enumerate() {
            if n > 0 && n % 4 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    /// Takes capital letters too, and spaces, colons and hyphens between the digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits: String =
            text.chars().filter(|c| !" :-".contains(*c)).map(|c| c.to_ascii_lowercase()).collect();
        digits.parse().map(Self).map_err(|_| {
            Error::value("a fingerprint", text, "is not 64 hexadecimal digits (spaces between them are fine)")
        })
    }
}

/// A signature file in its only form. Nothing is verified yet.
pub struct Signature {
    file: String,
    key: KeyId,
    inner: minisign_verify::Signature,
}

impl Signature {
    pub(crate) const UNTRUSTED: &'static str = "untrusted comment: signature from minisign secret key";

    /// The signature in the text of a `.minisig` file. `file` names it in messages.
    ///
    /// # Errors
    /// [`Error::SignatureForm`] for anything that stock `minisign -S` would not have written.
    pub fn parse(file: &str, text: &[u8]) -> Result<Self, Error> {
        let wrong = |why| Error::SignatureForm { file: printable(file), why };
        let text = std::str::from_utf8(text).map_err(|_| wrong("it is not UTF-8"))?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [untrusted, signature, trusted, global, ""] = lines.as_slice() else {
            return Err(wrong("it has not exactly four lines with a newline after each"));
        };
        if *untrusted != Self::UNTRUSTED {
            return Err(wrong(
                "its first line is not: untrusted comment: signature from minisign secret key",
            ));
        }
        if trusted.chars().any(|c| c.is_control() && c != '\t') {
            return Err(wrong("its trusted comment has control characters"));
        }
        let bytes = decode_base64(signature).ok_or_else(|| wrong("its second line is not base64"))?;
        match bytes.get(..2) {
            Some(b"ED") => {}
            Some(b"Ed") => return Err(wrong("it is not prehashed; sign again without -l")),
            _ => return Err(wrong("it is not an Ed25519 signature")),
        }
        decode_base64(global).ok_or_else(|| wrong("its fourth line is not base64"))?;
        let inner =
            minisign_verify::Signature::decode(text).map_err(|_| wrong("its parts have wrong lengths"))?;
        let mut id = [0; 8];
        id.iter_mut().zip(bytes.iter().skip(2)).for_each(|(to, from)| *to = *from);
        Ok(Self { file: file.to_owned(), key: KeyId(id), inner })
    }

    /// The key that the signature claims.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// Checks the signature over `subject` (called `name` in messages) by the one among `keys` that it claims.
    ///
    /// # Errors
    /// [`Error::UntrustedKey`] when no key has that id, [`Error::BadSignature`] when the signature doesn't hold.
    pub fn verify<'k>(
        &self,
        name: &str,
        subject: &[u8],
        keys: impl IntoIterator<Item = &'k PublicKey>,
        role: &'static str,
    ) -> Result<(), Error> {
        let mut known = false;
        for key in keys.into_iter().filter(|key| key.id() == self.key) {
            known = true;
            if key.holds(subject, self) {
                return Ok(());
            }
        }
        let (file, key) = (self.file.clone(), self.key);
        Err(if known {
            Error::BadSignature { file, subject: name.to_owned(), key }
        } else {
            Error::UntrustedKey { file, key, role }
        })
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding, canonical only: what [`encode_base64`] writes for the same bytes.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == c)?;
        bits = ((bits << 6) + u32::try_from(value).ok()?) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    (encode_base64(&bytes) == text).then_some(bytes)
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_u32, |bits, byte| (bits << 8) + u32::from(*byte));
        for n in 0..4 {
            let letter = ALPHABET.get((bits >> (18 - 6 * n) & 0x3f) as usize).copied().unwrap_or(b'=');
            text.push(if n <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_its_canonical_form_only() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode_base64(bytes.as_bytes()), text);
            assert_eq!(decode_base64(text).unwrap(), bytes.as_bytes());
        }
        for bad in ["Zg", "Zg=", "Zh==", "Zm9v=", "Zm9v\n", " Zm9v", "Zm9", "Zm-v", "===="] {
            assert_eq!(decode_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_shows_the_id_that_minisign_prints() {
        let line = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        let key: PublicKey = line.parse().unwrap();
        assert_eq!(key.to_string(), line);
        assert_eq!(key.id().to_string(), "E7620F1842B4E81F");
        assert_eq!(key.fingerprint().to_string().len(), 64 + 15);
        let typed = key.fingerprint().to_string().to_uppercase().replace(' ', ":");
        assert_eq!(typed.parse::<Fingerprint>().unwrap(), key.fingerprint());
    }

    #[test]
    fn a_key_file_has_two_lines() {
        let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        assert!(PublicKey::parse_file("k.pub", &format!("untrusted comment: x\n{key}\n")).is_ok());
        for bad in [
            key.to_owned(),
            format!("comment\n{key}\n"),
            format!("untrusted comment: x\n{key}\n{key}\n"),
            format!("untrusted comment: x\n{}\n", &key[..55]),
            format!("untrusted comment: x\nX{}\n", &key[1..]),
            String::new(),
        ] {
            assert_eq!(PublicKey::parse_file("k.pub", &bad).unwrap_err().code(), "AB030", "{bad}");
        }
    }
}
