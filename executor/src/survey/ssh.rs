//! The machine's ed25519 SSH host key, the recipient of last resort. Only its public file is read.

use airlift_bundle::digest::Sha256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::format::{Keys, Notes};
use super::machine::Machine;

const DIRECTORY: &str = "/etc/ssh";
/// The type and the length of the 32 bytes that follow, each with its length before it (RFC 8709).
const HEAD: &[u8] = b"\0\0\0\x0bssh-ed25519\0\0\0\x20";

/// SHA-256 of `bytes` in OpenSSH's form.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::of(bytes).as_bytes()))
}

/// Puts the host key into `keys`. The comment in its file is left out: it is anybody's text.
pub fn host_key(machine: &Machine, keys: &mut Keys, notes: &mut Notes) {
    let fact = "keys.ssh_host_ed25519";
    let Some(names) = notes.take(fact, machine.list(DIRECTORY)) else { return };
    let files = names.iter().filter(|name| name.starts_with("ssh_host_") && name.ends_with(".pub"));
    for name in files {
        let path = format!("{DIRECTORY}/{name}");
        let Some(text) = notes.take(fact, machine.text(&path)) else { continue };
        let mut words = text.split_ascii_whitespace();
        if words.next() != Some("ssh-ed25519") {
            continue;
        }
        let blob = words.next().and_then(|word| STANDARD.decode(word).ok());
        let Some(blob) = blob.filter(|blob| blob.len() == HEAD.len() + 32 && blob.starts_with(HEAD)) else {
            notes.add(fact, format!("{path}: it is no ed25519 public key"));
            continue;
        };
        if keys.ssh_host_ed25519.is_some() {
            notes.add(fact, format!("{path} is another one; the first is told"));
            continue;
        }
        keys.ssh_host_ed25519 = Some(format!("ssh-ed25519 {}", STANDARD.encode(&blob)));
        keys.ssh_host_fingerprint = Some(fingerprint(&blob));
    }
    if keys.ssh_host_ed25519.is_none() {
        notes.add(fact, format!("no ed25519 host key in {DIRECTORY}"));
    }
}
