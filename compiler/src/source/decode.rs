//! From bytes to text.
//!
//! Accepts UTF-8, with or without a byte order mark, and UTF-16 with one (what PowerShell's `>` writes). Line ends
//! may be CRLF. Refuses everything else, naming what it seems to be.

use super::File;
use crate::diag::{Finding, Findings, codes::input as code};

/// No input that Airlift reads as text is larger, in bytes.
pub const LIMIT: usize = 64 << 20;

/// Decodes a file. What is wrong goes to `findings`; without a file there is at least one that stops.
pub fn decode(label: &str, bytes: &[u8], findings: &mut Findings) -> Option<File> {
    let about = |code, message: String| Finding::new(code, message);
    if bytes.len() > LIMIT {
        findings.push(
            about(code::TOO_LARGE, format!("{label} has {} MiB; the limit is 64 MiB", bytes.len() >> 20))
                .help("check that the right file was copied"),
        );
        return None;
    }
    let text = if let Some(rest) = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        utf8(label, rest, findings)?
    } else if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        utf16(label, bytes, findings)?
    } else {
        utf8(label, bytes, findings)?
    };
    if text.trim().is_empty() {
        findings.push(
            about(code::EMPTY, format!("{label} is empty"))
                .help("write it, or copy it here again; a copy that broke off leaves such a file behind"),
        );
        return None;
    }
    // PEM is read by what follows its marks, whatever the line ends, and a private key is the graver matter.
    if text.contains('\r') && !text.contains('\n') && !text.contains("-----BEGIN") {
        findings.push(
            about(code::NOT_TEXT, format!("{label} ends its lines with CR alone, as old Macs did"))
                .help("save it with line ends of Unix (LF) or Windows (CRLF)"),
        );
        return None;
    }
    Some(File::new(label, text))
}

fn utf8(label: &str, bytes: &[u8], findings: &mut Findings) -> Option<String> {
    let why = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => return Some(text.to_owned()),
        Ok(text) => format!("a NUL byte at offset {}", text.find('\0').unwrap_or(0)),
        Err(e) => format!(
            "the byte 0x{:02X} at offset {}",
            bytes.get(e.valid_up_to()).unwrap_or(&0),
            e.valid_up_to()
        ),
    };
    let kind = match bytes {
        [0x1F, 0x8B, ..] => "it looks like a gzip archive; unpack it first",
        [b'P', b'K', 3, 4, ..] => "it looks like a zip archive; unpack it first",
        [0x30, 0x82, ..] => {
            "it looks like DER; convert it with `openssl x509 -inform der -in FILE -out FILE.pem`"
        }
        [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            "it looks like UTF-16 without a byte order mark; save it as UTF-8"
        }
        _ => "save it as UTF-8",
    };
    findings.push(Finding::new(code::NOT_TEXT, format!("{label} is not UTF-8 text: {why}")).help(kind));
    None
}

fn utf16(label: &str, bytes: &[u8], findings: &mut Findings) -> Option<String> {
    let little = bytes.starts_with(&[0xFF, 0xFE]);
    let units = bytes.get(2..).unwrap_or_default().chunks(2).map(|pair| match (pair, little) {
        ([a, b], true) => u16::from_le_bytes([*a, *b]),
        ([a, b], false) => u16::from_be_bytes([*a, *b]),
        // An odd last byte: a lone surrogate makes the decoder below refuse it.
        _ => 0xD800,
    });
    match char::decode_utf16(units).collect::<Result<String, _>>() {
        Ok(text) => {
            findings.push(
                Finding::new(code::RECODED, format!("{label} is UTF-16; it was read as such"))
                    .note("PowerShell's `>` writes UTF-16; `Out-File -Encoding utf8` keeps UTF-8"),
            );
            Some(text)
        }
        Err(_) => {
            findings.push(
                Finding::new(
                    code::NOT_TEXT,
                    format!("{label} begins like UTF-16 but breaks off or is damaged"),
                )
                .help("fetch it again, or save it as UTF-8"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Option<String>, Vec<&'static str>) {
        let mut findings = Findings::new();
        let file = decode("f", bytes, &mut findings);
        (file.map(|f| f.text().to_owned()), findings.iter().map(|f| f.code.id).collect())
    }

    #[test]
    fn every_way_of_writing_a_equals_1_is_read() {
        for bytes in [
            &b"a = 1\r\n"[..],
            b"\xEF\xBB\xBFa = 1\r\n",
            b"\xFF\xFEa\0 \0=\0 \x001\0\r\0\n\0",
            b"\xFE\xFF\0a\0 \0=\0 \x001\0\r\0\n",
        ] {
            assert_eq!(read(bytes).0.as_deref(), Some("a = 1\r\n"), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_kind() {
        for (bytes, id) in [
            (&b""[..], "I002"),
            (b" \n", "I002"),
            (b"\x1F\x8B\x08\xFF", "I003"),
            (b"a\0b\0", "I003"),
            (b"\xFF\xFEa\0b", "I003"),
            (b"caf\xE9 = 1", "I003"),
        ] {
            assert_eq!(read(bytes), (None, vec![id]), "{bytes:?}");
        }
    }
}
