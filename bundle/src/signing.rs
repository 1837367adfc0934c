//! Making minisign's signatures: prehashed Ed25519 by RFC 8032, so the same bytes every time.
//!
//! Authors sign sets with it, nodes sign their receipts. The `minisign` crate draws a random nonce for each signature,
//! which a set that must be the same bytes every time can't have, and a node has no use for.

use std::str::FromStr;

use blake2::{Blake2b512, Digest as _};
use ed25519_dalek::Signer as _;

use crate::error::Error;
use crate::signature::{PublicKey, Signature, decode_base64, encode_base64};

/// A secret key. Has no Debug, Display or Serialize.
pub struct SigningKey {
    id: [u8; 8],
    pair: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// Letters before the bytes of a secret key in its line of text; those of a public key are `Ed`.
    const LETTERS: &'static [u8; 2] = b"Sk";

    /// The key with this id and seed, both random.
    #[must_use]
    pub fn from_seed(id: [u8; 8], seed: [u8; 32]) -> Self {
        Self { id, pair: ed25519_dalek::SigningKey::from_bytes(&seed) }
    }

    /// The key whose pair minisign keeps: 32 bytes of seed, 32 of public key. `None` when the halves don't match.
    #[must_use]
    pub fn from_pair(id: [u8; 8], pair: &[u8; 64]) -> Option<Self> {
        Some(Self { id, pair: ed25519_dalek::SigningKey::from_keypair_bytes(pair).ok()? })
    }

    /// The secret key in one line of text, to be sealed: base64 of `Sk`, id and seed. [`SigningKey::from_str`] reads it.
    #[must_use]
    pub fn to_secret_line(&self) -> String {
        encode_base64(&[&Self::LETTERS[..], &self.id, self.pair.as_bytes()].concat())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.id, *self.pair.verifying_key().as_bytes())
    }

    /// The four lines of a `.minisig` file for these bytes. The comment is signed too; a line break in it becomes a
    /// blank.
    #[must_use]
    pub fn sign(&self, bytes: &[u8], comment: &str) -> String {
        let comment = comment.replace(|c: char| c.is_control(), " ");
        let signature = self.pair.sign(&Blake2b512::digest(bytes)).to_bytes();
        let global = self.pair.sign(&[&signature[..], comment.as_bytes()].concat()).to_bytes();
        let line = encode_base64(&[&b"ED"[..], &self.id, &signature].concat());
        format!("{}\n{line}\ntrusted comment: {comment}\n{}\n", Signature::UNTRUSTED, encode_base64(&global))
    }
}

impl FromStr for SigningKey {
    type Err = Error;

    /// Reads what [`SigningKey::to_secret_line`] writes. The error shows nothing of it.
    fn from_str(line: &str) -> Result<Self, Error> {
        let wrong = || Error::SecretKey;
        let bytes: [u8; 42] =
            decode_base64(line).and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
        let (letters, rest) = bytes.split_first_chunk::<2>().ok_or_else(wrong)?;
        let (id, seed) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
        if letters != Self::LETTERS {
            return Err(wrong());
        }
        Ok(Self::from_seed(*id, seed.try_into().map_err(|_| wrong())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_same_every_time_and_holds() {
        let key = SigningKey::from_seed([1; 8], [2; 32]);
        let text = key.sign(b"some bytes", "one\nline");
        assert_eq!(text, key.sign(b"some bytes", "one line"));
        let signature = Signature::parse("x", text.as_bytes()).unwrap();
        assert!(signature.verify("x", b"some bytes", [&key.public()], "a key").is_ok());
        assert!(signature.verify("x", b"some byteS", [&key.public()], "a key").is_err());
    }

    #[test]
    fn a_secret_key_comes_back_from_its_line_and_an_error_shows_none_of_it() {
        let key = SigningKey::from_seed([1; 8], [2; 32]);
        let line = key.to_secret_line();
        assert_eq!(line.parse::<SigningKey>().ok().map(|key| key.public()), Some(key.public()));
        for bad in [&line[..55], &key.public().to_string(), "", &line.to_lowercase()] {
            let Err(error) = bad.parse::<SigningKey>() else { panic!("{bad}") };
            assert_eq!(error.code(), "AB047");
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }
}
