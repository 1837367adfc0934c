//! The two kinds of private key that a node has, out of their files' text, and what each opens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use sha2::{Digest as _, Sha256, Sha512};
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use super::header::Wrapped;
use super::primitives::{Key, TAG, decrypt, derive};
use super::refused::Refused;

/// How a private age key begins, in lower case.
pub(crate) const SECRET_PREFIX: Hrp = Hrp::parse_unchecked("age-secret-key-");
const RECIPIENT_PREFIX: Hrp = Hrp::parse_unchecked("age");
const AGE_PURPOSE: &[u8] = b"age-encryption.org/v1/X25519";
const SSH_PURPOSE: &[u8] = b"age-encryption.org/v1/ssh-ed25519";

/// The key of one file.
pub(super) type FileKey = Zeroizing<[u8; 16]>;

/// An age key, as `age-keygen` and `airlift-node survey` write it.
pub struct AgeKey {
    secret: StaticSecret,
    public: PublicKey,
}

impl AgeKey {
    /// The key whose bytes these are.
    pub(crate) fn of(secret: StaticSecret) -> Self {
        Self { public: PublicKey::from(&secret), secret }
    }

    /// The one key in a file's text; `None` where there is none, or more than one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (line, None) = (lines.next()?, lines.next()) else { return None };
        let parsed =
            CheckedHrpstring::new::<Bech32>(line).ok().filter(|parsed| parsed.hrp() == SECRET_PREFIX)?;
        let mut bytes = Zeroizing::new([0; 32]);
        let mut found = parsed.byte_iter();
        for (to, from) in bytes.iter_mut().zip(&mut found) {
            *to = from;
        }
        // the checksum's length: 52 characters of 5 bits are 32 bytes and no more
        if line.len() != SECRET_PREFIX.len() + 1 + 52 + 6 || found.next().is_some() {
            return None;
        }
        Some(Self::of(StaticSecret::from(*bytes)))
    }

    /// Its public half, `age1…`.
    #[must_use]
    pub fn recipient(&self) -> String {
        // too long is the only error, and 32 bytes are not
        bech32::encode::<Bech32>(RECIPIENT_PREFIX, self.public.as_bytes()).unwrap_or_default()
    }

    /// The file key, or `None` where it is wrapped for another key.
    pub(super) fn unwrap(&self, wrapped: &Wrapped) -> Result<Option<FileKey>, Refused> {
        let shared = exchange(&self.secret, &PublicKey::from(wrapped.share))?;
        wrapped.open(&self.public, &shared, AGE_PURPOSE)
    }
}

/// The private key of an SSH host, ed25519 without a passphrase, as `ssh-keygen` writes it.
pub struct SshKey {
    secret: StaticSecret,
    public: PublicKey,
    /// The public key as SSH sends it.
    blob: Vec<u8>,
}

impl SshKey {
    /// The key in a file's text.
    ///
    /// # Errors
    /// A fragment that says what else it is, such as "it is encrypted with a passphrase".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const NONE: &str = "it is no private key of OpenSSH's form";
        let inner = text
            .trim()
            .strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END OPENSSH PRIVATE KEY-----"))
            .ok_or(NONE)?;
        let mut packed = Zeroizing::new(Vec::with_capacity(inner.len()));
        packed.extend(inner.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        let mut bytes = Zeroizing::new(vec![0; packed.len()]);
        let count = STANDARD.decode_slice(&*packed, &mut bytes).map_err(|_| NONE)?;
        let mut fields =
            Fields(bytes.get(..count).and_then(|b| b.strip_prefix(b"openssh-key-v1\0")).ok_or(NONE)?);
        let (cipher, kdf, options) =
            (fields.string().ok_or(NONE)?, fields.string().ok_or(NONE)?, fields.string().ok_or(NONE)?);
        if cipher != b"none" || kdf != b"none" || !options.is_empty() {
            return Err("it is encrypted with a passphrase");
        }
        if fields.number().ok_or(NONE)? != 1 {
            return Err("it holds more than one key");
        }
        let blob = fields.string().ok_or(NONE)?;
        let mut private = Fields(fields.string().filter(|_| fields.0.is_empty()).ok_or(NONE)?);
        if private.number().is_none() || private.string_after_second_check().ok_or(NONE)? != b"ssh-ed25519" {
            return Err("it is not an ed25519 key");
        }
        let public = private.string().ok_or(NONE)?;
        let pair = private.string().and_then(|pair| pair.split_at_checked(32)).ok_or(NONE)?;
        let mut told = Fields(blob);
        let of_blob = (told.string(), told.string(), told.0);
        if pair.1 != public || of_blob != (Some(b"ssh-ed25519".as_slice()), Some(public), &[]) {
            return Err("its halves don't belong together");
        }
        let seed = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(pair.0)));
        let (scalar, _) = seed.split_first_chunk::<32>().ok_or(NONE)?;
        let secret = StaticSecret::from(*scalar);
        Ok(Self { public: PublicKey::from(&secret), secret, blob: blob.to_vec() })
    }

    /// SHA-256 of the public key as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        crate::survey::ssh::fingerprint(&self.blob)
    }

    /// The file key, or `None` where it is wrapped for another key.
    pub(super) fn unwrap(&self, tag: [u8; 4], wrapped: &Wrapped) -> Result<Option<FileKey>, Refused> {
        if !Sha256::digest(&self.blob).starts_with(&tag) {
            return Ok(None);
        }
        let tweak = StaticSecret::from(*derive(&self.blob, &[], SSH_PURPOSE)?);
        let once = exchange(&self.secret, &PublicKey::from(wrapped.share))?;
        let shared = exchange(&tweak, &Zeroizing::new(PublicKey::from(*once.as_bytes())))?;
        wrapped.open(&self.public, &shared, SSH_PURPOSE)
    }
}

fn exchange(secret: &StaticSecret, share: &PublicKey) -> Result<SharedSecret, Refused> {
    let shared = secret.diffie_hellman(share);
    match shared.was_contributory() {
        true => Ok(shared),
        false => Err(Refused::Header("has a share of low order")),
    }
}

impl Wrapped {
    fn open(
        &self,
        to: &PublicKey,
        shared: &SharedSecret,
        purpose: &[u8],
    ) -> Result<Option<FileKey>, Refused> {
        let salt = [self.share, *to.as_bytes()].concat();
        let key: Key = derive(&salt, shared.as_bytes(), purpose)?;
        let (text, tag) = self.body.split_at(self.body.len() - TAG);
        let mut file_key = Zeroizing::new([0; 16]);
        file_key.copy_from_slice(text);
        let Ok(tag) = tag.try_into() else { return Ok(None) };
        Ok(decrypt(&key, [0; 12], &mut *file_key, tag).map(|()| file_key))
    }
}

/// Numbers and strings as SSH packs them.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    /// The kind of key behind the second of the two check numbers, which tell only encrypted keys right from wrong.
    fn string_after_second_check(&mut self) -> Option<&'a [u8]> {
        self.number()?;
        self.string()
    }
}
