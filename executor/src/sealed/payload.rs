//! The payload of an age file: chunks, each authenticated with its number and whether it is the last.

use zeroize::Zeroizing;

use super::primitives::{Key, TAG, decrypt};
use super::refused::Refused;

/// Bytes of a chunk before it was encrypted; only the last may have fewer.
const CHUNK: usize = 64 << 10;
/// Bytes of the random number before the chunks.
pub(super) const NONCE: usize = 16;

/// All of the plain text, once all of it is authenticated. `chunks` is what follows the random number.
pub(super) fn open(key: &Key, chunks: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let count = chunks.len().div_ceil(CHUNK + TAG).max(1);
    // once and for all: growing would leave copies behind
    let mut plain = Zeroizing::new(Vec::with_capacity(chunks.len()));
    for (number, sealed) in chunks.chunks(CHUNK + TAG).enumerate() {
        let is_last = number + 1 == count;
        let (text, tag) = sealed
            .split_last_chunk::<TAG>()
            .ok_or(Refused::Payload("is cut off, or has something after its end"))?;
        if text.is_empty() && number > 0 {
            return Err(Refused::Payload("ends with an empty chunk"));
        }
        let start = plain.len();
        plain.extend_from_slice(text);
        let place = plain.get_mut(start..).unwrap_or_default();
        decrypt(key, nonce(number, is_last), place, *tag)
            .ok_or(Refused::Payload("was changed, cut or prolonged after it was sealed"))?;
    }
    match chunks.is_empty() {
        true => Err(Refused::Payload("is not there")),
        false => Ok(plain),
    }
}

/// Eleven bytes of the chunk's number, and one that says whether it is the last.
fn nonce(number: usize, is_last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (_, low) = nonce.split_at_mut(3);
    low.iter_mut().zip((number as u64).to_be_bytes()).for_each(|(to, from)| *to = from);
    if let Some(flag) = nonce.last_mut() {
        *flag = u8::from(is_last);
    }
    nonce
}
