//! The author's signing key: minisign's files, RFC 8032's signatures.
//!
//! `minisign -S` of the same file with the same key and comment gives the same bytes, and so does every compile: the
//! `minisign` crate draws a random nonce for each signature, so it only reads and makes keys here.

use super::private_file::{PrivateFileError, read_private, write_private};
use airlift_bundle::signing;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minisign::{KeyPair, SecretKeyBox};
use std::path::{Path, PathBuf};

/// Offsets in the bytes of a minisign secret key: two letters each for signature, derivation and checksum, 32 bytes of
/// salt, two limits of 8 bytes, then key id, key pair and checksum.
const KEY_ID: std::ops::Range<usize> = 54..62;
const KEY_PAIR: std::ops::Range<usize> = 62..126;
/// Derivation letters of a key without a password.
const NO_PASSWORD: &[u8] = &[0, 0];

/// A signing key, unlocked. Has no Debug, Display or Serialize.
pub struct SigningKey(signing::SigningKey);

/// Why a key can't be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file can't be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It is not a minisign secret key.
    #[error("{} is not a minisign secret key; make one with `airlift keygen`", .0.display())]
    Form(PathBuf),
    /// It has a password, and none was given.
    #[error("{} has a password; give it with --key-password-file or AIRLIFT_KEY_PASSWORD", .0.display())]
    Locked(PathBuf),
    /// The password is wrong.
    #[error("the password does not open {}", .0.display())]
    Password(PathBuf),
    /// The system gave no randomness or the derivation failed.
    #[error("can't make a key: {0}")]
    Make(String),
}

/// How a new key is kept.
pub enum Protection {
    /// With this password, which is asked for at each compile.
    Password(String),
    /// Without one: whoever reads the file can sign.
    None,
}

impl SigningKey {
    /// Reads a key file.
    ///
    /// # Errors
    /// The file can be read by others, is no key, or does not open with this password.
    pub fn read(path: &Path, password: Option<String>) -> Result<Self, KeyError> {
        let text = read_private(path)?;
        let form = || KeyError::Form(path.to_owned());
        let line = text.lines().nth(1).ok_or_else(form)?;
        let raw = BASE64.decode(line).map_err(|_| form())?;
        let boxed = SecretKeyBox::from_string(&text).map_err(|_| form())?;
        let key = if raw.get(2..4).ok_or_else(form)? == NO_PASSWORD {
            boxed.into_unencrypted_secret_key().map_err(|_| form())?
        } else {
            let password = password.ok_or_else(|| KeyError::Locked(path.to_owned()))?;
            boxed.into_secret_key(Some(password)).map_err(|_| KeyError::Password(path.to_owned()))?
        };
        let bytes = key.to_bytes();
        let id = bytes.get(KEY_ID).and_then(|b| b.try_into().ok()).ok_or_else(form)?;
        let pair: &[u8; 64] = bytes.get(KEY_PAIR).and_then(|b| b.try_into().ok()).ok_or_else(form)?;
        signing::SigningKey::from_pair(id, pair).map(Self).ok_or_else(form)
    }

    /// Makes a key pair and writes it to `STEM.key` and `STEM.pub`. Returns the public file's text.
    ///
    /// # Errors
    /// One of the files is there already or can't be written, or there is no randomness.
    pub fn generate(stem: &Path, protection: Protection) -> Result<String, KeyError> {
        let make = |e: minisign::PError| KeyError::Make(e.to_string());
        let pair = match protection {
            Protection::Password(password) => KeyPair::generate_encrypted_keypair(Some(password)),
            Protection::None => KeyPair::generate_unencrypted_keypair(),
        }
        .map_err(make)?;
        let public = pair.pk.to_box().map_err(make)?.into_string();
        let secret = pair.sk.to_box(Some("minisign secret key")).map_err(make)?.into_string();
        let (secret_path, public_path) = (stem.with_extension("key"), stem.with_extension("pub"));
        if public_path.exists() {
            return Err(PrivateFileError::Exists(public_path).into());
        }
        write_private(&secret_path, secret.as_bytes(), 0o600)?;
        write_private(&public_path, public.as_bytes(), 0o644)?;
        Ok(public)
    }

    /// The public key in the two lines of a `.pub` file.
    pub fn public_file(&self) -> String {
        let public = self.0.public();
        format!("untrusted comment: minisign public key {}\n{public}\n", public.id())
    }

    /// The four lines of a `.minisig` file for these bytes. The comment is signed too, and holds no line break.
    pub fn sign(&self, bytes: &[u8], comment: &str) -> String {
        self.0.sign(bytes, comment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use airlift_bundle::signature::PublicKey;

    #[test]
    fn signatures_are_the_same_every_time_and_for_every_reader() {
        let dir = tempfile::tempdir().unwrap();
        for (stem, password) in [("a", None), ("b", Some("long enough".to_owned()))] {
            let stem = dir.path().join(stem);
            let protection = password.clone().map_or(Protection::None, Protection::Password);
            let public = SigningKey::generate(&stem, protection).unwrap();
            let path = stem.with_extension("key");
            let key = SigningKey::read(&path, password.clone()).unwrap();
            let signature = key.sign(b"some bytes", "site acme serial 7");
            assert_eq!(signature, key.sign(b"some bytes", "site acme serial 7"));
            assert_eq!(key.public_file().lines().nth(1), public.lines().nth(1));
            assert!(PublicKey::parse_file("k", &public).is_ok());
            let stock = minisign::SignatureBox::from_string(&signature).unwrap();
            let reader = minisign::PublicKeyBox::from_string(&public).unwrap().into_public_key().unwrap();
            let bytes = std::io::Cursor::new(b"some bytes");
            assert!(minisign::verify(&reader, &stock, bytes, true, false, false).is_ok());
        }
    }

    #[test]
    fn a_key_that_others_can_read_or_no_password_opens_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let stem = dir.path().join("a");
        SigningKey::generate(&stem, Protection::Password("right".into())).unwrap();
        let path = stem.with_extension("key");
        assert!(matches!(SigningKey::read(&path, None), Err(KeyError::Locked(_))));
        assert!(matches!(SigningKey::read(&path, Some("wrong".into())), Err(KeyError::Password(_))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = SigningKey::read(&path, Some("right".into()));
        assert!(matches!(refused, Err(KeyError::File(PrivateFileError::Open { mode: 0o640, .. }))));
        assert!(matches!(
            SigningKey::generate(&stem, Protection::None),
            Err(KeyError::File(PrivateFileError::Exists(_)))
        ));
    }
}
