//! The header of an age file: to whom it is sealed.
//!
//! ```text
//! age-encryption.org/v1
//! -> X25519 SHARE                     32 bytes in base64
//! BODY                                the wrapped file key, 32 bytes in base64
//! -> ssh-ed25519 TAG SHARE            4 and 32 bytes
//! BODY
//! -> anything else                    skipped; its body is any number of lines of 64 characters and a shorter one
//! --- MAC                             32 bytes
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::refused::Refused;

/// Longest header, in bytes; `airlift secrets seal` writes some 400.
const LONGEST: usize = 16 << 10;
/// Most stanzas.
const MOST: usize = 32;
/// Characters in a line of a body that another follows.
const COLUMNS: usize = 64;

/// A header as it was read; nothing of it is authenticated yet.
pub(super) struct Header<'a> {
    pub(super) stanzas: Vec<Stanza>,
    /// What the MAC is over.
    pub(super) covered: &'a [u8],
    pub(super) mac: [u8; 32],
}

/// One recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stanza {
    /// An age key; which one is not said.
    X25519(Wrapped),
    /// An SSH key with this beginning of its SHA-256.
    SshEd25519([u8; 4], Wrapped),
    /// Some other kind.
    Unknown,
}

/// A file key, encrypted to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) share: [u8; 32],
    pub(super) body: [u8; 32],
}

/// Reads the header; gives it with what follows it.
pub(super) fn read(file: &[u8]) -> Result<(Header<'_>, &[u8]), Refused> {
    let mut lines = Lines { file, at: 0 };
    if lines.next()? != b"age-encryption.org/v1" {
        return Err(Refused::Header("is not that of an age file, version 1"));
    }
    let mut stanzas = Vec::new();
    loop {
        let start = lines.at;
        let line = lines.next()?;
        if let Some(mac) = line.strip_prefix(b"--- ") {
            let mac = exactly(mac).ok_or(Refused::Header("has no MAC of its form"))?;
            let covered = file.get(..start + b"---".len()).unwrap_or_default();
            let payload = file.get(lines.at..).unwrap_or_default();
            return match stanzas.is_empty() {
                true => Err(Refused::Header("names nobody to whom the file is sealed")),
                false => Ok((Header { stanzas, covered, mac }, payload)),
            };
        }
        if stanzas.len() == MOST {
            return Err(Refused::Header("has too many stanzas"));
        }
        stanzas.push(stanza(line, &mut lines)?);
    }
}

/// The lines of the header, without their ends.
struct Lines<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Refused> {
        let within = self.file.get(self.at..self.file.len().min(LONGEST)).unwrap_or_default();
        let end = within.iter().position(|byte| *byte == b'\n').ok_or({
            if self.file.len() < LONGEST {
                Refused::Header("is cut off")
            } else {
                Refused::Header("is too long")
            }
        })?;
        self.at += end + 1;
        Ok(within.get(..end).unwrap_or_default())
    }
}

fn stanza(line: &[u8], lines: &mut Lines<'_>) -> Result<Stanza, Refused> {
    const FORM: Refused = Refused::Header("has a line that is no stanza");
    let words: Vec<&[u8]> = line.strip_prefix(b"-> ").ok_or(FORM)?.split(|byte| *byte == b' ').collect();
    if words.iter().any(|word| word.is_empty() || !word.iter().all(u8::is_ascii_graphic)) {
        return Err(FORM);
    }
    let body = body(lines)?;
    let wrapped =
        |share: &[u8]| Some(Wrapped { share: exactly(share)?, body: body.as_slice().try_into().ok()? });
    match words.as_slice() {
        [b"X25519", arguments @ ..] => match arguments {
            [share] => wrapped(share).map(Stanza::X25519),
            _ => None,
        }
        .ok_or(Refused::Header("has a stanza for an age key that is not of its form")),
        [b"ssh-ed25519", arguments @ ..] => match arguments {
            [tag, share] => exactly(tag).zip(wrapped(share)).map(|(tag, key)| Stanza::SshEd25519(tag, key)),
            _ => None,
        }
        .ok_or(Refused::Header("has a stanza for an SSH key that is not of its form")),
        [b"scrypt", ..] => Err(Refused::Header("says that a passphrase opens the file, which no node has")),
        _ => Ok(Stanza::Unknown),
    }
}

/// Full lines, and a shorter one that ends it.
fn body(lines: &mut Lines<'_>) -> Result<Vec<u8>, Refused> {
    const FORM: Refused = Refused::Header("has a stanza whose body is not base64 as it is written");
    let mut text = Vec::new();
    loop {
        let line = lines.next()?;
        text.extend_from_slice(line);
        match line.len() {
            COLUMNS => {}
            0..COLUMNS => return STANDARD_NO_PAD.decode(&text).map_err(|_| FORM),
            _ => return Err(FORM),
        }
    }
}

/// The one base64 text of these many bytes. The engine takes neither padding nor spare bits.
fn exactly<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}
