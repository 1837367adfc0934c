//! Finds secrets in what must not hold any, in every form in which software writes a text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Patterns are looked up by as many first bytes; no secret of the tests is shorter.
const HEAD: usize = 8;

/// All forms of all secrets, by their first bytes.
#[derive(Debug, Default)]
pub struct Detector {
    patterns: BTreeMap<[u8; HEAD], Vec<(Vec<u8>, String)>>,
}

impl Detector {
    /// Looks for this secret too.
    ///
    /// # Panics
    /// It is too short to be told from noise.
    pub fn watch(&mut self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= HEAD, "{name} is too short to be told from noise");
        for (form, bytes) in forms(secret) {
            let Some(head) = bytes.first_chunk::<HEAD>() else { continue };
            let known = self.patterns.entry(*head).or_default();
            if !known.iter().any(|(pattern, _)| *pattern == bytes) {
                known.push((bytes, format!("{name} ({form})")));
            }
        }
    }

    /// What is found in these bytes.
    pub fn find(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for at in 0..bytes.len() {
            let Some(head) = bytes[at..].first_chunk::<HEAD>() else { break };
            let candidates = self.patterns.get(head).into_iter().flatten();
            found.extend(
                candidates.filter(|(p, _)| bytes[at..].starts_with(p)).map(|(_, name)| name.as_str()),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A secret as it is, in base64 of either alphabet at each of the three places that it can have in longer bytes, in
/// hexadecimal, in URLs, in strings of JSON, YAML and TOML, in UTF-16; and its digest, which gives a short one away.
pub fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = plain_forms(secret);
    let digest = Sha256::digest(secret);
    forms.extend(plain_forms(&digest).into_iter().map(|(_, bytes)| ("digest", bytes)));
    forms
}

fn plain_forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |upper: bool| -> String {
        secret.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect()
    };
    let mut forms = vec![
        ("as it is", secret.to_vec()),
        ("hexadecimal", hex(false).into_bytes()),
        ("hexadecimal", hex(true).into_bytes()),
        ("URL, all", secret.iter().map(|b| format!("%{b:02X}")).collect::<String>().into_bytes()),
        ("URL, all", secret.iter().map(|b| format!("%{b:02x}")).collect::<String>().into_bytes()),
    ];
    for upper in [true, false] {
        for keep in ["-_.~", "-_.~!*'()/", "-_.~:/?#[]@!$&'()*+,;="] {
            let url = secret.iter().map(|b| match char::from(*b) {
                c if c.is_ascii_alphanumeric() || keep.contains(c) => c.to_string(),
                _ if upper => format!("%{b:02X}"),
                _ => format!("%{b:02x}"),
            });
            forms.push(("URL", url.collect::<String>().into_bytes()));
        }
    }
    for engine in [STANDARD, URL_SAFE] {
        for shift in 0..3 {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(secret);
            let text = engine.encode(&shifted);
            // The characters at both ends depend on the neighbours too.
            let from = [0, 2, 3][shift];
            let to = shifted.len() * 8 / 6;
            forms.push(("base64", text.as_bytes()[from..to].to_vec()));
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        let inner = quoted[1..quoted.len() - 1].to_owned();
        let ascii = |long: bool| -> String {
            let escape = |c: char| match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                ' '..='~' => c.to_string(),
                c if long => format!("\\u{:04X}", u32::from(c)),
                c => format!("\\u{:04x}", u32::from(c)),
            };
            text.chars().map(escape).collect()
        };
        forms.push(("JSON", inner.replace('/', "\\/").into_bytes()));
        forms.push(("JSON", inner.into_bytes()));
        forms.push(("JSON or YAML, ASCII", ascii(true).into_bytes()));
        forms.push(("JSON or YAML, ASCII", ascii(false).into_bytes()));
        forms.push(("YAML, single quotes", text.replace('\'', "''").into_bytes()));
        forms.push((
            "HTML",
            text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").into_bytes(),
        ));
        forms.push(("Rust", format!("{text:?}")[1..].trim_end_matches('"').as_bytes().to_vec()));
        forms.push(("shell", text.replace('\'', "'\\''").into_bytes()));
        forms.push(("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_planted_secret_is_found() {
        let secret = "Ca\"n'a\\ry ä/+&<7$%=?";
        let mut detector = Detector::default();
        detector.watch("canary", secret.as_bytes());
        let all = forms(secret.as_bytes());
        assert!(all.len() > 40);
        for (form, bytes) in &all {
            let hay = [b"some text before ".as_slice(), bytes, b" and after"].concat();
            assert!(!detector.find(&hay).is_empty(), "{form}");
            let mut spoilt = hay.clone();
            spoilt[17 + bytes.len() / 2] ^= 1;
            assert!(detector.find(&spoilt).is_empty(), "{form}: finds what is not there");
        }
        // base64 of longer bytes, wherever the secret begins in them.
        for shift in 0..9 {
            let long = [vec![b'x'; shift], secret.as_bytes().to_vec(), b"yz".to_vec()].concat();
            assert!(!detector.find(STANDARD.encode(&long).as_bytes()).is_empty(), "shifted by {shift}");
            assert!(!detector.find(URL_SAFE.encode(&long).as_bytes()).is_empty(), "shifted by {shift}");
        }
        assert!(detector.find(b"nothing of the kind").is_empty());
    }
}
