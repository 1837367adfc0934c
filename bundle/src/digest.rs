//! SHA-256 digests. In text they are 64 lower-case hexadecimal digits and nothing else.
//!
//! [`Hasher`] takes bytes as they pass, so that a file is read once for all that is done with it.

use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Digest as _;

use crate::error::Error;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest and the length of all that `reader` gives.
    ///
    /// # Errors
    /// Whatever the reader reports.
    pub fn of_reader(reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::new();
        hash(reader, &mut hasher)?;
        Ok(hasher.finish())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Writes all that `reader` gives to `hashers`.
pub(crate) fn hash(reader: impl Read, hashers: &mut impl Write) -> io::Result<()> {
    // copy takes the reader's own buffer, and would make a smaller one
    io::copy(&mut BufReader::with_capacity(1 << 18, reader), hashers).map(drop)
}

/// A digest in the making. What is written to it is counted and hashed, and goes nowhere else.
#[derive(Clone, Default)]
pub struct Hasher {
    state: sha2::Sha256,
    size: u64,
}

impl Hasher {
    /// Nothing hashed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// How many bytes it has taken.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The digest and the number of all bytes taken.
    #[must_use]
    pub fn finish(self) -> (Sha256, u64) {
        (Sha256(self.state.finalize().into()), self.size)
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({} bytes)", self.size)
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl FromStr for Sha256 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why| Error::value("a SHA-256 digest", text, why);
        if text.len() != 64 {
            return Err(wrong("is not 64 characters long"));
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            for c in pair {
                let digit = match c {
                    b'0'..=b'9' => c - b'0',
                    b'a'..=b'f' => c - b'a' + 10,
                    _ => return Err(wrong("has a character outside 0-9 a-f")),
                };
                *byte = *byte << 4 | digit;
            }
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_lower_case_hex_digits_are_a_digest() {
        let good = Sha256::of(b"").to_string();
        assert_eq!(good, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(good.parse::<Sha256>().unwrap(), Sha256::of(b""));
        for bad in ["", &good[1..], &format!("{good}0"), &good.to_uppercase(), &format!("g{}", &good[1..])] {
            assert_eq!(bad.parse::<Sha256>().unwrap_err().code(), "AB001", "{bad}");
        }
    }

    #[test]
    fn a_reader_gives_the_same_digest_as_its_bytes() {
        let bytes = vec![7; 1_000_003];
        assert_eq!(Sha256::of_reader(&bytes[..]).unwrap(), (Sha256::of(&bytes), 1_000_003));
    }
}
