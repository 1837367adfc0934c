//! Random values out of the system's generator, by way of [`ambient`](crate::ambient).

use crate::ambient;
use std::io;

/// A text of `length` characters, each of a to z and 0 to 9 with the same chance: what bootstrap tokens are made of.
///
/// # Errors
/// The system gives no randomness.
pub fn word(length: usize) -> io::Result<String> {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let [byte] = ambient::random::<1>()?;
        // 252 is the last multiple of 36 in a byte: what lies above would favour the first letters.
        if byte < 252 {
            text.push(char::from(ALPHABET[usize::from(byte % 36)]));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_letter_comes_and_no_word_comes_twice() {
        let text = super::word(4000).unwrap();
        for c in ('a'..='z').chain('0'..='9') {
            let count = text.matches(c).count();
            assert!((50..200).contains(&count), "{c}: {count} of 4000");
        }
        assert_ne!(super::word(16).unwrap(), super::word(16).unwrap());
    }
}
