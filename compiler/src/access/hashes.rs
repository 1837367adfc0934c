//! Password hashes: `access/htpasswd`, lines of `NAME:HASH` as `htpasswd -B` writes them.
//!
//! MKE 3's answers have no hashes, so this file exists only where somebody took them from elsewhere. They are secrets: a
//! hash goes to a slot, never into a document or a message, and the file counts among the inputs with each hash replaced
//! by its slot. Dex takes bcrypt alone, with a cost from 10 to 16.

use crate::diag::codes::access as code;
use crate::diag::{Finding, Findings};
use crate::secrets::Secret;
use crate::site::SiteFile;
use crate::source;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The file's name below access/.
pub const HTPASSWD: &str = "htpasswd";

/// Costs that Dex takes: it refuses less than bcrypt's default, and more than it can check in a login's time.
const COSTS: RangeInclusive<u32> = 10..=16;

/// Each is a sealed file of its own; a manifest, which lists them, has 4 MiB.
const MOST: usize = 5000;

/// A hash as Dex's objects hold it. Neither shown nor compared. `None` where the file holds slots already.
#[derive(Clone)]
pub struct Hash(Option<String>);

impl Hash {
    /// What stands in the field `hash`: base64 of the bcrypt text. `None` where only its slot is here.
    pub fn field(&self) -> Option<Secret> {
        self.0.as_ref().map(|text| Secret::new(STANDARD.encode(text)))
    }
}

/// What stands in the place of a hash in a blanked file.
const BLANK: &str = "airlift-secret(access/htpasswd)";

/// The hashes of a file, by account name.
#[derive(Clone, Default)]
pub struct Hashes(BTreeMap<String, Hash>);

impl std::fmt::Debug for Hashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} hashes", self.0.len())
    }
}

impl Hashes {
    /// Reads the file. Messages name lines and accounts, and show no line.
    pub fn read(label: &str, file: &SiteFile, findings: &mut Findings) -> Self {
        if let Some(mode) = file.mode.filter(|mode| mode & 0o077 != 0) {
            let message = format!("{label} can be read by others (mode {mode:04o})");
            findings.push(Finding::new(code::HASHES_OPEN, message).help(format!("`chmod 600 {label}`")));
        }
        let bytes = file.bytes.as_deref().unwrap_or_default();
        let mut unshown = Findings::new();
        let Some(text) = source::decode(label, bytes, &mut unshown) else {
            let help = "make it with `htpasswd -B -C 10`, one line for each account";
            findings.push(Finding::new(code::HASHES, format!("{label} is no text")).help(help));
            return Self::default();
        };
        let mut hashes = BTreeMap::new();
        for (at, line) in text.text().lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = match line.trim_end().split_once(':') {
                Some((name, _)) if hashes.contains_key(name) => "an account that stands twice",
                Some((name, hash)) if is_bcrypt(hash) => {
                    hashes.insert(name.to_owned(), Hash(Some(hash.to_owned())));
                    continue;
                }
                Some((name, BLANK)) => {
                    hashes.insert(name.to_owned(), Hash(None));
                    continue;
                }
                Some(_) => "no bcrypt hash with a cost from 10 to 16",
                None => "no line of the form NAME:HASH",
            };
            let message = format!("{label}, line {}: {wrong}", at + 1);
            let help = "take the line away, or set the password again after the migration";
            findings.push(Finding::new(code::HASHES, message).help(help));
        }
        if hashes.len() > MOST {
            let message = format!("{label} has {} hashes, and a bundle holds {MOST}", hashes.len());
            let help =
                "leave out users who log in seldom; an administrator gives them new passwords afterwards";
            findings.push(Finding::new(code::HASHES_MANY, message).help(help));
        }
        Self(hashes)
    }

    /// A user's hash.
    pub fn get(&self, name: &str) -> Option<&Hash> {
        self.0.get(name)
    }

    /// All account names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The file with slots in the place of hashes; counts among the inputs.
    pub fn blanked(&self) -> String {
        let line = |name: &String| format!("{name}:{BLANK}\n");
        self.0.keys().map(line).collect()
    }
}

/// `$2a$12$` and 53 characters of bcrypt's base64.
fn is_bcrypt(text: &str) -> bool {
    let mut parts = text.split('$');
    let (Some(""), Some("2a" | "2b" | "2y"), Some(cost), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    cost.len() == 2
        && cost.parse().is_ok_and(|cost| COSTS.contains(&cost))
        && rest.len() == 53
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, mode: u32) -> (Hashes, Vec<String>) {
        let mut findings = Findings::new();
        let file = SiteFile {
            path: None,
            bytes: Some(text.as_bytes().to_vec()),
            size: text.len() as u64,
            mode: Some(mode),
        };
        let hashes = Hashes::read("access/htpasswd", &file, &mut findings);
        (hashes, findings.iter().map(|f| crate::diag::render(f, false)).collect())
    }

    #[test]
    fn more_hashes_than_a_bundle_holds_are_told_before_they_are_sealed() {
        let rest = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        let lines = |n: usize| -> String { (0..n).map(|i| format!("u{i}:$2y$12${rest}\n")).collect() };
        assert!(read(&lines(MOST), 0o600).1.is_empty());
        let (_, said) = read(&lines(MOST + 1), 0o600);
        assert!(said.len() == 1 && said[0].contains("A024"), "{said:?}");
    }

    #[test]
    fn only_what_dex_takes_is_a_hash_and_no_message_shows_one() {
        let rest = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        let (hashes, said) = read(
            &format!(
                "bob:$2y$12${rest}\nbill:$2y$04${rest}\nzo:$apr1$x$y\n\nbob:$2a$10${rest}\nnothing\nmax:$2b$10${}\n",
                &rest[1..]
            ),
            0o644,
        );
        assert_eq!(hashes.names().collect::<Vec<_>>(), ["bob"]);
        assert_eq!(said.len(), 6, "{said:?}");
        assert!(said.iter().all(|text| !text.contains(rest) && !text.contains("apr1")), "{said:?}");
        assert_eq!(format!("{hashes:?}"), "1 hashes");
        assert!(!hashes.blanked().contains(rest));
        let (again, said) = read(&hashes.blanked(), 0o600);
        assert!(said.is_empty() && again.blanked() == hashes.blanked());
        let scalar = hashes.get("bob").and_then(Hash::field).unwrap();
        assert_eq!(STANDARD.decode(scalar.expose()).unwrap(), format!("$2y$12${rest}").into_bytes());
    }
}
