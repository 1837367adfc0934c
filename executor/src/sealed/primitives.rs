//! The three ways in which age uses its primitives.

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::refused::Refused;

/// A key of 32 bytes.
pub(super) type Key = Zeroizing<[u8; 32]>;
/// Bytes of an authentication tag.
pub(super) const TAG: usize = 16;

/// 32 bytes by HKDF with SHA-256.
pub(super) fn derive(salt: &[u8], input: &[u8], purpose: &[u8]) -> Result<Key, Refused> {
    let mut key = Zeroizing::new([0; 32]);
    // too much asked for is the only error, and 32 bytes are not
    Hkdf::<Sha256>::new(Some(salt), input)
        .expand(purpose, &mut *key)
        .map_err(|_| Refused::Header("gives no key"))?;
    Ok(key)
}

/// Whether this is the HMAC with SHA-256; compared in constant time.
pub(super) fn is_mac(key: &Key, text: &[u8], mac: &[u8; 32]) -> bool {
    Hmac::<Sha256>::new_from_slice(&**key).is_ok_and(|hmac| hmac.chain_update(text).verify_slice(mac).is_ok())
}

/// Decrypts in place what ChaCha20-Poly1305 has encrypted, if nothing of it was changed.
pub(super) fn decrypt(key: &Key, nonce: [u8; 12], text: &mut [u8], tag: [u8; TAG]) -> Option<()> {
    ChaCha20Poly1305::new((&**key).into())
        .decrypt_inout_detached(&nonce.into(), &[], text.into(), &tag.into())
        .ok()
}
