//! `ledger.json` as a stream: canonical JSON, byte for byte what the whole account would give, without ever holding it.
//! A site of thousands of nodes has millions of values.

use super::{Ledger, ValueEntry};
use std::io::{self, Write};

/// What stands where the values come, and the end of the file after them.
const NONE: &[u8] = b"[]\n}";

/// `ledger.json` as it is written, value by value.
pub struct LedgerWriter<'a> {
    out: &'a mut dyn Write,
    is_first: bool,
}

impl<'a> LedgerWriter<'a> {
    /// Writes everything but the values.
    ///
    /// # Errors
    /// `out` can't take it.
    pub fn begin(ledger: &Ledger, out: &'a mut dyn Write) -> io::Result<Self> {
        let head = serde_json::to_vec_pretty(ledger)?;
        let head = head.strip_suffix(NONE).unwrap_or_else(|| unreachable!("the values come last"));
        out.write_all(head)?;
        Ok(Self { out, is_first: true })
    }

    /// Writes entries that [`append`] made.
    ///
    /// # Errors
    /// `out` can't take them.
    pub fn write(&mut self, entries: &[u8]) -> io::Result<()> {
        let Some((comma, rest)) = entries.split_first() else { return Ok(()) };
        self.out.write_all(if self.is_first { b"[" } else { std::slice::from_ref(comma) })?;
        self.is_first = false;
        self.out.write_all(rest)
    }

    /// Writes the end.
    ///
    /// # Errors
    /// `out` can't take it.
    pub fn finish(self) -> io::Result<()> {
        self.out.write_all(if self.is_first { b"[]\n}\n" } else { b"\n  ]\n}\n" })
    }
}

/// Appends one entry as it stands in the list, after a comma.
///
/// # Errors
/// None that an entry gives.
pub fn append(entries: &mut Vec<u8>, entry: &ValueEntry) -> serde_json::Result<()> {
    entries.extend_from_slice(b",\n    ");
    // Line breaks inside texts are escaped, so each one here begins a line.
    for line in serde_json::to_vec_pretty(entry)?.split_inclusive(|byte| *byte == b'\n') {
        entries.extend_from_slice(line);
        if line.ends_with(b"\n") {
            entries.extend_from_slice(b"    ");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Origin, Source};
    use airlift_bundle::json::to_canonical_json;

    /// The same account, held whole.
    #[derive(serde::Serialize)]
    struct Whole {
        ledger: u32,
        contract: String,
        keys: Vec<super::super::KeyEntry>,
        values: Vec<ValueEntry>,
    }

    #[test]
    fn the_stream_is_what_the_whole_account_would_be() {
        let entry = |value: &str, is: serde_json::Value, from: &[&str]| ValueEntry {
            value: value.to_owned(),
            is,
            from: from.iter().map(|path| Source::new("f", *path)).collect::<Origin>(),
        };
        let all = [
            entry("a:b", "two\nlines \"and\" quotes".into(), &["x", "y"]),
            entry("a:c", serde_json::Value::Null, &[]),
            entry("n\u{1}:ä", 5.into(), &["z"]),
        ];
        for count in 0..=all.len() {
            let values = all[..count].to_vec();
            let ledger = Ledger::new("v4.1.5", &Default::default(), &Default::default());
            let mut streamed = Vec::new();
            let mut writer = LedgerWriter::begin(&ledger, &mut streamed).unwrap();
            for pair in values.chunks(2) {
                let mut entries = Vec::new();
                pair.iter().for_each(|value| append(&mut entries, value).unwrap());
                writer.write(&entries).unwrap();
            }
            writer.finish().unwrap();
            let whole = Whole { ledger: 1, contract: "v4.1.5".to_owned(), keys: Vec::new(), values };
            let whole = to_canonical_json(&whole).unwrap();
            assert_eq!(String::from_utf8(streamed).unwrap(), String::from_utf8(whole).unwrap());
        }
    }
}
