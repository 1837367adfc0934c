//! Public keys of nodes: age recipients and SSH host keys.

use super::values::{Parse, Refusal};
use crate::diag::codes::site as code;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

/// A SHA-256 fingerprint in OpenSSH's form.
pub fn fingerprint(bytes: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(bytes)))
}

/// An age X25519 recipient, `age1…`, whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeRecipient(String);

impl AgeRecipient {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for AgeRecipient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Parse for AgeRecipient {
    fn parse(text: &str) -> Result<Self, Refusal> {
        match text.strip_prefix("age1") {
            Some(data) if data.len() == 58 && bech32(b"age", data) => Ok(Self(text.to_owned())),
            _ => Err(Refusal::new(
                code::SURVEY_FORM,
                "is no age recipient (`age1` and 58 characters with a checksum)",
                "make the survey again on the node; don't type keys by hand",
            )),
        }
    }
}

/// Whether a bech32 data part has the right checksum (BIP 173).
fn bech32(prefix: &[u8], data: &str) -> bool {
    const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let step = |sum: u32, value: u32| {
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let top = sum >> 25;
        let sum = ((sum & 0x01ff_ffff) << 5) ^ value;
        generators.iter().enumerate().filter(|(i, _)| (top >> i) & 1 == 1).fold(sum, |sum, (_, g)| sum ^ g)
    };
    let sum = prefix.iter().fold(1, |sum, b| step(sum, u32::from(b >> 5)));
    let sum = step(sum, 0);
    let sum = prefix.iter().fold(sum, |sum, b| step(sum, u32::from(b & 31)));
    let values: Option<Vec<u32>> = data.chars().map(|c| ALPHABET.find(c).map(|at| at as u32)).collect();
    values.is_some_and(|values| values.into_iter().fold(sum, step) == 1)
}

/// An ed25519 SSH host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshHostKey {
    /// The key as RFC 4253 encodes it.
    blob: Vec<u8>,
}

impl SshHostKey {
    /// Reads the base64 part of a key line.
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        let blob = STANDARD.decode(text).ok()?;
        // Two length-prefixed strings: the type and 32 bytes (RFC 8709).
        let key = blob.strip_prefix(b"\0\0\0\x0bssh-ed25519\0\0\0\x20")?;
        if key.len() == 32 { Some(Self { blob }) } else { None }
    }

    /// The fingerprint as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }
}

impl fmt::Display for SshHostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ssh-ed25519 {}", STANDARD.encode(&self.blob))
    }
}

impl Serialize for SshHostKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Parse for SshHostKey {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let mut parts = text.split_ascii_whitespace();
        match (parts.next(), parts.next().and_then(Self::from_base64)) {
            (Some("ssh-ed25519"), Some(key)) => Ok(key),
            _ => Err(Refusal::new(
                code::SURVEY_FORM,
                "is no ed25519 public key",
                "make the survey again; the key is in /etc/ssh/ssh_host_ed25519_key.pub",
            )),
        }
    }
}
