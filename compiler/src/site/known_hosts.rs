//! known_hosts: SSH host keys as OpenSSH keeps them.
//!
//! Understands plain names, comma lists, `[host]:port`, hashed names and the markers `@revoked` and
//! `@cert-authority`. Only ed25519 keys are kept, because only they can serve as recipients of sealed files.
//! Wildcards are passed over: a pattern is no evidence for one host.

use super::keys::SshHostKey;
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::source::{Field, File};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// The ed25519 keys of a known_hosts file.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    keys: Vec<(Vec<Pattern>, Field<SshHostKey>)>,
    revoked: Vec<SshHostKey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Plain(String),
    /// HMAC-SHA1 of the name under a salt.
    Hashed {
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
}

impl Pattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Plain(pattern) => pattern == name,
            Pattern::Hashed { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
                .is_ok_and(|mac| mac.chain_update(name.as_bytes()).verify_slice(hash).is_ok()),
        }
    }
}

impl KnownHosts {
    /// Reads a file. Lines that can't be used are reported and passed over.
    pub(super) fn read(file: &File, findings: &mut Findings) -> Self {
        let mut known = Self::default();
        let mut start = 0;
        for (number, line) in file.text().split_inclusive('\n').enumerate() {
            let text = line.trim();
            let place = file.place(start..start + line.trim_end().len());
            start += line.len();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if text.contains("PRIVATE KEY") {
                findings.push(
                    Finding::new(
                        code::PRIVATE_KEY,
                        format!("{} holds a private key (line {})", file.label(), number + 1),
                    )
                    .help("remove the key from the file; treat it as known to others"),
                );
                return known;
            }
            let mut words = text.split_ascii_whitespace().peekable();
            let marker = words.next_if(|word| word.starts_with('@'));
            let (names, kind, base64) = (words.next(), words.next(), words.next());
            let (Some(names), Some(kind), Some(base64)) = (names, kind, base64) else {
                findings.push(unusable(place, "has fewer than three parts"));
                continue;
            };
            if marker == Some("@cert-authority") || kind != "ssh-ed25519" {
                continue;
            }
            let Some(key) = SshHostKey::from_base64(base64) else {
                findings.push(unusable(place, "holds no ed25519 key, though it says so"));
                continue;
            };
            if marker == Some("@revoked") {
                known.revoked.push(key);
                continue;
            }
            match names.split(',').map(pattern).collect::<Option<Vec<_>>>() {
                Some(patterns) => {
                    let path = format!("line {}", number + 1);
                    known
                        .keys
                        .push((patterns.into_iter().flatten().collect(), Field { value: key, place, path }));
                }
                None => findings.push(unusable(place, "has a hashed name that can't be read")),
            }
        }
        known
    }

    /// The keys of a host under a name or an address at an SSH port, without those that are revoked.
    pub fn find(&self, host: &str, port: u16) -> Vec<&Field<SshHostKey>> {
        let host = host.to_ascii_lowercase();
        let name = if port == 22 { host } else { format!("[{host}]:{port}") };
        self.keys
            .iter()
            .filter(|(patterns, key)| {
                !self.revoked.contains(&key.value) && patterns.iter().any(|pattern| pattern.matches(&name))
            })
            .map(|(_, key)| key)
            .collect()
    }
}

/// `None` for a damaged hash, `Some(None)` for a pattern that is no name.
fn pattern(text: &str) -> Option<Option<Pattern>> {
    if let Some(rest) = text.strip_prefix("|1|") {
        let (salt, hash) = rest.split_once('|')?;
        let (salt, hash) = (STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?);
        return (hash.len() == 20).then_some(Some(Pattern::Hashed { salt, hash }));
    }
    if text.contains(['*', '?', '!']) || text.is_empty() {
        return Some(None);
    }
    Some(Some(Pattern::Plain(text.to_ascii_lowercase())))
}

fn unusable(place: crate::source::Place, why: &str) -> Finding {
    Finding::new(code::KNOWN_HOSTS, format!("this line {why}; it is passed over"))
        .at(place)
        .help("make the line again with `ssh-keyscan -t ed25519 HOST`, and compare its fingerprint")
}
